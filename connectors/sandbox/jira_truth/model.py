"""The records of a sandbox Jira, and what every new site starts with."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.sandbox.world import Account

PERMISSIONS = frozenset(
    {
        "BROWSE_PROJECTS",
        "CREATE_ISSUES",
        "EDIT_ISSUES",
        "TRANSITION_ISSUES",
        "DELETE_ISSUES",
        "ADD_COMMENTS",
        "EDIT_OWN_COMMENTS",
        "EDIT_ALL_COMMENTS",
        "DELETE_OWN_COMMENTS",
        "DELETE_ALL_COMMENTS",
        "LINK_ISSUES",
        "ADMINISTER_PROJECTS",
        "ADMINISTER",
    }
)
"""Keys of the permissions that the sandbox tells apart; `mypermissions` refuses others."""

BOT_PERMISSIONS = PERMISSIONS - {
    "ADMINISTER",
    "ADMINISTER_PROJECTS",
    "EDIT_ALL_COMMENTS",
    "DELETE_ALL_COMMENTS",
}
"""What milepost's own account may do, unless a test takes something away."""

CATEGORIES = {
    "undefined": (1, "No Category", "medium-gray"),
    "new": (2, "To Do", "blue-gray"),
    "done": (3, "Done", "green"),
    "indeterminate": (4, "In Progress", "yellow"),
}
"""Jira's four status categories: key -> (id, name, colour). They are fixed on every site."""

PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
"""What a new site has, from the most to the least urgent; ids are 1 to 5."""


@dataclass(slots=True)
class Status:
    """A workflow status. `category` is a key of `CATEGORIES`."""

    id: str
    name: str
    category: str


@dataclass(slots=True)
class IssueType:
    """An issue type; level 1 is an epic, 0 a standard issue, -1 a sub-task."""

    id: str
    name: str
    level: int


@dataclass(slots=True)
class Named:
    """A component, resolution or priority: a name with an id."""

    id: str
    name: str


@dataclass(slots=True)
class Version(Named):
    """A fix version."""

    archived: bool = False
    released: bool = False


@dataclass(slots=True)
class Project:
    """A project; `last_number` is the number of its newest issue key."""

    id: str
    key: str
    name: str
    last_number: int = 0
    components: list[Named] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    old_keys: list[str] = field(default_factory=list)
    """Keys that it had before; they still lead to it."""
    archived: bool = False
    hidden: bool = False
    """Whether nobody who calls may browse it."""
    team_managed: bool = False
    public: bool = False
    """Whether anybody may browse it without a login."""
    type: str = "software"
    """Its `projectTypeKey`: software, business or service_desk."""
    lead: str = ""
    """The account id of who leads it; empty: milepost's own."""
    category: str = ""
    """The name of its category; empty for none."""


@dataclass(slots=True)
class Quirks:
    """How one site behaves beyond what it holds."""

    search_lag: int = 0
    """Seconds that searches and counts are behind; see `JiraSite.answer_late`."""
    comment_lag: int = 0
    """Seconds that lists of comments are behind."""
    definitions_touch: bool = False
    """Let what administrators rename or move to another category move `updated` of the issues."""
    bmp_only: bool = False
    """Answer 500 to characters beyond the Basic Multilingual Plane, as a MySQL with 3-byte characters."""
    comment_limit: int = 32_767
    """Characters in a comment; an administrator of Data Center may set less or more."""
    quiet_refusal: int | None = None
    """The status for `notifyUsers=false` without admin rights; None: 204, and the request is ignored."""
    rewrite: str = ""
    """How comments are stored: as sent (empty), or in a way of `connectors.sandbox.rewriting.REWRITES`."""
    rewrite_later: str = ""
    """The same for what later reads show, though the answer to the write showed what is stored."""
    readers_stay: bool = False
    """Let an edit leave a comment to those who could see it before."""
    forgets_properties: bool = False
    """Take the properties of comments with a write, and keep none of them."""
    links_touch: bool = True
    """Let a link that is made or taken away move `updated` of both issues."""
    blocks: str = "blocks"
    """What links of the type Blocks are called on the issue that blocks."""
    blocked_by: str = "is blocked by"
    """The same on the one that is blocked."""
    bulk_has_archived: bool = False
    """Let a bulk fetch give archived issues, as a GET by id does."""


@dataclass(slots=True)
class Sprint:
    """A sprint; `state` is future, active or closed."""

    id: int
    name: str
    state: str


@dataclass(slots=True)
class Comment:
    """A comment as stored: wiki markup, and the account ids of who wrote and last changed it."""

    id: int
    issue: int
    author: str
    editor: str
    body: str
    created: datetime
    updated: datetime
    visibility: dict[str, str] | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class JiraIssue:
    """An issue as stored. `id` never changes; `old_keys` are the keys that it had before it was moved."""

    id: int
    key: str
    project: str
    summary: str
    type: str
    status: str
    reporter: str
    created: datetime
    updated: datetime
    resolution: str | None = None
    resolved: datetime | None = None
    parent: int | None = None
    """The id of the epic or, for a sub-task, of the issue that it is part of."""
    description: str | None = None
    priority: str = "Medium"
    assignee: str | None = None
    labels: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    sprints: list[int] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)
    """Values of custom fields by field id: a number, a text, or a list of texts."""
    properties: dict[str, Any] = field(default_factory=dict)
    old_keys: list[str] = field(default_factory=list)
    archived: bool = False
    """No search finds it; its id and key open it; it takes no change."""
    editable: bool = True
    """False in a workflow step with `jira.issue.editable` set to false."""
    security: str | None = None
    """The name of its security level."""
    blockers: list[int] = field(default_factory=list)
    """Ids of the issues that have to be done before it, by links of the type Blocks."""
    blocking: list[int] = field(default_factory=list)
    """The other way round: ids of the issues that it blocks."""

    @property
    def number(self) -> int:
        """The number in today's key."""
        return int(self.key.rpartition("-")[2])


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of a search whose pages are being read: ids in order; what was asked, by whom, and when."""

    ids: tuple[int, ...]
    jql: str
    account: str
    taken: datetime


def default_priorities() -> list[Named]:
    """The priorities of a new site, the most urgent first."""
    return [Named(str(number), name) for number, name in enumerate(PRIORITIES, 1)]


def default_statuses() -> list[Status]:
    """The workflow of a new site: any status leads to any other."""
    return [
        Status("10000", "To Do", "new"),
        Status("3", "In Progress", "indeterminate"),
        Status("10001", "Done", "done"),
    ]


def default_types() -> list[IssueType]:
    """The issue types of a new site."""
    return [
        IssueType("10000", "Epic", 1),
        IssueType("10001", "Story", 0),
        IssueType("10002", "Task", 0),
        IssueType("10003", "Sub-task", -1),
        IssueType("10004", "Bug", 0),
    ]


def default_resolutions() -> list[Named]:
    """The resolutions of a new site."""
    names = ("Done", "Won't Do", "Duplicate", "Cannot Reproduce", "Declined")
    return [Named(str(10000 + number), name) for number, name in enumerate(names)]


def bot() -> Account:
    """The account that milepost uses: token `sandbox`, on Cloud with this e-mail address."""
    return Account(
        id="5f0000000000000000000001",
        name="milepost",
        display="milepost",
        email="milepost@sandbox.test",
        token="sandbox",  # noqa: S106 - the sandbox's token is public by design
        permissions=BOT_PERMISSIONS,
    )

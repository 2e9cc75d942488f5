"""What a sandbox GitHub holds. Times are whole seconds since 1970 in UTC, as fine as GitHub prints them."""

from dataclasses import dataclass, field
from typing import Any, Literal

ROLES = ("none", "pull", "triage", "push", "maintain", "admin")
"""Permissions on a repository, weakest first; each includes those before it."""

Access = Literal["none", "read", "write"]


@dataclass(slots=True)
class Account:
    """A user, a bot or an organisation."""

    id: int
    login: str
    kind: str
    """"User", "Bot" or "Organization"."""
    created_at: int


@dataclass(slots=True)
class Label:
    """A label as a repository defines it."""

    id: int
    name: str
    color: str
    description: str | None


@dataclass(slots=True)
class Milestone:
    """A milestone of a repository; `number` is its identity there."""

    id: int
    number: int
    title: str
    description: str | None
    creator: str
    created_at: int
    updated_at: int
    due_on: int | None = None
    closed_at: int | None = None


@dataclass(slots=True)
class IssueType:
    """A type of issue that an organisation offers."""

    id: int
    name: str
    description: str
    color: str
    created_at: int


@dataclass(slots=True)
class IssueField:
    """A field for issues that an organisation offers.

    `kind` is text, number, date, single_select or multi_select; selections have `options`.
    """

    id: int
    name: str
    kind: str
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ProjectField:
    """A field of a project.

    `kind` is TEXT, NUMBER, DATE, SINGLE_SELECT or ITERATION, or one that shows what the content itself has,
    such as TITLE and LABELS. `options` are the names of options, or titles of iterations, by their ids.
    """

    id: int
    name: str
    kind: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ProjectItem:
    """An issue, a pull request or a draft (`issue` is None) on a project, with `values` by id of field.

    The value of a selection or an iteration is the id of what was chosen.
    """

    id: int
    issue: int | None
    created_at: int
    updated_at: int
    archived: bool = False
    values: dict[int, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Project:
    """A project of an organisation or a user, in the manner of 2022 (ProjectV2)."""

    id: int
    owner: str
    number: int
    title: str
    public: bool
    created_at: int
    updated_at: int
    seen: bool = True
    """Whether milepost's account may see it; a public one is seen by everybody."""
    fields: list[ProjectField] = field(default_factory=list)
    items: list[ProjectItem] = field(default_factory=list)


@dataclass(slots=True)
class Comment:
    """A comment on an issue. `app` is the slug of the App that wrote it."""

    id: int
    body: str
    author: str
    created_at: int
    updated_at: int
    app: str | None = None


@dataclass(slots=True)
class Issue:
    """An issue or pull request; `labels` and `children` hold ids, `milestone` a number, `type` a name."""

    id: int
    repo_id: int
    number: int
    title: str
    body: str | None
    author: str
    created_at: int
    updated_at: int
    pull_request: bool = False
    state: str = "open"
    state_reason: str | None = None
    labels: list[int] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    milestone: int | None = None
    type: str | None = None
    closed_at: int | None = None
    closed_by: str | None = None
    locked: bool = False
    app: str | None = None
    parent: int | None = None
    children: list[int] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    blockers: list[int] = field(default_factory=list)
    """Ids of the issues that have to be closed before it."""
    blocking: list[int] = field(default_factory=list)
    """The other way round: ids of the issues that it blocks."""
    values: dict[str, Any] = field(default_factory=dict)
    """What is set of the organisation's fields, by name."""


@dataclass(slots=True)
class Repo:
    """A repository. `moved` says where a transferred issue went, `deleted` which numbers are gone."""

    id: int
    owner: str
    name: str
    private: bool
    created_at: int
    updated_at: int
    last_number: int = 0
    large: bool = False
    """Whether lists refuse page numbers and go by cursor, as GitHub does with very large data sets."""
    roles: dict[str, str] = field(default_factory=dict)
    labels: dict[int, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    archived: bool = False
    """Everything can be read and nothing written."""
    blocked: str = ""
    """Why GitHub itself keeps everyone out ("dmca", "tos"); empty where it does not."""
    has_issues: bool = True
    internal: bool = False
    """Of a private one: open to every member of the enterprise."""

    @property
    def visibility(self) -> str:
        """As GitHub names who may read it."""
        return ("internal" if self.internal else "private") if self.private else "public"

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(slots=True)
class Installation:
    """An App on an organisation; `repos` None means all of them."""

    id: int
    app_id: int
    slug: str
    public_key: str
    account: str
    created_at: int
    issues: Access = "write"
    repos: list[int] | None = None


@dataclass(slots=True)
class Credential:
    """What a token stands for. `issues` is what a fine-grained token or an installation may do."""

    login: str
    scopes: list[str] = field(default_factory=list)
    issues: Access = "write"
    installation: int | None = None
    expires_at: int | None = None
    projects: bool = False
    """Whether a fine-grained token or an installation may read its organisation's projects."""


@dataclass(slots=True)
class Settings:
    """How this site behaves beyond what it holds."""

    rate_limit: int = 5_000
    """Requests an hour (the clock's hour) that the headers speak of."""
    search_limit: int = 30
    """Searches a minute."""
    enforce_limits: bool = False
    """Refuse what exceeds a limit; otherwise the count starts again, for this clock hardly moves."""
    graphql_exhausted: bool = False
    """Answer GraphQL as one whose hourly points are spent."""
    search_incomplete: bool = False
    """Say of every search that it timed out."""
    token_lifetime: int = 3_600
    """Seconds that an installation's token is good for."""
    definitions_touch: bool = False
    """Let a renamed or deleted label, milestone or type move `updated_at` of its issues; GitHub does not."""
    dependencies_touch: bool = True
    """Let a dependency that is set or removed move `updated_at` of both issues."""
    list_lag: int = 0
    """Seconds that lists and searches of issues are behind; see `GitHubSite.answer_late`."""
    comment_lag: int = 0
    """Seconds that lists of comments are behind."""
    rewrite: str = ""
    """How comments are stored: as sent (empty), or in a way of `connectors.sandbox.rewriting.REWRITES`."""
    rewrite_later: str = ""
    """The same for what later reads show, though the answer to the write showed what is stored."""
    null_sub_issues: bool = False
    """Give null for sub-issues that the bearer may not see, instead of leaving them out (GraphQL)."""
    graphql_size: int | None = None
    """The largest `first` and number of ids that GraphQL finishes; beyond it half of the data is missing."""
    pulls_where_disabled: bool = False
    """Answer the list of a repository without issues with its pull requests instead of 410."""
    projects_empty: bool = False
    """Give null for what is in a project whose items a fine-grained token may not read, without an error."""
    project_values_touch: bool = False
    """Let a value that is set in a project move `updated_at` of the issue; GitHub does not."""

"""The values that any tracker shares: issues and references, pulls and surveys, what stands on an issue."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

MARK_PREFIX = "milepost:"
"""Every comment that milepost writes carries `milepost:<instance>:<target>`; connectors search for this."""


STATUS_FIELD = "status_field"
"""In `Pull.missing_fields`: the field by which the settings tell the status of every issue."""


def with_mark(body: str, mark: str) -> str:
    """The text of a comment with its mark: one that does not hold it gets it as a hidden HTML comment."""
    return body if mark in body else f"{body}\n\n<!-- {mark} -->"


class StatusCategory(StrEnum):
    """Where a tracker says that an issue stands, whatever its status is called."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the tracker has no category for this status: milepost must not guess one


@dataclass(frozen=True, slots=True, order=True)
class IssueRef:
    """One issue: `id` is the tracker's immutable id, `key` its name today.

    Equality and order are by tracker and id alone, so that a moved or renamed issue stays one issue.
    """

    tracker: str
    """The name of the tracker in the configuration."""
    id: str
    """Jira: the numeric issue id. GitHub: the database id. Both as text."""
    key: str = field(compare=False)
    """What people say and what URLs need: `BLOG-12`, or `owner/name#12`."""

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Blocker:
    """An issue that has to be done before another one, as its tracker sends it with that other one."""

    ref: IssueRef
    url: str
    """The page that a person opens."""
    title: str
    category: StatusCategory


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One box of a task list in an issue's own text."""

    text: str
    done: bool


FieldValue = str | int | float | bool | None | tuple[str, ...]
"""A custom field as rules see it: a scalar, or the names of what was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One issue or pull request, in words that every tracker shares. Times are aware and in UTC."""

    ref: IssueRef
    url: str
    """The page that a person opens."""
    title: str
    container: str
    """The Jira project key, or `owner/name` of the repository."""
    status: str
    """The status as the tracker names it; for GitHub `open` or `closed`."""
    category: StatusCategory
    status_id: str = ""
    """The tracker's immutable id of the status, as text; empty where it has none."""
    status_option: str = ""
    """GitHub: the option of the field that the settings name as `status_field`, beside open and closed."""
    status_option_id: str = ""
    """The id of that option."""
    resolution: str | None = None
    """The name of the resolution; for GitHub the state_reason of a closed issue."""
    resolution_id: str = ""
    """The same of the resolution."""
    type: str = ""
    pull_request: bool = False
    level: int | None = None
    """Jira's hierarchy level: -1 sub-task, 0 standard, 1 epic; None where the tracker has none."""
    priority: str | None = None
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """Jira: names of the fix versions. GitHub: the title of the milestone."""
    sprints: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    """Stable names: Jira accountId or user name, and the display name after it; GitHub login."""
    team: str | None = None
    points: Fraction | None = None
    """Story points, at least 0; None where there is no estimate, or none that is a number of that range."""
    fields: tuple[tuple[str, FieldValue], ...] = ()
    """The custom fields that the mapping asked for, by the name that it asked with, sorted."""
    parent_id: str | None = None
    parent_key: str | None = None
    """The parent or epic; trackers name it by id, by key, or by both."""
    created: datetime
    updated: datetime
    resolved: datetime | None = None
    checklist: tuple[ChecklistItem, ...] = ()
    """Empty unless `Interest.checklists` asked for it."""
    mirrors: tuple[str, ...] = ()
    """URLs of the same piece of work in another tracker."""
    blocked_by: tuple[Blocker, ...] = ()
    """Of an open one, by the tracker's links: what has to be done before it, done or not, in order of ids."""
    unnamed_blockers: int = 0
    """How many more open issues block it, by the tracker's count, of which the tracker tells no more."""
    archived: bool = False
    """The tracker keeps it out of every list, and gives it only by its id: the state is the last one."""
    security: str | None = None
    """The id of the security level that restricts who may see it; None where its container's readers may."""


@dataclass(frozen=True, slots=True)
class IssueOutline:
    """What a survey brings of one issue: enough to notice a change that moved no time of change."""

    ref: IssueRef
    container: str
    updated: datetime
    status: str
    category: StatusCategory
    resolution: str | None = None
    type: str = ""
    priority: str | None = None
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    parent_id: str | None = None
    parent_key: str | None = None
    security: str | None = None

    @classmethod
    def of(cls, issue: Issue) -> "IssueOutline":
        """The outline of an issue that was read whole."""
        return cls(
            ref=issue.ref,
            container=issue.container,
            updated=issue.updated,
            status=issue.status,
            category=issue.category,
            resolution=issue.resolution,
            type=issue.type,
            priority=issue.priority,
            labels=issue.labels,
            components=issue.components,
            versions=issue.versions,
            parent_id=issue.parent_id,
            parent_key=issue.parent_key,
            security=issue.security,
        )

    def differs(self, other: "IssueOutline") -> bool:
        """Whether anything differs, the key included, which equality of references leaves out."""
        return self != other or self.ref.key != other.ref.key


@dataclass(frozen=True, slots=True)
class Container:
    """A Jira project or a GitHub repository, as the tracker tells of it now."""

    id: str
    """The tracker's immutable id of the project or repository, as text."""
    name: str
    """Today's project key or `owner/name`."""
    archived: bool = False
    """It takes no writes; its issues are still read."""
    writable: bool | None = None
    """Whether the account may write there; None where the tracker does not say."""
    error: str = ""
    """Why its issues could not be listed; empty where the list was read to its end."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An issue that came but could not be read; what rests on it must say so."""

    id: str | None
    key: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some issues of one pull, in no order that means anything."""

    issues: tuple[Issue, ...]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Interest:
    """What the mapping needs of one tracker beyond its scope, so that a pull brings no more than is used."""

    roots: frozenset[str] = frozenset()
    """Keys whose whole tree of descendants counts, wherever the descendants live."""
    keys: frozenset[str] = frozenset()
    """Keys that the mapping names one by one, targets of comments among them."""
    fields: frozenset[str] = frozenset()
    """Custom fields by name or id."""
    checklists: bool = False
    pull_requests: bool = False
    containers: frozenset[str] = frozenset()
    """Projects or repositories that rules name, so that a survey tells what they are called today."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What changed on a tracker. `cursor` was taken before the reading, and holds once every page is in.

    `pages` talks to the tracker while it is iterated and may raise any TrackerError; then nothing of the
    pull may move the cursor. `full` says that `pages` brings everything in scope, not only what changed.
    """

    cursor: str
    pages: Iterator[Page]
    full: bool
    failed: Callable[[], tuple[Container, ...]] = tuple
    """Once the pages are in: the containers that could not be read, each with its `error`.

    Their issues stay as they are stored. The connector reads them again from where it stopped.
    """
    listed: Callable[[], frozenset[str] | None] = lambda: None
    """Once the pages are in: the casefolded names of the containers that were read one by one.

    None: all. What one list of many containers does not bring proves nothing of any of them.
    """
    containers: Callable[[], tuple[Container, ...]] = tuple
    """Once the pages are in: the containers of which this pull brought more than their issues."""
    missing_fields: Mapping[str, str] = field(default_factory=dict)
    """Fields that rules or weights ask for and that the tracker does not have, with a sentence about each.

    By the mapping's name of a custom field, or by the key that means one (`story_points`, `sprint`, `team`,
    `status_field`).
    """


@dataclass(frozen=True, slots=True)
class SurveyPage:
    """A part of a survey: issues that came whole, and outlines of others."""

    issues: tuple[Issue, ...] = ()
    outlines: tuple[IssueOutline, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """One listing of everything in scope and in the trees, to compare with what is stored.

    `pages` talks to the tracker while it is iterated and may raise any TrackerError. Everything else is
    complete once the pages are in.
    """

    pages: Iterator[SurveyPage]
    containers: Callable[[], tuple[Container, ...]]
    """Every project or repository in scope, whether it could be listed or not."""
    names: Callable[[], Mapping[str, str]]
    """By name, as the configuration or the mapping has it: the id of the container that it leads to today."""


class Fate(StrEnum):
    """What became of an issue that is stored but was not listed."""

    PRESENT = "present"  # it is there; `Whereabouts.issue` is how it is now
    ARCHIVED = "archived"  # no list has it, its id still opens it
    HIDDEN = "hidden"  # it is there, but not for this account
    GONE = "gone"  # deleted, or hidden so that nobody can tell
    OUTSIDE = "outside"  # it is there, and the tracker says itself that the scope does not match it
    UNKNOWN = "unknown"  # the tracker did not answer this time


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the tracker says of one issue that was asked for by its id."""

    fate: Fate
    issue: Issue | None = None
    """With PRESENT and OUTSIDE, and with ARCHIVED where the tracker gives it."""
    reason: str = ""
    """The tracker's own words, for a person."""


@dataclass(frozen=True, slots=True)
class PostedComment:
    """A comment that bears milepost's mark, as the tracker gives it back."""

    id: str
    body: str
    mine: bool
    """Written by the account that milepost uses now."""
    mark: str | None = None
    """A mark that stands beside the text (a Jira comment property), where there is one."""
    url: str = ""
    visibility: tuple[str, str] | None = None
    """Jira: ("role" or "group", name), to be sent again with every edit."""
    internal: bool | None = None
    """Whether customers of a service management project do not see it; None where nothing says."""
    updated: datetime | None = None
    """When its text was last changed, by the tracker's own clock; None where it does not say."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What stands on one issue now: all its labels, and the comments that may be milepost's."""

    ref: IssueRef
    """With today's key."""
    labels: tuple[str, ...]
    comments: tuple[PostedComment, ...]
    """Those that bear milepost's mark, and, where a mark can be edited out, all by the account in use."""


@dataclass(frozen=True, slots=True, order=True)
class LabelDefinition:
    """A label as a repository defines it. `colour` is six hex digits, `description` at most 100 long."""

    name: str
    colour: str
    description: str


class Capability(StrEnum):
    """What a feature needs of the account; `Tracker.check` tells which are granted."""

    READ = "read issues"
    COMMENT = "write comments"
    LABEL = "change labels"
    DEFINE_LABELS = "define labels"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `milepost check`: what was checked, whether it is well, and what to do if not."""

    what: str
    ok: bool
    reason: str
    hint: str = ""

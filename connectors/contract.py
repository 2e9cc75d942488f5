"""What the house knows of any tracker: issues in, comments and labels out, errors sorted by recovery."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Protocol

from pydantic import BaseModel

MARK_PREFIX = "milepost:"
"""Every comment that milepost writes carries `milepost:<instance>:<target>`; connectors look for this."""


class StatusCategory(StrEnum):
    """Where a tracker says that an issue stands, whatever its status is called."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the tracker has no category for this status: milepost must not guess one


@dataclass(frozen=True, slots=True, order=True)
class IssueRef:
    """One issue for good: `id` is the tracker's immutable id, `key` its name today.

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
    resolution: str | None = None
    """The name of the resolution; for GitHub the state_reason of a closed issue."""
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
    """What the mapping wants of one tracker beyond its scope, so that a pull brings no more than is used."""

    roots: frozenset[str] = frozenset()
    """Keys whose whole tree of descendants counts, wherever the descendants live."""
    keys: frozenset[str] = frozenset()
    """Keys that the mapping names one by one, targets of comments among them."""
    fields: frozenset[str] = frozenset()
    """Custom fields by name or id."""
    checklists: bool = False
    pull_requests: bool = False


@dataclass(frozen=True, slots=True)
class Pull:
    """One reading of a tracker. `cursor` was taken before the reading and is good once every page is in.

    `pages` talks to the tracker while it is iterated and may raise any TrackerError; then nothing of the
    pull may move the cursor. `full` says that `pages` brings everything in scope, not only what changed.
    """

    cursor: str
    pages: Iterator[Page]
    full: bool


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
    """One line of `milepost check`: what was looked at, whether it is well, and what to do if not."""

    what: str
    ok: bool
    said: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TrackerInfo:
    """What can be known of a tracker from its settings alone, without a request."""

    name: str
    kind: str
    containers: tuple[str, ...]
    """Project keys or `owner/name`, with `*` for "any" (`acme/*` for an organisation)."""
    owns: Callable[[str], bool]
    """Whether an issue key (`BLOG-12`, `acme/site#4`) lies in this tracker's scope, from settings alone."""
    normal_key: Callable[[str], str | None]
    """The key in its one spelling (`blog-12` -> `BLOG-12`), or None if it is no key of this kind."""
    markup: str
    """"markdown" or "wiki"."""
    comment_limit: int
    """The longest comment, in characters."""
    label_limit: int
    """The longest label, in characters."""
    label_spaces: bool
    """Whether a label may contain a space."""
    has_label_definitions: bool = False


class Reader(Protocol):
    """The reading half of a tracker. Every method may raise a TrackerError."""

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """Everything in scope that changed since `cursor` (None: everything), and the trees of the roots.

        Overlaps the cursor, so the same issue may come again; never misses one that changed before the
        cursor was taken. A cursor that this connector did not write is treated as None.
        """
        ...

    def present(self) -> frozenset[str]:
        """The ids of all issues in scope now; what is stored but missing here is deleted or out of reach."""
        ...

    def fetch(self, keys: Sequence[str]) -> Page:
        """The issues with these keys or, for text of digits only, ids; whichever do not exist are left out.

        A key that moved resolves to the issue under its new key.
        """
        ...

    def matching(self, query: str) -> frozenset[str]:
        """The ids of issues in scope that a JQL or a GitHub search matches, complete or an error."""
        ...

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted]:
        """What stands on each of these issues; an issue that is gone is left out."""
        ...

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """The labels that a repository defines; empty where the tracker has no definitions."""
        ...


class Writer(Protocol):
    """The writing half; `plan` never gets one. No method repeats a create whose answer was lost."""

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        """Write a comment once. Raises AnswerLost if it may or may not have been written."""
        ...

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        """Replace a comment's text. Raises Missing if the comment is gone."""
        ...

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        """Remove a comment; one that is gone already is no error."""
        ...

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        """Add and remove single labels, never replacing the set; all labels as they stand afterwards.

        Raises Refused if the tracker took the request but did not do it (GitHub without push access).
        """
        ...

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        """Create a label definition, or give an existing one this colour and description."""
        ...

    def remove_label_definition(self, container: str, name: str) -> None:
        """Remove a label definition; one that is gone already is no error."""
        ...


class Tracker(Protocol):
    """One configured tracker, opened. Opening sends no request."""

    @property
    def info(self) -> TrackerInfo: ...

    @property
    def reader(self) -> Reader: ...

    @property
    def writer(self) -> Writer: ...

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """Reach the tracker and look whether the account may do what `needs` lists; writes nothing."""
        ...

    def close(self) -> None: ...


class Memory(Protocol):
    """Small facts that a connector keeps between runs, such as the server's type and field ids."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str) -> None: ...


class TrackerSettings(BaseModel):
    """What every kind of tracker is configured with; each connector's settings derive from this."""

    kind: str

    def info(self, name: str) -> TrackerInfo:
        """What is known of this tracker without a request."""
        raise NotImplementedError

    def secrets_missing(self, name: str) -> tuple[str, ...]:
        """The environment variables (`MILEPOST_TRACKERS__<NAME>__TOKEN`) that must be set and are not."""
        raise NotImplementedError


class TrackerError(Exception):
    """Something went wrong with one tracker. Its text is safe to print: no header, no token, no body.

    `request` is what was asked ("GET /rest/api/2/serverInfo"), `said` what came back, `hint` what to do.
    """

    recovery: ClassVar[str] = "stop"
    advice: ClassVar[str] = ""
    """What to do, where whoever raises it gives no `hint` of its own."""

    def __init__(self, tracker: str, request: str, said: str, hint: str = "") -> None:
        self.tracker = tracker
        self.request = request
        self.said = said
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        text = (
            f"{self.tracker}: {self.request}: {self.said}" if self.request else f"{self.tracker}: {self.said}"
        )
        hint = self.hint or self.advice
        return f"{text}. {hint}" if hint else text


class BadConfiguration(TrackerError):
    """Mend the configuration: wrong URL, missing or refused credentials, a JQL that the server rejects."""

    recovery = "mend the configuration"
    advice = "Check the url, the credentials and the queries of this tracker"


class Unavailable(TrackerError):
    """Try again later: time-outs, 5xx, connection trouble or rate limits, after the allowed retries."""

    recovery = "try again later"
    advice = "The next run tries again; if it stays so, ask whoever runs the tracker"


class PutOff(Unavailable):
    """Milepost's own share of the tracker's quota is spent: nothing is lost, and a later run goes on."""

    recovery = "put off"


class Garbled(TrackerError):
    """The answer makes no sense (HTML, cut off, wrong shape); hold what rests on it."""

    recovery = "hold"
    advice = "The next run reads it again; if it stays so, check the url and what stands in between"


class Refused(TrackerError):
    """The tracker will not do this one thing (403, 413, 422, a locked issue); skip it and go on."""

    recovery = "skip"
    advice = "Check what the account may do there"


class Missing(TrackerError):
    """The one thing asked for is gone (404, 410); skip it and go on."""

    recovery = "skip"
    advice = "Check whether it was moved or deleted, and that the account may see it"


class AnswerLost(TrackerError):
    """A create was sent and its answer lost: look whether it is there before trying again."""

    recovery = "look again"
    advice = "The next run looks whether it was done"

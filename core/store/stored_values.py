"""The values that the store returns, and the errors that it raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from connectors.audience import Audience
from connectors.bounds import past
from connectors.models import Container, IssueRef


class StoreError(Exception):
    """The store cannot be used; the text says where, what was found and what to do. Nothing was changed."""


class Locked(StoreError):
    """Another process writes to the store. `pid` and `since` are None in the moment before it has said so."""

    def __init__(self, where: str, pid: int | None, since: datetime | None) -> None:
        self.pid = pid
        self.since = since
        who = "another milepost" if pid is None else f"another milepost (process {pid})"
        when = "" if since is None else f" since {since:%Y-%m-%d %H:%M:%S} UTC"
        super().__init__(f"{where}: {who} is writing to this store{when}. Wait until it ends, or stop it")


@dataclass(frozen=True, slots=True)
class PullState:
    """Up to where one tracker was pulled, and when; all values are None for one that was never pulled."""

    cursor: str | None = None
    read_at: datetime | None = None
    """When the last pull that succeeded was saved."""
    reconciled_at: datetime | None = None
    """When the stored issues were last compared with all that exist."""
    failed_at: datetime | None = None
    """When a pull failed; None as soon as one succeeded."""
    error: str | None = None
    issues: int = 0
    """How many issues are stored and present."""

    def believed(self, now: datetime) -> "PullState":
        """Return the state without times later than `now`, which were stored while the clock was wrong."""
        return replace(
            self,
            read_at=past(self.read_at, now),
            reconciled_at=past(self.reconciled_at, now),
            failed_at=past(self.failed_at, now),
        )


@dataclass(frozen=True, slots=True)
class StoredContainer:
    """A project or repository as last read from its tracker."""

    container: Container
    failed_at: datetime | None = None
    """Since when it cannot be listed; None where it can."""
    doubt: str = ""
    """Why its issues, of which none is listed, are kept until a later reconciliation confirms that."""

    @property
    def failing(self) -> str:
        """Why nothing can be measured from it now; empty where something can."""
        return self.container.error or self.doubt


@dataclass(frozen=True, slots=True)
class StoredAudience:
    """Who may read a project or repository; without `audience`, it is `refused` or not known yet."""

    audience: Audience | None
    refused: bool = False
    """The tracker answered that it does not give the audience."""


@dataclass(frozen=True, slots=True)
class RestrictedIssue:
    """An issue that only some of its project's readers may see."""

    tracker: str
    id: str
    security: str
    """The id of its security level."""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class PullCounts:
    """What one pull brought. `changed` counts stored issues that differ or came back, not new ones."""

    seen: int
    new: int
    changed: int
    missing: tuple[IssueRef, ...] = ()
    """After a full pull: what is stored as present, but was neither read nor unreadable in it."""


@dataclass(frozen=True, slots=True)
class GoalValue:
    """A goal's two numbers (0 to 1) as last published; None: unmeasured. `rules`: digest of what tagged."""

    delivered: Fraction | None
    achieved: Fraction | None
    rules: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in the ledger. Without `ended` it is still going on or it crashed."""

    run: int
    kind: str
    begun: datetime
    ended: datetime | None = None
    outcome: str | None = None
    """As `end_run` was told; "crashed" once a later run has begun although this one never ended."""
    reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        """Whether the run never came to its end."""
        return self.ended is None

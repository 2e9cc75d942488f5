"""The values that the engine takes and returns. Shares are exact fractions from 0 to 1."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from connectors.models import Blocker, Issue, IssueRef, StatusCategory
from mappings.goal_tree import GoalTree, HealthName
from mappings.rule import RuleId


class Why(StrEnum):
    """Why something cannot be measured."""

    NO_SCOPE = "no scope"
    SOURCE_DOWN = "source not read"
    UNKNOWN_STATUS = "status without category"
    UNREADABLE = "issues that could not be read"
    NO_CHECK_IN = "no check-in yet"
    NO_PARTS = "nothing measured leads to it"
    PROBLEM = "a problem that has to be mended first"
    WITHHELD = "not shown here"
    """It is measured, but its readers may not see it; the engine itself never returns this."""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Why there is no number; an unmeasured item is never shown as 0% or 100%."""

    why: Why
    reason: str
    """A full phrase: `no scope: all 3 tasks are cancelled`, `jira not read since 2027-02-12 09:00 UTC`."""


Measure = Fraction | Unmeasured


@dataclass(frozen=True, slots=True)
class Tagged:
    """An issue in one milestone or key result, and the rule that put it there."""

    issue: Issue
    rule: RuleId
    checklist: bool = False
    """The rule lets an open task's checklist give partial credit."""
    weight: Fraction | None = None
    """A fixed weight from the rule."""
    boxes: bool = False
    """The boxes in this issue's body are the tasks, instead of the issue itself (`task_list = true`)."""


class SourceState(Protocol):
    """A mapping, and which of the sources that it rests on could not be read."""

    @property
    def mapping(self) -> GoalTree: ...
    @property
    def down(self) -> MappingABC[str, datetime | None]:
        """By tracker that could not be read in this run: when it last was (None: never)."""
        ...

    @property
    def rests_on(self) -> MappingABC[str, frozenset[str]]:
        """By id of milestone or key result: the trackers whose issues its rules can match."""
        ...

    @property
    def unread(self) -> MappingABC[str, tuple[str, ...]]:
        """By id of milestone or key result: keys of its issues that could not be read."""
        ...

    @property
    def problems(self) -> MappingABC[str, str]:
        """By id: another reason why it cannot be measured, such as a query without an answer."""
        ...

    @property
    def absent(self) -> frozenset[str]:
        """Ids of milestones and key results whose rules name an issue that no tracker has."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """A SourceState without tasks, for measuring from tallies."""

    mapping: GoalTree
    down: MappingABC[str, datetime | None]
    rests_on: MappingABC[str, frozenset[str]]
    unread: MappingABC[str, tuple[str, ...]]
    problems: MappingABC[str, str]
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Inputs:
    """A SourceState with all tagged issues: everything on which progress depends beside the policies."""

    mapping: GoalTree
    tagged: MappingABC[str, tuple[Tagged, ...]]
    """By id of milestone or key result. An issue stands at most once in each."""
    parents: MappingABC[IssueRef, IssueRef]
    """By tagged issue, and by each of its ancestors: its parent, where it has one; may have cycles."""
    down: MappingABC[str, datetime | None]
    rests_on: MappingABC[str, frozenset[str]]
    unread: MappingABC[str, tuple[str, ...]]
    problems: MappingABC[str, str]
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Blocked:
    """The open issues that have to be done before an open task."""

    by: tuple[Blocker, ...] = ()
    """Those that milepost reads, as they are now."""
    others: tuple[Blocker, ...] = ()
    """Those that it does not read, as their tracker last described them."""
    unnamed: int = 0
    """The number of those which the tracker only counts."""

    @property
    def number(self) -> int:
        """The number of all of them."""
        return len(self.by) + len(self.others) + self.unnamed


@dataclass(frozen=True, slots=True)
class Task:
    """One issue (or one box of a task list) as it counts in one milestone."""

    ref: IssueRef
    url: str
    title: str
    state: StatusCategory
    status: str
    weight: Fraction
    """At least 0; the milestone's median estimate where the issue has none."""
    estimated: bool
    credit: Fraction
    """0 to 1."""
    rule: RuleId
    assignees: tuple[str, ...]
    updated: datetime
    resolved: datetime | None
    box: int | None = None
    """The position of a task-list box in the issue's body, from 1; None for an issue of its own."""
    created: datetime | None = None
    credit_reason: str = ""
    """Where the credit comes from, for `why`: `done`, `3 of 5 boxes`."""
    weight_reason: str = ""
    """Where the weight comes from, for `why`: `no estimate: the median`."""
    blocked: Blocked | None = None
    """The issues that have to be done before it; None where it is closed or waits for nothing."""
    status_option: str = ""
    """`Issue.status_option`, which may belong to a project that fewer people may read than the issue."""

    @property
    def id(self) -> str:
        """The id of this task in snapshots: tracker, immutable id, and the box if it is one."""
        return f"{self.ref.tracker}:{self.ref.id}" + (f"#{self.box}" if self.box is not None else "")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A tagged issue that does not count, and why: `its children count`, `mirror of BLOG-4`."""

    ref: IssueRef
    title: str
    why: str
    rule: RuleId
    parent: bool = False
    """Whether it is left out because issues below it count."""

    @property
    def id(self) -> str:
        """The id that it would have as a task."""
        return f"{self.ref.tracker}:{self.ref.id}"


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of tasks by state; `unestimated` and `blocked` count some of these again."""

    done: int = 0
    in_progress: int = 0
    todo: int = 0
    cancelled: int = 0
    unknown: int = 0
    unestimated: int = 0
    blocked: int = 0
    """Open tasks that wait for an open issue."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether progress keeps up with time; `pace` is progress / `expected`, the share (0 to 1) due by now."""

    name: HealthName
    reason: str
    """The reason as one phrase, without a number that changes by the hour."""
    arithmetic: str
    """The calculation written out, for `milepost why`."""
    expected: Fraction | None = None
    pace: Fraction | None = None
    stale: bool = False
    overridden_until: date | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """The tasks of one milestone one by one."""

    tasks: tuple[Task, ...]
    """All tasks that count, and the cancelled ones; sorted by tracker, key and box."""
    left_out: tuple[LeftOut, ...]
    """Sorted by tracker and key."""


@dataclass(frozen=True, slots=True)
class MilestoneState:
    """The state of one milestone. Where it is measured, the measure is `earned` / `total`."""

    id: str
    measure: Measure
    earned: Fraction
    total: Fraction
    counts: Counts
    health: Health
    weighed_by: str
    median: Fraction | None = None
    """The weight of a task without an estimate, where the milestone weighs by an estimate."""
    detail: Detail | None = None
    """The tasks; None where they were not asked for. No number depends on it."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks one by one. Raises LookupError where `detail` is None."""
        return self._require_detail().tasks

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The tagged issues that do not count. Raises LookupError where `detail` is None."""
        return self._require_detail().left_out

    def _require_detail(self) -> Detail:
        if self.detail is None:
            raise LookupError(f"the tasks of {self.id} were not asked for")
        return self.detail


class KeyResultKind(StrEnum):
    """How a key result is measured."""

    METRIC = "metric"
    GUARDRAIL = "guardrail"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class KeyResultState:
    """The state of one key result.

    `measure` is what it has achieved (of a guardrail: 1 if met, else 0), `delivered` the weighted mean of
    what leads to it. For kind DELIVERY both are the same. `own` is the progress of issues that rules tag
    straight to it; None without such rules. `met` is None for all kinds but GUARDRAIL.
    """

    id: str
    kind: KeyResultKind
    measure: Measure
    delivered: Measure
    met: bool | None
    health: Health
    own: MilestoneState | None = None
    missing: tuple[str, ...] = ()
    """Ids of milestones that lead to it but are unmeasured, so that the mean is over the others; its own
    id where `own` is unmeasured."""


@dataclass(frozen=True, slots=True)
class GoalState:
    """The state of one goal: what its milestones delivered and what its key results achieved."""

    id: str
    delivered: Measure
    achieved: Measure
    health: Health
    gap: str | None
    """The sentence about work that is delivered without the key results moving; None without a gap."""
    missing: tuple[str, ...] = ()
    """Ids of milestones and key results that are unmeasured, so that the means are over the others."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of all milestones, key results and goals; depends on Inputs, the policies and the time."""

    milestones: MappingABC[str, MilestoneState]
    key_results: MappingABC[str, KeyResultState]
    goals: MappingABC[str, GoalState]


class Part(StrEnum):
    """A cause by which a milestone's progress changes, in the order in which `compare` takes them."""

    MAPPING = "mapping changed"
    SCOPE_ADDED = "scope added"
    REPLACED = "replaced by its sub-tasks"
    SCOPE_REMOVED = "scope removed"
    ESTIMATES = "estimates changed"
    CANCELLED = "cancelled"
    REINSTATED = "taken up again after cancelling"
    REOPENED = "re-opened"
    FINISHED = "finished"
    CREDIT = "partial credit changed"


@dataclass(frozen=True, slots=True)
class SnapshotTask:
    """A task as a snapshot stores it."""

    id: str
    key: str
    state: StatusCategory
    weight: Fraction
    credit: Fraction
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A milestone as it was when its comment was last written."""

    taken: datetime
    rules: str
    """Digest of the rules and policies that tagged and weighed; another one means the mapping changed."""
    measure: Measure
    tasks: tuple[SnapshotTask, ...]
    parents: frozenset[str] = frozenset()
    """Ids of issues that are no tasks because issues below them count; not stored, so only of the present."""


@dataclass(frozen=True, slots=True)
class ChangePart:
    """One part of a change: a signed share of the milestone (-1 to 1), and the keys of its tasks."""

    part: Part
    share: Fraction
    keys: tuple[str, ...]
    hidden: int = 0
    """The number of other tasks that the readers may not see."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change between two snapshots. The shares of `parts` add up exactly to `after - before`.

    Where either side is unmeasured, `difference` is None, and each part has share 0 and only names tasks.
    """

    since: datetime
    before: Measure
    after: Measure
    difference: Fraction | None
    parts: tuple[ChangePart, ...]

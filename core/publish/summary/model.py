"""The values of one comment, the same for every tracker."""

from dataclasses import dataclass
from datetime import date

from connectors.contract import IssueRef, StatusCategory
from core.engine.model import Change, Counts, Health, Measure
from mappings.goals import Guardrail, HealthName, Metric


@dataclass(frozen=True, slots=True)
class Page:
    """The issue on which something is tracked, for a link to it."""

    key: str
    url: str


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that is neither done nor cancelled."""

    key: str
    url: str
    title: str
    status: str
    state: StatusCategory
    partly: str = ""
    """How much an open task counts already, such as `counts as 60%`; else the total would be a riddle."""


@dataclass(frozen=True, slots=True)
class MilestonePart:
    """A milestone that the comment is about."""

    id: str
    title: str
    owner: str | None
    due: date | None
    measure: Measure
    health: Health
    counts: Counts
    open_tasks: tuple[OpenTask, ...]
    """The first of them, as many as are listed: in progress first, then by tracker and number."""
    change: Change | None
    """Since the comment was last written; None on the first comment."""


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    """A milestone as it stands in the comment of a goal."""

    id: str
    title: str
    measure: Measure
    health: HealthName
    counts: Counts
    page: Page | None


@dataclass(frozen=True, slots=True)
class KeyResultPart:
    """A key result: what it has achieved, what was delivered for it, and the number behind it."""

    id: str
    title: str
    measure: Measure
    delivered: Measure
    met: bool | None
    health: HealthName
    metric: Metric | None
    guardrail: Guardrail | None


@dataclass(frozen=True, slots=True)
class GoalPart:
    """A goal with its two numbers, and the key results that the comment shows of it."""

    id: str
    title: str
    owner: str | None
    due: date | None
    delivered: Measure
    achieved: Measure
    health: Health
    gap: str | None
    key_results: tuple[KeyResultPart, ...]
    milestones: tuple[MilestoneLine, ...] = ()
    """Only where the goal itself is what the comment is about."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that one comment says."""

    ref: IssueRef
    milestones: tuple[MilestonePart, ...]
    goals: tuple[GoalPart, ...]
    leads_to: tuple[GoalPart, ...]
    """Goals that the milestones lead to, each with only the key results through which they do."""
    open_tasks: int
    """How many open tasks of each milestone are listed one by one."""
    waiting: str | None = None
    """Why the comment has to wait: its own numbers rest on a tracker that was not read."""
    links_waiting: bool = False
    """The numbers of `leads_to` rest on a tracker that was not read; they alone are no reason to edit."""

    @property
    def target(self) -> str:
        """What the comment is about: ids, sorted and joined by `+`."""
        ids = [part.id for part in self.milestones] + [part.id for part in self.goals]
        return "+".join(sorted(ids))

"""The Summary of a comment: all values that it shows, the same for every tracker and markup."""

from dataclasses import dataclass
from datetime import date

from connectors.models import IssueRef, StatusCategory
from core.engine.model import Change, Counts, Health, Measure
from core.publish.visibility import Readers
from mappings.goal_tree import Guardrail, HealthName, Metric


@dataclass(frozen=True, slots=True)
class Page:
    """A tracking issue, for a link to it."""

    key: str
    url: str
    ref: IssueRef | None = None
    """The issue, by which it is decided who may see the link; None: everybody."""


@dataclass(frozen=True, slots=True)
class Blocking:
    """An open issue that has to be done before a task."""

    key: str
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """The open issues that have to be done before a task."""

    named: tuple[Blocking, ...] = ()
    """Those that the readers may see."""
    hidden: int = 0
    """How many others there are."""


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that is neither done nor cancelled."""

    key: str
    url: str
    title: str
    status: str
    state: StatusCategory
    partly: str = ""
    """How much an open task counts already, such as `counts as 60%`, so that readers can check the total."""
    tracker: str = ""
    id: str = ""
    """The issue's immutable id."""
    waits_for: WaitsFor | None = None
    """None where it waits for nothing."""

    @property
    def ref(self) -> IssueRef:
        """The issue itself."""
        return IssueRef(self.tracker, self.id, self.key)


@dataclass(frozen=True, slots=True)
class Listed:
    """The open tasks of a milestone that a comment lists."""

    tasks: tuple[OpenTask, ...] = ()
    hidden: int = 0
    """How many more open tasks there are that the readers may not see."""


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
    """The open tasks that are listed: those in progress first, then by tracker and number."""
    change: Change | None
    """The change since the comment was last written; None in a first comment."""
    shown: bool = True
    """False: the readers may see its numbers only; then id and title are empty, and it has no dates."""
    hidden_open: int = 0
    """How many more open tasks there are that the readers may not see."""


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    """A milestone in the table of a goal's comment."""

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
    """Filled only where the comment is about the goal itself."""
    shown: bool = True
    """False: the readers may see only what was delivered."""
    hidden_key_results: int = 0
    hidden_milestones: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that one comment shows."""

    ref: IssueRef
    milestones: tuple[MilestonePart, ...]
    goals: tuple[GoalPart, ...]
    leads_to: tuple[GoalPart, ...]
    """Goals that the milestones lead to, each with only the key results through which they do."""
    open_tasks: int
    """How many open tasks of each milestone are listed one by one."""
    waiting: str | None = None
    """Why the comment must not be written now: its own numbers rest on a tracker that was not read."""
    links_waiting: bool = False
    """Numbers of `leads_to` rest on a tracker that was not read, so that they alone cause no edit."""
    hidden_links: int = 0
    """How many more key results and goals the milestones lead to that the readers may not see."""
    about: tuple[str, ...] = ()
    """The ids of all milestones and goals that the comment is about, also of hidden ones; never shown."""
    readers: Readers | None = None
    """Who may read the comment; None where nothing is hidden from anybody."""

    @property
    def target(self) -> str:
        """What the comment is about: ids, sorted and joined by `+`."""
        return "+".join(sorted(self.about))

    @property
    def withheld(self) -> bool:
        """Whether the comment leaves out something because its readers may not see it."""
        goals = (*self.goals, *self.leads_to)
        return (
            bool(self.hidden_links)
            or any(not part.shown or part.hidden_open for part in self.milestones)
            or any(not part.shown or part.hidden_key_results or part.hidden_milestones for part in goals)
        )

"""The tally of one milestone: its tasks, counted by what they contribute; and its progress from that.

The store keeps tallies, so that measuring does not have to read the tasks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

from connectors.models import StatusCategory
from core.engine.model import Counts
from core.engine.weights import Weigher

NOTHING = Fraction(0)
ONE = Fraction(1)
_BEGUN = (StatusCategory.DONE, StatusCategory.IN_PROGRESS)
_SHARED = "shared"
_CLOSED = (StatusCategory.DONE, StatusCategory.CANCELLED)


@dataclass(frozen=True, slots=True)
class Part:
    """What one task contributes; tasks with equal parts are counted together."""

    state: StatusCategory
    estimate: Fraction | None
    """The estimate by which the milestone weighs; None without one, and where each task weighs 1."""
    fixed: Fraction | None
    """The fixed weight of the rule; None without one."""
    credit: Fraction
    """0 to 1."""
    shared: bool = False
    """Whether `estimate` is a share of a parent's; see `core.engine.shared_estimates`."""

    @property
    def text(self) -> str:
        """The part as stored; `Part.read` is the inverse."""
        numbers = (self.estimate, self.fixed, self.credit)
        text = "|".join((self.state.value, *("" if value is None else str(value) for value in numbers)))
        return f"{text}|{_SHARED}" if self.shared else text

    @staticmethod
    def read(text: str) -> "Part":
        """Return the part that is stored as this text. Raises ValueError for any other text."""
        return _read(text)

    @property
    def closed(self) -> bool:
        """Whether the task is done or cancelled."""
        return self.state in _CLOSED


@lru_cache(maxsize=4096)  # a milestone has few different parts, and so have all of them together
def _read(text: str) -> Part:
    state, estimate, fixed, credit, *shared = text.split("|")
    if shared not in ([], [_SHARED]):
        raise ValueError(text)
    return Part(
        StatusCategory(state),
        Fraction(estimate) if estimate else None,
        Fraction(fixed) if fixed else None,
        Fraction(credit),
        bool(shared),
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """The tasks of one milestone, counted by what they contribute."""

    parts: Mapping[Part, int] = field(default_factory=dict)
    """By part: the number of tasks with it, which is above 0; cancelled tasks are included."""
    left_out: int = 0
    """Number of tagged issues that do not count as tasks."""
    latest: datetime | None = None
    """When any of the tasks last changed; None without tasks."""
    unknown: tuple[str, ...] = ()
    """The tasks whose status has no category, in order: `BLOG-1 is in "Limbo"`."""
    shared: Mapping[Fraction, int] = field(default_factory=dict)
    """By amount that a parent shared among tasks below it: the number of such parents."""

    @property
    def tasks(self) -> int:
        """The number of tasks, including cancelled ones."""
        return sum(self.parts.values())

    def of(self, *states: StatusCategory) -> int:
        """Return the number of tasks in these states."""
        return sum(number for part, number in self.parts.items() if part.state in states)

    @property
    def begun(self) -> bool:
        """Whether any task is in progress, done, or has credit."""
        return any(part.state in _BEGUN or part.credit for part in self.parts)

    @property
    def still_open(self) -> bool:
        """Whether any task is neither done nor cancelled."""
        return any(not part.closed for part in self.parts)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The sums of a milestone over the tasks that are not cancelled, and the number of tasks by state."""

    earned: Fraction
    """Σ weight·credit."""
    total: Fraction
    """Σ weight."""
    counts: Counts
    median: Fraction | None


def counted(parts: Iterable[Part]) -> Mapping[Part, int]:
    """Return the number of tasks by part."""
    return Counter(parts)


def weigher_of(parts: Mapping[Part, int], weigh_by: str, shared: Mapping[Fraction, int]) -> Weigher:
    """Return the Weigher of these tasks, with the median of their estimates.

    An estimate that a parent shares counts in the median once and undivided, so that splitting work does not
    change the median.
    """
    estimates: Counter[Fraction] = Counter(shared)
    for part, number in parts.items():
        if part.shared:
            continue
        if part.state is not StatusCategory.CANCELLED and part.fixed is None and part.estimate is not None:
            estimates[part.estimate] += number
    return Weigher.of(weigh_by, estimates)


def weigh(tally: Tally, weigh_by: str) -> Weighed:
    """Return the exact sums of a tally."""
    weigher = weigher_of(tally.parts, weigh_by, tally.shared)
    earned, total = _Sum(), _Sum()
    states: Counter[StatusCategory] = Counter()
    unestimated = 0
    for part, number in tally.parts.items():
        states[part.state] += number
        if part.state is StatusCategory.CANCELLED:
            continue
        weight = weigher.weigh(part.estimate, part.fixed)
        total.add(weight.weight, ONE, number)
        if part.credit:
            earned.add(weight.weight, part.credit, number)
        if not weight.estimated:
            unestimated += number
    counts = Counts(
        done=states[StatusCategory.DONE],
        in_progress=states[StatusCategory.IN_PROGRESS],
        todo=states[StatusCategory.TODO],
        cancelled=states[StatusCategory.CANCELLED],
        unknown=states[StatusCategory.UNKNOWN],
        unestimated=unestimated,
    )
    return Weighed(earned.value, total.value, counts, weigher.median)


class _Sum:
    """An exact sum; whole numbers, which most weights are, are added as integers, ten times faster."""

    def __init__(self) -> None:
        self._whole = 0
        self._rest = NOTHING

    def add(self, weight: Fraction, share: Fraction, number: int) -> None:
        if weight.denominator == 1 and share.denominator == 1:
            self._whole += weight.numerator * share.numerator * number
        else:
            self._rest += weight * share * number

    @property
    def value(self) -> Fraction:
        return self._rest + self._whole if self._rest else Fraction(self._whole)

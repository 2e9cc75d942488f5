"""How much a task weighs in its milestone."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from connectors.models import FieldValue, Issue
from core.engine.formatting import number

COUNT = "count"
STORY_POINTS = "story_points"
ONE = Fraction(1)
LARGEST = 10**9
"""An estimate beyond this is a slip of the keyboard or worse, and is treated as none."""

_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Weight:
    """What one task weighs (at least 0), whether that is its own estimate, and where it comes from."""

    weight: Fraction
    estimated: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Weigher:
    """Weighs the tasks of one milestone; `median` is for tasks without an estimate, if any has one."""

    weigh_by: str
    median: Fraction | None

    @classmethod
    def of(cls, weigh_by: str, estimates: Mapping[Fraction, int]) -> "Weigher":
        """`estimates`: how often each occurs in the tasks that count, live and without a fixed weight."""
        return cls(weigh_by, None if weigh_by == COUNT else median(estimates))

    def weigh(self, estimate: Fraction | None, fixed: Fraction | None) -> Weight:
        """A rule's fixed weight, else 1 each, else the estimate, else the median, else 1."""
        if fixed is not None:
            return Weight(fixed, True, "fixed by the rule")
        if self.weigh_by == COUNT:
            return Weight(ONE, True, "")
        if estimate is not None:
            return Weight(estimate, True, f"{self.weigh_by} {number(estimate)}")
        if self.median is not None:
            return Weight(self.median, False, f"no estimate: the median, {number(self.median)}")
        return Weight(ONE, False, "no estimate at all: 1 each")


def estimate_of(issue: Issue, weigh_by: str) -> Fraction | None:
    """The issue's story points or number field; None where that is no number from 0 to a billion."""
    if weigh_by == COUNT:
        return None
    value: FieldValue | Fraction
    value = issue.points if weigh_by == STORY_POINTS else dict(issue.fields).get(weigh_by)
    if isinstance(value, tuple):
        value = value[0] if len(value) == 1 else None
    estimate = _number(value)
    return estimate if estimate is not None and 0 <= estimate <= LARGEST else None


def shared_weight(weight: Fraction, parent: Issue, weigh_by: str) -> Weight:
    """A weight that is a share of a parent's estimate."""
    estimate = estimate_of(parent, weigh_by)
    whole = "" if estimate is None else f" {number(estimate)}"
    return Weight(weight, True, f"its share of the {weigh_by}{whole} of {parent.ref.key}")


def median(values: Mapping[Fraction, int]) -> Fraction | None:
    """The exact median of values by number, of an even number the mean of the middle two; None of none."""
    number = sum(values.values())
    if not number:
        return None
    low, high = _ranked(values, (number - 1) // 2), _ranked(values, number // 2)
    return (low + high) / 2


def _ranked(values: Mapping[Fraction, int], place: int) -> Fraction:
    """The value at this place, from 0, of all in order."""
    passed = 0
    for value in sorted(values):
        passed += values[value]
        if passed > place:
            return value
    raise IndexError(place)


def _number(value: str | float | bool | Fraction | None) -> Fraction | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, Fraction | int):
        return Fraction(value)
    if isinstance(value, float):
        # By its shortest text, so that 0.1 is a tenth and not the nearest binary fraction.
        return Fraction(repr(value)) if math.isfinite(value) else None
    # Only plain digits: "1e999999999" from a tracker must not become a number of a billion digits.
    text = value.strip()
    return Fraction(text) if _NUMBER.fullmatch(text) else None

"""The weight of a task in its milestone."""

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
"""An estimate above this is taken for a mistake and ignored."""

_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of one task (at least 0), whether it is estimated, and where the weight comes from."""

    weight: Fraction
    estimated: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Weigher:
    """Weighs the tasks of one milestone; `median`: for tasks without an estimate, or None."""

    weigh_by: str
    median: Fraction | None

    @classmethod
    def of(cls, weigh_by: str, estimates: Mapping[Fraction, int]) -> "Weigher":
        """`estimates`: how often each occurs among tasks that are not cancelled and have no fixed weight."""
        return cls(weigh_by, None if weigh_by == COUNT else median(estimates))

    def weigh(self, estimate: Fraction | None, fixed: Fraction | None) -> Weight:
        """Return the rule's fixed weight, else 1 if tasks are counted, else estimate, median or 1."""
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
    """Return the issue's story points or number field; None where that is no number from 0 to `LARGEST`."""
    if weigh_by == COUNT:
        return None
    value: FieldValue | Fraction
    value = issue.points if weigh_by == STORY_POINTS else dict(issue.fields).get(weigh_by)
    if isinstance(value, tuple):
        value = value[0] if len(value) == 1 else None
    estimate = _number(value)
    return estimate if estimate is not None and 0 <= estimate <= LARGEST else None


def shared_weight(weight: Fraction, parent: Issue, weigh_by: str) -> Weight:
    """Return the weight of a task that has a share of a parent's estimate."""
    estimate = estimate_of(parent, weigh_by)
    whole = "" if estimate is None else f" {number(estimate)}"
    return Weight(weight, True, f"its share of the {weigh_by}{whole} of {parent.ref.key}")


def median(values: Mapping[Fraction, int]) -> Fraction | None:
    """Return the exact median of values with their numbers; of an even number, the mean of the middle two.

    None without any value.
    """
    number = sum(values.values())
    if not number:
        return None
    low, high = _ranked(values, (number - 1) // 2), _ranked(values, number // 2)
    return (low + high) / 2


def _ranked(values: Mapping[Fraction, int], place: int) -> Fraction:
    """Return the value at a position, from 0, in ascending order."""
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

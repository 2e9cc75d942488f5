"""Weighted means of measures, some of which may be unmeasured."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.engine.model import Measure, Unmeasured, Why

INCOMPLETE = (Why.PROBLEM, Why.SOURCE_DOWN, Why.UNREADABLE, Why.UNKNOWN_STATUS)
"""Reasons with which work may exist that was not read, so that there is no number; the gravest first."""
ALL = Fraction(1)
LISTED = 5
"""Number of texts that `listed` shows one by one."""


@dataclass(frozen=True, slots=True)
class Element:
    """One measure with its weight in a mean, which is above 0."""

    id: str
    weight: Fraction
    measure: Measure


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean from 0 to 1, or why there is none."""

    measure: Measure
    missing: tuple[str, ...]
    """The ids of the elements that are unmeasured."""


def weighted_mean(elements: Sequence[Element], nothing: Unmeasured) -> Mean:
    """Return Σ weight·measure / Σ weight over what is measured; `nothing` where there are no elements.

    An element that is unmeasured for a reason of `INCOMPLETE` makes the whole mean unmeasured. An element
    without anything to measure (no scope, no check-in) is left out and named in `missing`; the mean is then
    never 1, but unmeasured.
    """
    unmeasured = [
        (element.id, element.measure) for element in elements if isinstance(element.measure, Unmeasured)
    ]
    missing = tuple(name for name, _ in unmeasured)
    if not elements:
        return Mean(nothing, ())
    incomplete = [(name, measure) for name, measure in unmeasured if measure.why in INCOMPLETE]
    if incomplete:
        return Mean(combined(incomplete), missing)
    measured = [
        (element.weight, element.measure)
        for element in elements
        if not isinstance(element.measure, Unmeasured)
    ]
    if not measured:
        return Mean(combined(unmeasured), missing)
    mean = sum((weight * share for weight, share in measured), Fraction(0)) / sum(
        weight for weight, _ in measured
    )
    if mean == ALL and unmeasured:
        why = combined(unmeasured)
        return Mean(Unmeasured(why.why, f"complete as far as it is measured, but {why.reason}"), missing)
    return Mean(mean, missing)


def combined(unmeasured: Sequence[tuple[str, Unmeasured]]) -> Unmeasured:
    """Return several unmeasured elements, each with its id, as one: the gravest `why`, and all reasons."""
    order = (*INCOMPLETE, *(why for why in Why if why not in INCOMPLETE))
    gravest = min((measure.why for _, measure in unmeasured), key=order.index)
    reasons = [f"{name}: {measure.reason}" for name, measure in unmeasured]
    return Unmeasured(gravest, "; ".join(listed(reasons)))


def listed(texts: Sequence[str], most: int = LISTED) -> list[str]:
    """Return at most `most` of the texts, and a text with the number of the others."""
    more = len(texts) - most
    return [*texts[:most], *([f"and {more} more"] if more > 0 else [])]

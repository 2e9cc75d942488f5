"""Weighted means of measures, some of which may be unmeasured."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.engine.model import Measure, Unmeasured, Why

SILENT = (Why.PROBLEM, Why.SOURCE_DOWN, Why.UNREADABLE, Why.UNKNOWN_STATUS)
"""Work may be there that nobody has seen; nothing is concluded from silence. In order of precedence."""
ALL = Fraction(1)
LISTED = 5


@dataclass(frozen=True, slots=True)
class Element:
    """One measure with its weight (over 0) in a mean."""

    id: str
    weight: Fraction
    measure: Measure


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean from 0 to 1, or why there is none; and the ids of what is unmeasured."""

    measure: Measure
    missing: tuple[str, ...]


def weighted_mean(elements: Sequence[Element], nothing: Unmeasured) -> Mean:
    """Σ weight·measure / Σ weight over what is measured; `nothing` where there are no elements at all.

    One element that is unmeasured because of silence makes the whole mean unmeasured. One that is merely
    empty (no scope, no check-in) is left out and named in `missing`; but then the mean is never 1.
    """
    holes = [(element.id, element.measure) for element in elements if isinstance(element.measure, Unmeasured)]
    missing = tuple(name for name, _ in holes)
    if not elements:
        return Mean(nothing, ())
    silent = [(name, hole) for name, hole in holes if hole.why in SILENT]
    if silent:
        return Mean(combined(silent), missing)
    existing = [
        (element.weight, element.measure)
        for element in elements
        if not isinstance(element.measure, Unmeasured)
    ]
    if not existing:
        return Mean(combined(holes), missing)
    mean = sum((weight * share for weight, share in existing), Fraction(0)) / sum(
        weight for weight, _ in existing
    )
    if mean == ALL and holes:
        why = combined(holes)
        return Mean(Unmeasured(why.why, f"complete as far as it is measured, but {why.reason}"), missing)
    return Mean(mean, missing)


def combined(holes: Sequence[tuple[str, Unmeasured]]) -> Unmeasured:
    """Several unmeasured elements as one: the gravest reason, and what is said of each."""
    order = (*SILENT, *(why for why in Why if why not in SILENT))
    gravest = min((hole.why for _, hole in holes), key=order.index)
    return Unmeasured(gravest, "; ".join(listed([f"{name}: {hole.reason}" for name, hole in holes])))


def listed(texts: Sequence[str], most: int = LISTED) -> list[str]:
    """At most `most` of the texts, and how many more there are."""
    more = len(texts) - most
    return [*texts[:most], *([f"and {more} more"] if more > 0 else [])]

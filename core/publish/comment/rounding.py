"""Percent points of a change as whole numbers that add up to the difference that people see."""

from collections.abc import Sequence
from fractions import Fraction

from core.engine.formatting import whole_percent
from core.engine.model import Change


def whole_points(change: Change) -> tuple[int | None, tuple[int | None, ...]]:
    """The difference and its parts in whole percent points; None each where a side is unmeasured.

    The difference is the one between the two percentages as shown, so a reader can check it; the parts
    are rounded by largest remainder to sum up to exactly it.
    """
    before, after = whole_percent(change.before), whole_percent(change.after)
    if change.difference is None or before is None or after is None:
        return None, (None,) * len(change.parts)
    difference = after - before
    return difference, tuple(apportion([part.share for part in change.parts], difference))


def apportion(shares: Sequence[Fraction], total: int) -> list[int]:
    """Signed shares (-1 to 1) as whole percent points whose sum is `total`.

    Each starts rounded towards zero; what is missing goes one by one to the shares of that sign with the
    largest remainder, and to any share only where there is none of that sign. Empty shares stay empty.
    """
    exact = [share * 100 for share in shares]
    whole = [int(value) for value in exact]
    while exact and sum(whole) != total:
        step = 1 if sum(whole) < total else -1
        left = [(value * step > 0, (value - done) * step) for value, done in zip(exact, whole, strict=True)]
        whole[left.index(max(left))] += step
    return whole

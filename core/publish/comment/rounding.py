"""Rounds the parts of a change to whole percent points that add up to the difference that is shown."""

from collections.abc import Sequence
from fractions import Fraction

from core.engine.formatting import whole_percent
from core.engine.model import Change


def whole_points(change: Change) -> tuple[int | None, tuple[int | None, ...]]:
    """Return the difference and its parts in whole percent points; None for each where a side is unmeasured.

    The difference is that of the two percentages as shown, so that readers can check it. The parts are
    rounded by the largest remainder method so that their sum is exactly this difference.
    """
    before, after = whole_percent(change.before), whole_percent(change.after)
    if change.difference is None or before is None or after is None:
        return None, (None,) * len(change.parts)
    difference = after - before
    return difference, tuple(apportion([part.share for part in change.parts], difference))


def apportion(shares: Sequence[Fraction], total: int) -> list[int]:
    """Return signed shares (-1 to 1) as whole percent points whose sum is `total`.

    Each is rounded towards zero first. The missing points go one by one to the share with the largest
    remainder among those of the same sign, and to other shares only where there is none. No shares give [].
    """
    exact = [share * 100 for share in shares]
    whole = [int(value) for value in exact]
    while exact and sum(whole) != total:
        step = 1 if sum(whole) < total else -1
        left = [(value * step > 0, (value - done) * step) for value, done in zip(exact, whole, strict=True)]
        whole[left.index(max(left))] += step
    return whole

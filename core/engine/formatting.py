"""Formats shares as text: percent, percent points and plain numbers."""

from fractions import Fraction

from core.engine.model import Measure, Unmeasured

UNMEASURED = "unmeasured"


def whole_percent(measure: Measure) -> int | None:
    """Return the share in whole percent, 0 to 100, rounded down; None where it is unmeasured.

    It is rounded down so that only what is complete gives 100: 99.6% gives 99.
    """
    return None if isinstance(measure, Unmeasured) else int(measure * 100)


def percent(measure: Measure) -> str:
    """Return the share as text: `72%`, rounded down; `<1%` for less than 1% but above 0; or `unmeasured`."""
    whole = whole_percent(measure)
    if whole is None:
        return UNMEASURED
    return "<1%" if whole == 0 and measure != 0 else f"{whole}%"


def exact_percent(share: Fraction) -> str:
    """Return a share for a written-out calculation: `37.5%`, `≈33.33%`."""
    return f"{number(share * 100)}%"


def points(share: Fraction) -> str:
    """Return a difference of shares in signed percent points, rounded towards zero: `+12`, `-3`, `+<1`.

    Only a difference of exactly 0 gives `0`.
    """
    if share == 0:
        return "0"
    sign = "+" if share > 0 else "-"
    whole = int(abs(share) * 100)
    return f"{sign}{whole}" if whole else f"{sign}<1"


def number(value: Fraction) -> str:
    """Return a number for a calculation: exact up to two decimals, else rounded with a leading `≈`."""
    hundredths = round(abs(value) * 100)
    whole, rest = divmod(hundredths, 100)
    text = f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
    signed = f"-{text}" if value < 0 and hundredths else text
    return signed if Fraction(hundredths, 100) == abs(value) else f"≈{signed}"

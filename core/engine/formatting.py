"""How shares are written, everywhere: percent, percent points and plain numbers."""

from fractions import Fraction

from core.engine.model import Measure, Unmeasured

UNMEASURED = "unmeasured"


def whole_percent(measure: Measure) -> int | None:
    """The share in whole percent, 0 to 100, rounded down; None where it is unmeasured.

    Rounding down keeps 100 for what is complete: 99.6% gives 99.
    """
    return None if isinstance(measure, Unmeasured) else int(measure * 100)


def percent(measure: Measure) -> str:
    """The share as people read it: `72%`, rounded down; `<1%` for a little, never `0%`; or `unmeasured`."""
    whole = whole_percent(measure)
    if whole is None:
        return UNMEASURED
    return "<1%" if whole == 0 and measure != 0 else f"{whole}%"


def exact_percent(share: Fraction) -> str:
    """A share within a written-out calculation: `37.5%`, `≈33.33%`."""
    return f"{number(share * 100)}%"


def points(share: Fraction) -> str:
    """A difference of shares in signed percent points, rounded towards zero: `+12`, `-3`, `+<1`, `0`.

    Only no difference at all is written `0`.
    """
    if share == 0:
        return "0"
    sign = "+" if share > 0 else "-"
    whole = int(abs(share) * 100)
    return f"{sign}{whole}" if whole else f"{sign}<1"


def number(value: Fraction) -> str:
    """A number for a written-out calculation: exact up to two decimals, else rounded with a leading `≈`."""
    hundredths = round(abs(value) * 100)
    whole, rest = divmod(hundredths, 100)
    text = f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
    signed = f"-{text}" if value < 0 and hundredths else text
    return signed if Fraction(hundredths, 100) == abs(value) else f"≈{signed}"

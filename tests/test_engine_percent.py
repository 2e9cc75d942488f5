"""How shares are written."""

from fractions import Fraction

import pytest

from core.engine.formatting import number, percent, points
from core.engine.model import Unmeasured, Why


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0", "0%"),
        ("0.001", "<1%"),
        ("0.0099", "<1%"),
        ("0.01", "1%"),
        ("0.72", "72%"),
        ("0.29", "29%"),
        ("0.996", "99%"),
        ("1", "100%"),
    ],
)
def test_percent_rounds_down_so_that_100_means_complete_and_0_means_nothing(share: str, text: str) -> None:
    assert percent(Fraction(share)) == text


def test_what_is_unmeasured_has_no_percentage() -> None:
    assert percent(Unmeasured(Why.NO_SCOPE, "no scope")) == "unmeasured"


@pytest.mark.parametrize(
    ("share", "text"),
    [("0", "0"), ("0.125", "+12"), ("-0.129", "-12"), ("0.001", "+<1"), ("-0.001", "-<1"), ("-1", "-100")],
)
def test_points_carry_their_sign_and_0_means_no_difference(share: str, text: str) -> None:
    assert points(Fraction(share)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(5), "5"),
        (Fraction(18, 5), "3.6"),
        (Fraction(-7, 4), "-1.75"),
        (Fraction(1, 3), "≈0.33"),
        (Fraction(-1, 1000), "≈0"),
        (Fraction(100), "100"),
    ],
)
def test_numbers_are_exact_or_marked_as_rounded(value: Fraction, text: str) -> None:
    assert number(value) == text

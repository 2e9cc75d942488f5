"""A bounded part of the writers campaign: pairs of installations settle, or hold what they disagree about."""

import pytest

from tests.tools.writers import PAIRS, try_one
from tests.tools.writers_hands import HANDS

PART = [
    ("other mapping", "nobody"),
    ("other account and mapping", "nobody"),
    ("other instance", "adds a word"),
    ("alike", "reverts"),
    ("other mapping", "unlabels"),
]
"""Those that once wrote on, and some that disagree."""


@pytest.mark.parametrize(("pair", "hand"), PART)
def test_at_rest_nobody_writes_on_and_nothing_of_others_is_touched(pair: str, hand: str) -> None:
    result = try_one(list(HANDS).index(hand) * len(PAIRS) + list(PAIRS).index(pair))
    assert result is not None
    assert result.fine, str(result)


def test_the_campaign_meets_every_pair_with_every_hand() -> None:
    every = range(len(PAIRS) * len(HANDS))
    assert len({(number % len(PAIRS), number // len(PAIRS)) for number in every}) == len(every)

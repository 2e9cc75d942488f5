"""A part of the consistency campaign, and every history that ever failed in it, by what it was about."""

from collections.abc import Iterator

import pytest

from tests.tools.consistency import Campaign, campaign
from tests.tools.consistency_history import History, failed_before


@pytest.fixture(scope="module")
def tried() -> Iterator[Campaign]:
    with campaign() as made:
        yield made


FAILED = failed_before()
IN_BRIEF = [history for history in FAILED if len(history.steps) < 12]
"""Those that are short; `make faults` runs all."""

CALM = {
    "nothing happens": "cloud named run:0 run:1",
    "tasks are done": "datacenter organisation run:0 jira-status:5 github-state:2 run:1",
    "labels and new issues": "cloud organisation run:0 jira-label:3 jira-new:9 github-new:1 run:1",
}
"""What an incremental reading finds by itself."""


@pytest.mark.parametrize("history", CALM)
def test_after_a_history_and_a_rest_all_is_as_with_a_fresh_store(tried: Campaign, history: str) -> None:
    result = tried.try_one(History.read(CALM[history]))
    assert result.fine, str(result)


@pytest.mark.parametrize("history", IN_BRIEF, ids=str)
def test_a_history_that_failed_once_ends_as_a_fresh_store(tried: Campaign, history: History) -> None:
    result = tried.try_one(history)
    assert result.fine, str(result)


def test_a_history_is_read_as_it_was_printed() -> None:
    for number in range(20):
        history = History.made_from(number)
        assert History.read(str(history)) == history == History.made_from(number)


def test_what_differs_from_a_fresh_store_is_told() -> None:
    with campaign() as restless:
        restless.rest = ()
        result = restless.try_one(History.read("cloud named run:0 jira-status-name:1 jira-category:1"))
    assert result.rows, "nobody could notice yet what moves no time of change"
    assert "instead of" in str(result)

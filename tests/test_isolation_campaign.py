"""A part of the isolation campaign: trials that once spilled over or told a number that was wrong."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.runs import DATACENTER
from tests.tools.isolation import Campaign, campaign

KEPT = (
    "jira any BLOG-1; row: null",
    "jira any BLOG-4; row: null",
    "jira any BLOG-4; row: state null; from the first run on",
    "jira any MKT-8; row: id a float; from the first run on",
    "github any acme/site#4; row: id a float; from the first run on",
    "github any acme/shop#2; row: null; from the first run on",
    "github any acme/shop#6; row: time without zone; from the first run on",
)


@pytest.fixture(scope="module")
def trials() -> Iterator[Campaign]:
    with campaign() as made:
        yield made


@pytest.mark.parametrize("name", KEPT)
def test_a_trial_that_once_went_wrong_does_so_no_more(name: str, trials: Campaign) -> None:
    (trial,) = (one for one in trials.trials() if str(one) == name)
    outcome = trials.attempt(trial)
    assert outcome.fine, str(outcome)


KEPT_OF_DATA_CENTER = ("jira any BLOG-1; row: null", "jira any /rest/api/2/search; odd values")


def test_a_trial_that_once_went_wrong_on_data_center_does_so_no_more() -> None:
    with campaign(DATACENTER) as made:
        outcomes = [made.attempt(trial) for trial in made.trials() if str(trial) in KEPT_OF_DATA_CENTER]
    assert len(outcomes) == len(KEPT_OF_DATA_CENTER)
    assert [str(outcome) for outcome in outcomes if not outcome.fine] == []


def test_what_spills_over_would_be_seen(trials: Campaign) -> None:
    (whole,) = (one for one in trials.trials() if str(one) == "jira any /rest/api/2/search/jql; 500")
    # A fault of the whole tracker, said to concern one issue.
    blamed = replace(whole, resource=replace(whole.resource, sources=frozenset({"BLOG-4"})))
    assert "is not as without the fault" in trials.attempt(blamed).spilled

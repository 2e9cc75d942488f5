"""A part of the campaign: each kind of fault at one request, and every case that once went wrong."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from connectors.errors import TrackerError, Unavailable
from core.publish.publish_policy import LimitPolicy
from tests.runs import CLOUD, DATACENTER, house, percents
from tests.tools.faults_kinds import TROUBLES, Place
from tests.tools.faults_stage import CHANGE, FIRST, NO_STORE, SCENARIOS, SWEEP, Stage, stage
from tests.tools.faults_trial import DOUBLED, LOST, OTHER, Case, attempt, compare

KINDS = {trouble.name: trouble for trouble in TROUBLES}
EMPTY, AGAIN = "empty page with a next one", "next page is this one again"
COMMENTS = "/rest/api/2/issue/10002/comment"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("cloud"), CLOUD) as made:
        yield made


@pytest.fixture(scope="module")
def datacenter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("datacenter"), DATACENTER) as made:
        yield made


@pytest.mark.parametrize("number", range(len(TROUBLES)), ids=[each.name for each in TROUBLES])
def test_after_a_fault_of_each_kind_and_a_clean_run_the_world_is_as_without_it(
    number: int, cloud: Stage
) -> None:
    trouble, scenario = TROUBLES[number], SCENARIOS[number % len(SCENARIOS)]
    places = [each for each in cloud.reference(scenario).places if trouble.fits(each)]
    # 7 is no divisor of the number of requests, so that kinds meet requests of all sorts.
    outcome = attempt(cloud, Case(scenario, places[7 * number % len(places)], trouble, bool(number % 2)))
    assert outcome.fine, outcome


@pytest.mark.parametrize(
    ("scenario", "place", "kind"),
    [
        (NO_STORE, Place("github", "GET", "/repos/acme/site/labels", 1), "403"),
        (NO_STORE, Place("github", "GET", "/repos/acme/site/issues", 1), "403"),
        (SWEEP, Place("jira", "GET", COMMENTS, 1), EMPTY),
        (NO_STORE, Place("jira", "GET", COMMENTS, 1), EMPTY),
        (SWEEP, Place("github", "GET", "/repos/acme/site/issues/1/comments", 1), EMPTY),
        (FIRST, Place("jira", "POST", "/rest/api/2/search/jql", 2), "404"),
        (FIRST, Place("jira", "GET", "/rest/api/2/issue/10008", 1), "409"),
        (NO_STORE, Place("github", "GET", "/user", 1), "404"),
        (FIRST, Place("jira", "POST", "/rest/api/2/issue/10003/comment", 1), "time-out, done later"),
        (NO_STORE, Place("github", "GET", "/repos/acme/site/issues/1/comments", 1), AGAIN),
        (SWEEP, Place("github", "GET", "/repos/acme/site/issues/1/comments", 1), AGAIN),
        (NO_STORE, Place("github", "GET", "/repos/acme/site/labels", 1), AGAIN),
    ],
    ids=str,
)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_what_once_went_wrong_does_so_no_more(
    scenario: str, place: Place, kind: str, lasting: bool, cloud: Stage
) -> None:
    outcome = attempt(cloud, Case(scenario, place, KINDS[kind], lasting))
    assert outcome.tried
    assert outcome.fine, outcome


@pytest.mark.parametrize(
    "place",
    [
        Place("github", "GET", "/repos/acme/site/issues", 1),
        Place("jira", "POST", "/rest/api/2/search/jql", 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_an_empty_page_among_others_loses_nothing(place: Place, lasting: bool, cloud: Stage) -> None:
    outcome = attempt(cloud, Case(FIRST, place, KINDS[EMPTY], lasting))
    assert outcome.tried
    assert outcome.fine, outcome


@pytest.mark.parametrize(
    ("kind", "lasting"),
    [("done, answer lost", False), ("503", False), (EMPTY, True), ("rows change while read", False)],
)
def test_on_data_center_too(kind: str, lasting: bool, datacenter: Stage) -> None:
    place = Place("jira", "POST", "/rest/api/2/search", 5)
    outcome = attempt(datacenter, Case(FIRST, place, KINDS[kind], lasting))
    assert outcome.tried
    assert outcome.fine, outcome


def test_a_comment_whose_change_is_held_by_a_limit_is_not_taken_for_what_is_wanted(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        for file in here.folder.glob("milepost.db*"):
            file.unlink()
        here.jira.transition("BLOG-4", "Done")
        here.limits = LimitPolicy(max_first_changes=1)
        held = here.sync().conclusion.plan.held
        assert any("Edit the progress comment on BLOG-1" in each.what for each in held)
        here.limits = LimitPolicy()
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [90]


def test_the_other_host_would_have_noticed(cloud: Stage) -> None:
    requests.get(cloud.elsewhere.url, headers={"Authorization": "x"}, timeout=10)
    assert "Authorization: x" in cloud.elsewhere.asked[0]


def test_what_is_doubled_lost_or_different_would_be_seen(cloud: Stage) -> None:
    right = cloud.reference(CHANGE).after
    (key, one) = next((key, one) for key, one in right.standing.items() if one.ours)
    foreign = next(key for key, each in right.standing.items() if each.foreign.comments)
    mine = next(each for each in one.comments if each[0])
    wrong = {
        DOUBLED: {key: replace(one, comments=(*one.comments, mine))},
        LOST: {foreign: replace(right.standing[foreign], comments=())},
        OTHER: {key: replace(one, labels=one.labels | {"mp/wrong"})},
    }
    for verdict, changed in wrong.items():
        assert compare(replace(right, standing={**right.standing, **changed}), right)[0] == verdict
    assert compare(replace(right, stored={}), right)[0] == LOST


def test_every_error_of_a_tracker_says_what_to_do() -> None:
    kinds = [*TrackerError.__subclasses__(), *Unavailable.__subclasses__()]
    assert len(kinds) > 6
    for kind in kinds:
        assert str(kind("work", "GET /x", "HTTP 500")).startswith(f"work: GET /x: HTTP 500. {kind.advice}")
        assert kind.advice
        assert str(kind("work", "GET /x", "no", "Do this")) == "work: GET /x: no. Do this"

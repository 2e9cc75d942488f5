"""How soon a comparison ends what it doubts or holds, and what it costs until then."""

from pathlib import Path

import pytest

from connectors.errors import Unavailable
from connectors.isolation import read_apart
from connectors.sandbox.faults import Fault, Status
from core.publish.publish_policy import LimitPolicy
from tests.runs import CLOUD, DATACENTER, House, house
from tests.test_reconcile import HOURS, fresh, lenient, numbers, rest

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


def requests(here: House) -> int:
    """How many requests one run sends."""
    before = len(here.server.log)
    here.sync()
    return len(here.server.log) - before


@FACES
def test_a_loss_that_is_held_is_looked_at_ever_more_rarely_and_ends_by_itself(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=20)
        here.sync()
        rest(here)
        before, quiet = numbers(here), requests(here)
        for key in ("BLOG-2", "BLOG-3", "BLOG-4", "BLOG-5"):
            here.jira.hide(key)
        here.world.clock.advance(25 * HOURS)
        costs = []
        for _ in range(40):
            here.world.clock.advance(HOURS / 4)
            costs.append(requests(here))
            assert here.sync().conclusion.pulls[0].held is not None
        assert sum(cost > quiet + 1 for cost in costs[8:]) <= 5, costs
        for key in ("BLOG-2", "BLOG-3", "BLOG-4", "BLOG-5"):
            here.jira.hide(key, hidden=False)
        here.world.clock.advance(6 * HOURS)
        assert not here.sync().failed
        assert numbers(here) == before


def test_force_believes_a_loss_that_is_held_at_once(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=20)
        here.sync()
        for key in ("BLOG-2", "BLOG-3", "BLOG-4", "BLOG-5"):
            here.jira.hide(key)
        here.world.clock.advance(25 * HOURS)
        for _ in range(6):
            here.world.clock.advance(HOURS / 4)
            here.sync()
        here.sync(force=True)
        assert numbers(here) == fresh(here, tmp_path / "fresh")


def test_a_repository_that_a_comparison_could_not_read_stays_unread_until_something_reads_it(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        lenient(here)
        here.github.create_repo("acme/shop")
        here.github.create_issue("acme/shop", "Open a shop", labels=["milestone/site"])
        here.settings["github"] = {"repositories": [], "organization": "acme"}
        here.sync()
        rest(here)
        before = numbers(here)
        here.server.plan(Fault(kind=Status(403), site="github", path="^/repos/acme/shop/issues$", times=None))
        here.world.clock.advance(25 * HOURS)
        assert any("acme/shop" in problem for problem in here.sync().conclusion.problems)
        here.world.clock.advance(HOURS)
        report = here.sync()
        assert any("acme/shop" in problem for problem in report.conclusion.problems)
        assert numbers(here)["site"] != before["site"], "it is not measured"
        here.server.clear_faults()
        rest(here)
        assert not here.sync().failed
        assert numbers(here) == before


@FACES
def test_an_issue_that_the_jql_matches_no_more_leaves_with_the_next_comparison(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        here.settings["jira"] = {"jql": "labels != office"}
        here.sync()
        rest(here)
        here.jira.create_issue("MKT", "A letter", labels=["newsletter"])  # not below an epic
        here.sync()
        gone = max(here.jira.issues.values(), key=lambda one: one.id)
        here.jira.add_labels(gone.key, "office")
        here.world.clock.advance(25 * HOURS)
        report = here.sync()
        assert any(gone.key in note and "jql" in note for note in report.conclusion.notes)
        assert numbers(here) == fresh(here, tmp_path / "fresh")


def test_places_of_one_container_that_do_not_answer_are_no_silence_of_the_tracker() -> None:
    asked: list[str] = []

    def read(place: str) -> str:
        asked.append(place)
        if place.startswith("quiet"):
            raise Unavailable("github", place, "no answer")
        return place

    places = [*(f"quiet#{number}" for number in range(20)), *(f"loud#{number}" for number in range(20))]
    found = read_apart(places, read, lambda place: place.partition("#")[0])
    assert list(found) == places
    assert [place for place in places if found[place] == place] == places[20:]
    assert sum(place.startswith("quiet") for place in asked) == 3


def test_a_tracker_none_of_whose_places_answers_is_down_after_three() -> None:
    asked: list[str] = []

    def read(place: str) -> str:
        asked.append(place)
        raise Unavailable("github", place, "no answer")

    with pytest.raises(Unavailable):
        read_apart([f"{name}#1" for name in "abcdef"], read, lambda place: place[0])
    assert len(asked) == 3

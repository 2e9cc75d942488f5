"""Sources not to be believed, clocks that jump, and zones: nothing wrong is published, nothing lost."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.world import World
from core.steps.run_report import Report
from tests.runs import CLOUD, DATACENTER, House, house, percents

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


def _nothing_published(here: House, spoil: Callable[[], object]) -> Report:
    """A run against a source that is not to be believed; it changes nothing that rests on it."""
    here.reconcile_every = timedelta(0)
    here.agreed()
    here.agreed()
    before, watch = here.standing(), here.watch()
    spoil()
    report = here.sync()
    assert report.failed
    assert watch.writes == []
    assert here.standing() == before
    return report


@pytest.mark.parametrize(
    ("site", "path", "body", "count"),
    [
        ("jira", r"/search/jql$", {"issues": [], "isLast": True}, 10),
        ("github", r"/issues$", [], 2),
    ],
)
def test_a_source_that_answers_with_an_empty_list_is_not_believed(
    site: str, path: str, body: object, count: int, tmp_path: Path
) -> None:
    # The others come by their keys, or with their trees.
    with house(tmp_path) as here:

        def spoil() -> None:
            here.server.plan(Fault(kind=Status(200, {}, body), site=site, path=path, times=None))

        report = _nothing_published(here, spoil)
        problems = report.conclusion.problems
        lacking = [re.search(r"(\d+) issues of \w+\S* were not listed", each) for each in problems]
        counts = [int(each[1]) for each in lacking if each]
        assert sum(counts) == count, problems
        here.server.clear_faults()
        here.agreed()


@FACES
def test_a_jira_that_hides_one_of_its_projects_is_not_believed(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        keys = [issue.key for issue in here.jira.issues.values() if issue.key.startswith("BLOG-")]

        def spoil() -> None:
            for key in keys:
                here.jira.hide(key)

        report = _nothing_published(here, spoil)
        assert any(f"none of its {len(keys)} issues" in each for each in report.conclusion.problems)
        for key in keys:
            here.jira.hide(key, hidden=False)
        here.agreed()


def test_a_repository_of_three_that_refuses_holds_what_rests_on_its_tracker(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        for name in ("acme/app", "acme/docs"):
            here.github.create_repo(name)
            here.github.create_issue(name, "A task", labels=["milestone/site"])
        here.settings["github"] = {"repositories": ["acme/site", "acme/app", "acme/docs"]}

        def spoil() -> None:
            refusal = Status(403, {}, {"message": "Resource not accessible by personal access token"})
            path = r"^/(repos/acme/app|repositories/\d+)/issues$"
            here.server.plan(Fault(kind=refusal, site="github", path=path, times=None))
            here.github.close("acme/docs#1")

        report = _nothing_published(here, spoil)
        assert any(
            "github: GET /repos/acme/app/issues: HTTP 403" in said for said in report.conclusion.problems
        )
        here.server.clear_faults()
        here.agreed()


@pytest.mark.parametrize(
    ("hidden", "believed"),
    [(2, True), (3, True), (4, False)],
    ids=["15%", "23%, and no more than are never held", "31%"],
)
def test_what_is_gone_is_believed_up_to_the_limit(hidden: int, believed: bool, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.reconcile_every = timedelta(0)
        here.agreed()
        for number in range(2, 2 + hidden):
            here.jira.hide(f"BLOG-{number}")
        assert here.sync().failed is not believed


@FACES
def test_a_clock_of_this_machine_that_jumps_back_an_hour_loses_nothing(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        right = here.world

        def earlier() -> datetime:
            return right.clock.now() - timedelta(hours=1)

        here.world = cast("World", SimpleNamespace(clock=SimpleNamespace(now=earlier), sites=right.sites))
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [90]
        assert percents(here.ours()["acme/site#1"]) == [75]
        here.world = right
        here.jira.transition("MKT-4", "Done")
        here.agreed()
        assert percents(here.ours()["MKT-2"]) == [50]


@FACES
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
@pytest.mark.parametrize(
    "change",
    [datetime(2027, 3, 14, 5, 30, tzinfo=UTC), datetime(2027, 11, 7, 4, 30, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
def test_nothing_is_missed_whatever_zone_the_account_lives_in_and_when_its_clocks_change(
    change: datetime, zone: str, face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        bot = here.jira.bot
        here.jira.accounts[bot.id] = type(bot)(**{**bot.dump(), "time_zone": zone})
        here.world.clock.set(change - timedelta(minutes=5))
        here.agreed()
        for step, (key, target, percent) in enumerate([("BLOG-4", "BLOG-1", 90), ("MKT-4", "MKT-2", 50)]):
            here.world.clock.set(change + timedelta(minutes=60 * step))
            here.jira.transition(key, "Done")
            here.world.clock.advance(300)
            here.agreed()
            assert percents(here.ours()[target]) == [percent]

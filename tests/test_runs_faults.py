"""Runs in which something fails: what it rests on waits, the rest goes on, and the next run repairs it."""

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Kind, Lost, Replace, Reset, Status
from core.store import Locked
from tests.runs import CLOUD, DATACENTER, MARKETING, House, Standing, house, percents, without

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
WRITES = r"/issue/\d+$|/comment|/issues/\d+/labels|/labels$|/labels/"
"""Paths that only writes have, on either tracker (with a method other than GET)."""


def _down(here: House, site: str, kind: Kind) -> None:
    here.server.plan(Fault(kind=kind, site=site, times=None))


# Reading fails


@pytest.mark.parametrize("kind", [Status(500), Status(503), Status(401), Reset()], ids=str)
def test_a_tracker_that_is_down_holds_what_rests_on_it_and_the_others_go_on(
    kind: Kind, tmp_path: Path
) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.standing()
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        _down(here, "jira", kind)
        report = here.sync()
        assert report.failed
        assert [each.tracker for each in report.conclusion.pulls if each.down] == ["jira"]
        after = here.standing()
        jira = {key for key in before if "#" not in key}
        assert {key: after[key] for key in jira} == {key: before[key] for key in jira}
        assert percents(here.ours()["acme/site#1"]) == [75]
        here.server.clear_faults()
        assert not here.sync().failed
        assert percents(here.ours()["BLOG-1"]) == [90]
        here.agreed()


def test_a_tracker_that_refuses_connections_holds_what_rests_on_it(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.standing()
        here.jira.transition("BLOG-4", "Done")
        here.settings["jira"] = {"url": "http://127.0.0.1:9", "connect_timeout": 1}
        report = here.sync()
        assert report.failed
        assert "no connection" in report.conclusion.problems[0]
        assert here.standing() == before
        here.settings["jira"] = {}
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [90]


def test_a_milestone_fed_by_both_trackers_waits_while_one_of_them_is_down(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.ours()["MKT-2"]
        here.jira.transition("MKT-4", "Done")
        _down(here, "github", Status(500))
        report = here.sync()
        assert any("MKT-2" in held.what for held in report.conclusion.plan.held)
        assert here.ours()["MKT-2"] == before
        here.server.clear_faults()
        here.agreed()
        assert percents(here.ours()["MKT-2"]) == [50]


def test_a_first_run_with_one_tracker_down_still_publishes_the_other(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        _down(here, "jira", Status(502))
        report = here.sync()
        assert report.failed
        assert set(here.ours()) == {"acme/site#1"}
        here.server.clear_faults()
        here.agreed()
        assert set(here.ours()) == {"BLOG-1", "MKT-1", "MKT-2", "acme/site#1"}


def test_a_goal_that_only_seems_to_jump_because_a_tracker_is_down_holds_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        for number in (4, 5):
            here.github.close(f"acme/site#{number}")
        _down(here, "jira", Status(500))
        report = here.sync()
        assert not any("jumped" in held.why for held in report.conclusion.plan.held)
        assert percents(here.ours()["acme/site#1"]) == [100]
        here.server.clear_faults()
        assert not here.sync().failed


def test_an_outage_does_not_let_a_jump_pass_unseen(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.add_status("Review", "indeterminate")
        for key in ("BLOG-4", "BLOG-5", "MKT-4", "MKT-5"):
            here.jira.transition(key, "Review")
        here.agreed()
        here.reconcile_every = timedelta(0)
        here.world.clock.advance(2 * 86_400)
        here.sync()
        here.jira.move_status("Review", "done")  # nobody edits a task
        _down(here, "jira", Status(500))
        here.sync()
        here.server.clear_faults()
        report = here.sync()
        assert any("jumped from 46% to" in held.why for held in report.conclusion.plan.held)


def test_an_outage_elsewhere_does_not_let_small_steps_look_like_a_jump(tmp_path: Path) -> None:
    apart = '[milestones.apart]\ntitle = "Apart"\n[[milestones.apart.rules]]\nsub_issues_of = "acme/site#1"\n'
    with house(tmp_path) as here:
        here.mapping = without(MARKETING, "milestones.site", "milestones.newsletter") + apart
        here.jira.transition("BLOG-2", "To Do")
        here.jira.transition("BLOG-3", "To Do")
        here.agreed()
        _down(here, "github", Status(500))
        for number, percent in ((2, 40), (3, 65), (4, 90)):
            here.jira.transition(f"BLOG-{number}", "Done")
            assert any("acme/site#1" in held.what for held in here.sync().conclusion.plan.held)
            assert percents(here.ours()["BLOG-1"]) == [percent]


@FACES
def test_an_issue_that_cannot_be_read_is_named_and_what_rests_on_it_is_not_measured(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        # What could not be read is asked for again by its id, in the same run.
        spoil = Replace(_without_status(here, "BLOG-4"))
        here.server.plan(Fault(kind=spoil, site="jira", path="/search|/bulkfetch", times=None))
        report = here.sync()
        assert report.failed
        assert any("BLOG-4" in said and "could not be read" in said for said in report.conclusion.problems)
        assert here.ours()["BLOG-1"].startswith("h3. Set up an attractive blog: cannot measure")
        assert re.search(r"could not be read: BLOG\W+4", here.ours()["BLOG-1"])
        assert percents(here.ours()["acme/site#1"]) == [50]
        assert percents(here.ours()["MKT-2"]) == [25]
        here.server.clear_faults()
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [90]
        assert "65% → 90% (+25 points)" in here.ours()["BLOG-1"], "told from when it was measured last"
        assert "finished: BLOG-4" in here.ours()["BLOG-1"]


# Writing fails


@FACES
def test_when_half_of_the_writes_fail_the_rest_is_done_and_the_next_run_repairs_it(
    face: str, tmp_path: Path
) -> None:
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
    with house(tmp_path / "without", face) as here:
        here.agreed()
        whole = here.standing()
    with house(tmp_path / "with", face) as here:
        for nth in range(1, 40, 2):
            here.server.plan(Fault(kind=_refusal(), path=WRITES, method="POST", nth=nth))
            here.server.plan(Fault(kind=_refusal(), path=WRITES, method="PUT", nth=nth))
        first = here.sync()
        failed = [each for each in first.written if each.outcome == "failed"]
        assert first.failed
        assert 0 < len(failed) < len(first.written)
        tried = [each for each in first.written if each.cause not in ("put off", "closed")]
        with here.job() as job:
            assert [each.outcome for each in job.store.entries(first.run)] == [each.outcome for each in tried]
        here.server.clear_faults()
        here.world.clock.advance(900)  # after the first pause of what was refused
        second = here.sync()
        assert not second.failed
        assert {each.action.sentence for each in second.written} >= {
            each.action.sentence for each in failed if "Label" in each.action.sentence
        }
        assert _alike(here.standing()) == _alike(whole)
        here.agreed()


def test_a_change_whose_write_failed_is_still_told_by_the_comment_that_succeeds(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.agreed()  # notes that the comment was looked at, and after the failure, that it has to be again
        here.jira.transition("BLOG-4", "Done")
        here.server.plan(Fault(kind=_refusal(), site="jira", path="/comment/", method="PUT", times=None))
        assert here.sync().failed
        here.server.clear_faults()
        here.jira.transition("BLOG-2", "To Do")
        here.agreed()
        assert "finished: BLOG-4" in here.ours()["BLOG-1"]
        assert "re-opened: BLOG-2" in here.ours()["BLOG-1"]


def test_a_tracker_that_goes_down_among_its_writes_is_not_asked_again_and_others_go_on(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.server.plan(
            Fault(kind=Status(503), site="github", path=WRITES, method="POST", nth=3, times=None)
        )
        report = here.sync()
        assert report.failed
        assert {each.action.tracker for each in report.written if each.outcome == "failed"} == {"github"}
        assert set(here.ours()) == {"BLOG-1", "MKT-1", "MKT-2"}
        here.server.clear_faults()
        here.agreed()


@FACES
@pytest.mark.parametrize("kind", [Lost(), Status(502)], ids=["answer lost", "not done"])
def test_a_create_whose_answer_is_lost_leaves_one_comment(kind: Kind, face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        for site in ("jira", "github"):
            here.server.plan(Fault(kind=kind, site=site, method="POST", path=r"/comments?$"))
        report = here.sync()
        assert not report.failed, report.written
        assert set(here.ours()) == {"BLOG-1", "MKT-1", "MKT-2", "acme/site#1"}
        here.agreed()


def test_a_lost_create_that_cannot_be_looked_for_is_found_by_the_next_run(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        lost = here.server.plan(Fault(kind=Lost(), site="jira", method="POST", path=r"/comment$"))
        here.server.plan(
            Fault(kind=_when(lambda: lost.fired > 0), site="jira", method="GET", times=None, path="/comment")
        )
        here.server.plan(
            Fault(kind=_when(lambda: lost.fired > 0), site="jira", method="POST", times=None, path="/list$")
        )
        here.sync()
        here.server.clear_faults()
        here.sync()
        assert set(here.ours()) == {"BLOG-1", "MKT-1", "MKT-2", "acme/site#1"}
        here.agreed()


# The store


def test_without_its_store_milepost_takes_its_comments_over_and_writes_none_twice(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before, watch = here.standing(), here.watch()
        for file in here.folder.glob("milepost.db*"):
            file.unlink()
        here.agreed()
        assert watch.writes == []
        assert here.standing() == before
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert watch.created == watch.deleted == []
        assert percents(here.ours()["BLOG-1"]) == [90]


def test_with_an_old_store_nothing_is_written_twice(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        shutil.copy(here.database, tmp_path / "backup.db")
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        watch, percent = here.watch(), percents(here.ours()["BLOG-1"])
        shutil.copy(tmp_path / "backup.db", here.database)
        here.sync()
        here.agreed()
        assert watch.created == watch.deleted == []
        assert percents(here.ours()["BLOG-1"]) == percent


def test_only_one_job_at_a_time_may_write(tmp_path: Path) -> None:
    with house(tmp_path) as here, here.job() as job, job.store.lock():
        with pytest.raises(Locked, match="another milepost"):
            here.sync()
        assert here.ours() == {}
    with house(tmp_path) as here:
        here.agreed()


# Stopping


@pytest.mark.parametrize("after", [1, 8, 20, 24])
def test_a_run_that_is_asked_to_stop_between_writes_is_finished_by_the_next(
    after: int, tmp_path: Path
) -> None:
    with house(tmp_path) as here:

        def step(done: int, total: int) -> None:
            if done == after:
                here.stop.request()

        report = here.sync(step=step)
        assert [each.outcome for each in report.written[:after]] == ["done"] * after
        assert all("asked to stop" in each.reason for each in report.written[after:])
        here.rested()
        here.sync()
        here.agreed()
        assert set(here.ours()) == {"BLOG-1", "MKT-1", "MKT-2", "acme/site#1"}


def test_the_report_says_in_one_line_what_was_read_written_and_what_failed(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        _down(here, "jira", Status(500))
        line = here.sync().line
        assert line.startswith("run 2 failed: jira: not read; github: ")
        assert "sandbox" not in line.replace("mp-sandbox", "")


def _without_status(here: House, key: str) -> Callable[[Request, Response], Response]:
    """Takes the status out of one issue wherever it comes."""
    id_ = str(here.jira.issue(key).id)

    def change(request: Request, response: Response) -> Response:
        said = orjson.loads(response.get_data())
        for row in said.get("issues", ()):
            if row["id"] == id_:
                row.get("fields", {}).pop("status", None)
        return Response(orjson.dumps(said), status=response.status_code, content_type="application/json")

    return change


def _refusal() -> Status:
    return Status(403, {}, {"message": "Locked", "errorMessages": ["Locked"], "errors": {}})


def _when(ready: Callable[[], bool]) -> Replace:
    """Spoils answers once `ready` says so."""

    def change(request: Request, response: Response) -> Response:
        return Response("<html>", status=500) if ready() else response

    return Replace(change)


def _alike(standing: dict[str, Standing]) -> dict[str, Standing]:
    """A world without the order in which comments came to be."""
    return {key: Standing(each.labels, tuple(sorted(each.comments))) for key, each in standing.items()}

"""One bad place, for ten runs: what does not rest on it is as in the same world without the fault."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.faults import Fault, Html, Kind, Status
from connectors.sandbox.github_truth.truth import BOT
from core.steps.run_report import Report
from core.sync import sync
from tests.runs import CLOUD, DATACENTER, House, Standing, house

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
RUNS = 10
WRITES = r"/issue/\d+$|/comment$|/comment/\d|/comments|/labels"
REFUSED = Status(403, {}, {"message": "Forbidden", "errorMessages": ["Forbidden"], "errors": {}})
LASTING = pytest.mark.parametrize(
    "kind",
    [Status(500), REFUSED, Status(404), Html()],
    ids=["500", "403", "404", "a web page"],
)


@contextmanager
def both_worlds(folder: Path, face: str = CLOUD) -> Iterator[tuple[House, House]]:
    """The same world twice, running."""
    for name in ("well", "ill"):
        (folder / name).mkdir()
    with house(folder / "well", face) as well, house(folder / "ill", face) as ill:
        yield well, ill


def ten_runs(here: House) -> list[Report]:
    """Ten runs, fifteen minutes apart, with a task finished among them."""
    reports = []
    for number in range(RUNS):
        if number == 4:
            here.jira.transition("BLOG-4", "Done")
            here.github.close("acme/site#4")
        reports.append(here.sync())
        here.world.clock.advance(900)
    return reports


def spoilt(well: House, ill: House) -> set[str]:
    """The issues on which something else stands."""
    right, now = well.standing(), ill.standing()
    return {key for key in right if _plain(right[key]) != _plain(now[key])}


def _plain(standing: Standing) -> object:
    return standing.labels, sorted(standing.comments)


@FACES
@LASTING
def test_a_place_that_takes_no_labels_costs_nothing_else(face: str, kind: Kind, tmp_path: Path) -> None:
    with both_worlds(tmp_path, face) as (well, ill):
        id_ = ill.jira.issue("BLOG-2").id
        ill.server.plan(Fault(kind=kind, site="jira", method="PUT", path=rf"/issue/{id_}$", times=None))
        for each in (well, ill):
            ten_runs(each)
        assert spoilt(well, ill) == {"BLOG-2"}


@FACES
@LASTING
def test_comments_that_cannot_be_read_cost_only_their_own_issue(
    face: str, kind: Kind, tmp_path: Path
) -> None:
    with both_worlds(tmp_path, face) as (well, ill):
        id_ = ill.jira.issue("BLOG-1").id
        ill.server.plan(
            Fault(kind=kind, site="jira", path=rf"/issue/{id_}/comment", method="GET", times=None)
        )
        for each in (well, ill):
            ten_runs(each)
        assert spoilt(well, ill) <= {"BLOG-1"}


@LASTING
def test_a_comment_that_cannot_be_edited_costs_nothing_else(kind: Kind, tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        for each in (well, ill):
            each.agreed()
        [ours] = [one for one in ill.github.comments("acme/site#1") if one.author == BOT]
        ill.server.plan(
            Fault(kind=kind, site="github", path=rf"/issues/comments/{ours.id}$", method="PATCH", times=None)
        )
        for each in (well, ill):
            ten_runs(each)
        assert spoilt(well, ill) == {"acme/site#1"}


@LASTING
def test_label_definitions_that_cannot_be_read_cost_only_new_labels_there(kind: Kind, tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        ill.server.plan(
            Fault(kind=kind, site="github", method="GET", path=r"/repos/acme/site/labels", times=None)
        )
        for each in (well, ill):
            ten_runs(each)
        assert {key for key in spoilt(well, ill) if "#" not in key} == set()
        assert ill.ours() == well.ours()


@LASTING
def test_labels_that_cannot_be_defined_cost_nothing_but_their_definitions(kind: Kind, tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        ill.server.plan(Fault(kind=kind, site="github", method="POST", path=r"acme/site/labels$", times=None))
        for each in (well, ill):
            ten_runs(each)
        assert spoilt(well, ill) == set()


class Defective:
    """A tracker, or one half of it, that raises what no tracker should in one of its methods."""

    def __init__(self, inner: Any, method: str) -> None:
        self._inner = inner
        self._method = method

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            raise RuntimeError("dictionary changed size during iteration")
        found = getattr(self._inner, name)
        return Defective(found, self._method) if name in ("reader", "writer") else found


@pytest.mark.parametrize("method", ["posted", "changed_since", "change_labels", "create_comment"])
def test_an_error_that_no_tracker_should_raise_costs_only_its_own_tracker(
    method: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with both_worlds(tmp_path) as (well, ill):
        for _ in range(RUNS):
            with ill.job() as job, job.store.lock():
                broken = {**job.trackers, "jira": Defective(job.trackers["jira"], method)}
                report = sync(replace(job, trackers=broken))
            assert report.failed
        well.agreed()
        tasks = {f"acme/site#{number}" for number in range(2, 7)}
        assert spoilt(well, ill) & tasks == set()
        # What it leads to may rest on the tracker that failed; its own numbers do not.
        assert ill.ours()["acme/site#1"].splitlines()[0] == well.ours()["acme/site#1"].splitlines()[0]
    assert "dictionary changed size" in caplog.text
    assert any(record.exc_info for record in caplog.records)


# Quarantine


def asked(here: House) -> tuple[int, Report]:
    """How many writes one run sends, and its report."""
    watch = here.watch()
    report = here.sync()
    return len(watch.writes), report


def test_what_is_refused_is_told_once_and_tried_again_ever_more_rarely(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        id_ = here.jira.issue("BLOG-2").id
        here.server.plan(Fault(kind=REFUSED, site="jira", method="PUT", path=rf"/issue/{id_}$", times=None))
        assert here.sync().failed
        writes = []
        for _ in range(12):
            here.world.clock.advance(7200)
            sent, report = asked(here)
            assert not report.failed, report.line
            writes.append(sent)
        assert sum(writes) <= 8
        assert "1 in quarantine" in report.line
        here.server.clear_faults()
        here.world.clock.advance(86_400)
        assert not here.sync().failed
        assert "mp/milestone/blog" in here.labels()["BLOG-2"]
        with here.job() as job:
            assert job.store.quarantine() == {}


def test_what_is_refused_is_tried_again_as_soon_as_its_issue_changes(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        id_ = here.jira.issue("BLOG-2").id
        here.server.plan(Fault(kind=REFUSED, site="jira", method="PUT", path=rf"/issue/{id_}$", times=None))
        here.sync()
        here.server.clear_faults()
        assert asked(here)[0] == 0
        here.world.clock.advance(60)
        here.jira.edit("BLOG-2", labels=["unlocked"])
        assert not here.sync().failed
        assert "mp/milestone/blog" in here.labels()["BLOG-2"]


def test_an_account_that_may_only_read_asks_ever_less_and_the_store_does_not_grow(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            here.server.plan(Fault(kind=REFUSED, method=method, path=WRITES, times=None))
        sent, sizes, reports = [], [], []
        for _ in range(10):
            writes, report = asked(here)
            sent.append(writes)
            sizes.append(here.database.stat().st_size)
            reports.append(report)
        assert sent[0] <= 3 * (3 + 1 + 1)  # projects and repositories, and kinds of changes
        assert sum(sent[4:]) == 0, sent
        assert not any(report.failed for report in reports[4:])
        assert sizes[-1] == sizes[4]
        here.server.clear_faults()
        here.world.clock.advance(86_400)
        here.agreed()


def test_over_half_a_day_a_token_that_may_only_read_asks_a_few_times_and_leaves_nothing_in_the_ledger(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            here.server.plan(Fault(kind=REFUSED, method=method, path=WRITES, times=None))
        sent, entries, sizes = [], [], []
        for _ in range(14):
            sent.append(asked(here)[0])
            here.world.clock.advance(2700)
            with closing(sqlite3.connect(here.database)) as raw:
                entries.append(raw.execute("SELECT count(*), sum(times) FROM entries").fetchone())
                sizes.append(raw.execute("PRAGMA page_count").fetchone()[0])
        assert max(sent[3:]) <= 15, sent
        assert sum(sent[3:]) <= 80, sent  # three of each kind in each project or repository, ever more rarely
        assert entries[-1][0] == entries[3][0], entries
        assert entries[-1][1] > entries[3][1]
        assert sizes[-1] - sizes[3] <= 2, sizes


def test_issues_that_take_no_labels_do_not_make_every_run_fail(tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        said = {"errorMessages": [], "errors": {"labels": "Field 'labels' cannot be set."}}
        closed = {f"BLOG-{number}" for number in (2, 3, 4, 5)}
        for key in closed:
            path = rf"/issue/{ill.jira.issue(key).id}$"
            ill.server.plan(
                Fault(kind=Status(400, {}, said), site="jira", method="PUT", path=path, times=None)
            )
        assert ill.sync().failed
        ill.sync()
        assert not ill.sync().failed
        well.agreed()
        assert spoilt(well, ill) == closed

"""Answers that come late, short, odd or without a time lose nothing for longer than a day."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Headers, Kind, Replace, SkewedDate, Truncated
from tests.reconcile_kit import HOURS, a_day, differences, equals_a_fresh_store_within_a_day, lenient
from tests.runs import CLOUD, DATACENTER, House, house

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
LISTS = {"jira": r"/search", "github": r"/repos/acme/site/issues$"}


def some_work(here: House) -> None:
    here.github.close("acme/site#4")
    here.jira.transition("BLOG-3", "Done", "Done")


def answered(change: Callable[[list[object]], list[object]]) -> Kind:
    """Lists of issues with other rows, as the last page."""

    def replace(_request: Request, response: Response) -> Response:
        body = orjson.loads(response.get_data())
        if isinstance(body, list):
            body = change(body)
        elif isinstance(body, dict) and isinstance(body.get("issues"), list):
            body["issues"] = change(body["issues"])
            if "total" in body:
                body["total"] = len(body["issues"])
            else:
                body["isLast"] = True
                body.pop("nextPageToken", None)
        kept = {
            name: value for name, value in response.headers.items() if name not in ("Link", "Content-Length")
        }
        return Response(orjson.dumps(body), status=response.status_code, headers=kept)

    return Replace(replace)


EMPTY = answered(lambda _rows: [])
SHORT = answered(lambda rows: rows[: len(rows) // 2])
TIMES: dict[str, Kind] = {
    "no time": Headers({"Date": None}),
    "no time that can be read": Headers({"Date": "yesterday"}),
    "two hours ahead": SkewedDate(7_200),
    "two hours behind": SkewedDate(-7_200),
    "years ahead": SkewedDate(10 * 365 * 86_400),
}


@pytest.mark.parametrize("time", TIMES)
def test_trackers_with_a_wrong_clock_for_some_runs(time: str, tmp_path: Path) -> None:
    def happens(here: House) -> None:
        here.ahead = timedelta(hours=2)
        for site in LISTS:
            here.server.plan(Fault(kind=TIMES[time], site=site, times=None))
        here.sync()
        some_work(here)
        for _ in range(3):
            here.world.clock.advance(HOURS / 4)
            here.sync()
        here.server.clear_faults()
        here.ahead = timedelta(0)
        some_more = here.github.create_issue("acme/site", "New", milestone="Newsletter")
        here.github.close(here.github.key(some_more))

    with house(tmp_path) as here:
        lenient(here)
        equals_a_fresh_store_within_a_day(here, tmp_path / "fresh", happens)


@FACES
def test_a_server_s_clock_that_is_set_back_hides_nothing(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        here.server.plan(Fault(kind=SkewedDate(3 * 86_400), times=None))
        here.sync()
        here.server.clear_faults()
        some_work(here)
        here.world.clock.advance(HOURS / 4)
        here.sync()
        assert differences(here, tmp_path / "fresh") == []


@FACES
@pytest.mark.parametrize("kind", [EMPTY, SHORT, Truncated()], ids=["empty", "short", "cut"])
def test_one_wrong_answer_to_the_first_reading_of_all(kind: Kind, face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        for site, path in LISTS.items():
            here.server.plan(Fault(kind=kind, site=site, path=path, times=1))
        here.sync()
        a_day(here)
        assert differences(here, tmp_path / "fresh") == []


@FACES
@pytest.mark.parametrize("kind", [EMPTY, SHORT], ids=["empty", "short"])
def test_one_wrong_answer_to_a_comparison(kind: Kind, face: str, tmp_path: Path) -> None:
    def happens(here: House) -> None:
        some_work(here)
        for site, path in LISTS.items():
            here.server.plan(Fault(kind=kind, site=site, path=path, nth=2, times=1))
        here.world.clock.advance(25 * HOURS)
        here.sync()

    with house(tmp_path, face) as here:
        lenient(here)
        equals_a_fresh_store_within_a_day(here, tmp_path / "fresh", happens)


@FACES
def test_an_index_that_is_twelve_minutes_late_with_a_run_every_minute(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        here.sync()
        here.jira.answer_late(searches=720)
        here.jira.transition("BLOG-3", "Done", "Done")
        for _ in range(15):
            here.world.clock.advance(60)
            here.sync()
        a_day(here)
        here.jira.answer_late()
        assert differences(here, tmp_path / "fresh") == []


def test_rows_of_another_project_count_for_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        lenient(here)
        stray = here.jira.create_issue("OTHER", "Not ours", labels=["newsletter", "milestone/blog"])
        here.sync()

        def add(rows: list[object]) -> list[object]:
            return [*rows, _as_another(rows[0], stray.id, stray.key)] if rows else rows

        here.server.plan(Fault(kind=answered(add), site="jira", path=r"/search/jql$", times=1))
        here.jira.edit("BLOG-3", summary="Another title")
        here.world.clock.advance(HOURS / 4)
        here.sync()
        a_day(here)
        assert differences(here, tmp_path / "fresh") == []


def _as_another(row: object, id_: int, key: str) -> object:
    assert isinstance(row, dict)
    fields = {**row["fields"], "project": {"id": "1", "key": key.partition("-")[0]}}
    return {**row, "id": str(id_), "key": key, "fields": fields}


@FACES
def test_a_full_run_reads_everything_and_keeps_what_was_written(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        here.sync()
        here.jira.rename_status("To Do", "Open")  # moves no time of change
        here.github.rename_milestone("acme/site", "Newsletter", "Letters")
        here.world.clock.advance(HOURS)
        with here.job() as job:
            runs, comments = len(job.store.runs()), job.store.publications()
        report = here.sync(full=True)
        assert all(each.full for each in report.conclusion.pulls)
        assert {each.tracker: each.seen for each in report.conclusion.pulls} == {
            "jira": len(here.jira.issues),
            "github": len([one for one in here.github.issues.values() if not one.pull_request]),
        }
        with here.job() as job:
            assert len(job.store.runs()) == runs + 1
            assert job.store.publications().keys() == comments.keys()
        assert differences(here, tmp_path / "fresh") == []
        assert len(here.ours()) == 4

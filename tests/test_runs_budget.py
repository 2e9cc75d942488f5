"""What a run does when milepost's share of a tracker's quota is spent, and how it tells of that share."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.http.allowance import Allowance, from_text, kept
from core.cli.last_run import budget_lines
from core.store import open_store
from tests.runs import House, house

LIMIT = 5_000
"""Requests an hour that the sandbox's GitHub grants."""


def remembered(here: House) -> Allowance:
    """What milepost knows of GitHub's core quota between two runs."""
    with open_store(here.database) as store:
        return next(each for each in from_text(kept(store.memory("github"))) if each.resource == "core")


def allow(here: House, requests: int) -> None:
    """Let milepost use so many requests an hour."""
    here.settings["github"] = {"api_share": (requests + 0.5) / LIMIT}


def test_a_tracker_beyond_its_share_is_put_off_and_the_others_are_done(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.sync()
        before = here.ours()
        allow(here, remembered(here).used)
        here.github.close("acme/site#4")
        here.jira.transition("BLOG-4", "Done", "Done")
        report = here.sync()
        assert report.failed
        assert "github: put off" in report.line
        assert [said for said in report.conclusion.problems if "put off: milepost's share" in said]
        after = here.ours()
        assert after["BLOG-1"] != before["BLOG-1"]
        assert {key: body for key, body in after.items() if "#" in key} == {
            key: body for key, body in before.items() if "#" in key
        }


def test_what_was_put_off_comes_in_the_next_window_and_nothing_is_lost(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.sync()
        allow(here, remembered(here).used)
        here.github.close("acme/site#4")
        asked = len(here.server.log)
        here.sync()
        here.sync()
        assert [each for each in here.server.log[asked:] if each.site == "github"] == []
        here.world.clock.advance(timedelta(hours=2).total_seconds())
        here.settings["github"] = {}
        report = here.agreed()
        read = next(each for each in report.conclusion.pulls if each.tracker == "github")
        assert read.changed >= 1


def test_the_first_reading_is_put_off_whole_and_made_whole_by_the_next(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        allow(here, 1)
        assert "github: put off" in here.sync().line
        here.world.clock.advance(timedelta(hours=2).total_seconds())
        here.settings["github"] = {}
        here.agreed()


def test_without_quota_for_the_sweep_the_changes_are_in_and_the_sweep_stays_due(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.sync()
        here.reconcile_every = timedelta(0)
        allow(here, remembered(here).used + 1)
        here.github.delete("acme/site#8")
        report = here.sync()
        assert "the look for what is gone put off" in report.line
        here.settings["github"] = {}
        assert "1 gone" in here.sync().line


def test_the_run_tells_what_it_used_and_the_store_keeps_it(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        report = here.sync()
        sent = sum(each.site == "github" for each in here.server.log)
        (told,) = (each for each in report.allowances["github"] if each.resource == "core")
        assert told == remembered(here)
        assert (told.limit, told.allowed, told.put_off) == (LIMIT, LIMIT // 2, "")
        others = sum(each.run for each in report.allowances["github"] if each is not told)
        assert told.run + others == sent
        assert f"API quota: github {told.used} of 2,500" in report.line
        again = here.sync()
        (later,) = (each for each in again.allowances["github"] if each.resource == "core")
        more = sum(each.run for each in again.allowances["github"] if each is not later)
        assert later.run + more == sum(each.site == "github" for each in here.server.log) - sent
        assert later.used == told.used + later.run


@pytest.mark.parametrize(
    "text", ["", "null", "[1]", '{"core": [1, 2]}', '[{"resource": "core"}]', "nonsense"]
)
def test_what_is_remembered_and_cannot_be_read_begins_a_new_count(text: str) -> None:
    assert from_text(text) == ()


def test_status_shows_each_quota_while_its_window_lasts_and_what_was_put_off() -> None:
    until = datetime(2027, 2, 15, 10, 0, tzinfo=UTC)
    spent = Allowance(
        "core", LIMIT, 1_200, 2_500, 2_500, 40, until.timestamp(), "GET /repos/acme/site/issues"
    )
    first, second = (str(line) for line in budget_lines([spent], until - timedelta(minutes=5)))
    assert "2,500 of 2,500 requests used, 40 by the last run" in first
    assert "1,200 of 5,000 left for everybody, all anew 2027-02-15 10:00 UTC" in first
    assert "GET /repos/acme/site/issues" in second
    assert "api_share" in second
    assert list(budget_lines([spent], until)) == []

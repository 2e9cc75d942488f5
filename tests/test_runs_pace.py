"""A run says how long its writing will take before it begins, and what does not fit is left for the next."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.interface import Tracker
from core.publish.actions import Plan
from core.steps.estimate import estimate_write_time
from core.sync import conclude, sync
from tests.cli_house import House as Folder
from tests.cli_house import real
from tests.runs import house


def slow(tracker: Tracker) -> Tracker:
    """The same tracker, as if it had taken 495 writes just now."""
    from connectors.github.limits import WRITE_RATES as GITHUB_WRITES
    from connectors.github.tracker import GitHubTracker
    from connectors.http.write_rate import WriteRates

    assert isinstance(tracker, GitHubTracker)
    now = tracker.transport._clock()
    tracker.transport.rates = WriteRates(GITHUB_WRITES, 1.0)
    for second in range(495):
        tracker.transport.rates.note("", now - 495 + second)
    return tracker


def test_a_run_that_the_limits_hold_up_says_so_before_it_writes_and_the_next_one_does_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "held").mkdir()
    with house(tmp_path / "held") as here:
        foreign = here.foreign()
        with here.job() as job, caplog.at_level(logging.INFO, "milepost"), job.store.lock():
            slow(job.trackers["github"])
            report = sync(job)
        [said] = [each.getMessage() for each in caplog.records if "its limits let" in each.getMessage()]
        assert said.startswith("github: its limits let ")
        assert "take about 52 min; what a run puts off, the next one writes" in said
        assert report.failed
        put_off = [each for each in report.written if "put off" in each.reason]
        done = [each for each in report.written if each.outcome == "done" and each.action.tracker == "github"]
        assert len(done) == 5
        assert put_off
        assert {each.action.tracker for each in put_off} == {"github"}
        assert here.foreign() == foreign
        here.agreed()
        left = here.standing()
    (tmp_path / "free").mkdir()
    with house(tmp_path / "free") as here:
        here.agreed()
        assert here.standing() == left


def test_a_plan_that_takes_no_time_says_nothing_of_it(tmp_path: Path) -> None:
    with house(tmp_path) as here, here.job() as job:
        conclusion = conclude(job)
        assert conclusion.plan.actions
        assert estimate_write_time(conclusion.plan, job.trackers) == ()
        assert estimate_write_time(replace(conclusion.plan, actions=()), job.trackers) == ()
        assert estimate_write_time(Plan(conclusion.plan.actions, ()), {}) == ()


def test_the_plan_command_says_how_long_writing_will_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path, capsys, monkeypatch)
    slowly = ('kind = "github"\nwrite_spacing = 0', 'kind = "github"\nwrite_spacing = 60')
    with real(folder, slowly):
        said = folder.milepost("plan")
    assert said.code == 3
    assert "github: its limits let " in said.out
    assert "what a run puts off, the next one writes" in said.out

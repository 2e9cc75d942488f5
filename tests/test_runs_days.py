"""Days begin and end in the zone of those who set the dates, through a whole run and in every command."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.cli.open_context import open_context
from tests.cli_house import House as Folder
from tests.runs import house

DUE_DAY = datetime(2027, 2, 28, 16, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
"""Half past four on the due day of the blog; in UTC the next day has begun."""


@pytest.mark.parametrize(("zone", "past"), [("America/Los_Angeles", False), ("UTC", True)])
def test_a_comment_says_past_only_when_the_day_is_over_in_the_zone(
    zone: str, past: bool, tmp_path: Path
) -> None:
    with house(tmp_path) as here:
        here.world.clock.set(DUE_DAY.astimezone(UTC))
        here.zone = ZoneInfo(zone)
        here.agreed()
        assert ("past its due date" in here.ours()["BLOG-1"]) is past


def test_since_when_something_changed_is_told_as_a_day_in_the_zone(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.world.clock.set(datetime(2027, 2, 20, 3, 30, tzinfo=UTC))
        here.zone = ZoneInfo("America/Los_Angeles")
        here.agreed()
        here.world.clock.advance(24 * 3600)
        here.jira.transition("BLOG-2", "In Progress")
        here.sync()
        assert "Since 2027-02-19" in here.ours()["BLOG-1"]


def test_the_setting_reaches_the_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path, capsys, monkeypatch)
    with open_context(folder.write(), trackers=False) as job:
        assert job.zone == ZoneInfo("UTC")
    changed = folder.write(('time_zone = "UTC"', 'time_zone = "Asia/Tokyo"'))
    with open_context(changed, trackers=False) as job:
        assert job.zone == ZoneInfo("Asia/Tokyo")

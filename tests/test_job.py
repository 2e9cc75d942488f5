"""The scheduled job: when it runs, and that nothing but a wish to stop ends it."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine

from core.scheduler import Interval, clock_of, run_forever
from core.settings import ScheduleSettings
from core.shutdown import Stop, Stopped

MORNING = datetime(2027, 2, 15, 6, 0).astimezone()


class Clock(Stop):
    """Time passes only while the job waits; the job is asked to stop at the end of the day."""

    def __init__(self, traveller: time_machine.Traveller, until: datetime) -> None:
        super().__init__()
        self.traveller = traveller
        self.until = until
        self.waits: list[float] = []
        self.seconds = 0.0
        """That really passed, whatever the wall's clock says."""

    def set(self, ahead: timedelta) -> None:
        """Somebody sets the wall's clock."""
        self.traveller.shift(ahead)
        self.until += ahead

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.traveller.shift(timedelta(seconds=seconds))

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.pass_by(seconds)
        if datetime.now().astimezone() >= self.until:
            self.request()
        return self()


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield Clock(traveller, MORNING + timedelta(hours=2))


def runs(
    clock: Clock, settings: ScheduleSettings, during: Callable[[int], None] = lambda _run: None
) -> list[str]:
    begun: list[str] = []

    def once() -> None:
        begun.append(f"{datetime.now().astimezone():%H:%M}")
        during(len(begun))

    run_forever(settings, once, clock)
    return begun


def test_it_runs_at_once_and_then_every_so_many_minutes(clock: Clock) -> None:
    assert runs(clock, ScheduleSettings(every_minutes=30)) == ["06:00", "06:30", "07:00", "07:30"]
    assert max(clock.waits) <= 60


def test_it_runs_at_the_times_of_the_day(clock: Clock) -> None:
    assert runs(clock, ScheduleSettings(at=("07:00", "07:45"))) == ["06:00", "07:00", "07:45"]


def test_a_long_run_delays_the_next_and_missed_times_are_not_made_up_for(clock: Clock) -> None:
    def during(run: int) -> None:
        clock.pass_by(50 * 60 if run == 2 else 0)

    assert runs(clock, ScheduleSettings(every_minutes=15), during) == [
        "06:00",
        "06:15",
        "07:20",
        "07:35",
        "07:50",
    ]


def test_times_that_pass_during_a_run_are_dropped(clock: Clock) -> None:
    def during(run: int) -> None:
        clock.pass_by(40 * 60 if run == 2 else 0)

    assert runs(clock, ScheduleSettings(at=("06:30", "06:50", "07:30")), during) == [
        "06:00",
        "06:30",
        "07:30",
    ]


def test_a_run_that_fails_unexpectedly_is_logged_and_the_next_one_comes(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def during(run: int) -> None:
        if run == 1:
            raise ZeroDivisionError

    assert len(runs(clock, ScheduleSettings(every_minutes=60), during)) == 2
    assert "the last good state is kept" in caplog.text


def test_a_wish_to_stop_during_a_run_ends_the_job(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def during(_run: int) -> None:
        with clock.reading():
            clock.request()

    assert runs(clock, ScheduleSettings(), during) == ["06:00"]
    assert "run broken off: asked to stop" in caplog.text
    assert clock.waits == []


def test_reading_is_not_even_begun_once_someone_asked(clock: Clock) -> None:
    clock.request()
    with pytest.raises(Stopped), clock.reading():
        pytest.fail("it was begun")


@pytest.mark.parametrize("hours", [-5, -1, 1, 5, -24 * 365, 24 * 365])
def test_a_clock_that_is_set_leaves_an_interval_as_long_as_it_is(clock: Clock, hours: int) -> None:
    begun: list[float] = []

    def once() -> None:
        begun.append(clock.seconds)
        if len(begun) == 2:
            clock.set(timedelta(hours=hours))

    run_forever(ScheduleSettings(every_minutes=15), once, clock)
    assert {later - one for one, later in pairwise(begun)} == {900.0}
    assert len(begun) == 8


def test_an_interval_is_counted_by_the_clock_that_nobody_sets(clock: Clock) -> None:
    elapsed = [0.0]
    interval = Interval(15, lambda: elapsed[0])
    clock.set(timedelta(hours=5))
    assert interval.left() == 900
    elapsed[0] = 901
    assert interval.left() <= 0
    interval.done()
    assert interval.left() == 900


def test_times_of_the_day_are_kept_after_a_clock_that_was_years_ahead(clock: Clock) -> None:
    clock.set(timedelta(days=3_650))

    def during(run: int) -> None:
        if run == 1:
            clock.set(timedelta(days=-3_650))

    settings = ScheduleSettings(at=("07:00",))
    assert runs(clock, settings, during) == ["06:00", "07:00"]


BERLIN = ZoneInfo("Europe/Berlin")
"""Time travel makes it the zone of this machine."""
SPRING = datetime(2027, 3, 28, 1, 0, tzinfo=BERLIN)
"""An hour later the clock jumps from 02:00 to 03:00."""
AUTUMN = datetime(2027, 10, 31, 1, 0, tzinfo=BERLIN)
"""Two hours later the clock goes back from 03:00 to 02:00."""


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        (BERLIN, "2027-03-27T23:30+01:00", ["2027-03-28T01:00Z", "2027-03-29T00:30Z"]),
        (BERLIN, "2027-10-31T00:30+02:00", ["2027-10-31T00:30Z", "2027-11-01T01:30Z"]),
        (BERLIN, "2027-10-31T02:45+01:00", ["2027-11-01T01:30Z", "2027-11-02T01:30Z"]),
        (ZoneInfo("America/Los_Angeles"), "2027-06-01T12:00Z", ["2027-06-02T09:30Z", "2027-06-03T09:30Z"]),
        (ZoneInfo("Asia/Kathmandu"), "2027-06-01T12:00Z", ["2027-06-01T20:45Z", "2027-06-02T20:45Z"]),
        (ZoneInfo("Australia/Lord_Howe"), "2027-10-02T12:00Z", ["2027-10-02T15:30Z", "2027-10-03T15:30Z"]),
        (ZoneInfo("Pacific/Apia"), "2011-12-29T13:00Z", ["2011-12-30T10:00Z", "2011-12-30T12:30Z"]),
        (ZoneInfo("UTC"), "2027-06-01T02:30Z", ["2027-06-02T02:30Z", "2027-06-03T02:30Z"]),
    ],
)
def test_a_time_of_the_day_in_a_zone_comes_once_a_day_whatever_its_clocks_do(
    zone: ZoneInfo, after: str, expected: list[str]
) -> None:
    """02:30: skipped, doubled, passed already, and where a whole day was skipped."""
    begun: list[str] = []
    with time_machine.travel(datetime.fromisoformat(after).astimezone(UTC), tick=False) as traveller:
        clock = Clock(traveller, datetime.now(UTC) + timedelta(days=4))

        def once() -> None:
            begun.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M}Z")
            if len(begun) > len(expected):
                clock.request()

        run_forever(ScheduleSettings(at=("02:30",)), once, clock, zone=zone)
    assert begun[1:] == expected


def test_the_clock_of_a_zone_is_taken_from_the_package_where_the_system_has_no_zones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.scheduler.TZPATH", ())
    before = datetime.now().astimezone().utcoffset()
    with clock_of(ZoneInfo("Asia/Kathmandu")):
        assert datetime.now().astimezone().utcoffset() == timedelta(hours=5, minutes=45)
    assert datetime.now().astimezone().utcoffset() == before


def test_times_of_the_day_are_those_of_the_zone_and_not_of_this_machine() -> None:
    begun: list[str] = []
    with time_machine.travel(datetime(2027, 6, 1, 12, 0, tzinfo=BERLIN), tick=False) as traveller:
        clock = Clock(traveller, datetime(2027, 6, 2, 12, 0, tzinfo=BERLIN))
        zone = ZoneInfo("America/Los_Angeles")
        settings = ScheduleSettings(at=("07:00",))
        run_forever(settings, lambda: begun.append(f"{datetime.now(zone):%d %H:%M}"), clock, zone=zone)
    assert begun == ["01 03:00", "01 07:00"]


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_summer_time_leaves_an_interval_as_long_as_it_is(start: datetime) -> None:
    begun: list[datetime] = []
    with time_machine.travel(start, tick=False) as traveller:
        clock = Clock(traveller, start + timedelta(hours=5))
        run_forever(ScheduleSettings(every_minutes=15), lambda: begun.append(datetime.now(UTC)), clock)
    assert {later - one for one, later in pairwise(begun)} == {timedelta(minutes=15)}


@pytest.mark.parametrize(("start", "hour"), [(SPRING, "03:00"), (AUTUMN, "02:30")])
def test_a_time_that_summer_time_skips_or_repeats_is_due_once(start: datetime, hour: str) -> None:
    with time_machine.travel(start, tick=False) as traveller:
        clock = Clock(traveller, start + timedelta(hours=8))
        assert runs(clock, ScheduleSettings(at=("02:30",))) == ["01:00", hour]

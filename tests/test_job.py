"""The scheduled job: when it runs, and that nothing but a wish to stop ends it."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from core.job import run_forever
from core.settings import ScheduleSettings
from core.stop import Stop, Stopped

MORNING = datetime(2027, 2, 15, 6, 0).astimezone()


class Clock(Stop):
    """Time passes only while the job waits; the job is asked to stop at the end of the day."""

    def __init__(self, traveller: time_machine.Traveller, until: datetime) -> None:
        super().__init__()
        self.traveller = traveller
        self.until = until
        self.waits: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.traveller.move_to(datetime.now().astimezone() + timedelta(seconds=seconds))

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

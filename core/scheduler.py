"""The schedule of `milepost run`: when to begin the next run, one at a time, until asked to stop."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from schedule import Scheduler

from core.settings import ScheduleSettings
from core.shutdown import Stop, Stopped

log = logging.getLogger("milepost")

_LONGEST_WAIT = 60.0
"""Seconds of a wait at most, so that a clock that was set is noticed soon."""
_SHORTEST_WAIT = 0.1
_LONGEST_DAY = timedelta(hours=26)
"""The next time of the day is never farther ahead, also where summer time ends."""


class Interval:
    """A run every so many minutes, by a clock that nobody sets.

    So neither summer time nor a clock that is set makes an interval longer or shorter. `monotonic` gives
    seconds from any beginning.
    """

    def __init__(self, minutes: int, monotonic: Callable[[], float]) -> None:
        self._seconds = minutes * 60.0
        self._monotonic = monotonic
        self.done()

    def left(self) -> float:
        """Seconds until the next run is due; not above 0 if it is."""
        passed = max(self._monotonic() - self._began, self._waited)
        return self._seconds - passed

    def waited(self, seconds: float) -> None:
        """Count a wait that was not broken off, and so lasted this long at least."""
        self._waited += seconds

    def done(self) -> None:
        """Count all that was due by now as done; the next is due an interval from now."""
        self._began = self._monotonic()
        self._waited = 0.0


class TimesOfDay:
    """A run at times of the day, by the wall clock of this process (see `clock_of`).

    A time that the beginning of summer time skips is due as soon as the clock jumped over it; one that its
    end repeats is due the first time only. `schedule` is right about both as long as it is given no time
    zone: one that it is given (1.2.2) moves the first run after the beginning of summer time by an hour.
    """

    def __init__(self, times: tuple[str, ...]) -> None:
        self._times = times
        self._scheduler = self._planned()

    def left(self) -> float:
        """Seconds until the next run is due; not above 0 if it is."""
        due = self._scheduler.next_run
        now = datetime.now()  # noqa: DTZ005 (the scheduler counts by the wall clock)
        if due is None or due - now > _LONGEST_DAY:  # the clock was ahead when that was planned
            self._scheduler = self._planned()
        return self._scheduler.idle_seconds or 0.0

    def waited(self, seconds: float) -> None:
        """Do nothing: the wall clock tells how much time passed."""

    def done(self) -> None:
        """Count all that was due by now as done, and plan its next time."""
        self._scheduler.run_pending()

    def _planned(self) -> Scheduler:
        scheduler = Scheduler()
        for item in self._times:
            scheduler.every().day.at(item).do(_nothing)
        return scheduler


@contextmanager
def clock_of(zone: ZoneInfo | None) -> Iterator[None]:
    """Let the wall clock of this process be that of a time zone; None leaves it as it is.

    Everything in the process that goes by local time follows, such as the times in the log. Raises OSError
    where the zone has no file on this machine.
    """
    if zone is None:
        yield
        return
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = f":{_zone_file(zone.key)}"
        time.tzset()
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def _zone_file(key: str) -> Path:
    """The file from which `zoneinfo` read a zone: the system's, or else that of the package tzdata."""
    system = (Path(folder, key) for folder in TZPATH)
    packaged = Path(str(files("tzdata"))) / "zoneinfo" / key
    result = next((file for file in (*system, packaged) if file.is_file()), None)
    if result is None:
        raise FileNotFoundError(f"no file of the time zone {key} in {', '.join(TZPATH)}, nor in tzdata")
    return result


def run_forever(
    settings: ScheduleSettings,
    once: Callable[[], None],
    stop: Stop,
    monotonic: Callable[[], float] = time.monotonic,
    zone: ZoneInfo | None = None,
) -> None:
    """Run once at the beginning and then as scheduled, until asked to stop.

    `monotonic` is as that of `Interval`. `zone` is that of the times of the day; None: that of this machine.

    There is never more than one run: one that takes longer than the interval delays the next one, which
    then comes an interval later, and times that passed meanwhile are not made up for. An error that
    `once` lets through is logged and does not end the job.
    """
    with clock_of(zone):
        timetable = TimesOfDay(settings.at) if settings.at else Interval(settings.every_minutes, monotonic)
        _guarded(once)
        while not stop():
            left = timetable.left()
            log.debug("next run in %.0f s", left)
            wait = min(max(left, _SHORTEST_WAIT), _LONGEST_WAIT)
            if stop.wait(wait):
                break
            timetable.waited(wait)
            if timetable.left() <= 0:
                _guarded(once)
                timetable.done()
    log.info("stopped")


def _guarded(once: Callable[[], None]) -> None:
    try:
        once()
    except Stopped:
        log.info("run broken off: asked to stop")
    except Exception:
        log.exception("run failed in a way that milepost did not expect; the last good state is kept")


def _nothing() -> None:
    """What the scheduler does at a time: nothing, since `run_forever` starts the run."""

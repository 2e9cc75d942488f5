"""The schedule of `milepost run`: begins one run after the other when each is due, until asked to stop."""

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
"""Longest single wait in seconds, so that a clock that somebody sets is noticed within that time."""
_SHORTEST_WAIT = 0.1
"""Shortest single wait in seconds."""
_LONGEST_DAY = timedelta(hours=26)
"""The next time of the day is never farther ahead, even on the day on which summer time ends."""


class Interval:
    """A run every so many minutes, by a monotonic clock.

    Neither summer time nor a clock that somebody sets makes an interval longer or shorter. `monotonic`
    returns seconds since any moment.
    """

    def __init__(self, minutes: int, monotonic: Callable[[], float]) -> None:
        self._seconds = minutes * 60.0
        self._monotonic = monotonic
        self.done()

    def left(self) -> float:
        """Return the seconds until the next run is due; 0 or less if it is due."""
        passed = max(self._monotonic() - self._began, self._waited)
        return self._seconds - passed

    def waited(self, seconds: float) -> None:
        """Count a wait that was not broken off, so that this many seconds have passed at least."""
        self._waited += seconds

    def done(self) -> None:
        """Count the run that was due as done; the next is due one interval from now."""
        self._began = self._monotonic()
        self._waited = 0.0


class TimesOfDay:
    """A run at times of the day, by the wall clock of this process (see `clock_of`).

    A time that is skipped when summer time begins is due as soon as the clock jumped over it. A time that
    comes twice when summer time ends is due the first time only. The library `schedule` does both right only
    without a time zone: with one (version 1.2.2), the first run after summer time began is an hour off.
    """

    def __init__(self, times: tuple[str, ...]) -> None:
        self._times = times
        self._scheduler = self._planned()

    def left(self) -> float:
        """Return the seconds until the next run is due; 0 or less if it is due."""
        due = self._scheduler.next_run
        now = datetime.now()  # noqa: DTZ005 (the scheduler counts by the wall clock)
        if due is None or due - now > _LONGEST_DAY:  # the clock was ahead when that was planned
            self._scheduler = self._planned()
        return self._scheduler.idle_seconds or 0.0

    def waited(self, seconds: float) -> None:
        """Do nothing: the wall clock shows how much time has passed."""

    def done(self) -> None:
        """Count every run that was due as done, and plan the next."""
        self._scheduler.run_pending()

    def _planned(self) -> Scheduler:
        scheduler = Scheduler()
        for time_of_day in self._times:
            scheduler.every().day.at(time_of_day).do(_nothing)
        return scheduler


@contextmanager
def clock_of(zone: ZoneInfo | None) -> Iterator[None]:
    """Inside, set the time zone of this process; None leaves it as it is.

    All local times of the process follow, such as those in the log. Raises OSError where this machine has no
    file for the zone.
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
    """Return the file from which `zoneinfo` reads a zone: the system's, or else the package tzdata's."""
    system = (Path(folder, key) for folder in TZPATH)
    packaged = Path(str(files("tzdata"))) / "zoneinfo" / key
    zone_file = next((file for file in (*system, packaged) if file.is_file()), None)
    if zone_file is None:
        raise FileNotFoundError(f"no file of the time zone {key} in {', '.join(TZPATH)}, nor in tzdata")
    return zone_file


def run_forever(
    settings: ScheduleSettings,
    once: Callable[[], None],
    stop: Stop,
    monotonic: Callable[[], float] = time.monotonic,
    zone: ZoneInfo | None = None,
) -> None:
    """Call `once` at the beginning and then as scheduled, until asked to stop.

    `monotonic` is as that of `Interval`. `zone`: the time zone of the times of the day; None: the machine's.

    There is never more than one run at a time. A run that takes longer than the interval delays the next,
    which then begins one interval later; times that passed meanwhile are left out. An exception that `once`
    raises is logged and does not end the schedule.
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
    """Do nothing: the library needs a job for each time, but `run_forever` starts the run."""

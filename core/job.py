"""The scheduled job: when to run, one run at a time, and a clean stop."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from time import monotonic as passed_seconds

from core.settings import ScheduleSettings
from core.stop import Stop, Stopped

log = logging.getLogger("milepost")

_LONGEST_WAIT = 60.0
"""Seconds that are slept at most, so that a clock that was set is noticed soon."""
_SHORTEST_WAIT = 0.1
_SECOND = timedelta(seconds=1)
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
        """A wait came to its end by itself, and so has lasted this long at least."""
        self._waited += seconds

    def done(self) -> None:
        """Whatever was due by now counts as done; the next is due an interval from now."""
        self._began = self._monotonic()
        self._waited = 0.0


class TimesOfDay:
    """A run at times of the day in a zone, or by the wall's clock of this machine where `zone` is None.

    A time that the beginning of summer time skips is due as soon as the clock jumped over it; one that its
    end repeats is due the first time only. `now` gives the present moment, aware.
    """

    def __init__(self, times: tuple[str, ...], zone: tzinfo | None, now: Callable[[], datetime]) -> None:
        self._times = [time.fromisoformat(text) for text in times]
        self._zone = zone
        self._now = now
        self.done()

    def left(self) -> float:
        """Seconds until the next run is due; not above 0 if it is."""
        if self._due - self._now() > _LONGEST_DAY:  # the clock was ahead when that was planned
            self.done()
        return (self._due - self._now()).total_seconds()

    def waited(self, seconds: float) -> None:
        """The wall's clock says by itself how much time passed."""

    def done(self) -> None:
        """Whatever was due by now counts as done, and gets its next time."""
        self._due = next_time(self._times, self._now(), self._zone)


def next_time(times: Iterable[time], after: datetime, zone: tzinfo | None) -> datetime:
    """The first moment after `after` (aware) that is one of these times of the day in the zone, in UTC."""
    today = after.astimezone(zone).date()
    days = [today + timedelta(days=number) for number in range(3)]
    each = (_moment(datetime.combine(day, at), zone) for at in times for day in days)
    return min(moment for moment in each if moment > after)


def _moment(wall: datetime, zone: tzinfo | None) -> datetime:
    """When clocks in the zone first show this or, where they skip it, first show more; in UTC."""

    def in_utc(fold: int) -> datetime:
        return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)

    def shown(moment: datetime) -> datetime:
        return moment.astimezone(zone).replace(tzinfo=None, fold=0)

    if shown(in_utc(0)) == wall:
        return in_utc(0)
    early, late = sorted((in_utc(0), in_utc(1)))  # one before the jump, one after it
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        early, late = (middle, late) if shown(middle) < wall else (early, middle)
    return late


def run_forever(
    settings: ScheduleSettings,
    once: Callable[[], None],
    stop: Stop,
    monotonic: Callable[[], float] = passed_seconds,
    zone: tzinfo | None = None,
) -> None:
    """Run now and then as scheduled, until asked to stop. `monotonic` is as that of `Interval`.

    `zone` is that of the times of the day; None for that of this machine.

    There is never more than one run: one that takes longer than the interval delays the next one, which
    then comes an interval later, and times that passed meanwhile are not made up for. An error that
    `once` lets through is logged and does not end the job.
    """
    timetable = (
        TimesOfDay(settings.at, zone, _now) if settings.at else Interval(settings.every_minutes, monotonic)
    )
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


def _now() -> datetime:
    return datetime.now(UTC)

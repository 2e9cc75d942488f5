"""The scheduled job: when to run, one run at a time, and a clean stop."""

import logging
from collections.abc import Callable

from schedule import Scheduler

from core.settings import ScheduleSettings
from core.stop import Stop, Stopped

log = logging.getLogger("milepost")


def planned(settings: ScheduleSettings) -> Scheduler:
    """A scheduler that knows when a run is due: every N minutes, or at times of the day (local time)."""
    scheduler = Scheduler()
    if settings.at:
        for time in settings.at:
            scheduler.every().day.at(time).do(_nothing)
    else:
        scheduler.every(settings.every_minutes).minutes.do(_nothing)
    return scheduler


def run_forever(settings: ScheduleSettings, once: Callable[[], None], stop: Stop) -> None:
    """Run now and then as scheduled, until asked to stop.

    There is never more than one run: one that takes longer than the interval delays the next one, which
    then comes an interval later, and times that passed meanwhile are not made up for. An error that
    `once` lets through is logged and does not end the job.
    """
    scheduler = planned(settings)
    _guarded(once)
    while not stop():
        log.debug("next run at %s", scheduler.next_run)
        if stop.wait(_pause(scheduler.idle_seconds)):
            break
        if any(job.should_run for job in scheduler.jobs):
            _guarded(once)
            scheduler.run_pending()  # whatever is due by now counts as done, and gets its next time
    log.info("stopped")


def _guarded(once: Callable[[], None]) -> None:
    try:
        once()
    except Stopped:
        log.info("run broken off: asked to stop")
    except Exception:
        log.exception("run failed in a way that milepost did not expect; the last good state is kept")


def _nothing() -> None:
    """What the scheduler itself does at the time; the run is ours to start."""


def _pause(idle: float | None) -> float:
    """Seconds to sleep: at most a minute, so that a clock that was set is noticed soon."""
    return 60.0 if idle is None else min(max(idle, 0.1), 60.0)

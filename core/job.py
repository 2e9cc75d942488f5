"""The scheduled job: when to run, one run at a time, and a clean stop."""

import logging
from collections.abc import Callable

from schedule import Scheduler

from core.settings import ScheduleSettings
from core.stop import Stop, Stopped

log = logging.getLogger("milepost")


def planned(settings: ScheduleSettings, once: Callable[[], None]) -> Scheduler:
    """A scheduler that calls `once` as the settings say: every N minutes, or at times of
    the day (this machine's local time)."""
    scheduler = Scheduler()
    if settings.at:
        for time in settings.at:
            scheduler.every().day.at(time).do(once)
    else:
        scheduler.every(settings.every_minutes).minutes.do(once)
    return scheduler


def run_forever(settings: ScheduleSettings, once: Callable[[], None], stop: Stop) -> None:
    """Run now and then as scheduled, until asked to stop.

    A run that takes longer than the interval delays the next one: there is never more than one, and
    runs that were missed are not made up for. A run that fails is logged and does not end the job.
    """

    def guarded() -> None:
        try:
            once()
        except Stopped:
            log.info("run broken off: asked to stop")
        except Exception:
            log.exception("run failed in a way that milepost did not expect; the last good state is kept")

    scheduler = planned(settings, guarded)
    guarded()
    while not stop():
        log.debug("next run at %s", scheduler.next_run)
        if stop.wait(_pause(scheduler.idle_seconds)):
            break
        scheduler.run_pending()
    log.info("stopped")


def _pause(idle: float | None) -> float:
    """Seconds to sleep: at most a minute, so that a clock that was set is noticed soon."""
    return 60.0 if idle is None else min(max(idle, 0.1), 60.0)

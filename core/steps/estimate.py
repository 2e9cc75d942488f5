"""Estimates how long writing a plan takes within the trackers' write limits, and logs that beforehand."""

import logging
from collections import Counter
from collections.abc import Mapping

from connectors.durations import duration
from connectors.http.write_rate import writing_seconds
from connectors.interface import Tracker
from core.publish.actions import Action, ChangeLabels, Plan

log = logging.getLogger("milepost")

WORTH_SAYING = 60.0
"""Estimates of fewer seconds are not logged."""


def estimate_write_time(plan: Plan, trackers: Mapping[str, Tracker]) -> tuple[str, ...]:
    """Return a sentence for each tracker to which writing takes a minute or more; asks no tracker."""
    writes: Counter[str] = Counter()
    for action in plan.actions:
        writes[action.tracker] += _requests(action)
    seconds = {
        name: writing_seconds(trackers[name], count) for name, count in writes.items() if name in trackers
    }
    return tuple(
        f"{name}: its limits let {writes[name]:,} writes take about {duration(spent)}; "
        "what a run puts off, the next one writes"
        for name, spent in seconds.items()
        if spent >= WORTH_SAYING
    )


def _requests(action: Action) -> int:
    """Return the number of requests of an action: labels are added in one request and removed one by one."""
    return bool(action.add) + len(action.remove) if isinstance(action, ChangeLabels) else 1


def announce_write_time(plan: Plan, trackers: Mapping[str, Tracker]) -> None:
    """Log `estimate_write_time`."""
    for sentence in estimate_write_time(plan, trackers):
        log.info("%s", sentence)

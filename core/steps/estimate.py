"""How long writing a plan takes within the limits of the trackers, said before it begins."""

import logging
from collections import Counter
from collections.abc import Mapping

from connectors.durations import duration
from connectors.http.write_rate import writing_seconds
from connectors.interface import Tracker
from core.publish.actions import Action, ChangeLabels, Plan

log = logging.getLogger("milepost")

WORTH_SAYING = 60.0
"""Seconds from which on a person wants to know beforehand."""


def estimate_write_time(plan: Plan, trackers: Mapping[str, Tracker]) -> tuple[str, ...]:
    """A sentence for each tracker to which the plan takes a minute or more to write; asks no tracker."""
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
    """How many requests a change is, where labels are added together and removed one by one."""
    return bool(action.add) + len(action.remove) if isinstance(action, ChangeLabels) else 1


def announce_write_time(plan: Plan, trackers: Mapping[str, Tracker]) -> None:
    """Log `estimate_write_time`."""
    for message in estimate_write_time(plan, trackers):
        log.info("%s", message)

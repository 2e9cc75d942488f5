"""Pulls all trackers of a run at once."""

from collections.abc import Callable
from dataclasses import replace

from connectors.http.workers import map_ordered
from core.context import RunContext
from core.rollup.rollup_rules import RollupRules
from core.steps import holding
from core.steps.pull_changes import Pulled, pull


def pull_trackers(context: RunContext, rules: RollupRules) -> tuple[Pulled, ...]:
    """What came of reading each tracker, side by side: a run takes as long as the slowest of them.

    A tracker that fails is told as down. Raises Stopped and StoreError.
    """

    def reading(name: str) -> Callable[[], Pulled]:
        interest = rules.compiled.interest(name)
        own = replace(context.pulls, force=context.force.frees(holding.group(name)))
        return lambda: pull(context.trackers[name], context.store, interest, own, context.now, context.stop)

    number = len(context.trackers)
    if number == 1:  # in this thread, whose waits a signal ends at once
        return tuple(reading(name)() for name in context.trackers)
    with context.stop.reading():
        return tuple(map_ordered(map(reading, context.trackers), lambda: number, number))

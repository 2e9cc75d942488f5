"""Pulls all trackers of a run, in parallel."""

from collections.abc import Callable
from dataclasses import replace

from connectors.http.workers import map_ordered
from core.context import RunContext
from core.rollup.rollup_rules import RollupRules
from core.steps import holding
from core.steps.pull_changes import Pulled, pull


def pull_trackers(context: RunContext, rules: RollupRules) -> tuple[Pulled, ...]:
    """Return the outcome of pulling each tracker; all are pulled at the same time.

    A tracker that fails is down in its outcome. Raises Stopped and StoreError.
    """

    def pull_of(name: str) -> Callable[[], Pulled]:
        interest = rules.compiled.interest(name)
        own = replace(context.pulls, force=context.force.frees(holding.group(name)))
        return lambda: pull(context.trackers[name], context.store, interest, own, context.now, context.stop)

    number = len(context.trackers)
    if number == 1:  # in the main thread, whose waits a signal ends at once
        return tuple(pull_of(name)() for name in context.trackers)
    with context.stop.reading():
        return tuple(map_ordered(map(pull_of, context.trackers), lambda: number, number))

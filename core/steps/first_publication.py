"""The first publication of milestones, key results and goals: which of them are not complete yet.

While it is not complete, `max_first_changes` limits their changes instead of `max_changes`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from connectors.models import IssueRef
from core.engine.model import State, Unmeasured, Why
from core.publish.actions import Action, Cause, Written
from core.publish.plan_limits import owners_of
from core.store.store_interface import RunStore
from mappings.goal_tree import GoalTree

Owner = tuple[str, str]
"""A tracker, and the id of a milestone, key result or goal."""
UNTRIED: frozenset[Cause] = frozenset({"put off", "tracker"})
"""Causes of an action that was not sent: the next run tries it, so that its owner is not published yet."""


@dataclass(frozen=True)
class FirstRuns:
    """The owners whose first publication was complete when a run began, and those whose was not."""

    new: frozenset[Owner] = frozenset()
    """Owners that were not published completely: their changes count for `max_first_changes`."""
    waiting: frozenset[Owner] = frozenset()
    """Owners of which something could not be read, so that this run cannot publish them completely."""
    published: frozenset[Owner] = frozenset()
    """Owners that were published completely, of those that the mapping still has."""
    owners: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the ids of the owners for which it is."""

    @classmethod
    def of(
        cls,
        store: RunStore,
        goals: GoalTree,
        trackers: Iterable[str],
        state: State,
        down: Collection[str],
        owners: Mapping[IssueRef, frozenset[str]],
    ) -> "FirstRuns":
        """Compare the mapping's owners on each tracker with those stored as published.

        `down`: trackers that could not be read in this run. `owners`: see the attribute.
        """
        published = store.published_owners()
        not_read = _not_read(state)
        every = {
            (tracker, owner)
            for tracker in trackers
            for owner in (*goals.milestones, *goals.key_results, *goals.goals)
        }
        waiting = {(tracker, owner) for tracker, owner in every if tracker in down or owner in not_read}
        return cls(frozenset(every - published), frozenset(waiting), published & every, owners)

    def keep(self, store: RunStore, planned: Iterable[Action], written: Iterable[Written]) -> None:
        """Store which owners are published completely now.

        `planned`: the actions before any limit; without those in quarantine, since one refused label would
        otherwise keep a first publication from ever being complete.
        """
        tried = {
            outcome.action for outcome in written if outcome.outcome == "done" or outcome.cause not in UNTRIED
        }
        incomplete = {
            (action.tracker, owner)
            for action in planned
            if action not in tried
            for owner in owners_of(action, self.owners)
        }
        now = self.published | (self.new - self.waiting - incomplete)
        if now != store.published_owners():
            store.save_published_owners(now)


def _not_read(state: State) -> set[str]:
    """Return the ids of owners that rest on a source that could not be read, or on a query without an answer.

    Most of their tasks may be missing from the plan. A single unreadable issue does not count: the owner
    would keep the larger limit for as long as that issue is unreadable.
    """
    return {
        owner
        for owner, measures in (
            *((milestone.id, (milestone.measure,)) for milestone in state.milestones.values()),
            *((result.id, (result.measure,)) for result in state.key_results.values()),
            *((goal.id, (goal.delivered, goal.achieved)) for goal in state.goals.values()),
        )
        if any(
            isinstance(measure, Unmeasured) and measure.why in (Why.SOURCE_DOWN, Why.PROBLEM)
            for measure in measures
        )
    }

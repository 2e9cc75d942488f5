"""The first publication of milestones, key results and goals: which are under way, and which are done."""

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
"""Causes with which an action says nothing about its owner: the next run tries it for the first time."""


@dataclass(frozen=True)
class FirstRuns:
    """What was not published to its end yet when a run began, and what of the rest is published now."""

    new: frozenset[Owner] = frozenset()
    """Of these owners the limit of a first publication counts the changes."""
    waiting: frozenset[Owner] = frozenset()
    """Those of them of which this run cannot publish everything: something of them could not be read."""
    published: frozenset[Owner] = frozenset()
    """As stored."""
    owners: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)

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
        """`down`: trackers that could not be read in this run."""
        published = store.published_owners()
        silent = _silent(state)
        every = {
            (tracker, owner)
            for tracker in trackers
            for owner in (*goals.milestones, *goals.key_results, *goals.goals)
        }
        waiting = {(tracker, owner) for tracker, owner in every if tracker in down or owner in silent}
        return cls(frozenset(every - published), frozenset(waiting), published & every, owners)

    def keep(self, store: RunStore, requested: Iterable[Action], written: Iterable[Written]) -> None:
        """Remember what is published now. `requested`: the plan before any limit held something back.

        What waits in quarantine is none of it: one refused label would keep it a first publication.
        """
        settled = {
            outcome.action for outcome in written if outcome.outcome == "done" or outcome.cause not in UNTRIED
        }
        begun = {
            (action.tracker, owner)
            for action in requested
            if action not in settled
            for owner in owners_of(action, self.owners)
        }
        now = self.published | (self.new - self.waiting - begun)
        if now != store.published_owners():
            store.save_published_owners(now)


def _silent(state: State) -> set[str]:
    """What rests on a source that could not be read, or on a query that the server refuses.

    Then most of its tasks may be missing from the plan. A single issue that cannot be read is no reason to
    wait: it would keep the larger limit for as long as it lasts.
    """
    return {
        owner
        for owner, measures in (
            *((one.id, (one.measure,)) for one in state.milestones.values()),
            *((one.id, (one.measure,)) for one in state.key_results.values()),
            *((one.id, (one.delivered, one.achieved)) for one in state.goals.values()),
        )
        if any(
            isinstance(measure, Unmeasured) and measure.why in (Why.SOURCE_DOWN, Why.PROBLEM)
            for measure in measures
        )
    }

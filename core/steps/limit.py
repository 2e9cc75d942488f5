"""Holds what is beyond a limit: too many changes or removals, and jumps of goals that no edit explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.context import RunContext
from core.publish.actions import Plan
from core.publish.plan_limits import Facts, apply_limits, held_goals
from core.publish.states import ActualState
from core.steps.desired_comments import facts_of
from core.steps.draft import Draft
from core.steps.evaluate import Evaluation
from core.steps.first_publication import FirstRuns
from core.steps.jumps import goal_values, held_owners, jumps_of, values_to_keep
from core.steps.pull_changes import Pulled
from core.store.stored_values import GoalValue


@dataclass(frozen=True)
class Limited:
    """The plan that is applied, and the values for the limits of the next run, which this run stores."""

    plan: Plan
    facts: Facts
    goals: Mapping[str, GoalValue]
    """The numbers from which the next run measures how far each goal jumped."""
    held_owners: frozenset[str]
    """The milestones and key results whose tasks go on being compared with how they counted before."""
    first_runs: FirstRuns


def limit_plan(
    context: RunContext,
    evaluation: Evaluation,
    pulls: Sequence[Pulled],
    actual: ActualState,
    draft: Draft,
) -> Limited:
    """Return the draft's plan without what a limit holds; that and the held losses are in its `held`."""
    store, limits, state = context.store, context.limits, evaluation.state
    before = store.goal_values()
    now = goal_values(context.mapping, state, context.progress)
    jumps = jumps_of(evaluation, before, now, context.health, context.now, context.zone)
    measured = facts_of(evaluation, draft.plan, jumps, limits.never_held)
    first_runs = FirstRuns.of(store, context.mapping, context.infos, state, actual.down, measured.owners)
    again = frozenset(draft.quarantine.parts.again)
    facts = replace(measured, again=again, first=first_runs.new)
    plan = apply_limits(draft.plan, facts, limits, context.force)
    losses = tuple(pull.held for pull in pulls if pull.held)
    jumped = held_goals(draft.plan, facts, limits, context.force)
    return Limited(
        replace(plan, held=losses + plan.held),
        facts,
        values_to_keep(before, now, state, jumped),
        held_owners(jumped, context.mapping, state),
        first_runs,
    )

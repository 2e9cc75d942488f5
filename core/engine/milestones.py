"""Measures milestones from their tasks, and with them the state of all key results and goals."""

from collections.abc import Mapping as MappingABC
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from fractions import Fraction

from connectors.models import StatusCategory
from core.engine.averages import listed
from core.engine.credit import Credits
from core.engine.goals import measure_goal
from core.engine.health import Course, Work, is_stale, pace_health, with_override
from core.engine.key_results import measure_key_result
from core.engine.model import (
    Detail,
    Health,
    Inputs,
    Measure,
    MilestoneState,
    SourceState,
    State,
    Unmeasured,
    Why,
)
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.engine.tally import Tally, weigh
from core.engine.tasks import build_tasks
from mappings.goal_tree import GoalTree, KeyResult, Milestone

ALL = Fraction(1)


def measure(
    inputs: Inputs, progress: ProgressPolicy, health: HealthPolicy, now: datetime, zone: tzinfo = UTC
) -> State:
    """Return the state of all milestones, key results and goals, with their tasks.

    `now` is aware, and days begin and end in `zone`; only health depends on these. The order of issues has no
    effect.
    """
    crediting = Credits.of(progress)
    built = {
        owner.id: build_tasks(
            inputs.tagged.get(owner.id, ()), inputs.parents, owner.weigh_by, crediting, owner.whole_parents
        )
        for owner in owners_of(inputs.mapping)
        if isinstance(owner, Milestone) or owner.rules or inputs.tagged.get(owner.id)
    }
    state = measure_sums(inputs, {name: value.tally for name, value in built.items()}, health, now, zone)
    return with_details(state, {name: value.detail for name, value in built.items()})


def measure_sums(
    existing: SourceState,
    tallies: MappingABC[str, Tally],
    health: HealthPolicy,
    now: datetime,
    zone: tzinfo = UTC,
) -> State:
    """Return the state of everything from the tally of each milestone and key result, without tasks.

    A key result without rules and without a tally has no tasks of its own. `now` and `zone` are as in
    `measure`.
    """
    mapping, now = existing.mapping, now.astimezone(zone)
    nothing = Tally()
    milestones = {
        name: measure_milestone(
            milestone, Course.of(milestone, now), tallies.get(name, nothing), existing, health, now
        )
        for name, milestone in mapping.milestones.items()
    }
    own = {
        name: measure_milestone(
            result,
            Course.of(result, now, mapping.goals.get(result.goal)),
            tallies.get(name, nothing),
            existing,
            health,
            now,
        )
        for name, result in mapping.key_results.items()
        if result.rules or name in tallies
    }
    results = {
        name: measure_key_result(result, mapping, milestones, own.get(name), health, now)
        for name, result in mapping.key_results.items()
    }
    goals = {
        name: measure_goal(goal, mapping, milestones, results, health, now)
        for name, goal in mapping.goals.items()
    }
    return State(milestones, results, goals)


def with_details(state: State, details: MappingABC[str, Detail]) -> State:
    """Return the state with the tasks of these milestones and key results."""
    return replace(
        state,
        milestones={
            name: replace(milestone, detail=details.get(name, milestone.detail))
            for name, milestone in state.milestones.items()
        },
        key_results={
            name: replace(key_result, own=replace(key_result.own, detail=details[name]))
            if key_result.own is not None and name in details
            else key_result
            for name, key_result in state.key_results.items()
        },
    )


def owners_of(mapping: GoalTree) -> tuple[Milestone | KeyResult, ...]:
    """Return all milestones and key results, to which rules can tag issues."""
    return (*mapping.milestones.values(), *mapping.key_results.values())


def measure_milestone(
    owner: Milestone | KeyResult,
    course: Course,
    tally: Tally,
    existing: SourceState,
    policy: HealthPolicy,
    now: datetime,
) -> MilestoneState:
    """Return the state of one milestone, or of the issues that are tagged straight to a key result.

    The measure is Σ weight·credit / Σ weight over the tasks that are not cancelled, or `Unmeasured`.
    """
    weighed = weigh(tally, owner.weigh_by)
    share = _unmeasured(owner.id, existing, tally, weighed.total) or weighed.earned / weighed.total
    return MilestoneState(
        id=owner.id,
        measure=share,
        earned=weighed.earned,
        total=weighed.total,
        counts=weighed.counts,
        health=_health(owner, course, share, tally, policy, now),
        weighed_by=owner.weigh_by,
        median=weighed.median,
    )


def _unmeasured(name: str, inputs: SourceState, tally: Tally, total: Fraction) -> Unmeasured | None:
    """Return why there is no measure, with all reasons and the `why` of the gravest; None if there is one."""
    reasons = [
        reason
        for reason in (
            _problem(name, inputs),
            _source_down(name, inputs),
            _unreadable(name, inputs),
            _unknown_status(tally),
        )
        if reason is not None
    ]
    if reasons:
        return Unmeasured(reasons[0].why, "; ".join(reason.reason for reason in reasons))
    return _no_scope(tally, absent=name in inputs.absent) if total == 0 else None


def _problem(name: str, inputs: SourceState) -> Unmeasured | None:
    problem = inputs.problems.get(name)
    return None if problem is None else Unmeasured(Why.PROBLEM, problem)


def _source_down(name: str, inputs: SourceState) -> Unmeasured | None:
    down = sorted(inputs.rests_on.get(name, frozenset()) & inputs.down.keys())
    if not down:
        return None
    return Unmeasured(Why.SOURCE_DOWN, ", ".join(_since(tracker, inputs.down[tracker]) for tracker in down))


def _since(tracker: str, last: datetime | None) -> str:
    if last is None:
        return f"{tracker} not read yet"
    return f"{tracker} not read since {last.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _unreadable(name: str, inputs: SourceState) -> Unmeasured | None:
    keys = sorted(inputs.unread.get(name, ()))
    return Unmeasured(Why.UNREADABLE, f"could not be read: {', '.join(listed(keys))}") if keys else None


def _unknown_status(tally: Tally) -> Unmeasured | None:
    if not tally.unknown:
        return None
    which = ", ".join(listed(tally.unknown))
    return Unmeasured(Why.UNKNOWN_STATUS, f"status without category: {which}")


def _no_scope(tally: Tally, *, absent: bool) -> Unmeasured:
    tasks, cancelled = tally.tasks, tally.of(StatusCategory.CANCELLED)
    if tasks > cancelled:
        cause = _all(tasks - cancelled, "has an estimate of 0", "have an estimate of 0")
    elif cancelled:
        cause = _all(cancelled, "is cancelled", "are cancelled")
    elif tally.left_out:
        cause = "nothing that is tagged to it counts as a task"
    elif absent:
        cause = "an issue that its rules name is not there"
    else:
        cause = "no task belongs to it yet"
    return Unmeasured(Why.NO_SCOPE, f"no scope: {cause}")


def _all(number: int, singular: str, plural: str) -> str:
    return f"its only task {singular}" if number == 1 else f"all {number} tasks {plural}"


def _health(
    owner: Milestone | KeyResult,
    course: Course,
    share: Measure,
    tally: Tally,
    policy: HealthPolicy,
    now: datetime,
) -> Health:
    work = Work(begun=tally.begun, finished=share == ALL and not tally.still_open)
    health = pace_health(share, course, work, policy, now)
    if isinstance(owner, Milestone):
        health = with_override(health, owner.override, now)
    return replace(health, stale=tally.still_open and is_stale(tally.latest, policy, now))

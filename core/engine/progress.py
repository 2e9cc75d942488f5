"""Progress of milestones from their tasks, and the whole state of one run."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from connectors.contract import StatusCategory
from core.engine.credit import Credits
from core.engine.goals import measure_goal
from core.engine.health import Course, Work, is_stale, pace_health, with_override
from core.engine.means import listed
from core.engine.model import (
    Counts,
    Health,
    Inputs,
    Measure,
    MilestoneState,
    State,
    Task,
    Unmeasured,
    Why,
)
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.engine.results import measure_key_result
from core.engine.tasks import Tasks, build_tasks
from mappings.goals import KeyResult, Milestone

ALL = Fraction(1)


def measure(inputs: Inputs, progress: ProgressPolicy, health: HealthPolicy, now: datetime) -> State:
    """Everything that follows from what was pulled: all milestones, key results and goals.

    `now` is aware; it moves health alone, never progress. The order of issues makes no difference.
    """
    crediting = Credits.of(progress)
    mapping = inputs.mapping
    milestones = {
        name: measure_milestone(milestone, Course.of(milestone), inputs, crediting, health, now)
        for name, milestone in mapping.milestones.items()
    }
    own = {
        name: measure_milestone(
            result, Course.of(result, mapping.goals.get(result.goal)), inputs, crediting, health, now
        )
        for name, result in mapping.key_results.items()
        if result.rules or inputs.tagged.get(name)
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


def measure_milestone(
    owner: Milestone | KeyResult,
    course: Course,
    inputs: Inputs,
    crediting: Credits,
    policy: HealthPolicy,
    now: datetime,
) -> MilestoneState:
    """Measure what is tagged to one milestone, or straight to a key result.

    The measure is Σ weight·credit / Σ weight over the tasks that are not cancelled, or says why not.
    """
    built = build_tasks(inputs.tagged.get(owner.id, ()), inputs.parents, owner.weigh_by, crediting)
    counted = [task for task in built.tasks if task.state is not StatusCategory.CANCELLED]
    earned = sum((task.weight * task.credit for task in counted), Fraction(0))
    total = sum((task.weight for task in counted), Fraction(0))
    share = _unmeasured(owner.id, inputs, built, total) or earned / total
    counts = _count(built.tasks)
    return MilestoneState(
        id=owner.id,
        measure=share,
        earned=earned,
        total=total,
        counts=counts,
        tasks=built.tasks,
        left_out=built.left_out,
        health=_health(owner, course, share, built, policy, now),
        weighed_by=owner.weigh_by,
        median=built.median,
    )


def _count(tasks: tuple[Task, ...]) -> Counts:
    states = Counter(task.state for task in tasks)
    return Counts(
        done=states[StatusCategory.DONE],
        in_progress=states[StatusCategory.IN_PROGRESS],
        todo=states[StatusCategory.TODO],
        cancelled=states[StatusCategory.CANCELLED],
        unknown=states[StatusCategory.UNKNOWN],
        unestimated=sum(not task.estimated for task in tasks if task.state is not StatusCategory.CANCELLED),
    )


def _unmeasured(name: str, inputs: Inputs, built: Tasks, total: Fraction) -> Unmeasured | None:
    """Why there is no measure, if so: all reasons are said, the gravest comes first and gives its name."""
    found = [
        reason
        for reason in (
            _problem(name, inputs),
            _source_down(name, inputs),
            _unreadable(name, inputs),
            _unknown_status(built),
        )
        if reason is not None
    ]
    if found:
        return Unmeasured(found[0].why, "; ".join(reason.said for reason in found))
    return _no_scope(built) if total == 0 else None


def _problem(name: str, inputs: Inputs) -> Unmeasured | None:
    said = inputs.problems.get(name)
    return None if said is None else Unmeasured(Why.PROBLEM, said)


def _source_down(name: str, inputs: Inputs) -> Unmeasured | None:
    down = sorted(inputs.rests_on.get(name, frozenset()) & inputs.down.keys())
    if not down:
        return None
    return Unmeasured(Why.SOURCE_DOWN, ", ".join(_since(tracker, inputs.down[tracker]) for tracker in down))


def _since(tracker: str, last: datetime | None) -> str:
    if last is None:
        return f"{tracker} not read yet"
    return f"{tracker} not read since {last.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _unreadable(name: str, inputs: Inputs) -> Unmeasured | None:
    keys = sorted(inputs.unread.get(name, ()))
    return Unmeasured(Why.UNREADABLE, f"could not be read: {', '.join(listed(keys))}") if keys else None


def _unknown_status(built: Tasks) -> Unmeasured | None:
    unknown = [task for task in built.tasks if task.state is StatusCategory.UNKNOWN]
    if not unknown:
        return None
    which = ", ".join(listed([f'{task.ref.key} is in "{task.status}"' for task in unknown]))
    return Unmeasured(Why.UNKNOWN_STATUS, f"status without category: {which}")


def _no_scope(built: Tasks) -> Unmeasured:
    cancelled = sum(task.state is StatusCategory.CANCELLED for task in built.tasks)
    if len(built.tasks) > cancelled:
        said = _all(len(built.tasks) - cancelled, "has an estimate of 0", "have an estimate of 0")
    elif cancelled:
        said = _all(cancelled, "is cancelled", "are cancelled")
    elif built.left_out:
        said = "nothing that is tagged to it counts as a task"
    else:
        said = "no task belongs to it yet"
    return Unmeasured(Why.NO_SCOPE, f"no scope: {said}")


def _all(number: int, one: str, many: str) -> str:
    return f"its only task {one}" if number == 1 else f"all {number} tasks {many}"


def _health(
    owner: Milestone | KeyResult,
    course: Course,
    share: Measure,
    built: Tasks,
    policy: HealthPolicy,
    now: datetime,
) -> Health:
    states = {task.state for task in built.tasks}
    still_open = bool(states - {StatusCategory.DONE, StatusCategory.CANCELLED})
    work = Work(
        begun=bool(states & {StatusCategory.DONE, StatusCategory.IN_PROGRESS})
        or any(task.credit for task in built.tasks),
        finished=share == ALL and not still_open,
    )
    health = pace_health(share, course, work, policy, now)
    if isinstance(owner, Milestone):
        health = with_override(health, owner.override, now)
    return replace(health, stale=is_stale(built.tasks, policy, now))

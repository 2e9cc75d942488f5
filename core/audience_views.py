"""The mapping and the state of a run, cut down to what the readers of one audience may see.

For `status` and `why` with `--audience`, whose output is passed on to other people. What the comments
themselves leave out is decided in `core.publish.comment.build_summary`.
"""

from dataclasses import dataclass, replace

from connectors.models import StatusCategory
from core.engine.formatting import percent
from core.engine.model import (
    Blocked,
    Detail,
    GoalState,
    Health,
    KeyResultState,
    Measure,
    MilestoneState,
    State,
    Task,
    Unmeasured,
)
from core.publish.comment.phrases import not_shown
from core.publish.visibility import WITHHELD, View
from mappings.goal_tree import GoalTree, HealthName

_NO_HEALTH = Health(HealthName.UNMEASURED, WITHHELD.reason, WITHHELD.reason)


@dataclass(frozen=True)
class Visible:
    """The part of a mapping and its state that the readers of an audience may see."""

    goals: GoalTree
    state: State
    hidden: int
    """Number of goals, key results and milestones that are left out."""

    @property
    def rest(self) -> str:
        """Return a line with the number of items left out; an empty string where none is."""
        return f"and {not_shown(self.hidden)}" if self.hidden else ""


def visible(goals: GoalTree, state: State, view: View) -> Visible:
    """Return the mapping and the state without what the readers of this view may not see; pure."""
    visible_goals = {name: goal for name, goal in goals.goals.items() if view.item(name)}
    key_results = {
        name: result
        for name, result in goals.key_results.items()
        if view.item(name) and (result.goal in visible_goals)
    }
    milestones = {
        name: milestone.model_copy(
            update={"leads_to": tuple(name for name in milestone.leads_to if name in key_results)}
        )
        for name, milestone in goals.milestones.items()
        if view.item(name)
    }
    total = len(goals.goals) + len(goals.key_results) + len(goals.milestones)
    visible_tree = GoalTree.model_construct(
        goals=visible_goals, key_results=key_results, milestones=milestones
    )
    visible_state = State(
        {name: _milestone(state.milestones[name], view) for name in milestones},
        {name: _key_result(state.key_results[name], goals, view) for name in key_results},
        {name: _goal(state.goals[name], goals, view) for name in visible_goals},
    )
    hidden = total - len(visible_goals) - len(key_results) - len(milestones)
    return Visible(visible_tree, visible_state, hidden)


def _milestone(measured: MilestoneState, view: View) -> MilestoneState:
    measure = view.reason(measured.measure)
    return replace(
        measured,
        measure=measure,
        health=_health(measured.health, measure),
        detail=_detail(measured.detail, view),
    )


def _detail(detail: Detail | None, view: View) -> Detail | None:
    if detail is None:
        return None
    return Detail(
        tuple(_task(task, view) for task in detail.tasks if view.issue(task.ref)),
        # The reason why an issue is left out may name another issue, in a place that cannot be told from it.
        tuple(left for left in detail.left_out if view.issue(left.ref)) if view.whole else (),
    )


def _task(task: Task, view: View) -> Task:
    """Return the task with the blocking issues that the readers may see; the others are only counted.

    The option of a status field by which it counts is not named: it may belong to a project that the readers
    may not see.
    """
    if task.status_option:
        cancelled = task.state is StatusCategory.CANCELLED
        credit_reason = "cancelled" if cancelled else f"counts as {percent(task.credit)}"
        task = replace(task, status_option="", credit_reason=credit_reason)
    blocked = task.blocked
    if blocked is None:
        return task
    visible_blockers = tuple(blocker for blocker in blocked.by if view.issue(blocker.ref))
    return replace(task, blocked=Blocked(visible_blockers, (), blocked.number - len(visible_blockers)))


def _health(health: Health, measure: Measure) -> Health:
    if health.name is HealthName.UNMEASURED and isinstance(measure, Unmeasured):
        return replace(health, reason=measure.reason, arithmetic=measure.reason)
    return health


def _key_result(measured: KeyResultState, goals: GoalTree, view: View) -> KeyResultState:
    milestones = [milestone.id for milestone in goals.milestones_of(measured.id)]
    measure = view.reason(measured.measure, *milestones)
    return replace(
        measured,
        measure=measure,
        delivered=view.reason(measured.delivered, *milestones),
        health=_health(measured.health, measure),
        own=None if measured.own is None else _milestone(measured.own, view),
        missing=tuple(filter(view.item, measured.missing)),
    )


def _goal(measured: GoalState, goals: GoalTree, view: View) -> GoalState:
    """Return the goal with achieved, health and gap only where the readers may see what these follow from.

    Achieved and the gap need all its key results; health needs its milestones and every issue as well.
    """
    key_results = [result.id for result in goals.key_results_of(measured.id)]
    names = (*key_results, *(milestone.id for milestone in goals.milestones_of_goal(measured.id)))
    sees_results = all(map(view.item, key_results))
    sees_all = sees_results and view.whole and all(map(view.item, names))
    return replace(
        measured,
        delivered=view.reason(measured.delivered, *names),
        achieved=view.reason(measured.achieved, *names) if sees_results else WITHHELD,
        health=measured.health if sees_all else _NO_HEALTH,
        gap=measured.gap if sees_results else None,
        missing=tuple(filter(view.item, measured.missing)),
    )

"""The mapping and the state as readers of one audience may see them, for reports that are passed on."""

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
    """What these readers may see, and how much else there is."""

    goals: GoalTree
    state: State
    hidden: int
    """How many goals, key results and milestones are left out."""

    @property
    def rest(self) -> str:
        """A line about what is left out; empty where nothing is."""
        return f"and {not_shown(self.hidden)}" if self.hidden else ""


def visible(goals: GoalTree, state: State, view: View) -> Visible:
    """Without what the readers of this view may not know. Pure; what they may see stays as it is."""
    several = {name: goal for name, goal in goals.goals.items() if view.item(name)}
    results = {
        name: result
        for name, result in goals.key_results.items()
        if view.item(name) and (result.goal in several)
    }
    milestones = {
        name: milestone.model_copy(
            update={"leads_to": tuple(item for item in milestone.leads_to if item in results)}
        )
        for name, milestone in goals.milestones.items()
        if view.item(name)
    }
    every = len(goals.goals) + len(goals.key_results) + len(goals.milestones)
    shown = GoalTree.model_construct(goals=several, key_results=results, milestones=milestones)
    seen = State(
        {name: _milestone(state.milestones[name], view) for name in milestones},
        {name: _key_result(state.key_results[name], goals, view) for name in results},
        {name: _goal(state.goals[name], goals, view) for name in several},
    )
    return Visible(shown, seen, every - len(several) - len(results) - len(milestones))


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
        # Why one is left out may name another issue: of which places, nothing tells.
        tuple(left for left in detail.left_out if view.issue(left.ref)) if view.whole else (),
    )


def _task(task: Task, view: View) -> Task:
    """The same; what it waits for is named as far as they may read it, and else counted.

    An option by which it counts is not named: it may be one of a project that they may not read.
    """
    if task.status_option:
        cancelled = task.state is StatusCategory.CANCELLED
        message = "cancelled" if cancelled else f"counts as {percent(task.credit)}"
        task = replace(task, status_option="", credit_reason=message)
    blocked = task.blocked
    if blocked is None:
        return task
    seen = tuple(item for item in blocked.by if view.issue(item.ref))
    return replace(task, blocked=Blocked(seen, (), blocked.number - len(seen)))


def _health(health: Health, measure: Measure) -> Health:
    if health.name is HealthName.UNMEASURED and isinstance(measure, Unmeasured):
        return replace(health, reason=measure.reason, arithmetic=measure.reason)
    return health


def _key_result(measured: KeyResultState, goals: GoalTree, view: View) -> KeyResultState:
    below = [milestone.id for milestone in goals.milestones_of(measured.id)]
    measure = view.reason(measured.measure, *below)
    return replace(
        measured,
        measure=measure,
        delivered=view.reason(measured.delivered, *below),
        health=_health(measured.health, measure),
        own=None if measured.own is None else _milestone(measured.own, view),
        missing=tuple(filter(view.item, measured.missing)),
    )


def _goal(measured: GoalState, goals: GoalTree, view: View) -> GoalState:
    """Achieved, health and gap follow from the figures of all key results, and are for those who see them."""
    parts = [result.id for result in goals.key_results_of(measured.id)]
    names = (*parts, *(milestone.id for milestone in goals.milestones_of_goal(measured.id)))
    figures = all(map(view.item, parts))
    reported = figures and view.whole and all(map(view.item, names))
    return replace(
        measured,
        delivered=view.reason(measured.delivered, *names),
        achieved=view.reason(measured.achieved, *names) if figures else WITHHELD,
        health=measured.health if reported else _NO_HEALTH,
        gap=measured.gap if figures else None,
        missing=tuple(filter(view.item, measured.missing)),
    )

"""Builds the Summary of a comment from the engine's State, with only what its readers may see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from heapq import nsmallest

from connectors.models import IssueRef, StatusCategory
from core.engine.formatting import percent
from core.engine.key_order import issue_order
from core.engine.model import Blocked, Change, Health, KeyResultState, Measure, State, Task, Unmeasured, Why
from core.publish.comment.summary import (
    Blocking,
    GoalPart,
    KeyResultPart,
    Listed,
    MilestoneLine,
    MilestonePart,
    OpenTask,
    Page,
    Summary,
    WaitsFor,
)
from core.publish.visibility import WITHHELD, View
from mappings.goal_tree import Goal, GoalTree, HealthName, KeyResult, Milestone

EVERYTHING = View()
HIDDEN_HEALTH = Health(HealthName.UNMEASURED, "", "")


def summarise(
    ref: IssueRef,
    targets: Sequence[str],
    state: State,
    mapping: GoalTree,
    *,
    open_tasks: int,
    changes: Mapping[str, Change] | None = None,
    pages: Mapping[str, Page] | None = None,
    listed: Mapping[str, Listed] | None = None,
    view: View = EVERYTHING,
) -> Summary:
    """Return what the comment on the issue `ref` tells of these milestones and goals, in the mapping's order.

    `changes`: by milestone, the change since this comment was last written. `pages`: by milestone, its
    tracking issue for links. `listed`: by milestone, its first `open_tasks` open tasks; without it, those
    of the state. `view`: what the readers of the comment may see; of the rest, only numbers and counts are
    in the summary. `changes` and `listed` must hold nothing that the readers may not see. Ids that are not
    in the mapping or the state are left out.
    """
    target_ids = set(targets)
    milestones = [
        mapping.milestones[id_] for id_ in mapping.milestones if id_ in target_ids and id_ in state.milestones
    ]
    goals = [mapping.goals[id_] for id_ in mapping.goals if id_ in target_ids and id_ in state.goals]
    links = list(_leads_to(milestones, {goal.id for goal in goals}, state, mapping))
    parts = (_goal(goal, results, state, mapping, view) for goal, results in links)
    leads_to = tuple(part for part in parts if part.shown or part.key_results)
    return Summary(
        ref=ref,
        milestones=tuple(
            _milestone(
                milestone,
                state,
                (changes or {}).get(milestone.id),
                _listed(milestone, listed, state, open_tasks, view),
                view,
            )
            for milestone in milestones
        ),
        goals=tuple(_whole_goal(goal, state, mapping, pages or {}, view) for goal in goals),
        leads_to=leads_to,
        open_tasks=open_tasks,
        waiting=_waiting([milestone.id for milestone in milestones], goals, state, mapping),
        links_waiting=any(_rests_on_down(goal, results, state) for goal, results in links),
        hidden_links=sum(
            (not view.item(goal.id)) + sum(not view.item(result.id) for result in results)
            for goal, results in links
        ),
        about=(*(milestone.id for milestone in milestones), *(goal.id for goal in goals)),
        readers=view.readers,
    )


def _listed(
    milestone: Milestone, listed: Mapping[str, Listed] | None, state: State, number: int, view: View
) -> Listed:
    """Return the first open tasks of a milestone, and how many more are hidden."""
    if listed is not None:
        return listed.get(milestone.id, Listed())
    return visible_open(state.milestones[milestone.id].tasks, number, view)


def visible_open(tasks: Sequence[Task], number: int, view: View) -> Listed:
    """Return the first `number` open tasks that the readers may see, and how many open ones they may not."""
    visible = [task for task in tasks if view.issue(task.ref)]
    hidden = sum(map(_is_open, tasks)) - sum(map(_is_open, visible))
    return Listed(first_open(visible, number), hidden)


def _milestone(
    milestone: Milestone, state: State, change: Change | None, listed: Listed, view: View
) -> MilestonePart:
    measured, shown = state.milestones[milestone.id], view.item(milestone.id)
    # The reason of a problem names parts of the mapping, such as queries and fields.
    problem = isinstance(measured.measure, Unmeasured) and measured.measure.why is Why.PROBLEM
    measure = view.reason(measured.measure, *([milestone.id] if problem else []))
    return MilestonePart(
        id=milestone.id if shown else "",
        title=milestone.title if shown else "",
        owner=milestone.owner if shown else None,
        due=milestone.due if shown else None,
        measure=measure,
        health=_health(measured.health, measure) if shown else HIDDEN_HEALTH,
        counts=measured.counts,
        open_tasks=listed.tasks,
        change=change,
        shown=shown,
        hidden_open=listed.hidden,
    )


def _health(health: Health, measure: Measure) -> Health:
    """Return the health; where it has the reason why there is no measure, with the reason of `measure`."""
    if health.name is HealthName.UNMEASURED and isinstance(measure, Unmeasured):
        return replace(health, reason=measure.reason, arithmetic=measure.reason)
    return health


def first_open(tasks: Sequence[Task], number: int) -> tuple[OpenTask, ...]:
    """Return the first `number` open tasks: those in progress first, then by tracker and number."""
    still_open = filter(_is_open, tasks)
    return tuple(
        open_task(task.ref, task.url, task.title, task.status, task.state, task.credit)
        for task in nsmallest(number, still_open, key=_task_order)
    )


def waits_for(blocked: Blocked, view: View) -> WaitsFor:
    """Return what a task waits for, with the issues named that these readers may see.

    An issue that milepost does not read is only counted, since it is not known who may read it.
    """
    named = tuple(
        Blocking(blocker.ref.key, blocker.url, blocker.title)
        for blocker in blocked.by
        if view.issue(blocker.ref)
    )
    return WaitsFor(named, blocked.number - len(named))


def _is_open(task: Task) -> bool:
    return task.state not in (StatusCategory.DONE, StatusCategory.CANCELLED)


def open_task(
    ref: IssueRef, url: str, title: str, status: str, state: StatusCategory, credit: Fraction
) -> OpenTask:
    """Return an open task as a comment lists it."""
    partly = f"counts as {percent(credit)}" if credit else ""
    return OpenTask(ref.key, url, title, status, state, partly, ref.tracker, ref.id)


def _task_order(task: Task) -> tuple[bool, tuple[str, str, str], int]:
    return task.state is not StatusCategory.IN_PROGRESS, issue_order(task.ref), task.box or 0


def _key_result(result: KeyResult, measured: KeyResultState, mapping: GoalTree, view: View) -> KeyResultPart:
    below = [milestone.id for milestone in mapping.milestones_of(result.id)]
    return KeyResultPart(
        id=result.id,
        title=result.title,
        measure=view.reason(measured.measure, *below),
        delivered=view.reason(measured.delivered, *below),
        met=measured.met,
        health=measured.health.name,
        metric=result.metric,
        guardrail=result.guardrail,
    )


def _goal(goal: Goal, results: Sequence[KeyResult], state: State, mapping: GoalTree, view: View) -> GoalPart:
    """Return a goal with these of its key results, as far as the readers may see them.

    Achieved depends on the figures of all its key results, and health and gap on achieved: they are shown
    only to readers who may see every key result.
    """
    measured, shown = state.goals[goal.id], view.item(goal.id)
    key_results = [result.id for result in mapping.key_results_of(goal.id)]
    sees_results = shown and all(map(view.item, key_results))
    milestones = [milestone.id for milestone in mapping.milestones_of_goal(goal.id)]
    delivered = view.reason(measured.delivered, *key_results, *milestones)
    achieved = view.reason(measured.achieved, *key_results, *milestones) if sees_results else WITHHELD
    sees_all = sees_results and (view.whole and all(map(view.item, milestones)))
    health = measured.health if sees_all else replace(measured.health, reason="", arithmetic="")
    measured_results = [result for result in results if result.id in state.key_results]
    return GoalPart(
        id=goal.id if shown else "",
        title=goal.title if shown else "",
        owner=goal.owner if shown else None,
        due=goal.due if shown else None,
        delivered=delivered,
        achieved=achieved,
        health=health if sees_results else HIDDEN_HEALTH,
        gap=measured.gap if sees_results else None,
        key_results=tuple(
            _key_result(result, state.key_results[result.id], mapping, view)
            for result in measured_results
            if view.item(result.id)
        ),
        shown=shown,
        hidden_key_results=sum(not view.item(result.id) for result in measured_results),
    )


def _whole_goal(
    goal: Goal, state: State, mapping: GoalTree, pages: Mapping[str, Page], view: View
) -> GoalPart:
    part = _goal(goal, tuple(mapping.key_results_of(goal.id)), state, mapping, view)
    milestones = [
        milestone for milestone in mapping.milestones_of_goal(goal.id) if milestone.id in state.milestones
    ]
    lines = tuple(
        MilestoneLine(
            id=milestone.id,
            title=milestone.title,
            measure=view.reason(state.milestones[milestone.id].measure),
            health=state.milestones[milestone.id].health.name,
            counts=state.milestones[milestone.id].counts,
            page=_visible_page(pages.get(milestone.id), view),
        )
        for milestone in milestones
        if view.item(milestone.id)
    )
    return replace(part, milestones=lines, hidden_milestones=len(milestones) - len(lines))


def _visible_page(page: Page | None, view: View) -> Page | None:
    """Return the page if the readers may see its issue, else None."""
    return page if page is not None and (page.ref is None or view.issue(page.ref)) else None


def _leads_to(
    milestones: Sequence[Milestone], own: set[str], state: State, mapping: GoalTree
) -> Iterator[tuple[Goal, Sequence[KeyResult]]]:
    """Yield the goals to which milestones lead, with the key results through which they do.

    Goals in `own`, which the comment is about, are left out.
    """
    led_to = {name for milestone in milestones for name in milestone.leads_to}
    for goal in mapping.goals.values():
        results = [result for result in mapping.key_results_of(goal.id) if result.id in led_to]
        if results and goal.id not in own and goal.id in state.goals:
            yield goal, [result for result in results if result.id in state.key_results]


def _down(measure: Measure) -> Unmeasured | None:
    return measure if isinstance(measure, Unmeasured) and measure.why is Why.SOURCE_DOWN else None


def _waiting(milestones: Sequence[str], goals: Sequence[Goal], state: State, mapping: GoalTree) -> str | None:
    """Return the first reason why a milestone, or a part of a goal, was not read; None where all was."""
    measures = [state.milestones[id_].measure for id_ in milestones]
    for goal in goals:
        below = [milestone.id for milestone in mapping.milestones_of_goal(goal.id)]
        measures += [state.milestones[id_].measure for id_ in below if id_ in state.milestones]
        results = [result.id for result in mapping.key_results_of(goal.id)]
        measures += [state.key_results[id_].delivered for id_ in results if id_ in state.key_results]
    not_read = [unmeasured for unmeasured in map(_down, measures) if unmeasured is not None]
    return not_read[0].reason if not_read else None


def _rests_on_down(goal: Goal, results: Sequence[KeyResult], state: State) -> bool:
    """Return whether a number of this goal or of these key results depends on something not read."""
    measured = state.goals[goal.id]
    measures = [measured.delivered, measured.achieved]
    missing = list(measured.missing)
    for result in results:
        part = state.key_results[result.id]
        measures += [part.measure, part.delivered]
        missing += part.missing
    for name in missing:
        if name in state.milestones:
            measures.append(state.milestones[name].measure)
        if name in state.key_results:
            measures += [state.key_results[name].measure, state.key_results[name].delivered]
            inner = state.key_results[name].missing
            measures += [state.milestones[id_].measure for id_ in inner if id_ in state.milestones]
    return any(_down(measure) for measure in measures)

"""From what the engine concluded to what one comment says."""

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
    """What to say on the issue `ref` about these milestones and goals, in the order of the mapping.

    `changes` holds, by milestone, what moved since this very comment was last written; `pages` the
    tracking issue of milestones, for links; `listed` the first `open_tasks` open tasks of each milestone,
    which are otherwise those of the state. Ids that the mapping or the state does not know are left out.
    `view` is what the readers of the comment may see: of the rest there are numbers and counts alone.
    `changes` and `listed` hold nothing else already.
    """
    requested = set(targets)
    milestones = [
        mapping.milestones[id_] for id_ in mapping.milestones if id_ in requested and id_ in state.milestones
    ]
    goals = [mapping.goals[id_] for id_ in mapping.goals if id_ in requested and id_ in state.goals]
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
    """The first open tasks of a milestone, and how many more are hidden."""
    if listed is not None:
        return listed.get(milestone.id, Listed())
    return visible_open(state.milestones[milestone.id].tasks, number, view)


def visible_open(tasks: Sequence[Task], number: int, view: View) -> Listed:
    """The first open tasks that the readers may see, and how many they may not."""
    seen = [task for task in tasks if view.issue(task.ref)]
    hidden = sum(map(_is_open, tasks)) - sum(map(_is_open, seen))
    return Listed(first_open(seen, number), hidden)


def _milestone(
    milestone: Milestone, state: State, change: Change | None, listed: Listed, view: View
) -> MilestonePart:
    measured, shown = state.milestones[milestone.id], view.item(milestone.id)
    # A problem is told in the mapping's words: its queries, its fields.
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
    """The same; where it gives the reason why there is no measure, in the words of `measure`."""
    if health.name is HealthName.UNMEASURED and isinstance(measure, Unmeasured):
        return replace(health, reason=measure.reason, arithmetic=measure.reason)
    return health


def first_open(tasks: Sequence[Task], number: int) -> tuple[OpenTask, ...]:
    """The open tasks that a comment lists: in progress first; then by tracker and number."""
    still_open = filter(_is_open, tasks)
    return tuple(
        open_task(task.ref, task.url, task.title, task.status, task.state, task.credit)
        for task in nsmallest(number, still_open, key=_task_order)
    )


def waits_for(blocked: Blocked, view: View) -> WaitsFor:
    """What a task waits for, as these readers may know it.

    Who may read an issue that milepost does not read is not known, so that it is counted and not named.
    """
    named = tuple(Blocking(item.ref.key, item.url, item.title) for item in blocked.by if view.issue(item.ref))
    return WaitsFor(named, blocked.number - len(named))


def _is_open(task: Task) -> bool:
    return task.state not in (StatusCategory.DONE, StatusCategory.CANCELLED)


def open_task(
    ref: IssueRef, url: str, title: str, status: str, state: StatusCategory, credit: Fraction
) -> OpenTask:
    """One open task as a comment lists it."""
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
    """A goal with these of its key results, as far as the readers may know them.

    What was achieved follows from the figures of all its key results, and health and gap from that: they are
    shown to those alone who may see each of them.
    """
    measured, shown = state.goals[goal.id], view.item(goal.id)
    parts = [result.id for result in mapping.key_results_of(goal.id)]
    figures = shown and all(map(view.item, parts))
    below = [milestone.id for milestone in mapping.milestones_of_goal(goal.id)]
    delivered = view.reason(measured.delivered, *parts, *below)
    achieved = view.reason(measured.achieved, *parts, *below) if figures else WITHHELD
    reported = figures and (view.whole and all(map(view.item, below)))
    health = measured.health if reported else replace(measured.health, reason="", arithmetic="")
    several = [result for result in results if result.id in state.key_results]
    return GoalPart(
        id=goal.id if shown else "",
        title=goal.title if shown else "",
        owner=goal.owner if shown else None,
        due=goal.due if shown else None,
        delivered=delivered,
        achieved=achieved,
        health=health if figures else HIDDEN_HEALTH,
        gap=measured.gap if figures else None,
        key_results=tuple(
            _key_result(result, state.key_results[result.id], mapping, view)
            for result in several
            if view.item(result.id)
        ),
        shown=shown,
        hidden_key_results=sum(not view.item(result.id) for result in several),
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
            page=_seen(pages.get(milestone.id), view),
        )
        for milestone in milestones
        if view.item(milestone.id)
    )
    return replace(part, milestones=lines, hidden_milestones=len(milestones) - len(lines))


def _seen(page: Page | None, view: View) -> Page | None:
    """The page, if the readers may see it; an issue is never linked for others."""
    return page if page is not None and (page.ref is None or view.issue(page.ref)) else None


def _leads_to(
    milestones: Sequence[Milestone], own: set[str], state: State, mapping: GoalTree
) -> Iterator[tuple[Goal, Sequence[KeyResult]]]:
    """The goals behind the milestones, each once; a goal that the comment is about is not told twice."""
    through = {name for milestone in milestones for name in milestone.leads_to}
    for goal in mapping.goals.values():
        results = [result for result in mapping.key_results_of(goal.id) if result.id in through]
        if results and goal.id not in own and goal.id in state.goals:
            yield goal, [result for result in results if result.id in state.key_results]


def _down(measure: Measure) -> Unmeasured | None:
    return measure if isinstance(measure, Unmeasured) and measure.why is Why.SOURCE_DOWN else None


def _waiting(milestones: Sequence[str], goals: Sequence[Goal], state: State, mapping: GoalTree) -> str | None:
    """The first reason why a milestone, or a part of a goal, of this comment was not read."""
    measures = [state.milestones[id_].measure for id_ in milestones]
    for goal in goals:
        below = [milestone.id for milestone in mapping.milestones_of_goal(goal.id)]
        measures += [state.milestones[id_].measure for id_ in below if id_ in state.milestones]
        results = [result.id for result in mapping.key_results_of(goal.id)]
        measures += [state.key_results[id_].delivered for id_ in results if id_ in state.key_results]
    lost = [matches for matches in map(_down, measures) if matches is not None]
    return lost[0].reason if lost else None


def _rests_on_down(goal: Goal, results: Sequence[KeyResult], state: State) -> bool:
    """Whether any number of this goal, or of these key results, leaves out or is something not read."""
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

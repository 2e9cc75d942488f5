"""From what the engine concluded to what one comment says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from heapq import nsmallest

from connectors.contract import IssueRef, StatusCategory
from core.engine.model import Change, KeyResultState, Measure, State, Task, Unmeasured, Why
from core.engine.percent import percent
from core.publish.summary.model import (
    GoalPart,
    KeyResultPart,
    MilestoneLine,
    MilestonePart,
    OpenTask,
    Page,
    Summary,
)
from mappings.goals import Goal, KeyResult, Milestone
from mappings.goals import Mapping as Goals

_USUAL_KEY = re.compile(r"([^0-9]*)([1-9][0-9]*)").fullmatch


def summarise(
    ref: IssueRef,
    targets: Sequence[str],
    state: State,
    mapping: Goals,
    *,
    open_tasks: int,
    changes: Mapping[str, Change] | None = None,
    pages: Mapping[str, Page] | None = None,
    listed: Mapping[str, Sequence[OpenTask]] | None = None,
) -> Summary:
    """What to say on the issue `ref` about these milestones and goals, in the order of the mapping.

    `changes` holds, by milestone, what moved since this very comment was last written; `pages` the
    tracking issue of milestones, for links; `listed` the first `open_tasks` open tasks of each milestone,
    which are otherwise those of the state. Ids that the mapping or the state does not know are left out.
    """
    wanted = set(targets)
    stones = [
        mapping.milestones[id_] for id_ in mapping.milestones if id_ in wanted and id_ in state.milestones
    ]
    goals = [mapping.goals[id_] for id_ in mapping.goals if id_ in wanted and id_ in state.goals]
    leads_to = tuple(_leads_to(stones, {goal.id for goal in goals}, state, mapping))
    return Summary(
        ref=ref,
        milestones=tuple(
            _milestone(
                stone,
                state,
                (changes or {}).get(stone.id),
                first_open(state.milestones[stone.id].tasks, open_tasks)
                if listed is None
                else tuple(listed.get(stone.id, ())),
            )
            for stone in stones
        ),
        goals=tuple(_whole_goal(goal, state, mapping, pages or {}) for goal in goals),
        leads_to=leads_to,
        open_tasks=open_tasks,
        waiting=_waiting([stone.id for stone in stones], goals, state, mapping),
        links_waiting=any(_rests_on_down(part, state) for part in leads_to),
    )


def _milestone(
    stone: Milestone, state: State, change: Change | None, open_tasks: tuple[OpenTask, ...]
) -> MilestonePart:
    measured = state.milestones[stone.id]
    return MilestonePart(
        id=stone.id,
        title=stone.title,
        owner=stone.owner,
        due=stone.due,
        measure=measured.measure,
        health=measured.health,
        counts=measured.counts,
        open_tasks=open_tasks,
        change=change,
    )


def first_open(tasks: Sequence[Task], number: int) -> tuple[OpenTask, ...]:
    """The open tasks that a comment lists: in progress first; then by tracker and number."""
    closed = (StatusCategory.DONE, StatusCategory.CANCELLED)
    still_open = (task for task in tasks if task.state not in closed)
    return tuple(
        open_task(task.ref.key, task.url, task.title, task.status, task.state, task.credit)
        for task in nsmallest(number, still_open, key=_task_order)
    )


def open_task(
    key: str, url: str, title: str, status: str, state: StatusCategory, credit: Fraction
) -> OpenTask:
    """One open task as a comment lists it."""
    return OpenTask(key, url, title, status, state, f"counts as {percent(credit)}" if credit else "")


def _task_order(task: Task) -> tuple[bool, str, str, str, int]:
    standing = task.state is not StatusCategory.IN_PROGRESS
    return standing, task.ref.tracker, key_rank(task.ref.key), task.ref.id, task.box or 0


def key_rank(key: str) -> str:
    """A text that sorts as people count: that of BLOG-9 before that of BLOG-10."""
    usual = _USUAL_KEY(key)
    if usual:
        name, digits = usual.groups()
        return f"{name}\x01{len(digits):06d}{digits}\x01"
    pieces = re.split(r"([0-9]+)", key)
    return "".join(_counted(piece) if place % 2 else f"{piece}\x01" for place, piece in enumerate(pieces))


def _counted(digits: str) -> str:
    number = digits.lstrip("0")
    return f"{len(number):06d}{number}"


def _key_result(result: KeyResult, measured: KeyResultState) -> KeyResultPart:
    return KeyResultPart(
        id=result.id,
        title=result.title,
        measure=measured.measure,
        delivered=measured.delivered,
        met=measured.met,
        health=measured.health.name,
        metric=result.metric,
        guardrail=result.guardrail,
    )


def _goal(goal: Goal, results: Sequence[KeyResult], state: State) -> GoalPart:
    measured = state.goals[goal.id]
    return GoalPart(
        id=goal.id,
        title=goal.title,
        owner=goal.owner,
        due=goal.due,
        delivered=measured.delivered,
        achieved=measured.achieved,
        health=measured.health,
        gap=measured.gap,
        key_results=tuple(
            _key_result(result, state.key_results[result.id])
            for result in results
            if result.id in state.key_results
        ),
    )


def _whole_goal(goal: Goal, state: State, mapping: Goals, pages: Mapping[str, Page]) -> GoalPart:
    part = _goal(goal, tuple(mapping.key_results_of(goal.id)), state)
    lines = tuple(
        MilestoneLine(
            id=stone.id,
            title=stone.title,
            measure=state.milestones[stone.id].measure,
            health=state.milestones[stone.id].health.name,
            counts=state.milestones[stone.id].counts,
            page=pages.get(stone.id),
        )
        for stone in mapping.milestones_of_goal(goal.id)
        if stone.id in state.milestones
    )
    return replace(part, milestones=lines)


def _leads_to(stones: Sequence[Milestone], own: set[str], state: State, mapping: Goals) -> Iterator[GoalPart]:
    """The goals behind the milestones, each once; a goal that the comment is about is not told twice."""
    through = {name for stone in stones for name in stone.leads_to}
    for goal in mapping.goals.values():
        results = [result for result in mapping.key_results_of(goal.id) if result.id in through]
        if results and goal.id not in own and goal.id in state.goals:
            yield _goal(goal, results, state)


def _down(measure: Measure) -> Unmeasured | None:
    return measure if isinstance(measure, Unmeasured) and measure.why is Why.SOURCE_DOWN else None


def _waiting(stones: Sequence[str], goals: Sequence[Goal], state: State, mapping: Goals) -> str | None:
    """The first reason why a milestone, or a part of a goal, of this comment was not read."""
    measures = [state.milestones[id_].measure for id_ in stones]
    for goal in goals:
        below = [stone.id for stone in mapping.milestones_of_goal(goal.id)]
        measures += [state.milestones[id_].measure for id_ in below if id_ in state.milestones]
        results = [result.id for result in mapping.key_results_of(goal.id)]
        measures += [state.key_results[id_].delivered for id_ in results if id_ in state.key_results]
    lost = [found for found in map(_down, measures) if found is not None]
    return lost[0].said if lost else None


def _rests_on_down(goal: GoalPart, state: State) -> bool:
    """Whether any number of this goal leaves out, or is, something that was not read."""
    measures = [goal.delivered, goal.achieved]
    missing = list(state.goals[goal.id].missing)
    for part in goal.key_results:
        measures += [part.measure, part.delivered]
        missing += state.key_results[part.id].missing
    for name in missing:
        if name in state.milestones:
            measures.append(state.milestones[name].measure)
        if name in state.key_results:
            measures += [state.key_results[name].measure, state.key_results[name].delivered]
            inner = state.key_results[name].missing
            measures += [state.milestones[id_].measure for id_ in inner if id_ in state.milestones]
    return any(_down(measure) for measure in measures)

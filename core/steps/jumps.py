"""How far the numbers of goals moved since they were published, and how much of that no edit explains."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from core.engine.averages import INCOMPLETE
from core.engine.milestones import measure_sums
from core.engine.model import GoalState, State, Unmeasured
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.engine.tally import Part, Tally
from core.publish.plan_limits import Jump
from core.steps.desired_comments import digest_of
from core.steps.evaluate import Evaluation
from core.store.rollup.rollup_rows import Moved
from core.store.store_interface import RunStore
from core.store.stored_values import GoalValue
from mappings.goal_tree import GoalTree

Values = Mapping[str, GoalValue]


def goal_values(goals: GoalTree, state: State, progress: ProgressPolicy) -> Mapping[str, GoalValue]:
    """Return each goal's two numbers, with a digest of everything in the mapping on which they depend."""
    return {
        goal.id: GoalValue(
            delivered=_share(state.goals[goal.id].delivered),
            achieved=_share(state.goals[goal.id].achieved),
            rules=digest_of(
                progress.model_dump_json(),
                goal.model_dump_json(),
                *(result.model_dump_json() for result in goals.key_results_of(goal.id)),
                *(milestone.model_dump_json() for milestone in goals.milestones_of_goal(goal.id)),
            ),
        )
        for goal in goals.goals.values()
    }


def values_to_keep(
    before: Mapping[str, GoalValue], now: Mapping[str, GoalValue], state: State, held: Container[str]
) -> Mapping[str, GoalValue]:
    """Return the numbers from which the next run measures the jump of each goal.

    A goal of which something could not be read keeps its earlier numbers, so that a jump meanwhile is found
    later. So does a goal whose jump is `held`.
    """
    return {
        name: value
        for name, value in now.items()
        if name not in before or not (name in held or _is_partly_unread(state.goals[name]))
    }


def _is_partly_unread(goal: GoalState) -> bool:
    return any(
        isinstance(measure, Unmeasured) and measure.why in INCOMPLETE
        for measure in (goal.delivered, goal.achieved)
    )


def edits_since(
    store: RunStore, trackers: Iterable[str], every: timedelta, now: datetime
) -> Mapping[str, datetime]:
    """Return by tracker a moment: an edit that no earlier run has read has a later time of change.

    Call it before a run pulls. The moment is the last pull, less the period `every`, in which a
    reconciliation finds an edit that a pull missed, and less one day for clocks that differ and lists that
    lag. How edits after it are told apart is in `core.store.rollup.unexplained`. A tracker that was never
    read is left out.
    """
    edited_since = {}
    for name in trackers:
        read_at = store.pull_state(name).believed(now).read_at
        if read_at is not None:
            edited_since[name] = read_at - every - timedelta(days=1)
    return edited_since


def jumps_of(
    evaluation: Evaluation, before: Values, now: Values, health: HealthPolicy, at: datetime, zone: tzinfo
) -> tuple[Jump, ...]:
    """Return a Jump for each goal with tasks that count otherwise although nobody edited them.

    These tasks are put back to how they counted before, and the goal is measured once more: that is the
    number that edits alone explain. `at`: the moment of the run. Costs nothing where there is no such task.
    """
    if not evaluation.rollup.has_unexplained():
        return ()
    return tuple(_jumps(evaluation, before, now, health, at, zone))


def _jumps(
    evaluation: Evaluation, before: Values, now: Values, health: HealthPolicy, at: datetime, zone: tzinfo
) -> Iterator[Jump]:
    goals = evaluation.rules.goals
    owners = {name: _owners_of(name, goals) for name in now}
    every = {owner for names in owners.values() for owner in names}
    moved = evaluation.rollup.unexplained(every)
    if not moved:
        return
    put_back: defaultdict[str, list[Moved]] = defaultdict(list)
    for task in moved:
        put_back[task.owner].append(task)
    tallies = evaluation.rollup.tallies()
    tallies |= {owner: _put_back(tallies.get(owner, Tally()), tasks) for owner, tasks in put_back.items()}
    explained = measure_sums(evaluation.reach, tallies, health, at, zone)
    for name, value in now.items():
        last = before.get(name)
        number = sum(len(put_back.get(owner, ())) for owner in owners[name])
        if last is None or not number:
            continue
        without = explained.goals[name].delivered
        if last.delivered is not None and value.delivered is not None:
            yield Jump(
                name,
                last.delivered,
                value.delivered,
                # Where edits alone leave nothing measured, they explain no part of the move.
                last.delivered if isinstance(without, Unmeasured) else without,
                number,
                last.rules != value.rules,
            )


def _put_back(tally: Tally, tasks: list[Moved]) -> Tally:
    """Return the tally as if these tasks still counted as before; a damaged part is skipped."""
    parts = Counter(tally.parts)
    for task in tasks:
        with suppress(ValueError, ZeroDivisionError, StopIteration):
            before = Part.read(task.before)
            if task.now is not None:
                now = Part.read(task.now)
                if not parts[now]:  # it counts with a share of its parent's estimate
                    now = next(part for part in parts if (part.state, part.credit) == (now.state, now.credit))
                    before = replace(now, state=before.state, credit=before.credit)
                parts[now] -= 1
            parts[before] += 1
    return replace(tally, parts={part: number for part, number in parts.items() if number > 0})


def _owners_of(goal: str, goals: GoalTree) -> frozenset[str]:
    """Return the milestones and key results on whose tasks a goal's number depends."""
    return frozenset(
        (
            *(result.id for result in goals.key_results_of(goal)),
            *(milestone.id for milestone in goals.milestones_of_goal(goal)),
        )
    )


def held_owners(held: Container[str], goals: GoalTree, state: State) -> frozenset[str]:
    """Return the owners whose tasks go on being compared with how they counted before.

    They are the milestones and key results of goals that are held, or of which something could not be read.
    """
    return frozenset(
        owner
        for name in goals.goals
        if name in held or _is_partly_unread(state.goals[name])
        for owner in _owners_of(name, goals)
    )


def _share(measure: object) -> Fraction | None:
    return measure if isinstance(measure, Fraction) else None

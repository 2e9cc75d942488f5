"""How far the numbers of goals moved since they were published, and how much of that no edit explains."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from core.engine.averages import SILENT
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
    """Each goal's two numbers, with a digest of everything in the mapping that they follow from."""
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
    """The numbers from which the next jump of each goal is measured.

    A goal of which something could not be read keeps its last ones: silence must not hide a jump. So does
    one whose jump is `held`: it is measured from the same place next time.
    """
    return {
        name: value
        for name, value in now.items()
        if name not in before or not (name in held or _silent(state.goals[name]))
    }


def _silent(goal: GoalState) -> bool:
    return any(
        isinstance(measure, Unmeasured) and measure.why in SILENT
        for measure in (goal.delivered, goal.achieved)
    )


def edits_since(
    store: RunStore, trackers: Iterable[str], every: timedelta, now: datetime
) -> Mapping[str, datetime]:
    """By tracker: what happens to an issue by an edit, and was not read yet, has a later time of change.

    Before anything is read in a run. An edit that one reading missed is found within the period `every`, in
    which everything is compared; and a day is left for clocks that differ and for lists that come late. What
    was edited after that and read already is told by its own time of change (`store.tags.unexplained`). A
    tracker that was never read is left out.
    """
    result = {}
    for name in trackers:
        read_at = store.pull_state(name).believed(now).read_at
        if read_at is not None:
            result[name] = read_at - every - timedelta(days=1)
    return result


def jumps_of(
    evaluation: Evaluation, before: Values, now: Values, health: HealthPolicy, at: datetime, zone: tzinfo
) -> tuple[Jump, ...]:
    """Each goal's number that moved by something that nobody edited; nothing where all was edited.

    What such tasks contributed before is put back, and the goal measured once more: that is what edits
    alone explain. Costs nothing where there is no such task.
    """
    if not evaluation.rollup.some_unexplained():
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
    sums = evaluation.rollup.tallies()
    sums |= {owner: _put_back(sums.get(owner, Tally()), tasks) for owner, tasks in put_back.items()}
    explained = measure_sums(evaluation.reach, sums, health, at, zone)
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
                # Nothing would be measured without them: nothing else explains any of it.
                last.delivered if isinstance(without, Unmeasured) else without,
                number,
                last.rules != value.rules,
            )


def _put_back(tally: Tally, tasks: list[Moved]) -> Tally:
    """The tasks as they would be had these stayed as they were."""
    parts = Counter(tally.parts)
    for task in tasks:
        with suppress(
            ValueError, ZeroDivisionError, StopIteration
        ):  # a part that was damaged explains nothing
            before = Part.read(task.before)
            if task.now is not None:
                now = Part.read(task.now)
                if not parts[now]:  # it counts with a share of its parent's estimate
                    now = next(one for one in parts if (one.state, one.credit) == (now.state, now.credit))
                    before = replace(now, state=before.state, credit=before.credit)
                parts[now] -= 1
            parts[before] += 1
    return replace(tally, parts={part: number for part, number in parts.items() if number > 0})


def _owners_of(goal: str, goals: GoalTree) -> frozenset[str]:
    """The milestones and key results whose tasks a goal's number comes from."""
    return frozenset(
        (
            *(result.id for result in goals.key_results_of(goal)),
            *(milestone.id for milestone in goals.milestones_of_goal(goal)),
        )
    )


def held_owners(held: Container[str], goals: GoalTree, state: State) -> frozenset[str]:
    """Whose numbers go on being compared with earlier ones: of goals that are held, or partly not read."""
    return frozenset(
        owner
        for name in goals.goals
        if name in held or _silent(state.goals[name])
        for owner in _owners_of(name, goals)
    )


def _share(measure: object) -> Fraction | None:
    return measure if isinstance(measure, Fraction) else None

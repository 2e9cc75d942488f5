"""Compares two snapshots of a milestone: what changed its progress, in parts that add up exactly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from connectors.models import StatusCategory
from core.engine.key_order import key_rank
from core.engine.model import (
    Change,
    ChangePart,
    Measure,
    MilestoneState,
    Part,
    Snapshot,
    SnapshotTask,
    Unmeasured,
)

NOTHING = Fraction(0)

Tasks = Mapping[str, SnapshotTask]
Edits = dict[str, SnapshotTask | None]
"""By task id: the task after one step; None removes it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """What the steps of a comparison need: the tasks to arrive at, and what decides between two parts."""

    target: Tasks
    since: datetime
    mapping_changed: bool
    parents: frozenset[str]
    """Ids of issues that are no longer tasks because issues below them count."""


def snapshot(state: MilestoneState, rules_digest: str, now: datetime) -> Snapshot:
    """Return what has to be stored of a milestone so that `compare` can find later what changed."""
    tasks = tuple(
        SnapshotTask(task.id, task.ref.key, task.state, task.weight, task.credit, task.created)
        for task in state.tasks
    )
    parents = frozenset(left.id for left in state.left_out if left.parent)
    return Snapshot(taken=now, rules=rules_digest, measure=state.measure, tasks=tasks, parents=parents)


def compare(before: Snapshot, after: Snapshot) -> Change:
    """Return the change from one snapshot to the other, as steps in the order of `Part`.

    The share of a part is progress after its step minus progress before it, so that the shares add up exactly
    to the whole difference. While a step leaves no scope, progress stays as it was before that step.
    """
    way = _Way(_by_id(after), before.taken, before.rules != after.rules, after.parents)
    tasks = dict(_by_id(before))
    measured = not isinstance(before.measure, Unmeasured) and not isinstance(after.measure, Unmeasured)
    progress: Measure = before.measure
    parts: list[ChangePart] = []
    for part in Part:
        edits = STEPS[part](tasks, way)
        keys = {_key(name, tasks, way) for name in edits if _is_worth_naming(name, tasks, edits)}
        for name, task in edits.items():
            if task is None:
                del tasks[name]
            else:
                tasks[name] = task
        share = NOTHING
        if not isinstance(progress, Unmeasured) and measured:
            reached = _progress(tasks, progress)
            share, progress = reached - progress, reached
        if keys:
            parts.append(ChangePart(part, share, tuple(sorted(keys, key=key_rank))))
    return Change(
        since=before.taken.astimezone(after.taken.tzinfo),
        before=before.measure,
        after=after.measure,
        difference=_difference(before.measure, after.measure),
        parts=tuple(parts),
    )


def _difference(before: Measure, after: Measure) -> Fraction | None:
    if isinstance(before, Unmeasured) or isinstance(after, Unmeasured):
        return None
    return after - before


def _by_id(taken: Snapshot) -> Tasks:
    return {task.id: task for task in taken.tasks}


def _progress(tasks: Tasks, otherwise: Fraction) -> Fraction:
    counted = [task for task in tasks.values() if task.state is not StatusCategory.CANCELLED]
    total = sum((task.weight for task in counted), NOTHING)
    return sum((task.weight * task.credit for task in counted), NOTHING) / total if total else otherwise


def _key(name: str, tasks: Tasks, way: _Way) -> str:
    return (way.target.get(name) or tasks[name]).key


def _is_worth_naming(name: str, tasks: Tasks, edits: Edits) -> bool:
    """Return whether an edit changes how its task counts, or closes or re-opens it."""
    old, new = tasks.get(name), edits[name]
    if old is None or new is None:
        return True
    if old.state is StatusCategory.CANCELLED and new.state is StatusCategory.CANCELLED:
        return False
    return (old.weight, old.credit) != (new.weight, new.credit) or _crosses(old.state, new.state)


def _crosses(old: StatusCategory, new: StatusCategory) -> bool:
    closed = (StatusCategory.DONE, StatusCategory.CANCELLED)
    return old is not new and (old in closed or new in closed)


def _mapping(tasks: Tasks, way: _Way) -> Edits:
    """Return, if the rules changed, tasks that left, older issues that entered, new weights and credits."""
    if not way.mapping_changed:
        return {}
    edits: Edits = {name: None for name in tasks if name not in way.target}
    for name, task in way.target.items():
        old = tasks.get(name)
        if old is None:
            if not _born_since(task, way):
                edits[name] = task
        elif old.state is task.state:
            if (old.weight, old.credit) != (task.weight, task.credit):
                edits[name] = task
        elif old.weight != task.weight:
            edits[name] = replace(old, weight=task.weight)
    return edits


def _scope_added(tasks: Tasks, way: _Way) -> Edits:
    """Return new tasks as to do, so that those finished since then appear in the step for finished tasks.

    A task that is older than the last snapshot, or cancelled already, enters as it is.
    """
    return {
        name: _untouched(task) if _born_since(task, way) else task
        for name, task in way.target.items()
        if name not in tasks
    }


def _replaced(tasks: Tasks, way: _Way) -> Edits:
    return {name: None for name in tasks if name not in way.target and name in way.parents}


def _scope_removed(tasks: Tasks, way: _Way) -> Edits:
    return {name: None for name in tasks if name not in way.target}


def _estimates(tasks: Tasks, way: _Way) -> Edits:
    return {
        name: replace(task, weight=way.target[name].weight)
        for name, task in tasks.items()
        if task.weight != way.target[name].weight
    }


def _cancelled(tasks: Tasks, way: _Way) -> Edits:
    return _where(tasks, way, lambda old, new: _is_cancelled(new) and not _is_cancelled(old))


def _reinstated(tasks: Tasks, way: _Way) -> Edits:
    back = _where(tasks, way, lambda old, new: _is_cancelled(old) and not _is_cancelled(new))
    return {name: _untouched(task) for name, task in back.items() if task is not None}


def _reopened(tasks: Tasks, way: _Way) -> Edits:
    return _where(tasks, way, lambda old, new: _is_done(old) and not _is_done(new))


def _finished(tasks: Tasks, way: _Way) -> Edits:
    return _where(tasks, way, lambda old, new: _is_done(new) and not _is_done(old))


def _credit(tasks: Tasks, way: _Way) -> Edits:
    return _where(tasks, way, lambda old, new: (old.state, old.credit) != (new.state, new.credit))


STEPS: Mapping[Part, Callable[[Tasks, _Way], Edits]] = {
    Part.MAPPING: _mapping,
    Part.SCOPE_ADDED: _scope_added,
    Part.REPLACED: _replaced,
    Part.SCOPE_REMOVED: _scope_removed,
    Part.ESTIMATES: _estimates,
    Part.CANCELLED: _cancelled,
    Part.REINSTATED: _reinstated,
    Part.REOPENED: _reopened,
    Part.FINISHED: _finished,
    Part.CREDIT: _credit,
}


def _where(tasks: Tasks, way: _Way, holds: Callable[[SnapshotTask, SnapshotTask], bool]) -> Edits:
    """Return the tasks for which `holds(old, new)` is true, as they are now."""
    return {name: way.target[name] for name, task in tasks.items() if holds(task, way.target[name])}


def _born_since(task: SnapshotTask, way: _Way) -> bool:
    return task.created is not None and task.created > way.since and not _is_cancelled(task)


def _untouched(task: SnapshotTask) -> SnapshotTask:
    return replace(task, state=StatusCategory.TODO, credit=NOTHING)


def _is_cancelled(task: SnapshotTask) -> bool:
    return task.state is StatusCategory.CANCELLED


def _is_done(task: SnapshotTask) -> bool:
    return task.state is StatusCategory.DONE

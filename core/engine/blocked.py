"""Finds the open tasks that have to wait for other issues."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from connectors.models import Blocker, Issue, IssueRef, StatusCategory
from core.engine.credit import Credits
from core.engine.model import Blocked, Counts, Detail, MilestoneState, State

_OVER = (StatusCategory.DONE, StatusCategory.CANCELLED)


def blocked_issues(
    linked: Iterable[Issue], read: Mapping[IssueRef, Issue], crediting: Credits
) -> dict[IssueRef, Blocked]:
    """Return by open issue what it waits for; issues that are closed or wait for nothing are left out.

    `read`: the blocking issues that milepost reads; the state of others is as their tracker gave it with the
    link. Done and cancelled issues block nothing; one whose status has no category does.
    """
    result: dict[IssueRef, Blocked] = {}
    for issue in linked:
        if crediting.state(issue) in _OVER:
            continue
        by: list[Blocker] = []
        others: list[Blocker] = []
        for blocker in issue.blocked_by:
            other = read.get(blocker.ref)
            if other is None:
                others += [blocker] if blocker.category not in _OVER else []
            elif crediting.state(other) not in _OVER:
                by.append(Blocker(other.ref, other.url, other.title, crediting.state(other)))
        blocked = Blocked(tuple(by), tuple(others), issue.unnamed_blockers)
        if blocked.number:
            result[issue.ref] = blocked
    return result


def with_blocked(detail: Detail, blocked: Mapping[IssueRef, Blocked]) -> Detail:
    """Return the tasks, the open ones with what they wait for."""
    if not blocked:
        return detail
    tasks = tuple(
        replace(task, blocked=blocked[task.ref]) if task.ref in blocked and task.state not in _OVER else task
        for task in detail.tasks
    )
    return replace(detail, tasks=tasks)


def count_blocked(state: State, counts: Mapping[str, int]) -> State:
    """Return the state with the number of waiting open tasks of each milestone and key result."""
    if not counts:
        return state
    return replace(
        state,
        milestones={name: _counted(milestone, counts) for name, milestone in state.milestones.items()},
        key_results={
            name: key_result
            if key_result.own is None
            else replace(key_result, own=_counted(key_result.own, counts))
            for name, key_result in state.key_results.items()
        },
    )


def _counted(owner: MilestoneState, counts: Mapping[str, int]) -> MilestoneState:
    if owner.id not in counts:
        return owner
    new_counts: Counts = replace(owner.counts, blocked=counts[owner.id])
    return replace(owner, counts=new_counts)

"""Which open tasks have to wait for other issues."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from connectors.models import Blocker, Issue, IssueRef, StatusCategory
from core.engine.credit import Credits
from core.engine.model import Blocked, Counts, Detail, MilestoneState, State

_OVER = (StatusCategory.DONE, StatusCategory.CANCELLED)


def blocked_issues(
    linked: Iterable[Issue], read: Mapping[IssueRef, Issue], crediting: Credits
) -> dict[IssueRef, Blocked]:
    """What keeps each of these issues waiting; one that is closed, or waits for nothing open, is left out.

    A blocker counts as it stands in `read`, where all issues stand that were read; of another one, as its
    tracker told of it. Done and cancelled ones block nothing; one whose status has no category does.
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
    """The same tasks; the open ones with what keeps them waiting."""
    if not blocked:
        return detail
    tasks = tuple(
        replace(task, blocked=blocked[task.ref]) if task.ref in blocked and task.state not in _OVER else task
        for task in detail.tasks
    )
    return replace(detail, tasks=tasks)


def count_blocked(state: State, counts: Mapping[str, int]) -> State:
    """The same state, with how many open tasks of each milestone and key result have to wait."""
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
    blocker: Counts = replace(owner.counts, blocked=counts[owner.id])
    return replace(owner, counts=blocker)

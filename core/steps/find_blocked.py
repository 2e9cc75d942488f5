"""Finds the open tasks that wait for other issues, and counts them by milestone and key result."""

from collections import Counter
from collections.abc import Mapping

from connectors.models import IssueRef
from core.engine.blocked import blocked_issues, with_blocked
from core.engine.model import Blocked
from core.rollup.contributions import tasks_of
from core.rollup.rollup_rules import RollupRules
from core.store.rollup.rollup_interface import RollupReader


def find_blocked(
    rollup: RollupReader, rules: RollupRules
) -> tuple[Mapping[IssueRef, Blocked], Mapping[str, int]]:
    """Return what each issue waits for, and the number of waiting tasks by id of milestone or key result.

    Progress does not depend on it. Reads the issues that are blocked and those that block them. All tasks are
    read only for an owner of which a blocked issue is several tasks, such as the boxes of a task list.
    """
    linked = rollup.linked_issues()
    if not linked:
        return {}, {}
    issues = {link.issue.ref: link.issue for link in linked}
    blockers = {
        (blocker.ref.tracker, blocker.ref.id) for issue in issues.values() for blocker in issue.blocked_by
    }
    blocked = blocked_issues(issues.values(), rollup.issues(sorted(blockers)), rules.crediting)
    counts: Counter[str] = Counter()
    count_by_task: set[str] = set()
    for link in linked:
        if link.issue.ref in blocked:
            count_by_task.update([link.owner] if link.several else [])
            counts[link.owner] += link.counts
    for owner in count_by_task:
        detail = with_blocked(tasks_of(owner, rollup.rows_of_owner(owner), rules).detail, blocked)
        counts[owner] = sum(task.blocked is not None for task in detail.tasks)
    return blocked, {owner: number for owner, number in counts.items() if number}

"""Finds the open tasks that have to wait for other issues, and counts them by milestone and key result."""

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
    """By issue: what it waits for. By id of milestone or key result: how many of its tasks wait.

    No number of progress follows from it. Reads the issues that are linked and what they are linked to, and
    all tasks only of an owner of which a linked issue is several tasks, as the boxes of a task list are.
    """
    linked = rollup.linked_issues()
    if not linked:
        return {}, {}
    issues = {item.issue.ref: item.issue for item in linked}
    others = {
        (blocker.ref.tracker, blocker.ref.id) for issue in issues.values() for blocker in issue.blocked_by
    }
    blocked = blocked_issues(issues.values(), rollup.issues(sorted(others)), rules.crediting)
    counts: Counter[str] = Counter()
    whole: set[str] = set()
    for item in linked:
        if item.issue.ref in blocked:
            whole.update([item.owner] if item.several else [])
            counts[item.owner] += item.counts
    for owner in whole:
        detail = with_blocked(tasks_of(owner, rollup.rows_of_owner(owner), rules).detail, blocked)
        counts[owner] = sum(task.blocked is not None for task in detail.tasks)
    return blocked, {owner: number for owner, number in counts.items() if number}

"""Which issues carry a comment, about what; found among what was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.models import Issue, IssueRef
from core.publish.comment import Page
from mappings.goal_tree import Goal, GoalTree, Milestone
from mappings.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class TrackingIssues:
    """The issues that carry comments, each with the milestones and goals that its comment is about."""

    about: Mapping[IssueRef, tuple[str, ...]]
    """In the order of the mapping: milestones, then goals."""
    pages: Mapping[str, Page]
    """By milestone: the first issue that tracks it, for a link."""
    missing: tuple[str, ...]
    """A sentence for each issue that the mapping names and that no tracker gave."""


Resolve = Callable[[str, str], str | None]


def tracked_keys(goals: GoalTree, compiled: RuleSet) -> Mapping[str, list[str]]:
    """By tracker: the keys of all issues that should carry a comment."""
    result: dict[str, list[str]] = {}
    items: tuple[Milestone | Goal, ...] = (*goals.milestones.values(), *goals.goals.values())
    for item in items:
        for tracker, key in compiled.references.tracked(item):
            result.setdefault(tracker, []).append(key)
    return result


def find_tracking_issues(
    goals: GoalTree,
    compiled: RuleSet,
    issues: Mapping[IssueRef, Issue],
    resolve: Resolve,
    down: Mapping[str, object],
) -> TrackingIssues:
    """Look up the tracking issues of all milestones and goals.

    An issue of a tracker that is down is not called missing.
    """
    by_id = {(ref.tracker, ref.id): ref for ref in issues}
    about: dict[IssueRef, list[str]] = {}
    pages: dict[str, Page] = {}
    missing: list[str] = []
    items: tuple[Milestone | Goal, ...] = (*goals.milestones.values(), *goals.goals.values())
    for item in items:
        for tracker, key in compiled.references.tracked(item):
            ref = by_id.get((tracker, resolve(tracker, key) or ""))
            if ref is None:
                if tracker not in down:
                    missing.append(
                        f"{item.id}: {key} was not found in {tracker}; correct the key in the mapping, "
                        "or let the account see the issue"
                    )
                continue
            about.setdefault(ref, []).append(item.id)
            if item.id in goals.milestones:
                pages.setdefault(item.id, Page(ref.key, issues[ref].url, ref))
    return TrackingIssues({ref: tuple(ids) for ref, ids in about.items()}, pages, tuple(missing))

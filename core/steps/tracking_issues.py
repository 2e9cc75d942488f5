"""Finds the tracking issues: the stored issues that carry the comments of milestones and goals."""

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
    """By issue: ids in the order of the mapping, first milestones, then goals."""
    pages: Mapping[str, Page]
    """By milestone: its first tracking issue, for links to it."""
    missing: tuple[str, ...]
    """A sentence for each tracking issue that the mapping names and that is not stored."""


Resolve = Callable[[str, str], str | None]
"""(tracker, key) -> the id of the issue with this key; None where there is none."""


def tracked_keys(goals: GoalTree, compiled: RuleSet) -> Mapping[str, list[str]]:
    """Return by tracker the keys of all issues that should carry a comment."""
    keys: dict[str, list[str]] = {}
    items: tuple[Milestone | Goal, ...] = (*goals.milestones.values(), *goals.goals.values())
    for item in items:
        for tracker, key in compiled.references.tracked(item):
            keys.setdefault(tracker, []).append(key)
    return keys


def find_tracking_issues(
    goals: GoalTree,
    compiled: RuleSet,
    issues: Mapping[IssueRef, Issue],
    resolve: Resolve,
    down: Mapping[str, object],
) -> TrackingIssues:
    """Return the tracking issues of all milestones and goals.

    `issues`: the stored issues to choose from. `down`: trackers that could not be read; their issues are not
    reported as missing.
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

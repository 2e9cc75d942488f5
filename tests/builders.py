"""Small builders that tests share: each gives something valid, and a test says only what matters to it."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import Any

from connectors.interface import TrackerInfo
from connectors.models import ChecklistItem, Issue, IssueRef, StatusCategory
from core.engine.model import Inputs, Tagged
from mappings.goal_tree import GoalTree
from mappings.rule import RuleId

NOON = datetime(2027, 2, 15, 12, tzinfo=UTC)
"""The usual "now": half-way through the example's quarter."""
LONG_AGO = datetime(2027, 1, 4, 9, tzinfo=UTC)
STATUS = {
    StatusCategory.TODO: "To Do",
    StatusCategory.IN_PROGRESS: "In Progress",
    StatusCategory.DONE: "Done",
    StatusCategory.CANCELLED: "Won't Do",
    StatusCategory.UNKNOWN: "Limbo",
}


def an_issue(key: str = "BLOG-1", category: str = "todo", **more: Any) -> Issue:
    """An issue by its key: `owner/name#1` stands in the tracker "github", any other key in "jira"."""
    github = "#" in key
    state = StatusCategory(category)
    container, number = key.rsplit("#" if github else "-", 1)
    page = f"https://github.com/{container}/issues/{number}" if github else f"https://jira.test/browse/{key}"
    issue = Issue(
        ref=IssueRef("github" if github else "jira", f"id-{key}", key),
        url=page,
        title=f"Task {key}",
        container=container,
        status=STATUS[state],
        category=state,
        created=LONG_AGO,
        updated=NOON,
    )
    return replace(issue, **more)


def boxes(text: str) -> tuple[ChecklistItem, ...]:
    """A checklist by letters: `xx.` is two ticked boxes and an open one."""
    return tuple(ChecklistItem(f"Box {place}", mark == "x") for place, mark in enumerate(text, start=1))


def tagged(issue: Issue, owner: str = "blog", position: int = 1, **more: Any) -> Tagged:
    """The issue in a milestone or key result, by a rule of that owner."""
    return Tagged(issue, RuleId(owner, position, f"milestones.{owner}.rules[{position}]"), **more)


def a_goal(name: str = "show", **more: Any) -> dict[str, Any]:
    """A goal of the first quarter, as read from a mapping file."""
    return {"id": name, "title": f"Goal {name}", "start": date(2027, 1, 1), "due": date(2027, 3, 31)} | more


def a_key_result(name: str = "visitors", goal: str = "show", **more: Any) -> dict[str, Any]:
    """A key result, measured by delivery unless it is given a metric or guardrail."""
    return {"id": name, "title": f"Key result {name}", "goal": goal} | more


def a_milestone(name: str = "blog", *leads_to: str, **more: Any) -> dict[str, Any]:
    """A milestone of the first quarter."""
    dates = {"start": date(2027, 1, 1), "due": date(2027, 3, 31)}
    return {"id": name, "title": f"Milestone {name}", "leads_to": leads_to} | dates | more


def a_mapping(
    milestones: Iterable[dict[str, Any]] = ({"id": "blog", "title": "Set up an attractive blog"},),
    key_results: Iterable[dict[str, Any]] = (),
    goals: Iterable[dict[str, Any]] = (),
) -> GoalTree:
    """A mapping from the three lists of tables."""
    return GoalTree.model_validate(
        {
            "goals": {each["id"]: each for each in goals},
            "key_results": {each["id"]: each for each in key_results},
            "milestones": {each["id"]: each for each in milestones},
        }
    )


def some_inputs(
    *entries: Tagged,
    mapping: GoalTree | None = None,
    parents: Iterable[tuple[Issue, Issue]] = (),
    **more: Any,
) -> Inputs:
    """Inputs of the engine; each entry belongs to the owner of its rule. `parents` holds (child, parent)."""
    owners: dict[str, tuple[Tagged, ...]] = {}
    for entry in entries:
        owners[entry.rule.owner] = (*owners.get(entry.rule.owner, ()), entry)
    inputs = Inputs(
        mapping=mapping or a_mapping(),
        tagged=owners,
        parents={child.ref: parent.ref for child, parent in parents},
        down={},
        rests_on={},
        unread={},
        problems={},
    )
    return replace(inputs, **more)


def tracker_info(name: str, kind: str, *containers: str) -> TrackerInfo:
    """A Jira or GitHub tracker as its settings would describe it; `*` stands for any container."""
    github = kind == "github"
    shape = re.compile(r"([\w.-]+/[\w.-]+)#([1-9]\d*)" if github else r"([A-Za-z][A-Za-z0-9_]+)-([1-9]\d*)")

    def normal_key(key: str) -> str | None:
        found = shape.fullmatch(key)
        return (key if github else key.upper()) if found else None

    def owns(key: str) -> bool:
        found = shape.fullmatch(key)
        return found is not None and any(
            fnmatchcase(found[1].casefold(), held.casefold()) for held in containers
        )

    return TrackerInfo(
        name=name,
        kind=kind,
        containers=containers,
        owns=owns,
        normal_key=normal_key,
        markup="markdown" if github else "wiki",
        comment_limit=65_536 if github else 32_767,
        label_limit=50 if github else 255,
        label_spaces=github,
        has_label_definitions=github,
    )


JIRA = tracker_info("jira", "jira", "BLOG", "MKT")
GITHUB = tracker_info("github", "github", "acme/site")
"""The trackers of the marketing example."""

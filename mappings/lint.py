"""Warnings about goals, key results and milestones: what is allowed, and seldom meant."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from datetime import date
from itertools import pairwise

from mappings.goal_tree import Goal, GoalTree, KeyResult, Milestone, Planned
from mappings.load import Origin
from mappings.problems import Problem

CHECK_IN_DAYS = 30
"""Days after which a check-in is too old to say much about today."""

Warned = tuple[str, str]
"""What is wrong, and what to do about it."""


def lint(
    mapping: GoalTree, today: date, origins: MappingABC[str, Origin] | None = None
) -> tuple[Problem, ...]:
    """Every warning, in the order of goals, key results and milestones; an empty tuple if all is well.

    `origins` (of `Loaded`) gives each warning its file and line.
    """
    matches: list[Problem] = []

    def warn(table: str, item: Planned, warned: Iterable[Warned]) -> None:
        origin = (origins or {}).get(item.id, Origin("mappings", None))
        for message, hint in warned:
            matches.append(Problem(origin.file, origin.line, f"{table}.{item.id}", message, hint))

    for goal in mapping.goals.values():
        for check_goal in (*COMMON_CHECKS, *GOAL_CHECKS):
            warn("goals", goal, check_goal(mapping, goal, today))
    for result in mapping.key_results.values():
        for check_result in (*COMMON_CHECKS, *KEY_RESULT_CHECKS):
            warn("key_results", result, check_result(mapping, result, today))
    for milestone in mapping.milestones.values():
        for check_milestone in (*COMMON_CHECKS, *MILESTONE_CHECKS):
            warn("milestones", milestone, check_milestone(mapping, milestone, today))
    return tuple(matches)


def interim_targets(_mapping: GoalTree, item: Planned, _today: date) -> Iterator[Warned]:
    """Interim targets that fall, or lie outside of the time of what they belong to."""
    targets = sorted(item.targets, key=lambda target: target.on)
    for before, after in pairwise(targets):
        if before.on == after.on:
            yield f"two targets for {after.on}", "Keep one of them"
        elif after.percent < before.percent:
            message = (
                f"the target falls from {before.percent}% on {before.on} to {after.percent}% on {after.on}"
            )
            yield message, "Targets say what share is reached in all, so they rise"
    for target in targets:
        if item.due is not None and target.on > item.due:
            yield f"the target for {target.on} lies after the due date {item.due}", "Move one of them"
        if item.start is not None and target.on < item.start:
            yield f"the target for {target.on} lies before the start {item.start}", "Move one of them"


def over_override(_mapping: GoalTree, item: Planned, today: date) -> Iterator[Warned]:
    """An override of health that has ended."""
    if item.override is not None and item.override.until < today:
        yield f"the override of health ended on {item.override.until}", "Renew it or take it out"


def starts_where_it_ends(mapping: GoalTree, item: Planned, _today: date) -> Iterator[Warned]:
    """A due date without a start, from which pace could be measured."""
    start, due = item.start, item.due
    if isinstance(item, KeyResult) and item.goal in mapping.goals:
        start = start or mapping.goals[item.goal].start
    if due is not None and start is None and not item.targets:
        yield (
            f"due on {due}, but no start",
            "Set start: without it there is no pace, so health cannot be told",
        )


def goal_has_key_results(mapping: GoalTree, goal: Goal, _today: date) -> Iterator[Warned]:
    """A goal without key results."""
    if not any(mapping.key_results_of(goal.id)):
        hint = f'Add a [key_results.<id>] with goal = "{goal.id}"'
        yield "no key result says how one knows that this goal is reached", hint


def goal_has_due(_mapping: GoalTree, goal: Goal, _today: date) -> Iterator[Warned]:
    """A goal without a due date."""
    if goal.due is None:
        yield "no due date", "Without one there is no pace, so health cannot be told"


def key_result_has_number(mapping: GoalTree, result: KeyResult, _today: date) -> Iterator[Warned]:
    """A key result that is measured by delivery alone, or not at all."""
    if result.metric is not None or result.guardrail is not None:
        return
    if result.rules or any(mapping.milestones_of(result.id)):
        hint = "Add a metric if there is one; delivery shows that work was done, not what it brought"
        yield "no number: measured by delivery alone", hint
    else:
        yield "nothing to measure: no metric, no guardrail, and nothing leads to it", "Add a metric"


def key_result_is_checked(_mapping: GoalTree, result: KeyResult, today: date) -> Iterator[Warned]:
    """A check-in that is missing, without a date, too old, or of the future."""
    measured = result.metric or result.guardrail
    if measured is None:
        return
    if measured.current is None:
        yield "nobody has checked in yet", "Set current and as_of"
    elif measured.as_of is None:
        yield "the check-in has no date", "Set as_of, so that people can tell how old it is"
    elif (age := (today - measured.as_of).days) > CHECK_IN_DAYS:
        yield (
            f"the last check-in is of {measured.as_of}, {age} days ago",
            "Bring current and as_of up to date",
        )
    elif age < 0:
        yield (
            f"the last check-in is of {measured.as_of}, which is to come",
            "Set as_of to the day it was read",
        )


def key_result_is_worked_on(mapping: GoalTree, result: KeyResult, _today: date) -> Iterator[Warned]:
    """A metric to which no milestone leads."""
    if result.metric is not None and not result.rules and not any(mapping.milestones_of(result.id)):
        yield "no milestone leads to it", f'Add leads_to = ["{result.id}"] to a milestone'


def key_result_ends_with_goal(mapping: GoalTree, result: KeyResult, _today: date) -> Iterator[Warned]:
    """A key result that is due later than its goal."""
    goal = mapping.goals.get(result.goal)
    if goal is not None and result.due and goal.due and result.due > goal.due:
        yield f"due on {result.due}, after its goal {goal.id} on {goal.due}", "Move one of them"


def milestone_leads_somewhere(_mapping: GoalTree, milestone: Milestone, _today: date) -> Iterator[Warned]:
    """A milestone that leads to no key result."""
    if not milestone.leads_to:
        yield "leads to no key result", 'Say what it is good for: leads_to = ["<key result>"]'


def milestone_has_rules(_mapping: GoalTree, milestone: Milestone, _today: date) -> Iterator[Warned]:
    """A milestone without rules."""
    if not milestone.rules:
        hint = f"Add [[milestones.{milestone.id}.rules]]"
        yield f"no rule: only issues with the label milestone/{milestone.id} are its tasks", hint


def milestone_has_due(_mapping: GoalTree, milestone: Milestone, _today: date) -> Iterator[Warned]:
    """A milestone without a due date."""
    if milestone.due is None:
        yield "no due date", "Without one there is no pace, so health cannot be told"


def milestone_ends_with_goal(mapping: GoalTree, milestone: Milestone, _today: date) -> Iterator[Warned]:
    """A milestone that is due later than a goal it leads to."""
    for goal in mapping.goals_of(milestone):
        if milestone.due and goal.due and milestone.due > goal.due:
            message = f"due on {milestone.due}, after the goal {goal.id} on {goal.due}"
            yield message, "What comes after the goal's end cannot help it; move one of them"


def milestone_shows_somewhere(_mapping: GoalTree, milestone: Milestone, _today: date) -> Iterator[Warned]:
    """A milestone whose comment has no issue to stand on, unless that is said on purpose."""
    rooted = any(rule.epic or rule.parent or rule.sub_issues_of for rule in milestone.rules)
    if milestone.tracking is None and milestone.rules and not rooted:
        hint = 'Name its epic or tracking issue: tracking = "…"; tracking = [] if none is wanted'
        yield "no issue carries its comment", hint


def unusual_weigh_by(_mapping: GoalTree, item: KeyResult | Milestone, _today: date) -> Iterator[Warned]:
    """`weigh_by` is no misspelling of a built-in name, which would be taken for a field."""
    squeezed = "".join(sign for sign in item.weigh_by.casefold() if sign.isalnum()).removesuffix("s")
    meant = {"storypoint": "story_points", "point": "story_points", "count": "count"}.get(squeezed)
    if meant is not None and meant != item.weigh_by:
        yield f'weigh_by = "{item.weigh_by}" is read as the name of a field', f'Did you mean "{meant}"?'


COMMON_CHECKS = (interim_targets, over_override, starts_where_it_ends)
GOAL_CHECKS = (goal_has_key_results, goal_has_due)
KEY_RESULT_CHECKS = (
    key_result_has_number,
    key_result_is_checked,
    key_result_is_worked_on,
    key_result_ends_with_goal,
    unusual_weigh_by,
)
MILESTONE_CHECKS = (
    milestone_leads_somewhere,
    milestone_has_rules,
    milestone_has_due,
    milestone_ends_with_goal,
    milestone_shows_somewhere,
    unusual_weigh_by,
)

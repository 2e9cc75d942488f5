"""A goal's own comment in full and folded, and lists that are exactly as long as what is shown."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from core.engine.model import (
    ChangePart,
    KeyResultKind,
    KeyResultState,
    Part,
    State,
    Unmeasured,
    Why,
)
from core.publish.comment import Summary, markdown, summary_digest, wiki
from core.publish.comment.escape import length
from core.publish.comment.mark import Mark, parse_mark
from mappings.goal_tree import GoalTree
from tests.builders import a_goal, a_key_result, a_mapping, a_milestone
from tests.publish_builders import (
    EPIC,
    ON_TRACK,
    TRACKING,
    a_change,
    a_milestone_state,
    a_task,
    marketing_state,
    the_summary,
)

MARK = Mark("default", "10001", "0123456789ab")
Render = Callable[[Summary, Mark, int], str]
BOTH = pytest.mark.parametrize("render", [markdown.render, wiki.render])


def results(mapping: GoalTree, **states: KeyResultState) -> State:
    """The state of these key results, each delivered by half."""
    return replace(
        marketing_state(),
        key_results={name: states[name] for name in mapping.key_results},
        goals=marketing_state().goals,
    )


def goal_of(*several: tuple[Any, Any, Fraction | Unmeasured, bool | None]) -> tuple[GoalTree, State]:
    """A goal whose key results are these: table key, table, measure, and whether a guardrail is met."""
    keys = [
        a_key_result(f"k{place}", goal="show", title=f"Result {place}", **({kind: table} if kind else {}))
        for place, (kind, table, _, _) in enumerate(several, start=1)
    ]
    mapping = a_mapping(
        goals=[a_goal("show", title="Show it", tracking=("acme/site#7",))],
        key_results=keys,
        milestones=[a_milestone("blog", "k1"), a_milestone("site", "k1")],
    )
    kinds = {"metric": KeyResultKind.METRIC, "guardrail": KeyResultKind.GUARDRAIL}
    states = {
        f"k{place}": KeyResultState(
            f"k{place}", kinds.get(kind, KeyResultKind.DELIVERY), measure, Fraction(1, 2), met, ON_TRACK
        )
        for place, (kind, _, measure, met) in enumerate(several, start=1)
    }
    return mapping, results(mapping, **states)


def rows(mapping: GoalTree, state: State, limit: int = 65_536) -> list[str]:
    """The lines of the goal's comment that tell of its key results."""
    body = markdown.render(the_summary("show", ref=TRACKING, state=state, mapping=mapping), MARK, limit)
    return [line for line in body.splitlines() if "Result" in line]


NOT_YET = Unmeasured(Why.NO_CHECK_IN, "no check-in yet")


@pytest.mark.parametrize(
    ("kind", "table", "measure", "met", "told"),
    [
        (
            "metric",
            {"target": 3000, "current": 1200, "unit": "visitors", "as_of": date(2027, 2, 14)},
            Fraction(2, 5),
            None,
            "40%, 1,200 of 3,000 visitors (2027-02-14)",
        ),
        ("metric", {"target": 7, "current": 3.5}, Fraction(1, 2), None, "50%, 3.5 of 7"),
        (
            "metric",
            {"start": 2, "target": 10, "current": 3, "unit": "%"},
            Fraction(1, 8),
            None,
            "12%, now 3%, from 2% to 10%",
        ),
        (
            "metric",
            {"start": 90, "target": 30, "current": 60, "unit": "minutes"},
            Fraction(1, 2),
            None,
            "50%, now 60, from 90 to 30 minutes",
        ),
        ("metric", {"target": 3, "unit": "countries"}, NOT_YET, None, "target 3 countries; cannot measure: "),
        (
            "guardrail",
            {"keep_below": 2, "unit": "%", "current": 1.5, "as_of": date(2027, 2, 1)},
            Fraction(1),
            True,
            "must stay below 2%; now 1.5%, met (2027-02-01)",
        ),
        (
            "guardrail",
            {"keep_above": 10, "keep_below": 20, "unit": "people", "current": 8},
            Fraction(0),
            False,
            "must stay above 10 people and below 20 people; now 8 people, not met",
        ),
        (
            "guardrail",
            {"keep_above": 99.5, "unit": "%"},
            NOT_YET,
            None,
            "must stay above 99.5%; cannot measure: no check-in yet",
        ),
        (None, None, Fraction(3, 4), None, "75%"),
    ],
)
def test_a_key_result_is_told_with_its_figures_and_unit(
    kind: str | None, table: Any, measure: Fraction | Unmeasured, met: bool | None, told: str
) -> None:
    [row] = rows(*goal_of((kind, table, measure, met)))
    assert row.startswith("| Result 1 | " + told), row
    assert row.endswith(" | 50% |")


@BOTH
@pytest.mark.parametrize(("number", "more"), [(11, "1 more key result"), (12, "2 more key results")])
def test_key_results_are_folded_only_where_the_comment_would_not_fit(
    render: Render, number: int, more: str
) -> None:
    mapping, state = goal_of(*[(None, None, Fraction(place, 20), None) for place in range(number)])
    titled = {
        name: result.model_copy(update={"title": "Long " * 20})
        for name, result in mapping.key_results.items()
    }
    mapping = mapping.model_copy(update={"key_results": titled})
    summary = the_summary("show", ref=TRACKING, state=state, mapping=mapping)
    whole = render(summary, MARK, 65_536)
    assert "more key result" not in whole
    assert render(summary, MARK, length(whole)) == whole
    folded = render(summary, MARK, length(whole) - 1)
    assert re.search(rf"^and {more}$", folded, re.MULTILINE)
    assert length(folded) < length(whole)
    assert parse_mark(folded) == MARK


@BOTH
def test_the_last_resort_is_the_headline_and_the_mark_alone(render: Render) -> None:
    tasks = [a_task(number, title="t" * 200) for number in range(1, 40)]
    summary = the_summary(state=marketing_state(blog=a_milestone_state("blog", *tasks)), open_tasks=40)
    body = render(summary, MARK, 10)
    assert "Set up an attractive blog" in body.splitlines()[0]
    assert "Open tasks" not in body
    assert "Leads to" not in body
    assert parse_mark(body) == MARK
    goal = render(the_summary("show", ref=TRACKING), MARK, 10)
    assert "Goal: Show people how our company works" in goal.splitlines()[0]
    assert "visitors" not in goal
    assert parse_mark(goal) == MARK


@BOTH
@pytest.mark.parametrize(
    ("open_", "shown", "more"), [(3, 3, ""), (4, 3, "and 1 more"), (0, 0, ""), (2, 2, "")]
)
def test_a_list_of_exactly_as_many_tasks_as_are_shown_tells_of_no_more(
    render: Render, open_: int, shown: int, more: str
) -> None:
    tasks = [a_task(99, "done"), *(a_task(number, title=f"Task {number}") for number in range(1, open_ + 1))]
    state = marketing_state(blog=a_milestone_state("blog", *tasks))
    body = render(the_summary(state=state, open_tasks=3), MARK, 32_767)
    assert sum(f"Task {number}" in body for number in range(1, open_ + 1)) == shown
    assert ("more" in body.split("Leads to")[0]) is bool(more)
    assert more in body


@BOTH
@pytest.mark.parametrize(("number", "more"), [(10, ""), (11, " and 1 more")])
def test_ten_tasks_of_a_change_are_named_and_from_the_eleventh_on_they_are_counted(
    render: Render, number: int, more: str
) -> None:
    keys = tuple(f"BLOG-{place}" for place in range(201, 201 + number))
    part = ChangePart(Part.FINISHED, Fraction(1, 4), keys)
    change = replace(a_change(), parts=(part,))
    body = render(the_summary(changes={"blog": change}), MARK, 32_767)
    assert sum(f"BLOG-{place}" in body for place in range(201, 201 + number)) == 10
    assert ("more" in body.split("Open tasks")[0]) is bool(more)
    assert more in body


@BOTH
def test_the_gap_between_delivered_and_achieved_is_told_where_there_is_one(render: Render) -> None:
    sentence = "Half of the planned work is delivered, but the key results moved less."
    state = marketing_state()
    none = replace(state, goals={"show": replace(state.goals["show"], gap=None)})
    for target, ref in (("show", TRACKING), ("blog", EPIC)):
        told = the_summary(target, ref=ref, state=state)
        without = the_summary(target, ref=ref, state=none)
        assert render(told, MARK, 65_536).count(sentence) == 1
        assert sentence not in render(without, MARK, 65_536)
        assert summary_digest(told) != summary_digest(without), "a gap alone is a reason to edit"

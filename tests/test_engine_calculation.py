"""Every number with its calculation written out."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from core.engine.calculation import explain_goal, explain_issue, explain_key_result, explain_milestone
from core.engine.milestones import measure
from core.engine.model import State
from core.engine.policy import HealthPolicy, ProgressPolicy
from mappings.goal_tree import GoalTree
from tests.builders import (
    NOON,
    a_goal,
    a_key_result,
    a_mapping,
    a_milestone,
    an_issue,
    boxes,
    some_inputs,
    tagged,
)

METRIC = {"target": Decimal(3000), "current": Decimal(150), "unit": "visitors"}
STORY = an_issue("BLOG-7")
POSTS = an_issue("BLOG-4", "in_progress", title="Write 5 initial posts", checklist=boxes("xxx.."))


def marketing() -> tuple[GoalTree, State]:
    mapping = a_mapping(
        [a_milestone("blog", "visitors", weight=Decimal(2)), a_milestone("shop", "visitors")],
        [
            a_key_result("visitors", metric=METRIC),
            a_key_result("errors", guardrail={"keep_below": Decimal(1), "current": Decimal(2)}),
        ],
        [a_goal()],
    )
    inputs = some_inputs(
        *(tagged(an_issue(f"BLOG-{number}", "done")) for number in (1, 2, 3)),
        tagged(POSTS, checklist=True),
        tagged(an_issue("BLOG-5")),
        tagged(an_issue("BLOG-6", "cancelled")),
        tagged(STORY, position=2),
        mapping=mapping,
        parents=[(an_issue("BLOG-5"), STORY)],
    )
    return mapping, measure(inputs, ProgressPolicy(), HealthPolicy(), NOON)


def test_a_milestone_is_explained_task_by_task_with_the_rule_that_counted_it() -> None:
    lines = explain_milestone("blog", *marketing()).lines
    assert "  blog: 3.6 / 5 = 72%" in lines
    assert (
        "    BLOG-4 in progress: weight 1 × credit 0.6 = 0.6 (3 of 5 boxes)  "
        "[milestones.blog.rules[1]] Write 5 initial posts"
    ) in lines
    assert "    BLOG-7: its children count  [milestones.blog.rules[2]] Task BLOG-7" in lines
    cancelled = lines.index("  cancelled, not counted:")
    assert lines[cancelled + 1].startswith("    BLOG-6 cancelled")


def test_estimates_are_explained_with_their_median() -> None:
    mapping = a_mapping([a_milestone(weigh_by="story_points")])
    estimated = tagged(an_issue("BLOG-1", "done", points=Fraction(5)))
    inputs = some_inputs(estimated, tagged(an_issue("BLOG-2")), mapping=mapping)
    lines = explain_milestone("blog", mapping, measure(inputs, ProgressPolicy(), HealthPolicy(), NOON)).lines
    assert "  weighed by story_points: median 5, 1 without estimate" in lines
    assert any(
        "BLOG-2 to do: weight 5 × credit 0 = 0 (to do; no estimate: the median, 5)" in line for line in lines
    )


def test_a_key_result_is_explained_by_its_formula_and_by_what_leads_to_it() -> None:
    lines = explain_key_result("visitors", *marketing()).lines
    assert "  metric: (150 - 0) / (3000 - 0) = 5% (from 0 to 3000 visitors)" in lines
    assert "  delivered: (2 × 72%) / (2) = 72%" in lines
    assert "    shop (weight 1): unmeasured: no scope: no task belongs to it yet" in lines


def test_a_guardrail_is_explained_by_its_bound() -> None:
    assert "  guardrail: 2 has to be below 1: not met" in explain_key_result("errors", *marketing()).lines


def test_a_goal_is_explained_by_its_two_numbers_and_the_gap() -> None:
    lines = explain_goal("show", *marketing()).lines
    assert "  achieved: (1 × 5% + 1 × 0%) / (1 + 1) = 2%" in lines
    assert any(line.startswith("  gap: delivered 72% without its key results moving") for line in lines)
    assert "  unmeasured: shop" in lines


def test_an_issue_is_explained_wherever_it_counts() -> None:
    mapping, state = marketing()
    lines = explain_issue(POSTS.ref, mapping, state).lines
    assert lines[0] == "Milestone blog: Milestone blog"
    assert "credit 0.6 = 0.6 (3 of 5 boxes)" in lines[1]
    assert lines[2] == "  blog: 3.6 / 5 = 72%"
    assert "its children count" in explain_issue(STORY.ref, mapping, state).lines[1]
    assert explain_issue(an_issue("BLOG-99").ref, mapping, state).lines == ()


def test_text_from_a_tracker_cannot_break_out_of_its_line() -> None:
    hostile = replace(an_issue("BLOG-1"), title="a\nb\x1b[31mc\u202ed")
    mapping = a_mapping()
    state = measure(some_inputs(tagged(hostile)), ProgressPolicy(), HealthPolicy(), NOON)
    text = "".join(explain_milestone("blog", mapping, state).lines)
    assert text.isprintable()
    assert "a b" in text

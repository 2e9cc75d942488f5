"""Progress of a milestone from its tasks."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.models import ChecklistItem, StatusCategory
from core.engine.milestones import measure
from core.engine.model import Counts, Inputs, MilestoneState, Tagged, Unmeasured, Why
from core.engine.policy import HealthPolicy, ProgressPolicy
from tests.builders import NOON, a_mapping, an_issue, boxes, some_inputs, tagged


def blog(
    *entries: Tagged, policy: ProgressPolicy | None = None, weigh_by: str = "count", **more: Any
) -> MilestoneState:
    mapping = a_mapping([{"id": "blog", "title": "Blog", "weigh_by": weigh_by}])
    return measured(some_inputs(*entries, mapping=mapping, **more), policy)


def measured(inputs: Inputs, policy: ProgressPolicy | None = None) -> MilestoneState:
    return measure(inputs, policy or ProgressPolicy(), HealthPolicy(), NOON).milestones["blog"]


def share(state: MilestoneState) -> Fraction:
    assert isinstance(state.measure, Fraction)
    return state.measure


def test_the_marketing_example_gives_72_percent() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "done")),
        tagged(an_issue("BLOG-2", "done")),
        tagged(an_issue("BLOG-3", "done")),
        tagged(an_issue("BLOG-4", "in_progress", checklist=boxes("xxx..")), checklist=True),
        tagged(an_issue("BLOG-5", "todo")),
        tagged(an_issue("BLOG-6", "cancelled")),
    )
    assert state.earned == Fraction("3.6")
    assert state.total == 5
    assert state.measure == Fraction("0.72")
    assert state.counts == Counts(done=3, in_progress=1, todo=1, cancelled=1)


@pytest.mark.parametrize("resolution", ["Won't Do", "won’t do", "WON'T FIX", "Duplicate", " Obsolete "])
def test_done_with_a_cancelled_resolution_is_cancelled(resolution: str) -> None:
    state = blog(tagged(an_issue("BLOG-1", "done", resolution=resolution)), tagged(an_issue("BLOG-2")))
    assert state.counts == Counts(todo=1, cancelled=1)
    assert state.measure == 0


def test_done_with_another_resolution_is_done() -> None:
    assert blog(tagged(an_issue("BLOG-1", "done", resolution="Fixed"))).measure == 1


@pytest.mark.parametrize("category", ["todo", "in_progress"])
def test_a_resolution_on_an_open_issue_changes_nothing(category: str) -> None:
    state = blog(tagged(an_issue("BLOG-1", category, resolution="Won't Do")))
    assert state.counts.cancelled == 0
    assert state.measure == 0


def test_in_progress_earns_nothing_by_default_and_its_credit_if_set() -> None:
    entry = tagged(an_issue("BLOG-1", "in_progress"))
    assert blog(entry).measure == 0
    assert blog(entry, policy=ProgressPolicy(in_progress_credit=Decimal("0.3"))).measure == Fraction(3, 10)


def test_a_status_by_name_overrides_the_credit_of_open_tasks_only() -> None:
    policy = ProgressPolicy(status_credit={"in REVIEW": Decimal("0.8"), "Released": Decimal(0)})
    reviewed = tagged(an_issue("BLOG-1", "in_progress", status="In Review"))
    released = tagged(an_issue("BLOG-2", "done", status="Released"))
    assert blog(reviewed, policy=policy).measure == Fraction(4, 5)
    assert blog(released, policy=policy).measure == 1


def test_a_checklist_counts_only_where_the_rule_asks_and_only_while_the_task_is_open() -> None:
    half = an_issue("BLOG-1", "todo", checklist=boxes("x."))
    assert blog(tagged(half)).measure == 0
    assert blog(tagged(half, checklist=True)).measure == Fraction(1, 2)
    closed = replace(half, category=StatusCategory.DONE)
    assert blog(tagged(closed, checklist=True)).measure == 1


def test_a_checklist_goes_before_the_credit_of_the_status() -> None:
    policy = ProgressPolicy(in_progress_credit=Decimal("0.5"), status_credit={"Review": Decimal("0.9")})
    begun = an_issue("BLOG-1", "in_progress", status="Review", checklist=boxes("x...."))
    assert blog(tagged(begun, checklist=True), policy=policy).measure == Fraction(1, 5)
    without = replace(begun, checklist=())
    assert blog(tagged(without, checklist=True), policy=policy).measure == Fraction(9, 10)


def test_a_status_without_category_makes_the_milestone_unmeasured_and_names_issue_and_status() -> None:
    state = blog(tagged(an_issue("BLOG-1", "done")), tagged(an_issue("BLOG-2", "unknown")))
    assert state.measure == Unmeasured(Why.UNKNOWN_STATUS, 'status without category: BLOG-2 is in "Limbo"')
    assert state.counts == Counts(done=1, unknown=1)


@pytest.mark.parametrize(("credit", "state"), [("0", "todo"), ("0.4", "in_progress"), ("1", "done")])
def test_a_status_without_category_that_is_named_counts_by_its_credit(credit: str, state: str) -> None:
    policy = ProgressPolicy(status_credit={"limbo": Decimal(credit)})
    result = blog(tagged(an_issue("BLOG-1", "unknown")), policy=policy)
    assert result.measure == Fraction(credit)
    assert result.tasks[0].state == state


def test_no_task_and_only_cancelled_tasks_are_no_scope_and_never_a_percentage() -> None:
    assert blog().measure == Unmeasured(Why.NO_SCOPE, "no scope: no task belongs to it yet")
    cancelled = [tagged(an_issue(f"BLOG-{number}", "cancelled")) for number in (1, 2, 3)]
    assert blog(*cancelled).measure == Unmeasured(Why.NO_SCOPE, "no scope: all 3 tasks are cancelled")


def test_a_tracker_that_is_down_is_said_with_the_time_and_the_tasks_known_stay() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "done")),
        down={"jira": datetime(2027, 2, 12, 9, 0, tzinfo=UTC), "github": None},
        rests_on={"blog": frozenset({"jira", "github"})},
    )
    assert state.measure == Unmeasured(
        Why.SOURCE_DOWN, "github not read yet, jira not read since 2027-02-12 09:00 UTC"
    )
    assert state.counts.done == 1


def test_a_tracker_that_is_down_does_not_touch_what_does_not_rest_on_it() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "done")), down={"github": NOON}, rests_on={"blog": frozenset({"jira"})}
    )
    assert state.measure == 1


def test_all_reasons_are_said_and_the_gravest_gives_the_name() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "unknown")),
        unread={"blog": ("BLOG-9", "BLOG-8")},
        problems={"blog": "the server refused the query"},
    )
    assert isinstance(state.measure, Unmeasured)
    assert state.measure.why is Why.PROBLEM
    assert state.measure.reason == (
        "the server refused the query; could not be read: BLOG-8, BLOG-9; "
        'status without category: BLOG-1 is in "Limbo"'
    )


def test_issues_that_could_not_be_read_are_never_taken_for_no_scope() -> None:
    state = blog(unread={"blog": ("BLOG-9",)})
    assert state.measure == Unmeasured(Why.UNREADABLE, "could not be read: BLOG-9")


def test_story_points_weigh_and_an_unestimated_task_gets_the_median() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "done", points=Fraction(1))),
        tagged(an_issue("BLOG-2", "todo", points=Fraction(3))),
        tagged(an_issue("BLOG-3", "done", points=Fraction(4))),
        tagged(an_issue("BLOG-4", "todo", points=Fraction(8))),
        tagged(an_issue("BLOG-5", "done")),
        weigh_by="story_points",
    )
    assert state.median == Fraction("3.5")
    assert share(state) == Fraction("8.5") / Fraction("19.5")
    assert state.counts.unestimated == 1


def test_the_estimates_of_cancelled_tasks_do_not_enter_the_median() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "done", points=Fraction(2))),
        tagged(an_issue("BLOG-2", "cancelled", points=Fraction(100))),
        tagged(an_issue("BLOG-3", "todo")),
        weigh_by="story_points",
    )
    assert state.median == 2
    assert state.measure == Fraction(1, 2)


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        (5, 5),
        ("5", 5),
        (" 2.5 ", Fraction(5, 2)),
        (0.1, Fraction(1, 10)),
        (("3",), 3),
        (0, 0),
        (10**9, 10**9),
    ],
)
def test_a_number_field_weighs_by_numbers_and_numeric_text(value: Any, weight: Fraction) -> None:
    state = blog(tagged(an_issue("BLOG-1", fields=(("Effort", value),))), weigh_by="Effort")
    assert state.tasks[0].weight == weight
    assert state.tasks[0].estimated


@pytest.mark.parametrize(
    "value",
    [None, "XL", True, -1, float("nan"), float("inf"), "1e999999999", "-3", "", ("1", "2"), 10**9 + 1, "1/2"],
)
def test_what_is_no_number_from_0_on_is_no_estimate(value: Any) -> None:
    state = blog(
        tagged(an_issue("BLOG-1", fields=(("Effort", value),))),
        tagged(an_issue("BLOG-2", fields=(("Effort", 7),))),
        weigh_by="Effort",
    )
    assert state.tasks[0].weight == 7
    assert not state.tasks[0].estimated


def test_without_any_estimate_each_task_weighs_1_and_all_are_unestimated() -> None:
    state = blog(tagged(an_issue("BLOG-1", "done")), tagged(an_issue("BLOG-2")), weigh_by="story_points")
    assert state.measure == Fraction(1, 2)
    assert state.counts.unestimated == 2
    assert state.median is None


def test_estimates_of_0_alone_are_no_scope() -> None:
    zero = [tagged(an_issue(f"BLOG-{number}", "done", points=Fraction(0))) for number in (1, 2)]
    assert blog(*zero, weigh_by="story_points").measure == Unmeasured(
        Why.NO_SCOPE, "no scope: all 2 tasks have an estimate of 0"
    )


def test_a_weight_that_the_rule_fixes_wins_and_stays_out_of_the_median() -> None:
    state = blog(
        tagged(an_issue("BLOG-1", "done", points=Fraction(1)), weight=Fraction(6)),
        tagged(an_issue("BLOG-2", points=Fraction(2))),
        tagged(an_issue("BLOG-3")),
        weigh_by="story_points",
    )
    assert state.median == 2
    assert state.measure == Fraction(6, 10)


def test_the_boxes_of_a_task_list_are_the_tasks_and_not_the_issue() -> None:
    root = an_issue("acme/site#1", "done", checklist=boxes("xx."))
    state = blog(tagged(root, boxes=True))
    assert state.measure == Fraction(2, 3)
    assert [task.id for task in state.tasks] == [f"github:id-acme/site#1#{box}" for box in (1, 2, 3)]
    assert [left.why for left in state.left_out] == ["the boxes of its task list count"]


@pytest.mark.parametrize(
    "text",
    [
        "#2",
        "see acme/site#2.",
        "https://github.com/acme/site/issues/2.",
        "https://github.com/ACME/site/issues/2#top",
        "do (https://github.com/acme/site/issues/2)",
    ],
)
def test_a_box_that_stands_for_an_issue_of_the_milestone_is_not_counted_twice(text: str) -> None:
    root = an_issue("acme/site#1", checklist=(ChecklistItem(text, True), ChecklistItem("Other", False)))
    state = blog(tagged(root, boxes=True), tagged(an_issue("acme/site#2", "todo")))
    assert [(task.ref.key, task.box) for task in state.tasks] == [("acme/site#1", 2), ("acme/site#2", None)]
    assert any("box 1 stands for acme/site#2" in left.why for left in state.left_out)


@pytest.mark.parametrize(
    "text", ["#22", "other/site#2", "https://github.com/acme/site/issues/22", "A#2", "BLOG-23"]
)
def test_a_box_that_only_resembles_an_issue_of_the_milestone_counts(text: str) -> None:
    root = an_issue("acme/site#1", checklist=(ChecklistItem(text, False),))
    state = blog(tagged(root, boxes=True), tagged(an_issue("acme/site#2")), tagged(an_issue("BLOG-2")))
    assert state.counts.todo == 3


def test_a_box_that_names_its_own_issue_counts() -> None:
    root = an_issue("acme/site#1", checklist=(ChecklistItem("close #1", False),))
    assert blog(tagged(root, boxes=True)).counts.todo == 1


def test_a_box_may_name_a_jira_issue() -> None:
    root = an_issue("acme/site#1", checklist=(ChecklistItem("write blog-2 first", False),))
    state = blog(tagged(root, boxes=True), tagged(an_issue("BLOG-2", "done")))
    assert state.measure == 1


def test_an_empty_task_list_is_no_scope() -> None:
    state = blog(tagged(an_issue("acme/site#1"), boxes=True))
    assert state.measure == Unmeasured(
        Why.NO_SCOPE, "no scope: nothing that is tagged to it counts as a task"
    )


def test_the_boxes_of_a_cancelled_issue_are_cancelled() -> None:
    root = an_issue("acme/site#1", "cancelled", checklist=boxes("x."))
    assert blog(tagged(root, boxes=True)).counts == Counts(cancelled=2)


def test_tasks_come_in_the_order_in_which_people_count() -> None:
    keys = ["BLOG-10", "BLOG-9", "acme/site#3", "BLOG-100"]
    state = blog(*(tagged(an_issue(key)) for key in keys))
    assert [task.ref.key for task in state.tasks] == ["acme/site#3", "BLOG-9", "BLOG-10", "BLOG-100"]


def test_a_category_is_named_with_or_without_blanks_and_a_wrong_one_is_refused() -> None:
    policy = ProgressPolicy(status_credit={"Category: In_Progress": Decimal("0.5")})
    assert blog(tagged(an_issue("BLOG-1", "in_progress")), policy=policy).measure == Fraction(1, 2)
    with pytest.raises(
        ValidationError, match="names no category that can have credit; expected one of category:todo"
    ):
        ProgressPolicy(status_credit={"category:done": Decimal(1)})

"""Key results and goals: delivered and achieved."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from core.engine.milestones import measure
from core.engine.model import GoalState, KeyResultKind, KeyResultState, State, Tagged, Unmeasured, Why
from core.engine.policy import HealthPolicy, ProgressPolicy
from mappings.goal_tree import HealthName
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


def work(owner: str, done: int, of: int) -> list[Tagged]:
    """Tasks of one owner, so many of them done."""
    return [
        tagged(an_issue(f"{owner.upper()}-{number}", "done" if number <= done else "todo"), owner)
        for number in range(1, of + 1)
    ]


def concluded(
    *entries: Tagged,
    results: tuple[dict[str, Any], ...] = (a_key_result(),),
    milestones: tuple[dict[str, Any], ...] = (a_milestone("blog", "visitors"),),
    **more: Any,
) -> State:
    mapping = a_mapping(milestones, results, [a_goal()])
    return measure(some_inputs(*entries, mapping=mapping, **more), ProgressPolicy(), HealthPolicy(), NOON)


def key_result(*entries: Tagged, **more: Any) -> KeyResultState:
    return next(iter(concluded(*entries, **more).key_results.values()))


def goal(*entries: Tagged, **more: Any) -> GoalState:
    return concluded(*entries, **more).goals["show"]


def metric(current: str | None, start: str = "0", target: str = "3000") -> dict[str, Any]:
    return {
        "start": Decimal(start),
        "target": Decimal(target),
        "current": None if current is None else Decimal(current),
    }


@pytest.mark.parametrize(
    ("start", "target", "current", "share"),
    [
        ("0", "3000", "1200", "0.4"),
        ("0", "3000", "-50", "0"),
        ("0", "3000", "4000", "1"),
        ("10", "2", "4", "0.75"),
        ("10", "2", "12", "0"),
        ("0.1", "0.3", "0.2", "0.5"),
    ],
)
def test_a_metric_is_the_share_of_its_way_in_either_direction(
    start: str, target: str, current: str, share: str
) -> None:
    state = key_result(results=(a_key_result(metric=metric(current, start, target)),))
    assert state.kind is KeyResultKind.METRIC
    assert state.measure == Fraction(share)
    assert state.met is None


@pytest.mark.parametrize("kind", ["metric", "guardrail"])
def test_without_a_check_in_nothing_is_measured(kind: str) -> None:
    table: dict[str, Any] = metric(None) if kind == "metric" else {"keep_below": Decimal(5)}
    state = key_result(results=(a_key_result() | {kind: table},))
    assert state.measure == Unmeasured(Why.NO_CHECK_IN, "no check-in yet")
    assert state.health.name is HealthName.UNMEASURED


@pytest.mark.parametrize(
    ("bounds", "current", "met"),
    [
        ({"keep_below": 5}, "4.9", True),
        ({"keep_below": 5}, "5", False),
        ({"keep_above": 99}, "99", False),
        ({"keep_above": 99}, "99.1", True),
        ({"keep_above": 1, "keep_below": 5}, "3", True),
        ({"keep_above": 1, "keep_below": 5}, "1", False),
        ({"keep_above": 1, "keep_below": 5}, "6", False),
    ],
)
def test_a_guardrail_is_met_strictly_inside_its_bounds(
    bounds: dict[str, int], current: str, met: bool
) -> None:
    table = {name: Decimal(bound) for name, bound in bounds.items()} | {"current": Decimal(current)}
    state = key_result(results=(a_key_result(guardrail=table),))
    assert state.met is met
    assert state.measure == int(met)
    assert state.health.name is (HealthName.ON_TRACK if met else HealthName.OFF_TRACK)


def test_a_key_result_by_delivery_is_the_weighted_mean_of_its_milestones_and_its_own_issues() -> None:
    state = key_result(
        *work("blog", 1, 2),
        *work("shop", 0, 3),
        *work("visitors", 1, 1),
        milestones=(a_milestone("blog", "visitors", weight=Decimal(2)), a_milestone("shop", "visitors")),
    )
    assert state.kind is KeyResultKind.DELIVERY
    assert state.measure == state.delivered == Fraction(2, 4)
    assert state.own is not None
    assert state.own.measure == 1
    assert [task.ref.key for task in state.own.tasks] == ["VISITORS-1"]


def test_a_metric_key_result_still_says_what_was_delivered_towards_it() -> None:
    state = key_result(*work("blog", 1, 2), results=(a_key_result(metric=metric("300")),))
    assert (state.measure, state.delivered) == (Fraction(1, 10), Fraction(1, 2))


def test_a_milestone_without_scope_is_left_out_of_the_mean_and_named() -> None:
    two = (a_milestone("blog", "visitors"), a_milestone("shop", "visitors"))
    state = key_result(*work("blog", 1, 2), milestones=two)
    assert state.measure == Fraction(1, 2)
    assert state.missing == ("shop",)


def test_with_something_missing_nothing_is_complete() -> None:
    two = (a_milestone("blog", "visitors"), a_milestone("shop", "visitors"))
    state = concluded(*work("blog", 2, 2), milestones=two)
    measured = state.key_results["visitors"]
    assert measured.measure == Unmeasured(
        Why.NO_SCOPE,
        "complete as far as it is measured, but shop: no scope: no task belongs to it yet",
    )
    assert measured.health.name is HealthName.UNMEASURED
    assert state.goals["show"].health.name is not HealthName.DONE


def test_nothing_is_concluded_from_a_silent_source() -> None:
    two = (a_milestone("blog", "visitors"), a_milestone("shop", "visitors"))
    state = concluded(
        *work("blog", 2, 2),
        milestones=two,
        down={"github": NOON},
        rests_on={"shop": frozenset({"github"})},
    )
    said = Unmeasured(Why.SOURCE_DOWN, "shop: github not read since 2027-02-15 12:00 UTC")
    assert state.milestones["blog"].measure == 1
    assert state.key_results["visitors"].measure == said
    assert state.goals["show"].delivered == said
    assert state.goals["show"].health.name is HealthName.UNMEASURED


def test_without_milestones_a_key_result_by_delivery_has_no_parts() -> None:
    assert key_result(milestones=()).measure == Unmeasured(Why.NO_PARTS, "no milestone leads to it")


def test_a_goal_counts_a_milestone_once_however_many_key_results_it_leads_to() -> None:
    state = goal(
        *work("blog", 2, 2),
        *work("shop", 0, 2),
        results=(a_key_result("visitors"), a_key_result("leads")),
        milestones=(a_milestone("blog", "visitors", "leads"), a_milestone("shop", "leads")),
    )
    assert state.delivered == Fraction(1, 2)


def test_achieved_is_the_weighted_mean_of_metrics_and_guardrails_and_never_of_delivery() -> None:
    state = goal(
        *work("blog", 2, 2),
        results=(
            a_key_result("visitors", metric=metric("1500"), weight=Decimal(3)),
            a_key_result("errors", guardrail={"keep_below": Decimal(1), "current": Decimal(0)}),
            a_key_result("written"),
        ),
        milestones=(a_milestone("blog", "written"),),
    )
    assert state.delivered == 1
    assert state.achieved == Fraction(5, 8)


def test_a_goal_without_metrics_has_achieved_nothing_that_could_be_measured() -> None:
    state = goal(*work("blog", 1, 2))
    assert state.delivered == Fraction(1, 2)
    assert state.achieved == Unmeasured(Why.NO_PARTS, "no key result has a metric or guardrail")
    assert state.gap is None


def test_key_results_without_a_check_in_are_named_as_missing() -> None:
    results = (a_key_result("visitors", metric=metric("300")), a_key_result("leads", metric=metric(None)))
    state = goal(*work("blog", 1, 2), results=results)
    assert state.achieved == Fraction(1, 10)
    assert state.missing == ("leads",)


def test_delivered_without_the_key_results_moving_is_said() -> None:
    state = goal(*work("blog", 3, 5), results=(a_key_result(metric=metric("150")),))
    assert state.gap == "delivered 60% without its key results moving (achieved 5%)"


def test_key_results_that_lag_behind_are_said_otherwise() -> None:
    state = goal(*work("blog", 4, 5), results=(a_key_result(metric=metric("1200")),))
    assert state.gap == "delivered 80%, but its key results lag behind (achieved 40%)"


def test_a_guardrail_that_is_met_does_not_hide_the_gap() -> None:
    guarded = a_key_result("errors", guardrail={"keep_below": Decimal(1), "current": Decimal(0)})
    state = goal(*work("blog", 3, 5), results=(a_key_result(metric=metric("0")), guarded))
    assert state.achieved == Fraction(1, 2)
    assert state.gap == "delivered 60% without its key results moving (their metrics stand at 0%)"


def test_a_small_lead_of_delivery_is_no_gap() -> None:
    assert goal(*work("blog", 3, 5), results=(a_key_result(metric=metric("1200")),)).gap is None


def test_a_goal_is_done_when_every_key_result_is_reached() -> None:
    state = goal(*work("blog", 1, 2), results=(a_key_result(metric=metric("3000")),))
    assert state.health.name is HealthName.DONE


def test_guardrails_alone_do_not_make_a_goal_done_before_its_due_date() -> None:
    guarded = a_key_result("errors", guardrail={"keep_below": Decimal(1), "current": Decimal(0)})
    assert goal(results=(guarded,), milestones=()).health.name is HealthName.ON_TRACK


def test_a_goal_goes_as_badly_as_the_worse_of_delivered_and_achieved() -> None:
    state = goal(*work("blog", 5, 5), results=(a_key_result(metric=metric("300")),))
    assert state.health.name is HealthName.OFF_TRACK
    assert state.health.reason.startswith("achieved: far behind")


def test_a_broken_guardrail_puts_a_goal_at_risk() -> None:
    broken = a_key_result("errors", guardrail={"keep_below": Decimal(1), "current": Decimal(2)})
    state = goal(
        *work("blog", 5, 5),
        results=(a_key_result(metric=metric("2900"), weight=Decimal(9)), broken),
    )
    assert (state.health.name, state.health.reason) == (HealthName.AT_RISK, "guardrail not met: errors")


def test_a_silent_source_does_not_hide_that_a_goal_is_off_track() -> None:
    state = goal(
        results=(a_key_result(metric=metric("10")),),
        down={"jira": NOON},
        rests_on={"blog": frozenset({"jira"})},
    )
    assert state.health.name is HealthName.OFF_TRACK


def test_a_key_result_without_dates_takes_those_of_its_goal() -> None:
    state = key_result(results=(a_key_result(metric=metric("1500")),), milestones=())
    assert state.health.expected == Fraction(91, 180)
    own = a_key_result(metric=metric("1500"), due=date(2027, 12, 31))
    assert key_result(results=(own,), milestones=()).health.expected == Fraction(91, 730)


def test_a_goal_with_something_unmeasured_is_not_done_though_its_key_results_are_reached() -> None:
    state = goal(results=(a_key_result(metric=metric("3000")),))
    assert state.achieved == 1
    assert state.missing == ("blog",)
    assert state.health.name is not HealthName.DONE


def test_a_guardrail_that_was_met_to_the_end_is_done() -> None:
    guarded = a_key_result(due=date(2027, 2, 14), guardrail={"keep_below": Decimal(1), "current": Decimal(0)})
    assert key_result(results=(guarded,), milestones=()).health.name is HealthName.DONE


def test_a_key_result_by_delivery_with_an_open_task_is_not_done() -> None:
    ticked = tagged(an_issue("BLOG-1", "in_progress", checklist=boxes("xx")), checklist=True)
    state = key_result(ticked)
    assert state.measure == 1
    assert state.health.name is HealthName.ON_TRACK

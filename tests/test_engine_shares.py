"""The estimate of a parent is shared among those below it that have none."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.models import Issue
from core.engine.calculation import explain_milestone
from core.engine.milestones import measure
from core.engine.model import MilestoneState, State
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.engine.shared_estimates import Node, share
from tests.builders import NOON, a_mapping, an_issue, some_inputs, tagged

PLENTY = settings(max_examples=80, deadline=None)
MAPPING = a_mapping([{"id": "blog", "title": "Blog", "weigh_by": "story_points"}])


def task(key: str, state: str = "todo", points: float | Fraction | None = None, **more: Any) -> Issue:
    return an_issue(key, state, points=None if points is None else Fraction(points), **more)


def blog(issues: list[Issue], parents: dict[str, str] | None = None) -> MilestoneState:
    links = [(an_issue(child), an_issue(parent)) for child, parent in (parents or {}).items()]
    inputs = some_inputs(*map(tagged, issues), mapping=MAPPING, parents=links)
    return measure(inputs, ProgressPolicy(), HealthPolicy(), NOON).milestones["blog"]


def weights(state: MilestoneState) -> dict[str, Fraction]:
    return {one.ref.key: one.weight for one in state.tasks}


STORIES = [
    task("BLOG-1", "done", 13),
    task("BLOG-2", "done", 1),
    task("BLOG-3", "todo", 2),
    task("BLOG-4", "todo", 2),
]


def test_stories_that_are_cut_up_stand_where_they_stood() -> None:
    """Case N4: 14 of 18 points."""
    assert blog(STORIES).measure == Fraction(14, 18)
    first = [task("BLOG-5", "done"), task("BLOG-6", "done"), task("BLOG-7", "done")]
    parts = [task("BLOG-8"), task("BLOG-9")]
    parents = dict.fromkeys(("BLOG-5", "BLOG-6", "BLOG-7"), "BLOG-1")
    parents |= dict.fromkeys(("BLOG-8", "BLOG-9"), "BLOG-3")
    state = blog([*STORIES, *first, *parts], parents)
    assert state.measure == Fraction(14, 18)
    assert state.counts.unestimated == 0
    assert weights(state)["BLOG-5"] == Fraction(13, 3)
    shown = "\n".join(explain_milestone("blog", MAPPING, State({"blog": state}, {}, {})).lines)
    assert "BLOG-8 to do: weight 1 × credit 0 = 0 (to do; its share of the story_points 2 of BLOG-3)" in shown


def test_a_share_goes_down_through_parents_without_an_estimate() -> None:
    parents = {"BLOG-2": "BLOG-1", "BLOG-3": "BLOG-1", "BLOG-4": "BLOG-3", "BLOG-5": "BLOG-3"}
    state = blog([task("BLOG-1", points=6), *(task(f"BLOG-{n}") for n in range(2, 6))], parents)
    assert weights(state) == {"BLOG-2": 3, "BLOG-4": Fraction(3, 2), "BLOG-5": Fraction(3, 2)}


def test_the_nearest_estimate_is_the_one_that_is_shared() -> None:
    parents = {"BLOG-2": "BLOG-1", "BLOG-3": "BLOG-1", "BLOG-4": "BLOG-3"}
    issues = [task("BLOG-1", points=10), task("BLOG-2"), task("BLOG-3", points=4), task("BLOG-4")]
    state = blog(issues, parents)
    assert weights(state) == {"BLOG-2": 6, "BLOG-4": 4}


def test_an_issue_between_that_is_not_in_the_milestone_changes_nothing() -> None:
    state = blog([task("BLOG-1", points=6), task("BLOG-3")], {"BLOG-2": "BLOG-1", "BLOG-3": "BLOG-2"})
    assert weights(state) == {"BLOG-3": 6}


@pytest.mark.parametrize(
    ("parent", "known", "share_of_each"),
    [(13, [5], 8), (13, [5, 3], 5), (13, [13], None), (13, [20], None), (0, [], 0), (0, [3], None)],
)
def test_what_is_estimated_below_is_taken_off_and_too_much_ends_it(
    parent: int, known: list[int], share_of_each: int | None
) -> None:
    children = [task(f"BLOG-{n}", points=points) for n, points in enumerate(known, 10)]
    issues = [task("BLOG-1", points=parent), task("BLOG-2"), task("BLOG-3", "done"), *children]
    state = blog(issues, {issue.ref.key: "BLOG-1" for issue in issues[1:]})
    if share_of_each is None:
        assert state.counts.unestimated == 2, "the median is for those"
    else:
        assert weights(state)["BLOG-2"] == weights(state)["BLOG-3"] == Fraction(share_of_each, 2)
        assert state.counts.unestimated == 0


def test_cancelled_children_take_nothing_and_give_nothing() -> None:
    gone = [task("BLOG-3", "cancelled"), task("BLOG-4", "cancelled", 5)]
    parents = dict.fromkeys(("BLOG-2", "BLOG-3", "BLOG-4"), "BLOG-1")
    state = blog([task("BLOG-1", points=8), task("BLOG-2"), *gone], parents)
    assert state.total == 8
    all_gone = blog([task("BLOG-1", points=8), *gone], {"BLOG-3": "BLOG-1", "BLOG-4": "BLOG-1"})
    assert weights(all_gone)["BLOG-1"] == all_gone.total == 8
    # A parent that was given up itself shares nothing.
    assert (
        blog([task("BLOG-1", "cancelled", 8), task("BLOG-2")], {"BLOG-2": "BLOG-1"}).counts.unestimated == 1
    )


def test_a_fixed_weight_takes_no_share_and_counting_shares_nothing() -> None:
    fixed = replace(tagged(task("BLOG-3")), weight=Fraction(7))
    entries = [tagged(task("BLOG-1", points=8)), tagged(task("BLOG-2")), fixed]
    links = [(an_issue(key), an_issue("BLOG-1")) for key in ("BLOG-2", "BLOG-3")]
    inputs = some_inputs(*entries, mapping=MAPPING, parents=links)
    state = measure(inputs, ProgressPolicy(), HealthPolicy(), NOON).milestones["blog"]
    assert weights(state) == {"BLOG-2": 8, "BLOG-3": 7}
    counting = replace(inputs, mapping=a_mapping([{"id": "blog", "title": "Blog"}]))
    state = measure(counting, ProgressPolicy(), HealthPolicy(), NOON).milestones["blog"]
    assert weights(state) == {"BLOG-2": 1, "BLOG-3": 7}


def test_the_median_knows_what_was_cut_up_as_a_whole_and_not_its_shares() -> None:
    whole = [task("BLOG-1", points=9), task("BLOG-2", points=3), task("BLOG-3", points=1), task("BLOG-4")]
    cut = [task(f"BLOG-{n}") for n in range(5, 10)]
    parents = {issue.ref.key: "BLOG-1" for issue in cut}
    assert weights(blog(whole))["BLOG-4"] == weights(blog([*whole, *cut], parents))["BLOG-4"] == 3


STATES = st.sampled_from(["todo", "in_progress", "done", "cancelled"])
POINTS = st.none() | st.integers(0, 13).map(Fraction)


@PLENTY
@given(st.lists(st.tuples(STATES, POINTS), min_size=1, max_size=5), st.data())
def test_cutting_any_story_into_tasks_without_estimates_moves_nothing(
    stories: list[tuple[str, Fraction | None]], data: st.DataObject
) -> None:
    """At any depth, as long as the parts stand where the whole stood; a story needs an estimate for it."""
    issues = [task(f"BLOG-{n}", state, points) for n, (state, points) in enumerate(stories, 1)]
    before = blog(issues)
    parents: dict[str, str] = {}
    number = 100
    for place, (state, points) in enumerate(stories, 1):
        if points is None or state == "cancelled":
            continue
        cut = [f"BLOG-{place}"]
        for _ in range(data.draw(st.integers(0, 4))):
            number += 1
            parents[f"BLOG-{number}"] = data.draw(st.sampled_from(cut))
            cut.append(f"BLOG-{number}")
            issues.append(task(f"BLOG-{number}", state))
    after = blog(issues, parents)
    assert (after.measure, after.total, after.median) == (before.measure, before.total, before.median)


@PLENTY
@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.integers(0, 20), st.booleans()), max_size=10))
def test_shares_of_one_parent_never_come_to_more_than_it_has(
    drawn: list[tuple[int | None, int, bool]],
) -> None:
    nodes: dict[int, Node[int]] = {}
    inner = {above % place for place, (_, above, _) in enumerate(drawn) if place}
    for place, (points, above, has) in enumerate(drawn):
        estimate = Fraction(points) if points is not None and has else None
        up = above % place if place else None
        nodes[place] = Node(up, estimate, place not in inner and estimate is None)
    found = share(nodes)
    for source in nodes:
        given_away = sum((one.weight for one in found.by_task.values() if one.of == source), Fraction(0))
        assert given_away <= (nodes[source].estimate or 0)
        assert given_away == 0 or nodes[source].estimate is not None
    assert sum(one.weight for one in found.by_task.values()) == sum(
        amount * number for amount, number in found.amounts.items()
    )
    assert all(nodes[key].open for key in found.by_task)


def test_a_chain_of_a_thousand_parents_is_no_recursion() -> None:
    nodes = {n: Node(n - 1 if n else None, Fraction(5) if n == 0 else None, n == 3000) for n in range(3001)}
    assert share(nodes).by_task[3000].weight == 5

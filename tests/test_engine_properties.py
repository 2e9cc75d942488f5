"""What holds of progress and change for any milestone at all."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.models import Issue, StatusCategory
from core.engine.change import compare, snapshot
from core.engine.milestones import measure
from core.engine.model import Inputs, MilestoneState, Snapshot, Unmeasured
from core.engine.policy import HealthPolicy, ProgressPolicy
from tests.builders import LONG_AGO, NOON, a_mapping, an_issue, boxes, some_inputs, tagged

PLENTY = settings(max_examples=60, deadline=None)
MEASURABLE = ["todo", "in_progress", "done", "cancelled"]
KEYS = [f"BLOG-{number}" for number in range(1, 6)] + [f"acme/site#{number}" for number in range(1, 4)]
POLICY = ProgressPolicy(in_progress_credit=Decimal("0.3"))

Edges = list[tuple[str, str]]


@st.composite
def issues(draw: st.DrawFn, categories: list[str] = MEASURABLE, mirrors: bool = True) -> list[Issue]:
    """Some issues of both trackers, in any state, some of them mirrors of others."""
    found = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        points = draw(st.none() | st.integers(0, 8).map(Fraction))
        others = st.lists(st.sampled_from([an_issue(key).url for key in KEYS]), max_size=1)
        found.append(
            an_issue(
                key,
                draw(st.sampled_from(categories)),
                points=points,
                checklist=boxes(draw(st.text("x.", max_size=3))),
                created=LONG_AGO + timedelta(days=draw(st.integers(0, 60))),
                mirrors=tuple(draw(others)) if mirrors else (),
            )
        )
    return found


EDGES = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=8)
WEIGH_BY = st.sampled_from(["count", "story_points"])


def inputs_of(entries: list[Issue], edges: Edges, weigh_by: str = "count") -> Inputs:
    mapping = a_mapping([{"id": "blog", "title": "Blog", "weigh_by": weigh_by}])
    parents = [(an_issue(child), an_issue(parent)) for child, parent in edges]
    return some_inputs(
        *(tagged(issue, checklist=True) for issue in entries), mapping=mapping, parents=parents
    )


def blog(entries: list[Issue], edges: Edges, weigh_by: str = "count") -> MilestoneState:
    return measure(inputs_of(entries, edges, weigh_by), POLICY, HealthPolicy(), NOON).milestones["blog"]


@PLENTY
@given(issues([*MEASURABLE, "unknown"]), EDGES, WEIGH_BY)
def test_progress_lies_between_0_and_1_or_is_unmeasured(found: list[Issue], edges: Edges, by: str) -> None:
    state = blog(found, edges, by)
    assert isinstance(state.measure, Unmeasured) or 0 <= state.measure <= 1
    assert all(0 <= task.credit <= 1 and task.weight >= 0 for task in state.tasks)


@PLENTY
@given(issues([*MEASURABLE, "unknown"]), EDGES, WEIGH_BY, st.randoms(use_true_random=False))
def test_the_order_of_issues_makes_no_difference_at_all(
    found: list[Issue], edges: Edges, by: str, random: Random
) -> None:
    parents = dict(edges)
    mixed = list(found)
    random.shuffle(mixed)
    assert blog(found, list(parents.items()), by) == blog(mixed, list(parents.items())[::-1], by)


@PLENTY
@given(issues(), EDGES)
def test_every_issue_is_counted_or_left_out_exactly_once(found: list[Issue], edges: Edges) -> None:
    state = blog(found, edges)
    places = [task.ref for task in state.tasks] + [left.ref for left in state.left_out]
    assert sorted(places) == sorted(issue.ref for issue in found)


@PLENTY
@given(issues(["todo", "in_progress", "done"]), EDGES)
def test_live_issues_never_all_vanish_whatever_the_parents_and_mirrors(
    found: list[Issue], edges: Edges
) -> None:
    assert bool(blog(found, edges).tasks) == bool(found)


@PLENTY
@given(issues(mirrors=False), EDGES)
def test_no_counted_issue_has_a_live_counted_descendant_outside_a_circle(
    found: list[Issue], edges: Edges
) -> None:
    parents = dict(edges)
    counted = {task.ref.key for task in blog(found, edges).tasks if task.state != "cancelled"}
    above = {key: _ancestors(key, parents) for key in counted}
    for key, ancestors in above.items():
        assert not {up for up in ancestors & counted if key not in above[up]}


@PLENTY
@given(issues(), EDGES, st.none() | st.integers(0, 8).map(Fraction), st.booleans())
def test_a_finished_task_that_is_added_never_lowers(
    found: list[Issue], edges: Edges, points: Fraction | None, by_count: bool
) -> None:
    by = "count" if by_count else "story_points"
    extra = an_issue("NEW-1", "done", points=points)
    if not by_count and any(issue.points is None for issue in found):
        extra = replace(extra, points=None)  # an estimate would move the median of those without one
    before, after = blog(found, edges, by).measure, blog([*found, extra], edges, by).measure
    if not isinstance(before, Unmeasured):
        assert not isinstance(after, Unmeasured)
        assert after >= before


@PLENTY
@given(issues(mirrors=False), EDGES, WEIGH_BY)
def test_finishing_a_task_never_lowers(found: list[Issue], edges: Edges, by: str) -> None:
    before = blog(found, edges, by).measure
    for place, issue in enumerate(found):
        if issue.category is StatusCategory.CANCELLED or isinstance(before, Unmeasured):
            continue
        finished = replace(issue, category=StatusCategory.DONE)
        after = blog([*found[:place], finished, *found[place + 1 :]], edges, by).measure
        assert not isinstance(after, Unmeasured)
        assert after >= before


@PLENTY
@given(issues(), EDGES, WEIGH_BY)
def test_cancelled_issues_never_count(found: list[Issue], edges: Edges, by: str) -> None:
    live = [issue for issue in found if issue.category is not StatusCategory.CANCELLED]
    with_them, without = blog(found, edges, by), blog(live, edges, by)
    assert (with_them.earned, with_them.total) == (without.earned, without.total)
    if not isinstance(without.measure, Unmeasured):
        assert with_them.measure == without.measure


def _ancestors(key: str, parents: dict[str, str]) -> set[str]:
    found: set[str] = set()
    while (key := parents.get(key, "")) and key not in found:
        found.add(key)
    return found


def _taken(found: list[Issue], by: str, rules: str, days: int) -> Snapshot:
    now = LONG_AGO + timedelta(days=days)
    return snapshot(blog(found, [], by), rules, now)


@PLENTY
@given(
    issues([*MEASURABLE, "unknown"]),
    issues([*MEASURABLE, "unknown"]),
    st.tuples(WEIGH_BY, WEIGH_BY),
    st.booleans(),
)
def test_the_parts_of_a_change_add_up_exactly(
    before: list[Issue], after: list[Issue], by: tuple[str, str], other_rules: bool
) -> None:
    first = _taken(before, by[0], "old", 30)
    second = _taken(after, by[1], "new" if other_rules else "old", 60)
    change = compare(first, second)
    total = sum((part.share for part in change.parts), Fraction(0))
    if isinstance(first.measure, Unmeasured) or isinstance(second.measure, Unmeasured):
        assert change.difference is None
        assert total == 0
    else:
        assert change.difference == second.measure - first.measure == total
    assert all(part.keys for part in change.parts)


@PLENTY
@given(issues([*MEASURABLE, "unknown"]), WEIGH_BY)
def test_from_equal_to_equal_nothing_changed(found: list[Issue], by: str) -> None:
    assert compare(_taken(found, by, "old", 30), _taken(found, by, "new", 60)).parts == ()

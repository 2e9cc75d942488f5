"""Sums of tasks: what they keep, and that the numbers that follow from them are those of the tasks."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.models import StatusCategory
from core.engine.credit import Credits
from core.engine.milestones import measure, measure_sums, with_details
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.engine.tally import Part, Tally, weigh
from core.engine.tasks import build_tasks
from core.engine.weights import median
from tests.builders import NOON, a_mapping, a_milestone, an_issue, some_inputs, tagged

numbers = st.fractions(min_value=0, max_value=1000)
parts = st.builds(
    Part,
    state=st.sampled_from(StatusCategory),
    estimate=st.none() | numbers,
    fixed=st.none() | numbers,
    credit=st.fractions(min_value=0, max_value=1),
)


@given(parts)
def test_a_part_is_read_as_it_was_written(part: Part) -> None:
    assert Part.read(part.text) == part


@given(st.lists(numbers, min_size=1, max_size=30))
def test_the_median_of_counted_values_is_that_of_the_values_in_a_row(values: list[Fraction]) -> None:
    ranked, middle = sorted(values), len(values) // 2
    expected = ranked[middle] if len(values) % 2 else (ranked[middle - 1] + ranked[middle]) / 2
    assert median({value: values.count(value) for value in values}) == expected


@given(st.dictionaries(parts, st.integers(1, 5), max_size=8), st.sampled_from(("count", "story_points")))
def test_equal_tasks_weigh_together_what_each_of_them_weighs(found: dict[Part, int], by: str) -> None:
    weighed = weigh(Tally(found), by)
    one_by_one = [part for part, number in found.items() for _ in range(number)]
    live = [part for part in one_by_one if part.state is not StatusCategory.CANCELLED]
    known = sorted(part.estimate for part in live if part.fixed is None and part.estimate is not None)
    middle = len(known) // 2
    usual = Fraction(1)
    if known:
        usual = known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2

    def weight(part: Part) -> Fraction:
        if part.fixed is not None:
            return part.fixed
        if by == "count":
            return Fraction(1)
        return usual if part.estimate is None else part.estimate

    assert weighed.total == sum(weight(part) for part in live)
    assert weighed.earned == sum(weight(part) * part.credit for part in live)
    assert weighed.counts.cancelled == len(one_by_one) - len(live)


def test_measuring_from_sums_says_what_measuring_from_tasks_says() -> None:
    issues = [
        an_issue("BLOG-1", "done", points=Fraction(3)),
        an_issue("BLOG-2", "in_progress", points=Fraction(1, 2)),
        an_issue("BLOG-3", "todo"),
        an_issue("BLOG-4", "cancelled", points=Fraction(99)),
        an_issue("BLOG-5", "todo", parent_key="BLOG-3"),
    ]
    mapping = a_mapping([a_milestone("blog", weigh_by="story_points")])
    known = some_inputs(*map(tagged, issues), mapping=mapping)
    whole = measure(known, ProgressPolicy(in_progress_credit=Decimal("0.5")), HealthPolicy(), NOON)
    crediting = Credits.of(ProgressPolicy(in_progress_credit=Decimal("0.5")))
    built = build_tasks(known.tagged["blog"], known.parents, "story_points", crediting)
    sums = measure_sums(known, {"blog": built.tally}, HealthPolicy(), NOON)
    assert with_details(sums, {"blog": built.detail}) == whole


def test_tasks_that_were_not_asked_for_are_not_taken_for_none() -> None:
    known = some_inputs(mapping=a_mapping([a_milestone("blog")]))
    state = measure_sums(known, {"blog": Tally()}, HealthPolicy(), NOON)
    with pytest.raises(LookupError, match="were not asked for"):
        _ = state.milestones["blog"].tasks

"""Progress of a milestone from its tasks."""

from fractions import Fraction
from typing import Any

from core.engine.model import Inputs, MilestoneState, Tagged
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.engine.progress import measure
from tests.builders import NOON, an_issue, boxes, some_inputs, tagged


def blog(*entries: Tagged, policy: ProgressPolicy | None = None, **more: Any) -> MilestoneState:
    return measured(some_inputs(*entries, **more), policy)


def measured(inputs: Inputs, policy: ProgressPolicy | None = None) -> MilestoneState:
    return measure(inputs, policy or ProgressPolicy(), HealthPolicy(), NOON).milestones["blog"]


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
    assert (state.counts.done, state.counts.in_progress, state.counts.todo, state.counts.cancelled) == (
        3,
        1,
        1,
        1,
    )

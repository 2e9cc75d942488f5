"""Leaves only, and work that stands in two trackers once."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from connectors.models import Issue
from core.engine.milestones import measure
from core.engine.model import MilestoneState, Tagged
from core.engine.policy import HealthPolicy, ProgressPolicy
from tests.builders import (
    LONG_AGO,
    NOON,
    a_mapping,
    a_milestone,
    an_issue,
    boxes,
    some_inputs,
    tagged,
)


def blog(*entries: Tagged, **more: Any) -> MilestoneState:
    inputs = some_inputs(*entries, **more)
    return measure(inputs, ProgressPolicy(), HealthPolicy(), NOON).milestones["blog"]


def counted(state: MilestoneState) -> list[str]:
    return [task.ref.key for task in state.tasks]


def left_out(state: MilestoneState) -> dict[str, str]:
    return {left.ref.key: left.why for left in state.left_out}


def mirrored(key: str, of: Issue, category: str = "todo", **more: Any) -> Issue:
    return an_issue(key, category, mirrors=(of.url,), **more)


def test_a_parent_is_not_counted_beside_its_children() -> None:
    story, child = an_issue("BLOG-1", "done"), an_issue("BLOG-2", "todo")
    state = blog(tagged(story), tagged(child), parents=[(child, story)])
    assert counted(state) == ["BLOG-2"]
    assert left_out(state) == {"BLOG-1": "done itself, but replaced by its sub-tasks"}


def test_a_grandparent_is_left_out_through_an_issue_that_is_not_tagged_and_across_trackers() -> None:
    epic, between, leaf = an_issue("BLOG-1"), an_issue("acme/site#5"), an_issue("acme/docs#6")
    state = blog(tagged(epic), tagged(leaf), parents=[(leaf, between), (between, epic)])
    assert counted(state) == ["acme/docs#6"]


def test_siblings_all_count() -> None:
    epic, one, two = an_issue("BLOG-1"), an_issue("BLOG-2"), an_issue("BLOG-3")
    state = blog(tagged(one), tagged(two), parents=[(one, epic), (two, epic)])
    assert counted(state) == ["BLOG-2", "BLOG-3"]


def test_children_in_another_milestone_do_not_leave_a_parent_out() -> None:
    story, child = an_issue("BLOG-1"), an_issue("BLOG-2")
    state = blog(tagged(story), tagged(child, "shop"), parents=[(child, story)])
    assert counted(state) == ["BLOG-1"]


def test_a_parent_whose_children_are_all_cancelled_counts_itself() -> None:
    story, child = an_issue("BLOG-1", "done"), an_issue("BLOG-2", "cancelled")
    state = blog(tagged(story), tagged(child), parents=[(child, story)])
    assert state.measure == 1
    assert state.counts.cancelled == 1


def test_a_cancelled_parent_of_live_children_is_left_out() -> None:
    story, child = an_issue("BLOG-1", "cancelled"), an_issue("BLOG-2", "done")
    state = blog(tagged(story), tagged(child), parents=[(child, story)])
    assert counted(state) == ["BLOG-2"]
    assert left_out(state) == {"BLOG-1": "its children count"}


def test_issues_that_are_each_others_parents_all_count() -> None:
    one, two, three = an_issue("BLOG-1"), an_issue("BLOG-2"), an_issue("BLOG-3")
    circle = [(one, two), (two, three), (three, one)]
    assert counted(blog(tagged(one), tagged(two), tagged(three), parents=circle)) == [
        "BLOG-1",
        "BLOG-2",
        "BLOG-3",
    ]
    assert counted(blog(tagged(one), parents=[(one, one)])) == ["BLOG-1"]


def test_a_child_below_a_circle_counts_instead_of_the_circle() -> None:
    one, two, child = an_issue("BLOG-1"), an_issue("BLOG-2"), an_issue("BLOG-3")
    state = blog(tagged(one), tagged(two), tagged(child), parents=[(one, two), (two, one), (child, one)])
    assert counted(state) == ["BLOG-3"]


def test_mirrored_work_counts_once_as_the_issue_that_is_pointed_to() -> None:
    original = an_issue("acme/site#1", "done", created=NOON)
    copy = mirrored("BLOG-1", original, created=LONG_AGO)
    state = blog(tagged(copy), tagged(original))
    assert counted(state) == ["acme/site#1"]
    assert left_out(state) == {"BLOG-1": "mirror of acme/site#1, which is done while this is to do"}


def test_of_issues_that_point_to_each_other_the_oldest_counts() -> None:
    young = mirrored("acme/site#1", an_issue("BLOG-1"), created=LONG_AGO + timedelta(days=1))
    old = mirrored("BLOG-1", an_issue("acme/site#1"))
    state = blog(tagged(young), tagged(old))
    assert counted(state) == ["BLOG-1"]
    assert left_out(state) == {"acme/site#1": "mirror of BLOG-1"}


def test_urls_of_one_page_are_the_same_however_they_are_written() -> None:
    original = an_issue("acme/site#1", "done")
    copy = an_issue("BLOG-1", mirrors=("http://GitHub.com/Acme/site/issues/1/?x=1#issuecomment-2",))
    assert counted(blog(tagged(copy), tagged(original))) == ["acme/site#1"]


def test_a_mirror_outside_the_milestone_changes_nothing() -> None:
    copy = mirrored("BLOG-1", an_issue("acme/site#1"))
    assert counted(blog(tagged(copy))) == ["BLOG-1"]


def test_a_cancelled_original_does_not_take_the_live_mirror_with_it() -> None:
    original = an_issue("acme/site#1", "cancelled")
    state = blog(tagged(mirrored("BLOG-1", original, "done")), tagged(original))
    assert state.measure == 1
    assert left_out(state) == {"acme/site#1": "mirror of BLOG-1, which is done while this is cancelled"}


def test_a_mirror_of_a_parent_is_left_out_with_the_parent() -> None:
    parent, child = an_issue("acme/site#1"), an_issue("acme/site#2", "done")
    copy = mirrored("BLOG-1", parent)
    state = blog(tagged(copy), tagged(parent), tagged(child), parents=[(child, parent)])
    assert counted(state) == ["acme/site#2"]
    assert left_out(state)["BLOG-1"] == "mirror of acme/site#1, whose children count"


def test_a_child_of_the_copy_leaves_the_original_out_too() -> None:
    original, child = an_issue("acme/site#1"), an_issue("BLOG-2", "done")
    copy = mirrored("BLOG-1", original)
    state = blog(tagged(copy), tagged(original), tagged(child), parents=[(child, copy)])
    assert counted(state) == ["BLOG-2"]


def test_a_mirror_of_an_issue_whose_boxes_count_is_left_out() -> None:
    copy = an_issue("BLOG-1", "done")
    root = mirrored("acme/site#1", copy, checklist=boxes("x."))
    state = blog(tagged(copy), tagged(root, boxes=True))
    assert [(task.ref.key, task.box) for task in state.tasks] == [("acme/site#1", 1), ("acme/site#1", 2)]


def test_a_circle_that_closes_through_mirrors_leaves_nobody_out() -> None:
    jira = [an_issue(f"BLOG-{number}") for number in (1, 2, 3)]
    github = [mirrored(f"acme/site#{number}", of) for number, of in enumerate(jira, start=1)]
    circle = [(jira[0], jira[1]), (github[1], github[2]), (jira[2], github[0])]
    state = blog(*map(tagged, jira), *map(tagged, github), parents=circle)
    assert counted(state) == ["BLOG-1", "BLOG-2", "BLOG-3"]


WHOLE = a_mapping([a_milestone("blog", subtasks="part of their parent")])


def test_a_done_task_that_gets_a_subtask_stays_done_where_subtasks_are_parts_of_their_parent() -> None:
    """Case N9: 2 of 4, then a sub-task comes."""
    stories = [an_issue(f"BLOG-{n}", "done" if n < 3 else "todo", level=0) for n in range(1, 5)]
    sub, other = an_issue("BLOG-5", level=-1), an_issue("BLOG-6", "cancelled", level=-1)
    parents = [(sub, stories[0]), (other, stories[3])]
    everything = [*map(tagged, stories), tagged(sub), tagged(other)]
    assert blog(*everything, parents=parents).measure == Fraction(1, 4)
    state = blog(*everything, parents=parents, mapping=WHOLE)
    assert state.measure == Fraction(2, 4)
    assert left_out(state) == {"BLOG-5": "part of BLOG-1", "BLOG-6": "part of BLOG-4"}


def test_what_is_no_subtask_of_a_live_parent_in_the_milestone_counts_all_the_same() -> None:
    epic, story, sub = an_issue("BLOG-1", level=1), an_issue("BLOG-2", level=0), an_issue("BLOG-3", level=-1)
    parents = [(sub, story), (story, epic)]
    # A story below an epic is no sub-task, and the parent of the sub-task is not in the milestone.
    assert counted(blog(tagged(epic), tagged(sub), parents=parents, mapping=WHOLE)) == ["BLOG-3"]
    assert counted(blog(tagged(epic), tagged(story), parents=parents, mapping=WHOLE)) == ["BLOG-2"]
    gone = an_issue("BLOG-2", "cancelled", level=0)
    assert "BLOG-3" in counted(blog(tagged(gone), tagged(sub), parents=parents, mapping=WHOLE))


def test_sub_issues_of_github_are_parts_too_but_not_those_of_each_other() -> None:
    one = an_issue("acme/site#1", "done")
    two = an_issue("acme/site#2", parent_key="acme/site#1")
    three = an_issue("acme/site#3", parent_key="acme/site#2")
    parents = [(two, one), (three, two)]
    state = blog(tagged(one), tagged(two), tagged(three), parents=parents, mapping=WHOLE)
    assert counted(state) == ["acme/site#1"]
    one = replace(one, parent_key="acme/site#2")
    state = blog(tagged(one), tagged(two), parents=[(two, one), (one, two)], mapping=WHOLE)
    assert counted(state) == ["acme/site#1", "acme/site#2"]

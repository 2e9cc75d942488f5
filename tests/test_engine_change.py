"""What changed since last time."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from connectors.models import Issue
from core.engine.change import compare, snapshot
from core.engine.milestones import measure
from core.engine.model import Change, Part, Snapshot, Unmeasured, Why
from core.engine.policy import HealthPolicy, ProgressPolicy
from tests.builders import NOON, a_mapping, an_issue, boxes, some_inputs, tagged

LATER = NOON + timedelta(days=7)
SINCE = NOON + timedelta(days=1)


def taken(
    *issues: Issue,
    rules: str = "rules",
    later: bool = False,
    points: bool = False,
    parents: Sequence[tuple[Issue, Issue]] = (),
) -> Snapshot:
    mapping = a_mapping([{"id": "blog", "title": "Blog", "weigh_by": "story_points" if points else "count"}])
    entries = [tagged(issue, checklist=True) for issue in issues]
    now = LATER if later else NOON
    inputs = some_inputs(*entries, mapping=mapping, parents=parents)
    state = measure(inputs, ProgressPolicy(), HealthPolicy(), now).milestones["blog"]
    return snapshot(state, rules, now)


def parts(change: Change) -> dict[Part, tuple[Fraction, tuple[str, ...]]]:
    assert sum((part.share for part in change.parts), Fraction(0)) == (change.difference or 0)
    return {part.part: (part.share, part.keys) for part in change.parts}


def from_to(before: list[Issue], after: list[Issue], rules: str = "rules", points: bool = False) -> Change:
    return compare(taken(*before, points=points), taken(*after, rules=rules, later=True, points=points))


def test_nothing_changed_has_no_parts() -> None:
    change = from_to(
        [an_issue("BLOG-1"), an_issue("BLOG-2", "done")], [an_issue("BLOG-1"), an_issue("BLOG-2", "done")]
    )
    assert change.difference == 0
    assert change.parts == ()
    assert change.since == NOON


def test_a_finished_task_raises() -> None:
    change = from_to(
        [an_issue("BLOG-1"), an_issue("BLOG-2")], [an_issue("BLOG-1", "done"), an_issue("BLOG-2")]
    )
    assert parts(change) == {Part.FINISHED: (Fraction(1, 2), ("BLOG-1",))}


def test_new_work_lowers_and_what_was_finished_of_it_raises_again() -> None:
    old = an_issue("BLOG-1", "done")
    change = from_to(
        [old], [old, an_issue("BLOG-2", "done", created=SINCE), an_issue("BLOG-3", created=SINCE)]
    )
    assert parts(change) == {
        Part.SCOPE_ADDED: (Fraction(-2, 3), ("BLOG-2", "BLOG-3")),
        Part.FINISHED: (Fraction(1, 3), ("BLOG-2",)),
    }


def test_older_work_that_enters_under_the_same_rules_is_scope_as_it_stands() -> None:
    change = from_to([an_issue("BLOG-1")], [an_issue("BLOG-1"), an_issue("BLOG-2", "done")])
    assert parts(change) == {Part.SCOPE_ADDED: (Fraction(1, 2), ("BLOG-2",))}


def test_older_work_that_enters_or_leaves_under_other_rules_is_the_mapping() -> None:
    change = from_to(
        [an_issue("BLOG-1"), an_issue("BLOG-9")],
        [an_issue("BLOG-1"), an_issue("BLOG-2", "done"), an_issue("BLOG-3", created=SINCE)],
        rules="others",
    )
    assert parts(change) == {
        Part.MAPPING: (Fraction(1, 2), ("BLOG-2", "BLOG-9")),
        Part.SCOPE_ADDED: (Fraction(-1, 6), ("BLOG-3",)),
    }


def test_work_that_leaves_under_the_same_rules_is_scope_removed() -> None:
    change = from_to([an_issue("BLOG-1"), an_issue("BLOG-2", "done")], [an_issue("BLOG-2", "done")])
    assert parts(change) == {Part.SCOPE_REMOVED: (Fraction(1, 2), ("BLOG-1",))}


def test_a_done_task_that_gets_subtasks_is_told_as_replaced_by_them() -> None:
    one, two, sub = an_issue("BLOG-1", "done"), an_issue("BLOG-2"), an_issue("BLOG-3", created=SINCE)
    change = compare(taken(one, two), taken(one, two, sub, later=True, parents=[(sub, one)]))
    assert parts(change) == {
        Part.SCOPE_ADDED: (Fraction(-1, 6), ("BLOG-3",)),
        Part.REPLACED: (Fraction(-1, 3), ("BLOG-1",)),
    }


def test_cancelled_and_taken_up_again_are_told_apart() -> None:
    one, two, three = an_issue("BLOG-1"), an_issue("BLOG-2", "done"), an_issue("BLOG-3", "cancelled")
    change = from_to([one, two, three], [an_issue("BLOG-1", "cancelled"), two, an_issue("BLOG-3", "done")])
    assert parts(change) == {
        Part.CANCELLED: (Fraction(1, 2), ("BLOG-1",)),
        Part.REINSTATED: (Fraction(-1, 2), ("BLOG-3",)),
        Part.FINISHED: (Fraction(1, 2), ("BLOG-3",)),
    }


def test_a_reopened_task_lowers() -> None:
    two = an_issue("BLOG-2")
    change = from_to([an_issue("BLOG-1", "done"), two], [an_issue("BLOG-1", "in_progress"), two])
    assert parts(change) == {Part.REOPENED: (Fraction(-1, 2), ("BLOG-1",))}


def test_another_estimate_and_another_box_have_parts_of_their_own() -> None:
    done = an_issue("BLOG-1", "done", points=Fraction(1))
    before = [done, an_issue("BLOG-2", points=Fraction(1), checklist=boxes(".."))]
    after = [done, an_issue("BLOG-2", points=Fraction(3), checklist=boxes("x."))]
    assert parts(from_to(before, after, points=True)) == {
        Part.ESTIMATES: (Fraction(-1, 4), ("BLOG-2",)),
        Part.CREDIT: (Fraction(3, 8), ("BLOG-2",)),
    }


def test_other_rules_explain_another_weight() -> None:
    issues = [an_issue("BLOG-1", "done", points=Fraction(1)), an_issue("BLOG-2", points=Fraction(3))]
    change = compare(taken(*issues), taken(*issues, rules="others", later=True, points=True))
    assert parts(change) == {Part.MAPPING: (Fraction(-1, 4), ("BLOG-2",))}


def test_a_step_without_scope_passes_its_share_on() -> None:
    change = from_to(
        [an_issue("BLOG-1", "done"), an_issue("BLOG-2", "cancelled")],
        [an_issue("BLOG-1", "cancelled"), an_issue("BLOG-2")],
    )
    assert parts(change) == {
        Part.CANCELLED: (Fraction(0), ("BLOG-1",)),
        Part.REINSTATED: (Fraction(-1), ("BLOG-2",)),
    }


def test_between_measured_and_unmeasured_only_the_tasks_are_named() -> None:
    change = from_to([an_issue("BLOG-1")], [an_issue("BLOG-1", "cancelled")])
    assert change.difference is None
    assert change.after == Unmeasured(Why.NO_SCOPE, "no scope: its only task is cancelled")
    assert parts(change) == {Part.CANCELLED: (Fraction(0), ("BLOG-1",))}


def test_a_task_that_was_only_begun_is_no_change() -> None:
    change = from_to([an_issue("BLOG-1")], [an_issue("BLOG-1", "in_progress")])
    assert change.parts == ()


def test_new_work_that_is_cancelled_already_moves_nothing() -> None:
    old = an_issue("BLOG-1", "done")
    change = from_to([old], [old, an_issue("BLOG-2", "cancelled", created=SINCE)])
    assert parts(change) == {Part.SCOPE_ADDED: (Fraction(0), ("BLOG-2",))}


def test_other_rules_explain_another_weight_of_a_task_that_was_finished_too() -> None:
    before = [an_issue("BLOG-1", points=Fraction(1)), an_issue("BLOG-2", "done", points=Fraction(3))]
    after = [an_issue("BLOG-1", "done", points=Fraction(1)), before[1]]
    change = compare(taken(*before), taken(*after, rules="others", later=True, points=True))
    assert parts(change) == {
        Part.MAPPING: (Fraction(1, 4), ("BLOG-2",)),
        Part.FINISHED: (Fraction(1, 4), ("BLOG-1",)),
    }


def test_other_rules_explain_the_weight_and_finishing_the_credit_of_one_and_the_same_task() -> None:
    before = [an_issue("BLOG-1", points=Fraction(3)), an_issue("BLOG-2", "done", points=Fraction(1))]
    after = [an_issue("BLOG-1", "done", points=Fraction(3)), before[1]]
    change = compare(taken(*before), taken(*after, rules="others", later=True, points=True))
    assert parts(change) == {
        Part.MAPPING: (Fraction(-1, 4), ("BLOG-1",)),
        Part.FINISHED: (Fraction(3, 4), ("BLOG-1",)),
    }

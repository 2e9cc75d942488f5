"""Limits in percent, removals, and what `--force` with a name releases."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from connectors.models import IssueRef
from core.publish.actions import ChangeLabels, DeleteComment, Plan
from core.publish.plan_limits import Facts, Jump, apply_limits
from core.publish.publish_policy import LimitPolicy
from core.publish.release import Release, read_release
from tests.publish_builders import EPIC, a_comment
from tests.test_publish_plan import THREE, a_jump, owned_by, relabelled, task


@pytest.mark.parametrize(
    ("jump", "left"),
    [
        (a_jump(), 2),
        (a_jump(mapping_changed=True), 3),
        (a_jump(explained=Fraction(1, 2)), 3),
        (a_jump(explained=Fraction(49, 100)), 2),
        (a_jump(tasks=3), 3),
        (a_jump(before=Fraction(3, 4)), 2),  # edits hide what no edit explains
    ],
)
def test_a_goal_that_jumps_holds_its_comments_unless_edits_or_the_mapping_explain_it(
    jump: Jump, left: int
) -> None:
    made = apply_limits(THREE, Facts(jumps=(jump,), goals={EPIC: frozenset({"show"})}), LimitPolicy())
    assert len(made.actions) == left
    assert {held.group for held in made.held} == ({"goal=show"} if left == 2 else set())


def unlabelled(*refs: IssueRef) -> Plan:
    return Plan(tuple(ChangeLabels(ref, (), ("mp/milestone/blog",)) for ref in refs))


@pytest.mark.parametrize(("number", "standing", "held"), [(3, 3, 0), (4, 20, 0), (4, 19, 4), (21, 100, 21)])
def test_removals_are_held_above_a_share_and_a_number(number: int, standing: int, held: int) -> None:
    many = unlabelled(*map(task, range(number)))
    made = apply_limits(many, Facts(standing={"jira": standing}), LimitPolicy())
    assert (len(made.held), len(made.actions)) == (held, number - held)
    assert all(each.group == "removals=jira" for each in made.held)


def test_a_doubled_comment_and_labels_that_change_are_no_removals() -> None:
    double = DeleteComment(EPIC, "blog", a_comment("x"), "doubled", double=True)
    changed = [ChangeLabels(task(number), ("mp/a",), ("mp/b",)) for number in range(9)]
    assert apply_limits(Plan((double, *changed)), Facts(), LimitPolicy(max_removed_percent=0)).held == ()


OWNERS = owned_by("blog", *map(task, range(4))) | owned_by("site", *map(task, range(4, 8)))
MANY = relabelled(*map(task, range(8)))


@pytest.mark.parametrize(
    ("names", "released"),
    [
        ({"changes=jira/blog"}, range(4)),
        ({"changes=jira/site"}, range(4, 8)),
        ({"changes=jira"}, range(8)),
        ({"milestone=blog"}, range(4)),
        ({"tracker=jira"}, range(8)),
        ({"changes"}, range(8)),
        ({"removals", "goal=show", "changes=jira/_none", "first"}, range(0)),
    ],
)
def test_force_releases_exactly_the_group_that_it_names(names: set[str], released: range) -> None:
    release = Release(names=frozenset(names))
    made = apply_limits(MANY, Facts(owners=OWNERS), LimitPolicy(max_changes=3), release)
    assert made.actions == relabelled(*map(task, released)).actions
    assert {held.group for held in made.held} <= {"changes=jira/blog", "changes=jira/site"}


def test_a_tracker_as_a_whole_has_a_group_of_its_own() -> None:
    owners = {ref: frozenset({f"m{ref.id}"}) for ref in map(task, range(8))}
    held = apply_limits(MANY, Facts(owners=owners), LimitPolicy(max_changes=3)).held
    assert {each.group for each in held} == {"changes=jira/_total"}
    release = Release(names=frozenset({"changes=jira/_total"}))
    assert apply_limits(MANY, Facts(owners=owners), LimitPolicy(max_changes=3), release) == MANY


def test_removals_that_were_released_count_as_no_changes_either() -> None:
    many = unlabelled(*map(task, range(8)))
    release = Release(names=frozenset({"removals=jira"}))
    facts, policy = Facts(standing={"jira": 8}), LimitPolicy(max_changes=3)
    assert apply_limits(many, facts, policy, release) == many
    assert len(apply_limits(many, replace(facts, standing={"jira": 80}), policy, release).held) == 8


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("goal=shwo", 'has the id "shwo"'),
        ("tracker=jria", 'there is no tracker "jria", only jira, github'),
        ("removal", "`milepost plan` says which name releases what"),
        ("tracker", "say which, such as tracker=jira"),
        ("lost=", "write --force alone"),
    ],
)
def test_a_name_that_can_release_nothing_is_refused(value: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_release([value], ["jira", "github"], ["show", "blog"])

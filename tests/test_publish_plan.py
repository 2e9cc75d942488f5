"""The plan: nothing in agreement, one change for one disturbance, and nothing of anybody else."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from connectors.contract import IssueRef, LabelDefinition, PostedComment
from core.publish.actions import ChangeLabels, DefineLabel, DeleteComment, Held, Plan, WriteComment
from core.publish.labels import Labelled
from core.publish.limits import Facts, Jump, apply_limits
from core.publish.mark import body_hash
from core.publish.plan import make_plan
from core.publish.policy import CommentPolicy, LabelPolicy, LimitPolicy, PublishPolicy
from core.publish.records import Publication
from core.publish.wanted import Found, Wanted, WantedComment, wanted_comment
from tests.publish_builders import (
    DOWN,
    EPIC,
    TRACKING,
    a_change,
    a_comment,
    a_milestone_state,
    a_task,
    marketing_state,
    posted,
    the_summary,
    tracker_info,
)

INFOS = {name: tracker_info(name) for name in ("jira", "github")}
RED = LabelDefinition("mp/health/off-track", "cf222e", "Health")
GREEN = LabelDefinition("mp/health/on-track", "2da44e", "Health")


def plan(wanted: Wanted, found: Found, policy: PublishPolicy | None = None) -> Plan:
    return make_plan(wanted, found, policy or PublishPolicy(), INFOS)


def on_epic(**more: Any) -> WantedComment:
    return wanted_comment(the_summary(**more), INFOS["jira"], "default")


def record_of(wanted: WantedComment, comment: PostedComment) -> Publication:
    return Publication(wanted.ref, wanted.target, comment, wanted.digest, body_hash(comment.body), "run-1")


def agreeing(wanted: WantedComment, *more: PostedComment, **comment: Any) -> Found:
    """A world in which the comment stands as it was written, beside others."""
    standing = a_comment(wanted.body)
    record = record_of(wanted, standing)
    now = replace(standing, **comment)
    return Found(posted={EPIC: posted(EPIC, now, *more)}, records={EPIC: record})


def only_write(made: Plan) -> WriteComment:
    assert len(made.actions) == 1
    write = made.actions[0]
    assert isinstance(write, WriteComment)
    return write


def test_in_an_agreeing_world_there_is_nothing_to_do() -> None:
    wanted = on_epic()
    labelled = Labelled(EPIC, "BLOG", (GREEN,))
    found = replace(agreeing(wanted), labels={EPIC: (GREEN.name,)})
    found = replace(found, posted={EPIC: replace(found.posted[EPIC], labels=(GREEN.name, "urgent"))})
    assert plan(Wanted((wanted,), (labelled,)), found) == Plan()


def test_line_ends_and_a_change_section_of_last_time_are_no_difference() -> None:
    wanted = on_epic(changes={"blog": a_change()})
    found = agreeing(wanted, body=wanted.body.replace("\n", " \r\n"))
    assert not plan(Wanted((on_epic(),)), found)


def test_the_first_comment_is_created() -> None:
    wanted = on_epic()
    write = only_write(plan(Wanted((wanted,)), Found(posted={EPIC: posted(EPIC)})))
    assert write.before is None
    assert write.sentence == "Write the progress comment on BLOG-1: the first one; 2 of 4 tasks done, 50%"


def test_a_change_of_meaning_edits_the_comment_and_says_what_changed() -> None:
    now = on_epic(
        state=marketing_state(blog=a_milestone_state("blog", a_task(1, "done"), a_task(2, "done"))),
        changes={"blog": replace(a_change(), after=Fraction(1))},
    )
    write = only_write(plan(Wanted((now,)), agreeing(on_epic())))
    assert write.before is not None
    assert write.reason == "2 of 2 tasks done, 25% → 100%"


def test_an_edit_by_somebody_else_is_set_back() -> None:
    write = only_write(plan(Wanted((on_epic(),)), agreeing(on_epic(), body="my own words")))
    assert write.reason == "somebody edited it; it is set back"


def test_a_removed_comment_comes_back() -> None:
    found = replace(agreeing(on_epic()), posted={EPIC: posted(EPIC)})
    write = only_write(plan(Wanted((on_epic(),)), found))
    assert write.before is None
    assert write.reason.startswith("it was removed")


def test_a_copied_mark_of_another_account_is_ignored() -> None:
    wanted = on_epic()
    copy = a_comment(wanted.body, 901, mine=False)
    assert not plan(Wanted((wanted,)), agreeing(wanted, copy))


@pytest.mark.parametrize(("number", "goes"), [(899, "900"), (901, "901")])
def test_of_two_comments_of_ours_the_one_with_the_lowest_id_stays_whichever_is_on_record(
    number: int, goes: str
) -> None:
    wanted = on_epic()
    double = a_comment(wanted.body, number)
    (delete,) = plan(Wanted((wanted,)), agreeing(wanted, double)).actions
    assert isinstance(delete, DeleteComment)
    assert delete.before.id == goes


def test_without_a_record_the_oldest_stays_and_is_left_alone_if_it_says_the_same() -> None:
    wanted = on_epic()
    both = posted(EPIC, a_comment(wanted.body, 1000), a_comment(wanted.body, 999))
    (delete,) = plan(Wanted((wanted,)), Found(posted={EPIC: both})).actions
    assert isinstance(delete, DeleteComment)
    assert delete.before.id == "1000"


def test_a_mark_beside_the_text_is_enough_to_know_a_comment_again() -> None:
    wanted = on_epic()
    stripped = a_comment("no mark in here", mark=wanted.mark)
    write = only_write(plan(Wanted((wanted,)), Found(posted={EPIC: posted(EPIC, stripped)})))
    assert write.before == stripped


def test_a_comment_of_another_installation_is_not_ours() -> None:
    other = wanted_comment(the_summary(), INFOS["jira"], "staging")
    write = only_write(plan(Wanted((on_epic(),)), Found(posted={EPIC: posted(EPIC, a_comment(other.body))})))
    assert write.before is None


def test_a_comment_that_came_with_a_transferred_issue_is_taken_over() -> None:
    there = IssueRef("jira", "555", "NEW-1")
    wanted = wanted_comment(the_summary(ref=there), INFOS["jira"], "default")
    found = Found(posted={there: posted(there, a_comment(on_epic().body))})
    assert only_write(plan(Wanted((wanted,)), found)).before is not None


def test_after_a_change_of_account_a_new_comment_is_written_and_the_old_one_named() -> None:
    made = plan(Wanted((on_epic(),)), agreeing(on_epic(), mine=False))
    assert only_write(made).before is None
    assert made.held == (
        Held(
            "earlier comment on BLOG-1",
            "another account wrote it, so this one writes its own",
            "remove the earlier comment by hand",
        ),
    )


def test_a_comment_that_nothing_points_to_any_more_is_removed() -> None:
    (delete,) = plan(Wanted(), agreeing(on_epic())).actions
    assert isinstance(delete, DeleteComment)
    assert delete.reason == "no milestone or goal points here any more"


def test_while_a_tracker_is_down_the_last_good_comment_stays() -> None:
    down = marketing_state(blog=replace(marketing_state().milestones["blog"], measure=DOWN))
    waiting = plan(Wanted((on_epic(state=down),)), agreeing(on_epic()))
    assert waiting == Plan((), (Held("comment on BLOG-1", DOWN.said, "the next run that can read it"),))
    found = replace(agreeing(on_epic()), down={"jira": "jira did not answer"})
    for wanted in (Wanted((on_epic(),)), Wanted()):
        made = plan(wanted, found)
        assert not made.actions
        assert made.held[0].why == "jira did not answer"


def test_numbers_of_others_that_are_down_edit_nothing_until_the_comment_has_news_of_its_own() -> None:
    state = marketing_state()
    lost = replace(state.goals["show"], delivered=DOWN)
    blind = replace(state, goals={"show": lost})
    assert not plan(Wanted((on_epic(state=blind),)), agreeing(on_epic()))
    moved = a_milestone_state("blog", a_task(1, "done"))
    write = only_write(
        plan(Wanted((on_epic(state=replace(blind, milestones={"blog": moved})),)), agreeing(on_epic()))
    )
    assert "100%" in write.reason


def test_comments_that_are_switched_off_stay_as_they_are() -> None:
    off = PublishPolicy(comments=CommentPolicy(enabled=False), labels=LabelPolicy(enabled=False))
    found = replace(agreeing(on_epic()), labels={EPIC: ("mp/old",)})
    assert plan(Wanted(), found, off) == Plan()


def test_labels_are_added_and_removed_by_prefix_only_and_foreign_ones_survive() -> None:
    found = Found(labels={EPIC: ("urgent", "mp/health/off-track", "MP/old")})
    made = plan(Wanted(labels=(Labelled(EPIC, "BLOG", (GREEN,)),)), found)
    assert made.actions == (ChangeLabels(EPIC, (GREEN.name,), ("MP/old", RED.name)),)


def test_an_issue_that_is_no_longer_tagged_loses_our_labels() -> None:
    made = plan(Wanted(), Found(labels={EPIC: ("mp/milestone/blog", "urgent")}))
    assert made.actions == (ChangeLabels(EPIC, (), ("mp/milestone/blog",)),)


def test_github_labels_compare_without_case() -> None:
    found = Found(
        labels={TRACKING: ("MP/Health/On-Track",)},
        definitions={("github", "acme/site"): (replace(GREEN, name="MP/Health/On-Track"),)},
    )
    assert not plan(Wanted(labels=(Labelled(TRACKING, "acme/site", (GREEN,)),)), found)


def test_a_label_is_defined_before_its_use_and_only_if_it_is_used() -> None:
    found = Found(labels={TRACKING: ()}, definitions={("github", "acme/site"): (RED,)})
    made = plan(Wanted(labels=(Labelled(TRACKING, "acme/site", (GREEN,)),)), found)
    assert [type(action) for action in made.actions] == [DefineLabel, ChangeLabels]
    assert made.actions[0] == DefineLabel("github", "acme/site", GREEN)


def test_labels_of_something_that_was_not_read_wait() -> None:
    labelled = Labelled(EPIC, "BLOG", (GREEN,), waiting=DOWN.said)
    made = plan(Wanted(labels=(labelled,)), Found(labels={EPIC: (RED.name,)}))
    assert made == Plan((), (Held("labels of BLOG-1", DOWN.said, "the next run that can read it"),))


def test_the_order_of_the_plan_does_not_depend_on_the_order_of_what_was_found() -> None:
    refs = [IssueRef("jira", str(number), f"BLOG-{number}") for number in (10, 9, 1)]
    wanted = tuple(Labelled(ref, "BLOG", (GREEN,)) for ref in refs)
    found = Found(labels=dict.fromkeys(refs, ()))
    there = plan(Wanted(labels=wanted), found)
    back = plan(Wanted(labels=wanted[::-1]), replace(found, labels=dict.fromkeys(refs[::-1], ())))
    assert there == back
    assert [action.sentence.split()[1] for action in there.actions] == ["BLOG-1:", "BLOG-9:", "BLOG-10:"]


# ---- limits

THREE = Plan(
    (
        DefineLabel("github", "acme/site", GREEN),
        ChangeLabels(TRACKING, (GREEN.name,), ()),
        WriteComment(EPIC, "blog", "body", "mark", "digest", None, "news"),
    )
)


def test_within_its_limits_a_plan_goes_through_untouched() -> None:
    calm = Facts(lost={"jira": Fraction(1, 5)}, jumps=(Jump("show", Fraction(1, 4), Fraction(1, 2)),))
    calm = replace(calm, goals={EPIC: frozenset({"show"})})
    assert apply_limits(THREE, calm, LimitPolicy()) == THREE


def test_a_plan_that_is_too_large_is_held_as_a_whole_until_it_is_forced() -> None:
    held = apply_limits(THREE, Facts(), LimitPolicy(max_changes=2))
    assert not held
    assert held.held[0].what == "3 changes on acme/site#7, BLOG-1"
    assert held.held[0].why == "the plan has 3 changes (limit 2)"
    assert "--force" in held.held[0].release
    assert apply_limits(THREE, Facts(), LimitPolicy(max_changes=2), force=True) == THREE


def test_what_rests_on_a_tracker_that_lost_issues_is_held_and_the_rest_goes_on() -> None:
    lost = Facts(lost={"jira": Fraction(1, 2)})
    made = apply_limits(THREE, lost, LimitPolicy())
    assert made.actions == THREE.actions[:2]
    assert "jira has lost 50% of its issues" in made.held[0].why
    across = replace(lost, rests_on={TRACKING: frozenset({"jira"})})
    assert apply_limits(THREE, across, LimitPolicy()).actions == ()


@pytest.mark.parametrize(("mapping_changed", "left"), [(False, 2), (True, 3)])
def test_a_goal_that_jumps_holds_its_comments_unless_the_mapping_changed(
    mapping_changed: bool, left: int
) -> None:
    jump = Jump("show", Fraction(1, 10), Fraction(9, 10), mapping_changed)
    made = apply_limits(THREE, Facts(jumps=(jump,), goals={EPIC: frozenset({"show"})}), LimitPolicy())
    assert len(made.actions) == left

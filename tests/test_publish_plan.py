"""The plan: nothing in agreement, one change for one disturbance, and nothing of anybody else."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from connectors.models import IssueRef, LabelDefinition, PostedComment
from core.publish.actions import ChangeLabels, DefineLabel, DeleteComment, Held, Plan, WriteComment
from core.publish.comment.mark import body_hash
from core.publish.labels import Labelled
from core.publish.plan import make_plan
from core.publish.plan_limits import Facts, Jump, apply_limits
from core.publish.publication import Publication
from core.publish.publish_policy import CommentPolicy, LabelPolicy, LimitPolicy, PublishPolicy
from core.publish.release import ALL
from core.publish.states import ActualState, DesiredComment, DesiredState, desired_comment
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


def plan(desired: DesiredState, actual: ActualState, policy: PublishPolicy | None = None) -> Plan:
    return make_plan(desired, actual, policy or PublishPolicy(), INFOS)


def on_epic(**more: Any) -> DesiredComment:
    return desired_comment(the_summary(**more), INFOS["jira"], "default")


def record_of(desired: DesiredComment, comment: PostedComment) -> Publication:
    return Publication(desired.ref, desired.target, comment, desired.digest, body_hash(comment.body), "run-1")


def agreeing(desired: DesiredComment, *more: PostedComment, **comment: Any) -> ActualState:
    """A world in which the comment stands as it was written, beside others."""
    standing = a_comment(desired.body)
    record = record_of(desired, standing)
    now = replace(standing, **comment)
    return ActualState(posted={EPIC: posted(EPIC, now, *more)}, records={EPIC: record})


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
    assert plan(DesiredState((wanted,), (labelled,)), found) == Plan()


def test_line_ends_and_a_change_section_of_last_time_are_no_difference() -> None:
    wanted = on_epic(changes={"blog": a_change()})
    found = agreeing(wanted, body=wanted.body.replace("\n", " \r\n"))
    assert not plan(DesiredState((on_epic(),)), found)


def test_the_first_comment_is_created() -> None:
    wanted = on_epic()
    write = only_write(plan(DesiredState((wanted,)), ActualState(posted={EPIC: posted(EPIC)})))
    assert write.before is None
    assert write.sentence == "Write the progress comment on BLOG-1: the first one; 2 of 4 tasks done, 50%"


def test_a_change_of_meaning_edits_the_comment_and_says_what_changed() -> None:
    now = on_epic(
        state=marketing_state(blog=a_milestone_state("blog", a_task(1, "done"), a_task(2, "done"))),
        changes={"blog": replace(a_change(), after=Fraction(1))},
    )
    write = only_write(plan(DesiredState((now,)), agreeing(on_epic())))
    assert write.before is not None
    assert write.reason == "2 of 2 tasks done, 25% → 100%"


def test_an_edit_by_somebody_else_is_set_back() -> None:
    write = only_write(plan(DesiredState((on_epic(),)), agreeing(on_epic(), body="my own words")))
    assert write.reason == "somebody edited it; it is set back"


def test_a_removed_comment_comes_back() -> None:
    found = replace(agreeing(on_epic()), posted={EPIC: posted(EPIC)})
    write = only_write(plan(DesiredState((on_epic(),)), found))
    assert write.before is None
    assert write.reason.startswith("it was removed")


def test_a_copied_mark_of_another_account_is_ignored() -> None:
    wanted = on_epic()
    copy = a_comment(wanted.body, 901, mine=False)
    assert not plan(DesiredState((wanted,)), agreeing(wanted, copy))


@pytest.mark.parametrize(("number", "goes"), [(899, "900"), (901, "901")])
def test_of_two_comments_of_ours_the_one_with_the_lowest_id_stays_whichever_is_on_record(
    number: int, goes: str
) -> None:
    wanted = on_epic()
    double = a_comment(wanted.body, number)
    (delete,) = plan(DesiredState((wanted,)), agreeing(wanted, double)).actions
    assert isinstance(delete, DeleteComment)
    assert delete.before.id == goes


def test_without_a_record_the_oldest_stays_and_is_left_alone_if_it_says_the_same() -> None:
    wanted = on_epic()
    both = posted(EPIC, a_comment(wanted.body, 1000), a_comment(wanted.body, 999))
    (delete,) = plan(DesiredState((wanted,)), ActualState(posted={EPIC: both})).actions
    assert isinstance(delete, DeleteComment)
    assert delete.before.id == "1000"


def test_a_mark_beside_the_text_is_enough_to_know_a_comment_again() -> None:
    wanted = on_epic()
    stripped = a_comment("no mark in here", mark=wanted.mark)
    write = only_write(plan(DesiredState((wanted,)), ActualState(posted={EPIC: posted(EPIC, stripped)})))
    assert write.before == stripped


def test_a_comment_of_another_installation_is_not_ours() -> None:
    other = desired_comment(the_summary(), INFOS["jira"], "staging")
    write = only_write(
        plan(DesiredState((on_epic(),)), ActualState(posted={EPIC: posted(EPIC, a_comment(other.body))}))
    )
    assert write.before is None


def test_a_comment_that_came_with_a_transferred_issue_is_taken_over() -> None:
    there = IssueRef("jira", "555", "NEW-1")
    wanted = desired_comment(the_summary(ref=there), INFOS["jira"], "default")
    found = ActualState(posted={there: posted(there, a_comment(on_epic().body))})
    assert only_write(plan(DesiredState((wanted,)), found)).before is not None


def test_after_a_change_of_account_a_new_comment_is_written_and_the_old_one_named() -> None:
    made = plan(DesiredState((on_epic(),)), agreeing(on_epic(), mine=False))
    assert only_write(made).before is None
    assert made.held == (
        Held(
            "earlier comment on BLOG-1",
            "another account wrote it, so this one writes its own",
            "remove the earlier comment by hand",
        ),
    )


def test_a_comment_that_nothing_points_to_any_more_is_removed() -> None:
    (delete,) = plan(DesiredState(), agreeing(on_epic())).actions
    assert isinstance(delete, DeleteComment)
    assert delete.reason == "no milestone or goal points here any more"


def test_while_a_tracker_is_down_the_last_good_comment_stays() -> None:
    down = marketing_state(blog=replace(marketing_state().milestones["blog"], measure=DOWN))
    waiting = plan(DesiredState((on_epic(state=down),)), agreeing(on_epic()))
    assert waiting == Plan((), (Held("comment on BLOG-1", DOWN.reason, "the next run that can read it"),))
    found = replace(agreeing(on_epic()), down={"jira": "jira did not answer"})
    for wanted in (DesiredState((on_epic(),)), DesiredState()):
        made = plan(wanted, found)
        assert not made.actions
        assert made.held[0].why == "jira did not answer"


def test_numbers_of_others_that_are_down_edit_nothing_until_the_comment_has_news_of_its_own() -> None:
    state = marketing_state()
    lost = replace(state.goals["show"], delivered=DOWN)
    blind = replace(state, goals={"show": lost})
    assert not plan(DesiredState((on_epic(state=blind),)), agreeing(on_epic()))
    moved = a_milestone_state("blog", a_task(1, "done"))
    write = only_write(
        plan(DesiredState((on_epic(state=replace(blind, milestones={"blog": moved})),)), agreeing(on_epic()))
    )
    assert "100%" in write.reason


def test_comments_that_are_switched_off_stay_as_they_are() -> None:
    off = PublishPolicy(comments=CommentPolicy(enabled=False), labels=LabelPolicy(enabled=False))
    found = replace(agreeing(on_epic()), labels={EPIC: ("mp/old",)})
    assert plan(DesiredState(), found, off) == Plan()


def test_labels_are_added_and_removed_by_prefix_only_and_foreign_ones_survive() -> None:
    found = ActualState(labels={EPIC: ("urgent", "mp/health/off-track", "MP/old")})
    made = plan(DesiredState(labels=(Labelled(EPIC, "BLOG", (GREEN,)),)), found)
    assert made.actions == (ChangeLabels(EPIC, (GREEN.name,), ("MP/old", RED.name)),)


def test_an_issue_that_is_no_longer_tagged_loses_our_labels() -> None:
    made = plan(DesiredState(), ActualState(labels={EPIC: ("mp/milestone/blog", "urgent")}))
    assert made.actions == (ChangeLabels(EPIC, (), ("mp/milestone/blog",)),)


def test_github_labels_compare_without_case() -> None:
    found = ActualState(
        labels={TRACKING: ("MP/Health/On-Track",)},
        definitions={("github", "acme/site"): (replace(GREEN, name="MP/Health/On-Track"),)},
    )
    assert not plan(DesiredState(labels=(Labelled(TRACKING, "acme/site", (GREEN,)),)), found)


def test_a_label_is_defined_before_its_use_and_only_if_it_is_used() -> None:
    found = ActualState(labels={TRACKING: ()}, definitions={("github", "acme/site"): (RED,)})
    made = plan(DesiredState(labels=(Labelled(TRACKING, "acme/site", (GREEN,)),)), found)
    assert [type(action) for action in made.actions] == [DefineLabel, ChangeLabels]
    assert made.actions[0] == DefineLabel("github", "acme/site", GREEN)


def test_labels_of_something_that_was_not_read_wait() -> None:
    labelled = Labelled(EPIC, "BLOG", (GREEN,), waiting=DOWN.reason)
    made = plan(DesiredState(labels=(labelled,)), ActualState(labels={EPIC: (RED.name,)}))
    assert made == Plan((), (Held("labels of BLOG-1", DOWN.reason, "the next run that can read it"),))


def test_the_order_of_the_plan_does_not_depend_on_the_order_of_what_was_found() -> None:
    refs = [IssueRef("jira", str(number), f"BLOG-{number}") for number in (10, 9, 1)]
    wanted = tuple(Labelled(ref, "BLOG", (GREEN,)) for ref in refs)
    found = ActualState(labels=dict.fromkeys(refs, ()))
    there = plan(DesiredState(labels=wanted), found)
    back = plan(DesiredState(labels=wanted[::-1]), replace(found, labels=dict.fromkeys(refs[::-1], ())))
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


def a_jump(**more: Any) -> Jump:
    """Of a goal from 25% to 75%, by five tasks that nobody edited."""
    jump = Jump("show", Fraction(1, 4), Fraction(3, 4), explained=Fraction(1, 4), tasks=5)
    return replace(jump, **more)


def test_within_its_limits_a_plan_goes_through_untouched() -> None:
    calm = Facts(jumps=(a_jump(after=Fraction(1, 2)),), goals={EPIC: frozenset({"show"})})
    assert apply_limits(THREE, calm, LimitPolicy()) == THREE


def task(number: int, tracker: str = "jira") -> IssueRef:
    key = f"BLOG-{number}" if tracker == "jira" else f"acme/site#{number}"
    return IssueRef(tracker, f"9{number:03}", key)


def relabelled(*refs: IssueRef) -> Plan:
    return Plan(tuple(ChangeLabels(ref, ("mp/milestone/blog",), ()) for ref in refs))


def owned_by(owner: str, *refs: IssueRef) -> dict[IssueRef, frozenset[str]]:
    return dict.fromkeys(refs, frozenset({owner}))


def test_what_is_too_much_is_held_action_by_action_until_it_is_forced() -> None:
    many = relabelled(*map(task, range(3)))
    made = apply_limits(many, Facts(), LimitPolicy(max_changes=2))
    assert not made
    assert [held.what for held in made.held] == [action.sentence for action in many.actions]
    assert {held.why for held in made.held} == {
        "the plan of what no milestone counts any more on jira has 3 changes (limit 2)"
    }
    how = "look at it, then run `milepost sync --force changes=jira/_none`, or raise max_changes"
    assert made.held[0].release == how
    assert [held.action for held in made.held] == list(many.actions)
    assert apply_limits(many, Facts(), LimitPolicy(max_changes=2), ALL) == many


def test_a_milestone_with_too_many_changes_holds_neither_other_milestones_nor_other_trackers() -> None:
    blog, site = [task(number) for number in range(4)], [task(9), task(2, "github")]
    here = task(8, "github")
    owners = owned_by("blog", *blog, here) | owned_by("site", *site)
    made = apply_limits(relabelled(*blog, *site, here), Facts(owners=owners), LimitPolicy(max_changes=3))
    assert made.actions == relabelled(*site, here).actions
    assert {held.why for held in made.held} == {"the plan of blog on jira has 4 changes (limit 3)"}
    assert len(made.held) == 4


def test_of_two_milestones_that_share_tasks_the_larger_one_is_held_and_the_other_s_rest_goes_on() -> None:
    shared, own = [task(number) for number in range(4)], [task(8), task(9)]
    owners = owned_by("blog", *shared) | owned_by("site", *own)
    owners |= dict.fromkeys(shared[:3], frozenset({"blog", "site"}))
    made = apply_limits(relabelled(*shared, *own), Facts(owners=owners), LimitPolicy(max_changes=3))
    assert {held.why for held in made.held} == {"the plan of site on jira has 5 changes (limit 3)"}
    assert made.actions == relabelled(shared[3]).actions


def test_many_milestones_that_change_at_once_are_too_much_for_their_tracker() -> None:
    refs = [task(number) for number in range(4)]
    owners = {ref: frozenset({f"m{ref.id}"}) for ref in refs}
    made = apply_limits(
        relabelled(*refs, task(1, "github")), Facts(owners=owners), LimitPolicy(max_changes=3)
    )
    assert made.actions == relabelled(task(1, "github")).actions
    assert {held.why for held in made.held} == {"the plan of jira has 4 changes (limit 3)"}


def test_the_first_publication_of_a_milestone_has_a_limit_of_its_own_and_leaves_the_others_theirs() -> None:
    new, old = [task(number) for number in range(5)], [task(8), task(9)]
    facts = Facts(owners=owned_by("new", *new) | owned_by("old", *old), first=frozenset({("jira", "new")}))
    both = relabelled(*new, *old)
    assert apply_limits(both, facts, LimitPolicy(max_changes=2)) == both
    made = apply_limits(both, facts, LimitPolicy(max_changes=2, max_first_changes=4))
    assert made.actions == relabelled(*old).actions
    assert {held.why for held in made.held} == {
        "the first publication of new on jira has 5 changes (limit 4)"
    }


def test_a_definition_that_only_held_changes_would_use_is_held_with_them_and_counts_with_its_kind() -> None:
    two = [task(1, "github"), task(2, "github")]
    used = DefineLabel("github", "acme/site", LabelDefinition("mp/milestone/blog", "0e8a8a", "Blog"))
    plan_ = Plan((used, *relabelled(*two).actions))
    held = apply_limits(plan_, Facts(owners=owned_by("blog", *two)), LimitPolicy(max_changes=1))
    assert [each.what for each in held.held] == [action.sentence for action in plan_.actions]
    first = Facts(owners=owned_by("blog", *two), first=frozenset({("github", "blog")}))
    assert apply_limits(plan_, first, LimitPolicy(max_changes=1)) == plan_
    again = replace(plan_, actions=(used, replace(used, container="acme/shop")))
    assert len(apply_limits(again, first, LimitPolicy(max_changes=1)).held) == 2


def test_what_is_tried_again_out_of_quarantine_counts_in_no_limit() -> None:
    several = relabelled(*map(task, range(3)))
    facts = Facts(again=frozenset(several.actions[:2]))
    assert apply_limits(several, facts, LimitPolicy(max_changes=1)) == several

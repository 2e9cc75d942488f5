"""What other people do to comments and labels between two runs, and between a run's reading and writing."""

from pathlib import Path

from connectors.sandbox.faults import Fault, Hook
from connectors.sandbox.github_truth.truth import BOT
from tests.runs import house, sentences


def test_a_comment_that_somebody_edited_is_set_back(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before, watch = here.standing(), here.watch()
        [ours] = [one for one in here.jira.comments("BLOG-1") if one.author == here.jira.bot.id]
        here.jira.edit_comment(ours, ours.body.replace("65%", "100%"), author="ana")
        [theirs] = [one for one in here.github.comments("acme/site#1") if one.author == BOT]
        here.github.edit_comment(theirs.id, theirs.body + "\nDone, says the boss.")
        report = here.agreed()
        assert watch.edited == ["BLOG-1", "acme/site#1"]
        assert len(watch.writes) == 2
        assert all("somebody edited it; it is set back" in each for each in sentences(report))
        assert here.standing() == before


def test_a_comment_that_somebody_removed_is_written_again_once(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        bodies, watch = here.ours(), here.watch()
        for one in here.jira.comments("BLOG-1"):
            if one.author == here.jira.bot.id:
                here.jira.delete_comment(one)
        for each in here.github.comments("acme/site#1"):
            if each.author == BOT:
                here.github.delete_comment(each.id)
        report = here.agreed()
        assert watch.created == ["BLOG-1", "acme/site#1"]
        assert len(watch.writes) == 2
        assert all("it was removed" in each for each in sentences(report))
        assert here.ours() == bodies


def test_a_label_of_ours_that_somebody_removed_is_added_again(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before, watch = here.standing(), here.watch()
        here.jira.remove_labels("BLOG-2", "mp/milestone/blog")
        here.github.remove_labels("acme/site#3", "mp/milestone/site")
        here.agreed()
        assert len(watch.writes) == 2
        assert here.standing() == before


def test_a_label_with_our_prefix_that_nobody_wants_is_taken_away(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.standing()
        here.jira.add_labels("BLOG-7", "mp/milestone/blog")
        here.github.add_labels("acme/site#1", "mp/health/done")
        here.agreed()
        assert here.standing() == before


def test_labels_and_comments_of_others_survive_what_happens_between_reading_and_writing(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        before = here.foreign()

        def somebody_is_quicker() -> None:
            here.jira.add_labels("BLOG-1", "urgent")
            here.jira.remove_labels("BLOG-1", "Q1")
            here.jira.comment("BLOG-1", "Wait for me!", author="ana")

        def somebody_on_github() -> None:
            here.github.add_labels("acme/site#1", "urgent")
            here.github.remove_labels("acme/site#1", "epic")

        labels_of_epic = rf"/issue/{here.jira.issue('BLOG-1').id}$"
        here.server.plan(
            Fault(kind=Hook(somebody_is_quicker), site="jira", method="PUT", path=labels_of_epic)
        )
        here.server.plan(
            Fault(kind=Hook(somebody_on_github), site="github", method="POST", path=r"/issues/1/labels$")
        )
        here.agreed()
        after = here.foreign()
        assert after["BLOG-1"].labels == {"content", "urgent"}
        assert after["acme/site#1"].labels == {"urgent"}
        assert after["BLOG-1"].comments == (*before["BLOG-1"].comments, (False, "Wait for me!"))
        assert "mp/progress/75-99" in here.labels()["BLOG-1"] & here.labels()["acme/site#1"]
        untouched = set(before) - {"BLOG-1", "acme/site#1"}
        assert {key: before[key] for key in untouched} == {key: after[key] for key in untouched}


def test_a_copy_of_our_comment_by_somebody_else_is_left_alone(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        watch = here.watch()
        here.jira.comment("BLOG-1", here.ours()["BLOG-1"], author="ana")
        here.github.comment("acme/site#1", here.ours()["acme/site#1"], author="ben")
        foreign = here.foreign()
        here.agreed()
        assert watch.writes == []
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert here.foreign() == foreign
        assert "90%" in here.ours()["BLOG-1"]


def test_a_second_comment_of_ours_is_removed(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before, watch = here.standing(), here.watch()
        here.github.comment("acme/site#1", here.ours()["acme/site#1"], author=BOT)
        here.agreed()
        assert watch.deleted == ["a comment that is gone"]
        assert len(watch.writes) == 1
        assert here.standing() == before


def test_people_may_put_work_into_a_milestone_by_a_label_in_the_tracker(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.github.add_labels("acme/site#8", "milestone/blog")
        here.jira.add_labels("MKT-6", "milestone/site")
        here.agreed()
        assert "2 of 5 tasks done" in here.ours()["BLOG-1"]
        assert "scope added: acme/site#8" in here.ours()["BLOG-1"]
        assert "2 of 5 tasks done" in here.ours()["acme/site#1"]
        assert here.labels()["acme/site#8"] == {"mp/milestone/blog"}
        here.github.remove_labels("acme/site#8", "milestone/blog")
        here.agreed()
        assert "2 of 4 tasks done" in here.ours()["BLOG-1"]
        assert "scope removed: acme/site#8" in here.ours()["BLOG-1"]
        assert "acme/site#8" not in here.labels()


def test_titles_that_people_write_ping_nobody_and_fire_no_macro(tmp_path: Path) -> None:
    title = "@octocat {panel} fixes #8 <img src=x> [~ana] | BLOG-7"
    with house(tmp_path) as here:
        here.jira.edit("BLOG-4", summary=title)
        here.github.edit("acme/site#4", title=title)
        here.agreed()
        wiki, markdown = here.ours()["BLOG-1"], here.ours()["acme/site#1"]
        assert "{panel}" not in wiki.replace("\\{panel\\}", "")
        assert "[~ana]" not in wiki
        assert "@octocat" not in markdown
        assert "<img" not in markdown


def test_a_comment_whose_whole_text_was_replaced_mark_and_all_is_set_back_and_not_doubled(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before, watch = here.standing(), here.watch()
        [on_jira] = [one for one in here.jira.comments("BLOG-1") if one.author == here.jira.bot.id]
        here.jira.edit_comment(on_jira, "Nothing to see here", author="ana")
        [on_github] = [one for one in here.github.comments("acme/site#1") if one.author == BOT]
        here.github.edit_comment(on_github.id, "Nothing to see here")
        here.agreed()
        assert watch.edited == ["BLOG-1", "acme/site#1"]
        assert here.standing() == before

"""The world moves and the mapping changes: what counts follows, and what is left behind is cleared away."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.publish.publish_policy import LimitPolicy
from tests.runs import (
    CLOUD,
    DATACENTER,
    MARKETING,
    House,
    change_of,
    house,
    milestone,
    percents,
    plain,
    points_of,
    without,
)

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


# Moved and renamed


@FACES
def test_a_task_that_moves_to_another_project_stays_one_task_and_keeps_its_state(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        number = _issues(here)
        new = here.jira.move("BLOG-4", "MKT")
        report = here.agreed()
        assert _issues(here) == number
        assert "2 of 4 tasks done" in here.ours()["BLOG-1"]
        assert new in here.ours()["BLOG-1"]
        assert "scope added" not in here.ours()["BLOG-1"]
        assert percents(here.ours()["BLOG-1"]) == [65]
        assert report.conclusion.problems == ()


@FACES
def test_an_epic_that_moves_is_still_the_one_that_the_mapping_names(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        new = here.jira.move("BLOG-1", "MKT")
        watch = here.watch()
        report = here.agreed()
        assert watch.created == watch.deleted == []
        assert report.conclusion.problems == ()
        assert percents(here.ours()[new]) == [65]
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert percents(here.ours()[new]) == [90]


@FACES
def test_a_task_that_moves_out_of_scope_still_counts_under_its_epic(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        new = here.jira.move("BLOG-4", "OPS")
        here.jira.transition(new, "Done")
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [90]


def test_an_issue_transferred_to_another_repository_keeps_the_counts(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.ours()["acme/site#1"]
        here.github.create_repo("acme/web")
        new = here.github.transfer("acme/site#4", "acme/web")
        here.agreed()
        assert "2 of 4 tasks done · 2 to do · 1 cancelled" in before
        assert "2 of 4 tasks done · 2 to do · 1 cancelled" in plain(here.ours()["acme/site#1"])
        assert new.replace("#", "/issues/") in plain(here.ours()["acme/site#1"])
        here.github.close(new)
        here.agreed()
        assert percents(here.ours()["acme/site#1"]) == [75]


def test_a_transferred_issue_does_not_count_twice_until_the_next_sweep(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.github.create_repo("acme/web")
        here.github.transfer("acme/site#4", "acme/web")
        here.agreed()
        assert "2 of 4 tasks done · 2 to do · 1 cancelled" in here.ours()["acme/site#1"]


def test_a_tracking_issue_that_is_transferred_takes_its_comment_along(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.settings["github"] = {"repositories": ["acme/site", "acme/web"]}
        here.github.create_repo("acme/web")
        here.agreed()
        new = here.github.transfer("acme/site#1", "acme/web")
        watch = here.watch()
        here.agreed()
        assert watch.created == watch.deleted == []
        assert percents(here.ours()[new]) == [50]
        assert set(here.ours()) == {"BLOG-1", "MKT-1", "MKT-2", new}


def test_a_repository_that_is_renamed_stays_the_one_that_is_configured(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        number = _issues(here)
        here.github.rename_repo("acme/site", "acme/homepage")
        watch = here.watch()
        here.agreed()
        assert _issues(here) == number
        assert watch.created == watch.deleted == []
        here.github.close("acme/homepage#4")
        here.agreed()
        assert percents(here.ours()["acme/homepage#1"]) == [75]


# Deleted


@FACES
def test_the_sweep_finds_a_deleted_task_and_the_counts_fall_and_the_comment_says_so(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.reconcile_every = timedelta(0)
        here.agreed()
        here.jira.delete("BLOG-2")
        here.github.delete("acme/site#4")
        here.agreed()
        assert "1 of 3 tasks done" in here.ours()["BLOG-1"]
        assert "scope removed: BLOG-2" in here.ours()["BLOG-1"]
        assert "2 of 3 tasks done" in plain(here.ours()["acme/site#1"])
        assert "scope removed: acme/site#4" in plain(here.ours()["acme/site#1"])


def test_without_a_sweep_a_deleted_task_is_found_when_the_next_one_is_due(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.delete("BLOG-2")
        here.sync()
        assert "2 of 4 tasks done" in here.ours()["BLOG-1"]
        here.world.clock.advance(24 * 3600)
        here.sync()
        assert "1 of 3 tasks done" in here.ours()["BLOG-1"]


def test_an_epic_that_is_deleted_is_told_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.reconcile_every = timedelta(0)
        here.agreed()
        here.jira.delete("BLOG-1")
        here.github.close("acme/site#4")
        report = here.sync()
        assert report.failed
        assert any("BLOG-1 was not found in jira" in said for said in report.conclusion.problems)
        assert percents(here.ours()["acme/site#1"]) == [75]


# States


@FACES
def test_a_task_that_will_not_be_done_is_cancelled_and_counts_no_more(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done", "Won't Do")
        here.github.close("acme/site#4", reason="not_planned")
        here.agreed()
        assert "2 of 3 tasks done · 1 to do · 2 cancelled" in here.ours()["BLOG-1"]
        assert "cancelled: BLOG-4" in here.ours()["BLOG-1"]
        assert "2 of 3 tasks done · 1 to do · 2 cancelled" in plain(here.ours()["acme/site#1"])
        assert "cancelled: acme/site#4" in plain(here.ours()["acme/site#1"])


@FACES
def test_a_task_that_is_opened_again_lowers_the_progress_and_is_told(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.jira.transition("BLOG-2", "In Progress")
        here.github.reopen("acme/site#2")
        here.agreed()
        assert change_of(here.ours()["BLOG-1"]) == (65, 40)
        assert points_of(here.ours()["BLOG-1"]) == [-25]
        assert "re-opened: BLOG-2" in here.ours()["BLOG-1"]
        assert "re-opened: acme/site#2" in plain(here.ours()["acme/site#1"])


def test_work_that_goes_under_another_parent_leaves_the_milestone(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.edit("BLOG-4", parent="MKT-2")
        here.github.remove_sub_issue("acme/site#1", "acme/site#4")
        here.agreed()
        assert "2 of 3 tasks done" in here.ours()["BLOG-1"]
        assert "scope removed: BLOG-4" in here.ours()["BLOG-1"]
        assert "2 of 3 tasks done" in plain(here.ours()["acme/site#1"])
        assert not {"BLOG-4", "acme/site#4"} & set(here.labels())


def test_a_milestone_whose_tasks_are_all_cancelled_is_said_to_be_without_scope(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        for number in (2, 3, 4, 5):
            here.github.close(f"acme/site#{number}", reason="not_planned")
        here.sync(force=True)
        assert "cannot measure" in here.ours()["acme/site#1"].splitlines()[0]
        assert "no scope" in plain(here.ours()["acme/site#1"])
        assert not here.plan().plan.actions


# The mapping


def test_a_milestone_that_leaves_the_mapping_takes_our_comment_and_labels_with_it(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        foreign = here.foreign()
        here.agreed()
        here.limits = LimitPolicy(max_removed_percent=100)
        here.mapping = without(MARKETING, "milestones.blog")
        watch = here.watch()
        here.agreed()
        assert watch.deleted == ["BLOG-1"]
        assert set(here.ours()) == {"MKT-1", "MKT-2", "acme/site#1"}
        assert not any(key.startswith("BLOG") for key in here.labels())
        assert here.foreign() == foreign


def test_a_rule_that_tags_more_without_any_change_in_a_tracker_is_said_to_be_the_mapping(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.jira.changes
        here.mapping += '\n[[milestones.blog.rules]]\nkeys = ["BLOG-7", "MKT-6"]\n'
        assert here.jira.changes == before
        here.agreed()
        body = here.ours()["BLOG-1"]
        assert "mapping changed: BLOG-7, MKT-6" in body
        assert change_of(body) == (65, 43)
        assert sum(points_of(body)) == 43 - 65
        assert "scope added" not in body


def test_a_comment_in_the_layout_of_the_mapping_file_alone_changes_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        watch = here.watch()
        here.mapping = "# A note\n\n" + MARKETING.replace("\n\n", "\n\n\n")
        here.agreed()
        assert watch.writes == []


def test_a_query_that_the_server_evaluates_decides_what_counts(tmp_path: Path) -> None:
    jql = milestone("cards", 'jql = \'summary ~ "addresses" OR summary ~ "printer"\'', 'tracking = "MKT-6"')
    with house(tmp_path) as here:
        here.mapping += jql + milestone("bugs", "search = 'label:bug is:issue'", 'tracking = "acme/site#7"')
        here.agreed()
        assert "0 of 2 tasks done" in here.ours()["MKT-6"]
        assert "0 of 1 task done" in here.ours()["acme/site#7"]
        here.github.close("acme/site#8")
        here.jira.transition("BLOG-7", "Done")
        here.sync(force=True)
        assert percents(here.ours()["MKT-6"]) == [50]
        assert percents(here.ours()["acme/site#7"]) == [100]


def test_a_query_that_the_server_refuses_makes_its_milestone_unmeasured_and_says_why(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.mapping += milestone("cards", "jql = 'colour = blue'", 'tracking = "MKT-6"')
        report = here.sync()
        assert report.failed
        assert any("cards" in said and "colour" in said for said in report.conclusion.problems)
        assert "MKT-6" not in here.ours() or "cannot measure" in here.ours()["MKT-6"].splitlines()[0]
        assert percents(here.ours()["BLOG-1"]) == [65]


def _issues(here: House) -> int:
    with here.job() as job:
        return sum(1 for _ in job.store.issues())

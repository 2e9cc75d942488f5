"""Runs that follow what changed: nothing waits for ever, and nothing is taken for granted too early."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.publish.publish_policy import LabelPolicy, LabelTemplates, LimitPolicy, PublishPolicy
from core.steps.evaluate_run import stored_evaluation
from tests.runs import CLOUD, DATACENTER, PREFIX, House, house, milestone

EXTRA = milestone("extra", 'project = "BLOG"')


def stored(here: House) -> list[str]:
    """Everything that the store holds, but for what connectors remember by themselves."""
    with closing(sqlite3.connect(here.database)) as raw:
        return [line for line in raw.iterdump() if not line.startswith('INSERT INTO "memory"')]


def without_ours(labels: dict[str, set[str]], key: str) -> set[str]:
    return {name for name in labels.get(key, set()) if name.startswith(PREFIX)}


def test_labels_that_a_limit_held_are_written_when_it_allows_them_although_nothing_changed(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.limits = LimitPolicy(max_first_changes=1)
        assert here.sync().conclusion.plan.held
        assert here.labels().keys() <= {"acme/site#7"}  # the only task of its milestone there
        here.limits = LimitPolicy()
        here.sync()
        wanted = here.labels()
        assert wanted
    (tmp_path / "other").mkdir()
    with house(tmp_path / "other") as other:
        other.agreed()
        assert other.labels() == wanted


def test_plans_do_not_use_up_what_the_next_sync_has_to_write(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.rested()
        here.jira.transition("BLOG-4", "Done")
        first, second = here.plan(), here.plan()
        assert first.plan.actions
        assert first.plan == second.plan
        assert [written.action for written in here.sync().written] == list(first.plan.actions)


def test_a_label_that_somebody_removed_comes_back(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.rested()
        before = here.labels()
        key = next(key for key in sorted(before) if key.startswith("BLOG-") and key != "BLOG-1")
        here.jira.edit(key, labels=[])
        here.sync()
        assert here.labels() == before


def test_another_prefix_moves_every_label_without_reading_an_issue_again(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.rested()
        old = here.labels()
        here.publish = PublishPolicy(labels=LabelPolicy(prefix="goal:"))
        report = here.sync()
        assert [each.seen for each in report.conclusion.pulls if each.full] == []
        # What bears the former prefix is not ours any more; what should stand stands with the new one.
        now = {
            key: {name for name in one.labels if name.startswith("goal:")}
            for key, one in here.standing().items()
        }
        renamed = {key: {name.replace(PREFIX, "goal:", 1) for name in names} for key, names in old.items()}
        assert {key: names for key, names in now.items() if names} == renamed


def test_labels_that_were_off_for_a_while_are_brought_into_agreement(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.publish = PublishPolicy(labels=LabelPolicy(enabled=False))
        here.rested()
        here.jira.edit("BLOG-4", labels=[])
        here.sync()
        assert "BLOG-4" not in here.labels()
        here.publish = PublishPolicy()
        here.sync()
        assert "BLOG-4" in here.labels()


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_a_changed_mapping_tags_what_is_stored_and_asks_no_tracker_for_it(tmp_path: Path, face: str) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.rested()
        here.sync()
        before = len(here.server.log)
        here.mapping += EXTRA
        with here.job() as job, stored_evaluation(job) as known:
            assert known.state.milestones["extra"].counts.done >= 1
        assert len(here.server.log) == before
        plan = here.plan()
        asked = [each for each in here.server.log[before:] if "bulkfetch" in each.path]
        assert (plan.evaluation.state.milestones["extra"].counts.done >= 1, asked) == (True, [])


def test_looking_with_another_mapping_writes_nothing_into_the_store(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = stored(here)
        here.mapping += EXTRA
        with here.job() as job, stored_evaluation(job) as known:
            assert "extra" in known.state.milestones
        assert stored(here) == before


def test_a_listed_task_that_is_renamed_edits_the_comment_that_lists_it(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.rested()
        key = next(key for key in ("BLOG-5", "BLOG-6", "BLOG-4") if key in here.ours()["BLOG-1"])
        here.jira.edit(key, summary="A title that nobody knows yet")
        here.sync()
        assert "A title that nobody knows yet" in here.ours()["BLOG-1"]


def test_tasks_that_tell_of_health_are_relabelled_when_it_changes_although_they_did_not(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.publish = PublishPolicy(
            labels=LabelPolicy(tasks=LabelTemplates(milestone="", progress="at/{bucket}"))
        )
        here.agreed()
        here.rested()
        before = here.labels()
        for key in ("BLOG-4", "BLOG-5", "BLOG-6"):
            here.jira.transition(key, "Done")
        here.sync()
        after = here.labels()
        unmoved = "BLOG-2"
        assert without_ours(before, unmoved) != without_ours(after, unmoved)

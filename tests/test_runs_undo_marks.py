"""Everything can be taken back without the ledger: by mark and account, and by prefix; nothing of others."""

from pathlib import Path

import pytest

from core.publish.publish_policy import PublishPolicy
from tests.runs import CLOUD, DATACENTER, House, house
from tests.writers import another, ours_on


def forget_store(one: House) -> None:
    for file in one.folder.glob("milepost.db*"):
        file.unlink()


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_after_the_store_was_lost_everything_can_still_be_taken_back(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        before, defined = here.standing(), here.definitions()
        here.agreed()
        forget_store(here)
        assert here.undo(everything=True) == ()
        assert here.standing() == before
        assert here.definitions() == defined


def test_without_the_store_nothing_of_other_people_or_instances_is_taken(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there", instance="there")
        there.agreed()
        here.jira.comment("BLOG-1", "I say so", author="ana")
        here.github.add_labels("acme/site#3", "bug")
        before = here.standing()
        here.agreed()
        here.jira.comment("BLOG-1", ours_on(here, "BLOG-1")[-1].body, author="ben")
        here.github.comment("acme/site#1", here.standing()["acme/site#1"].ours[-1], author="ana")
        forget_store(here)
        here.undo(everything=True)
        after = here.standing()
        assert {key: each.labels for key, each in after.items()} == {
            key: each.labels for key, each in before.items()
        }
        assert {key: each.ours for key, each in after.items()} == {
            key: each.ours for key, each in before.items()
        }
        assert len(after["BLOG-1"].foreign.comments) == len(before["BLOG-1"].foreign.comments) + 1
        assert there.plan().plan.actions == ()


def test_what_a_lost_store_wrote_is_taken_back_with_what_the_new_one_wrote(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        before, defined = here.standing(), here.definitions()
        here.agreed()
        forget_store(here)
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert here.undo(everything=True) == ()
        assert here.standing() == before
        assert here.definitions() == defined
        assert here.undo(everything=True) == ()


def test_one_run_is_taken_back_by_the_ledger_alone(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        forget_store(here)
        here.publish = PublishPolicy()
        before = here.standing()
        assert here.undo() == ()
        assert here.standing() == before

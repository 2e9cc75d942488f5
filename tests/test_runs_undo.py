"""What milepost wrote can be taken back: a run, or everything; what others did since stays."""

from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Lost, Status
from tests.runs import CLOUD, DATACENTER, house, percents

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


@FACES
def test_undoing_everything_leaves_the_world_as_if_milepost_had_never_been_there(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        before, defined = here.standing(), here.definitions()
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        here.agreed()
        here.mapping = here.mapping.replace('tracking = "MKT-2"', "tracking = []")
        here.agreed()
        assert here.undo(everything=True) == ()
        assert here.standing() == before
        assert here.definitions() == defined


@FACES
def test_undoing_the_last_run_restores_what_the_run_before_had_left(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        before, defined = here.standing(), here.definitions()
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        here.agreed()
        assert here.standing() != before
        assert here.undo() == ()
        assert here.standing() == before
        assert here.definitions() == defined


def test_after_an_undo_the_next_run_says_again_what_is_true(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        after, watch = here.standing(), here.watch()
        here.undo()
        here.agreed()
        assert watch.created == watch.deleted == []
        assert {key: each.labels for key, each in here.standing().items()} == {
            key: each.labels for key, each in after.items()
        }
        assert percents(here.ours()["BLOG-1"]) == [90]


def test_after_everything_was_undone_a_run_starts_afresh(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        whole = here.standing()
        here.undo(everything=True)
        here.agreed()
        assert here.standing() == whole


def test_an_undo_leaves_alone_what_other_people_did_since(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.add_labels("BLOG-1", "urgent")
        here.jira.comment("BLOG-1", "Well done", author="ana")
        here.github.remove_labels("acme/site#1", "epic")
        [ours] = [one for one in here.jira.comments("MKT-2") if one.author == here.jira.bot.id]
        here.jira.edit_comment(ours, ours.body + "\nSeen.", author="ben")
        foreign = here.foreign()
        held = here.undo(everything=True)
        assert here.foreign() == foreign
        assert held == ("comment on MKT-2: it was changed since",)
        assert set(here.ours()) == {"MKT-2"}
        assert here.labels() == {}


def test_a_label_definition_that_somebody_else_uses_by_now_stays(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.github.add_labels("acme/site#8", "mp/milestone/site")
        here.plan()
        held = here.undo(everything=True)
        assert held == ('label "mp/milestone/site" in acme/site: issues still carry it',)
        assert here.labels() == {"acme/site#8": {"mp/milestone/site"}}


def test_a_run_whose_writes_half_failed_can_be_undone_too(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        before, defined = here.standing(), here.definitions()
        for nth in range(1, 30, 3):
            here.server.plan(Fault(kind=Status(403, {}, {"message": "no"}), method="PUT", nth=nth))
            here.server.plan(
                Fault(kind=Lost(), method="POST", path=r"/comments?$|/issues/\d+/labels$", nth=nth)
            )
        here.sync()
        here.server.clear_faults()
        here.undo(everything=True)
        assert here.standing() == before
        assert here.definitions() == defined


def test_an_issue_that_moved_is_undone_where_it_is_now(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        new = here.jira.move("BLOG-1", "MKT")
        here.undo(everything=True)
        assert here.ours() == {}
        assert new not in here.labels()


def test_a_comment_that_was_set_back_after_an_edit_by_somebody_goes_with_everything_else(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        before = here.foreign()
        here.agreed()
        [ours] = [one for one in here.jira.comments("BLOG-1") if one.author == here.jira.bot.id]
        here.jira.edit_comment(ours, "Nothing to see here", author="ana")
        here.agreed()
        assert here.undo(everything=True) == ()
        assert here.ours() == {}
        assert here.foreign() == before

"""What every connector owes when it writes, when things go wrong, and when it is checked."""

import pytest

from connectors.errors import AnswerLost, InvalidResponse, Missing, Refused, TrackerError, Unavailable
from connectors.models import Interest, Posted
from tests.conformance_harness import MARK, NAME, Harness, Trouble, body, posted_on, pull


class WritingConformance:
    """What stands on an issue, writing, faults, checking."""

    # What stands on an issue

    def test_only_comments_that_bear_the_mark_are_told(self, harness: Harness) -> None:
        ref = harness.create("A", labels=["kept"])
        harness.comment_by_other(ref, "What about the colour?")
        tracker = harness.open()
        written = tracker.writer.create_comment(ref, body("Half done"), MARK)
        posted = posted_on(tracker.reader, ref)
        assert posted.labels == ("kept",)
        assert [comment.id for comment in posted.comments] == [written.id]
        assert posted.comments[0].mine
        assert MARK in (posted.comments[0].body + (posted.comments[0].mark or ""))

    def test_a_mark_copied_by_somebody_else_is_not_ours(self, harness: Harness) -> None:
        ref = harness.create("A")
        harness.comment_by_other(ref, body("Copied"))
        (comment,) = posted_on(harness.open().reader, ref).comments
        assert not comment.mine

    def test_marked_comments_are_found_behind_many_others(self, harness: Harness) -> None:
        ref = harness.create("A")
        for number in range(harness.page + 5):
            harness.comment_by_other(ref, f"Remark {number}")
        tracker = harness.open()
        written = tracker.writer.create_comment(ref, body("Half done"), MARK)
        assert [comment.id for comment in posted_on(tracker.reader, ref).comments] == [written.id]

    def test_an_issue_that_is_gone_is_left_out(self, harness: Harness) -> None:
        kept, gone = harness.create("Kept"), harness.create("Gone")
        harness.delete(gone)
        assert set(harness.open().reader.posted([kept, gone])) == {kept}

    def test_what_stands_on_a_moved_issue_is_found_under_its_id(self, harness: Harness) -> None:
        if not harness.has_moves:
            pytest.skip("this tracker does not keep an issue's id when it moves")
        ref = harness.create("A", labels=["kept"])
        moved = harness.move(ref)
        (posted,) = harness.open().reader.posted([ref]).values()
        assert isinstance(posted, Posted)
        assert posted.ref.key == moved.key
        assert posted.labels == ("kept",)

    # Writing

    def test_a_comment_is_written_edited_in_place_and_removed(self, harness: Harness) -> None:
        ref = harness.create("A")
        writer = harness.open().writer
        written = writer.create_comment(ref, body("Half done"), MARK)
        assert "Half done" in harness.comments(ref)[0]
        edited = writer.edit_comment(ref, written, body("All done"), MARK)
        assert edited.id == written.id
        assert len(harness.comments(ref)) == 1
        assert "All done" in harness.comments(ref)[0]
        writer.delete_comment(ref, edited)
        assert harness.comments(ref) == []

    def test_editing_a_comment_that_is_gone_says_missing(self, harness: Harness) -> None:
        ref = harness.create("A")
        writer = harness.open().writer
        written = writer.create_comment(ref, body("Half done"), MARK)
        harness.delete_comment(ref, written.id)
        with pytest.raises(Missing):
            writer.edit_comment(ref, written, body("All done"), MARK)
        writer.delete_comment(ref, written)
        assert harness.comments(ref) == []

    def test_labels_are_added_and_removed_one_by_one(self, harness: Harness) -> None:
        ref = harness.create("A", labels=["kept", "old"])
        after = harness.open().writer.change_labels(ref, ["new"], ["old", "never-there"])
        assert set(after) == harness.labels(ref) == {"kept", "new"}

    def test_a_label_that_somebody_adds_in_between_survives(self, harness: Harness) -> None:
        ref = harness.create("A", labels=["kept"])
        harness.before_label_write(lambda: harness.add_label(ref, "foreign"))
        after = harness.open().writer.change_labels(ref, ["new"], [])
        assert set(after) == harness.labels(ref) == {"kept", "foreign", "new"}

    def test_writing_to_an_issue_that_is_gone_says_missing(self, harness: Harness) -> None:
        ref = harness.create("A")
        harness.delete(ref)
        with pytest.raises(Missing):
            harness.open().writer.create_comment(ref, body("Half done"), MARK)

    # Faults

    @pytest.mark.parametrize(
        "trouble", [Trouble.BAD_GATEWAY, Trouble.RESET, Trouble.TRUNCATED, Trouble.RATE_LIMIT]
    )
    def test_a_read_that_fails_once_is_repeated(self, harness: Harness, trouble: Trouble) -> None:
        ref = harness.create("A")
        harness.trouble(trouble, writes=False)
        assert set(pull(harness.open())) == {ref}
        assert any("waiting" in notice for notice in harness.notices)

    @pytest.mark.parametrize("trouble", [Trouble.BAD_GATEWAY, Trouble.RESET, Trouble.PATIENCE])
    def test_a_tracker_that_stays_down_is_unavailable(self, harness: Harness, trouble: Trouble) -> None:
        harness.create("A")
        harness.trouble(trouble, writes=False, times=None)
        with pytest.raises(Unavailable):
            pull(harness.open())

    def test_a_web_page_instead_of_an_answer_is_garbled(self, harness: Harness) -> None:
        harness.create("A")
        harness.trouble(Trouble.HTML, writes=False, times=None)
        with pytest.raises(InvalidResponse):
            pull(harness.open())

    @pytest.mark.parametrize("trouble", [Trouble.FORBIDDEN, Trouble.GONE])
    def test_a_list_that_is_refused_is_an_error_and_no_emptiness(
        self, harness: Harness, trouble: Trouble
    ) -> None:
        harness.create("A")
        harness.trouble(trouble, writes=False, times=None)
        with pytest.raises(TrackerError):
            pull(harness.open())
        with pytest.raises(TrackerError):
            harness.open().reader.present()

    def test_a_create_whose_answer_is_lost_is_not_repeated(self, harness: Harness) -> None:
        ref = harness.create("A")
        harness.trouble(Trouble.LOST, writes=True)
        with pytest.raises(AnswerLost):
            harness.open().writer.create_comment(ref, body("Half done"), MARK)
        assert len(harness.comments(ref)) == 1
        assert len(posted_on(harness.open().reader, ref).comments) == 1

    @pytest.mark.parametrize("trouble", [Trouble.BAD_GATEWAY, Trouble.RESET])
    def test_a_create_that_may_have_been_done_is_not_repeated(
        self, harness: Harness, trouble: Trouble
    ) -> None:
        ref = harness.create("A")
        harness.trouble(trouble, writes=True)
        with pytest.raises(AnswerLost):
            harness.open().writer.create_comment(ref, body("Half done"), MARK)
        assert harness.comments(ref) == []

    def test_a_create_that_was_put_off_is_sent_again(self, harness: Harness) -> None:
        ref = harness.create("A")
        harness.trouble(Trouble.RATE_LIMIT, writes=True)
        harness.open().writer.create_comment(ref, body("Half done"), MARK)
        assert len(harness.comments(ref)) == 1

    def test_an_edit_whose_answer_is_lost_is_simply_repeated(self, harness: Harness) -> None:
        ref = harness.create("A")
        writer = harness.open().writer
        written = writer.create_comment(ref, body("Half done"), MARK)
        harness.trouble(Trouble.LOST, writes=True)
        writer.edit_comment(ref, written, body("All done"), MARK)
        assert len(harness.comments(ref)) == 1
        assert "All done" in harness.comments(ref)[0]

    def test_a_write_that_is_forbidden_is_refused_and_not_repeated(self, harness: Harness) -> None:
        ref = harness.create("A")
        harness.trouble(Trouble.FORBIDDEN, writes=True, times=None)
        with pytest.raises(Refused):
            harness.open().writer.create_comment(ref, body("Half done"), MARK)
        assert sum(not sent.reads for sent in harness.sent()) == 1

    # Checking

    def test_a_check_of_a_working_tracker_finds_all_well_and_writes_nothing(self, harness: Harness) -> None:
        harness.create("A")
        findings = harness.open().check(harness.needs)
        assert findings
        assert [finding for finding in findings if not finding.ok] == []
        assert all(sent.reads for sent in harness.sent())

    def test_a_check_with_a_refused_login_finds_it_and_raises_nothing(self, harness: Harness) -> None:
        findings = harness.open(token="wrong-secret").check(harness.needs)
        bad = [finding for finding in findings if not finding.ok]
        assert bad
        assert any(f"MILEPOST_TRACKERS__{NAME.upper()}__TOKEN" in finding.hint for finding in bad)
        assert "wrong-secret" not in str(findings)

    def test_a_check_of_a_tracker_that_is_down_says_so_and_raises_nothing(self, harness: Harness) -> None:
        harness.trouble(Trouble.BAD_GATEWAY, writes=False, times=None)
        assert any(not finding.ok for finding in harness.open().check(harness.needs))

    def test_reading_writes_nothing(self, harness: Harness) -> None:
        ref = harness.create("A")
        reader = harness.open().reader
        list(reader.changed_since(None, Interest(roots=frozenset({ref.key}), checklists=True)).pages)
        reader.present()
        reader.fetch([ref.key])
        reader.posted([ref])
        assert all(sent.reads for sent in harness.sent())

"""What every connector owes when everything is listed, and when single issues or comments are asked for."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors.errors import TrackerError
from connectors.interface import Reader
from connectors.models import Fate, Interest, IssueOutline, IssueRef
from tests.conformance_harness import MARK, Harness, body, pull


def surveyed(reader: Reader, interest: Interest | None = None) -> dict[IssueRef, IssueOutline]:
    """The outlines of one whole survey; fails if an issue came unreadable."""
    found: dict[IssueRef, IssueOutline] = {}
    for page in reader.survey(interest or Interest()).pages:
        assert page.unread == ()
        found.update((issue.ref, IssueOutline.of(issue)) for issue in page.issues)
        found.update((outline.ref, outline) for outline in page.outlines)
    return found


class SurveyingConformance:
    """Surveys, whereabouts and single comments."""

    def test_a_survey_brings_everything_in_scope_and_nothing_else(self, harness: Harness) -> None:
        refs = {harness.create("Open"), harness.create("Done")}
        harness.create("Elsewhere", outside=True)
        deleted = harness.create("Deleted")
        harness.delete(deleted)
        assert set(surveyed(harness.open().reader)) == refs

    def test_a_survey_longer_than_one_page_brings_every_issue(self, harness: Harness) -> None:
        refs = {harness.create(f"Task {number}") for number in range(harness.page + 1)}
        assert set(surveyed(harness.open().reader)) == refs

    def test_the_outline_of_a_survey_is_that_of_the_issue_in_a_pull(self, harness: Harness) -> None:
        root = harness.create("Root", labels=["urgent", "team-web"])
        child = harness.create("Child", parent=root)
        harness.pass_time(timedelta(hours=1))
        harness.finish(child)
        given_up = harness.create("Never")
        harness.give_up(given_up)
        interest = Interest(roots=frozenset({root.key}))
        pulled = pull(harness.open(), None, interest)
        outlines = surveyed(harness.open().reader, interest)
        assert outlines.keys() == pulled.keys()
        for ref, issue in pulled.items():
            assert not outlines[ref].differs(IssueOutline.of(issue)), ref

    def test_a_survey_brings_the_trees_and_what_is_named_wherever_it_lives(self, harness: Harness) -> None:
        root = harness.create("Root")
        child = harness.create("Child", parent=root, outside=True)
        grandchild = harness.create("Grandchild", parent=child, outside=True)
        named = harness.create("Named", outside=True)
        harness.create("Unrelated", outside=True)
        interest = Interest(
            roots=frozenset({root.key}), keys=frozenset({root.key, named.key, harness.unknown_key})
        )
        assert set(surveyed(harness.open().reader, interest)) == {root, child, grandchild, named}

    def test_a_survey_leaves_the_next_pull_as_it_would_be(self, harness: Harness) -> None:
        root = harness.create("Root")
        child = harness.create("Before", parent=root, outside=True)
        interest = Interest(roots=frozenset({root.key}))
        harness.pass_time(timedelta(hours=1))
        first = harness.open().reader.changed_since(None, interest)
        list(first.pages)
        harness.pass_time(timedelta(hours=1))
        harness.edit(child, "After")
        reader = harness.open().reader
        second = reader.changed_since(first.cursor, interest)
        list(second.pages)
        list(reader.survey(interest).pages)
        harness.pass_time(timedelta(hours=1))
        harness.edit(child, "Later")
        third = harness.open().reader.changed_since(second.cursor, interest)
        assert not third.full
        assert {issue.title for page in third.pages for issue in page.issues if issue.ref == child} == {
            "Later"
        }

    def test_where_an_issue_is_tells_what_is_there_and_what_is_gone(self, harness: Harness) -> None:
        there, gone = harness.create("There"), harness.create("Gone")
        outside = harness.create("Elsewhere", outside=True)
        harness.delete(gone)
        found = harness.open().reader.locate([there, gone, outside])
        assert found.keys() == {there, gone, outside}
        assert found[there].fate is Fate.PRESENT
        assert found[there].issue == pull(harness.open())[there]
        assert found[outside].fate is Fate.PRESENT
        assert found[gone].fate is Fate.GONE
        assert found[gone].issue is None
        assert found[gone].reason

    def test_a_moved_issue_is_present_under_its_new_key(self, harness: Harness) -> None:
        if not harness.has_moves:
            pytest.skip("this tracker does not keep an issue's id when it moves")
        ref = harness.create("A")
        moved = harness.move(ref)
        found = harness.open().reader.locate([ref])[ref]
        assert found.fate is Fate.PRESENT
        assert found.issue is not None
        assert found.issue.ref.key == moved.key

    def test_one_comment_is_found_by_its_id_until_it_is_gone(self, harness: Harness) -> None:
        ref = harness.create("A")
        tracker = harness.open()
        written = tracker.writer.create_comment(ref, body("Half done"), MARK)
        other = harness.comment_by_other(ref, "What about the colour?")
        found = tracker.reader.comment(ref, written.id)
        assert found is not None
        assert (found.id, found.mine) == (written.id, True)
        assert MARK in (found.body + (found.mark or ""))
        foreign = tracker.reader.comment(ref, other)
        assert foreign is not None
        assert not foreign.mine
        harness.delete_comment(ref, written.id)
        assert tracker.reader.comment(ref, written.id) is None

    @pytest.mark.parametrize("ask", ["survey", "locate", "comment"])
    def test_a_failed_login_is_an_error_of_the_tracker(self, harness: Harness, ask: str) -> None:
        ref = harness.create("A")
        reader = harness.open(token="wrong-secret").reader
        questions: dict[str, Callable[[], object]] = {
            "survey": lambda: list(reader.survey(Interest()).pages),
            "locate": lambda: reader.locate([ref]),
            "comment": lambda: reader.comment(ref, "1"),
        }
        with pytest.raises(TrackerError):
            questions[ask]()

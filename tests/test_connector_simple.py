"""What a connector inherits of SimpleTracker, beyond what the conformance suite asks of the example."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.errors import BadConfiguration, InvalidResponse, Missing
from connectors.interface import TrackerInfo, TrackerSettings
from connectors.models import (
    Capability,
    Fate,
    Interest,
    Issue,
    IssueRef,
    Page,
    PostedComment,
    StatusCategory,
    Unread,
)
from connectors.simple_tracker import SimpleTracker
from tests.conformance_harness import DictMemory

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def normal_key(key: str) -> str | None:
    return key if key[:2] in ("A-", "B-") and key[2:].isdecimal() else None


class BoardSettings(TrackerSettings):
    kind: str = "board"

    def info(self, name: str) -> TrackerInfo:
        def owns(key: str) -> bool:
            return key.startswith("A-")

        return TrackerInfo(name, "board", ("A",), owns, normal_key, "markdown", 1_000, 50, True)


def an_issue(id_: str, key: str, parent_key: str | None = None) -> Issue:
    return Issue(
        ref=IssueRef("board", id_, key),
        url=f"https://board.test/{key}",
        title=key,
        container=key[0],
        status="open",
        category=StatusCategory.TODO,
        parent_key=parent_key,
        created=NOW,
        updated=NOW,
    )


class Board(SimpleTracker[BoardSettings]):
    """Issues that a test gives."""

    page = Page(())

    def read_issues(self, *, checklists: bool) -> Page:
        return self.page

    def read_comments(self, ref: IssueRef) -> Sequence[PostedComment]:
        raise Missing(self.name, f"read {ref}", "gone")

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        raise NotImplementedError

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        raise NotImplementedError

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        raise NotImplementedError

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        raise NotImplementedError


@pytest.fixture
def board() -> Board:
    return Board("board", BoardSettings(), memory=DictMemory(), clock=lambda: NOW, notify=lambda _line: None)


def keys_of(board: Board, interest: Interest) -> set[str]:
    return {issue.ref.key for page in board.changed_since(None, interest).pages for issue in page.issues}


def test_trees_are_followed_by_the_keys_of_parents_even_in_a_circle(board: Board) -> None:
    board.page = Page(
        (
            an_issue("1", "A-1", parent_key="B-3"),
            an_issue("2", "B-2", parent_key="A-1"),
            an_issue("3", "B-3", parent_key="B-2"),
            an_issue("4", "B-4"),
        )
    )
    assert keys_of(board, Interest()) == {"A-1"}
    assert keys_of(board, Interest(roots=frozenset({"A-1"}))) == {"A-1", "B-2", "B-3"}


def test_an_issue_is_fetched_by_its_key_or_its_id(board: Board) -> None:
    board.page = Page((an_issue("1", "A-1"), an_issue("2", "B-2")), (Unread("3", "A-3", "odd"),))
    assert {issue.ref.key for issue in board.fetch(["A-1", "2", "9"]).issues} == {"A-1", "B-2"}
    assert board.fetch(["A-3"]).unread == (Unread("3", "A-3", "odd"),)


def test_an_issue_that_cannot_be_read_is_in_scope_and_its_comments_are_an_error(board: Board) -> None:
    board.page = Page((), (Unread("3", "A-3", "odd"), Unread("4", "B-4", "odd")))
    ref = IssueRef("board", "3", "A-3")
    assert board.present() == {"3"}
    assert board.locate([ref])[ref].fate is Fate.UNKNOWN
    assert isinstance(board.posted([ref])[ref], InvalidResponse)
    assert [page.unread for page in board.changed_since(None, Interest()).pages] == [(board.page.unread[0],)]


def test_an_issue_that_is_gone_when_its_comments_are_read_is_left_out(board: Board) -> None:
    issue = an_issue("1", "A-1")
    board.page = Page((issue,))
    assert board.posted([issue.ref]) == {}
    assert board.comment(issue.ref, "1") is None


def test_a_cursor_of_the_future_or_of_another_scope_means_a_full_pull(board: Board) -> None:
    cursor = board.changed_since(None, Interest()).cursor
    assert not board.changed_since(cursor, Interest()).full
    assert board.changed_since(cursor, Interest(keys=frozenset({"B-2"}))).full
    board.clock = lambda: NOW.replace(year=2026)
    assert board.changed_since(cursor, Interest()).full


def test_a_check_says_what_shows_only_when_something_is_written(board: Board) -> None:
    assert [finding.what for finding in board.check(frozenset({Capability.READ}))] == ["read"]
    finding = board.check(frozenset({Capability.COMMENT}))[-1]
    assert (finding.what, finding.ok) == ("write in A", True)
    assert finding.reason == "shows when something is written"


def test_a_query_is_an_error_where_there_is_no_query_language(board: Board) -> None:
    with pytest.raises(BadConfiguration):
        board.matching("colour")


def test_a_survey_names_the_containers_of_the_configuration(board: Board) -> None:
    board.page = Page((replace(an_issue("1", "A-1"), title="one"),))
    survey = board.survey(Interest())
    assert [issue.title for page in survey.pages for issue in page.issues] == ["one"]
    assert [container.name for container in survey.containers()] == ["A"]
    assert survey.names() == {"A": "A"}

"""What every connector owes: one suite of tests that each connector's test class inherits."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import Enum, auto

import pytest

from connectors.contract import (
    MARK_PREFIX,
    AnswerLost,
    BadConfiguration,
    Capability,
    Garbled,
    Interest,
    Issue,
    IssueRef,
    Memory,
    Missing,
    Page,
    Refused,
    StatusCategory,
    Tracker,
    TrackerError,
    Unavailable,
)

NAME = "work"
"""What the harness names the tracker that it opens."""

MARK = f"{MARK_PREFIX}test:1:0123456789ab"


class Trouble(Enum):
    """What can go wrong with a request, whatever the tracker."""

    BAD_GATEWAY = auto()  # 502, not done
    RESET = auto()  # the connection is cut before anything is done
    LOST = auto()  # done, and the connection cut instead of an answer
    HTML = auto()  # 200 with a web page
    TRUNCATED = auto()  # half of the answer
    RATE_LIMIT = auto()  # 429 with Retry-After: 0
    PATIENCE = auto()  # 429 with Retry-After of a day
    FORBIDDEN = auto()  # 403, no rate limit
    GONE = auto()  # 404


@dataclass(frozen=True)
class Sent:
    """One request that reached the tracker; `reads` is False for whatever could change something."""

    method: str
    path: str
    reads: bool


class DictMemory(Memory):
    """A memory that lasts as long as the test."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.facts.get(key)

    def set(self, key: str, value: str) -> None:
        self.facts[key] = value


class Harness(ABC):
    """A tracker that a test can move, and the connector opened on it.

    The scope holds one container and is empty at first. The policy waits for nothing: no back-off and no
    write spacing. `memory` outlives a tracker, so that opening again is the next run.
    """

    needs = frozenset({Capability.READ, Capability.COMMENT, Capability.LABEL})
    page = 100
    """One more issue than this needs a second page in a full pull."""
    has_moves = True
    unknown_key = ""
    """A well-formed key in scope of an issue that never existed."""

    def __init__(self) -> None:
        self.memory = DictMemory()
        self.notices: list[str] = []

    @abstractmethod
    def open(self, *, token: str | None = None) -> Tracker:
        """Open the connector on this tracker; with `token`, log in with that instead of the right one."""

    @abstractmethod
    def pass_time(self, by: timedelta) -> None:
        """Let the tracker's clock run ahead."""

    @abstractmethod
    def create(
        self,
        title: str,
        *,
        labels: Iterable[str] = (),
        parent: IssueRef | None = None,
        body: str = "",
        outside: bool = False,
    ) -> IssueRef:
        """Create an issue in scope, or in a container that the account can see but that is out of scope."""

    @abstractmethod
    def edit(self, ref: IssueRef, title: str) -> None:
        """Give an issue another title."""

    @abstractmethod
    def finish(self, ref: IssueRef) -> None:
        """Close an issue as done."""

    @abstractmethod
    def give_up(self, ref: IssueRef) -> None:
        """Close an issue as not to be done."""

    @abstractmethod
    def move(self, ref: IssueRef) -> IssueRef:
        """Move an issue to another container in scope of the account; the same id, and its new key."""

    @abstractmethod
    def delete(self, ref: IssueRef) -> None:
        """Delete an issue."""

    @abstractmethod
    def comment_by_other(self, ref: IssueRef, body: str) -> str:
        """Write a comment as another person; its id."""

    @abstractmethod
    def delete_comment(self, ref: IssueRef, comment_id: str) -> None:
        """Delete a comment, whoever wrote it."""

    @abstractmethod
    def add_label(self, ref: IssueRef, label: str) -> None:
        """Add a label as another person."""

    @abstractmethod
    def labels(self, ref: IssueRef) -> set[str]:
        """The labels that the issue truly bears."""

    @abstractmethod
    def comments(self, ref: IssueRef) -> list[str]:
        """The text of every comment that the issue truly bears, oldest first."""

    @abstractmethod
    def title_query(self, word: str) -> str:
        """A server-side query for issues with this word in the title."""

    @abstractmethod
    def trouble(self, what: Trouble, *, writes: bool, times: int | None = 1) -> None:
        """Let the next `times` (None: all) reads, or writes, go wrong, but not logging in."""

    @abstractmethod
    def spoil(self, ref: IssueRef) -> None:
        """From now on send this issue in a shape that nobody can read, in answers to searches and lists."""

    @abstractmethod
    def before_label_write(self, call: Callable[[], object]) -> None:
        """Run `call()` between the connector's next label request and its handling."""

    @abstractmethod
    def sent(self) -> list[Sent]:
        """Every request so far."""


class ConnectorConformance(ABC):
    """Inherit, give a `harness` fixture, and every test here runs against the new connector."""

    @pytest.fixture
    @abstractmethod
    def harness(self) -> Iterable[Harness]: ...

    # Opening and configuration

    def test_opening_sends_no_request(self, harness: Harness) -> None:
        tracker = harness.open()
        tracker.close()
        assert harness.sent() == []

    def test_info_knows_its_own_keys_without_a_request(self, harness: Harness) -> None:
        ref = harness.create("A")
        info = harness.open().info
        assert info.name == NAME
        assert info.owns(ref.key)
        assert info.normal_key(ref.key) == ref.key
        assert info.normal_key("not a key") is None
        assert not info.owns("not a key")
        assert harness.sent() == []

    def test_a_refused_login_is_a_configuration_error_that_names_the_variable(self, harness: Harness) -> None:
        harness.create("A")
        with pytest.raises(BadConfiguration) as caught:
            pull(harness.open(token="wrong-secret"))
        assert f"MILEPOST_TRACKERS__{NAME.upper()}__TOKEN" in caught.value.hint
        assert "wrong-secret" not in str(caught.value)

    @pytest.mark.parametrize("ask", ["present", "matching", "fetch", "posted"])
    def test_a_failed_login_never_looks_like_an_empty_tracker(self, harness: Harness, ask: str) -> None:
        ref = harness.create("A")
        reader = harness.open(token="wrong-secret").reader
        questions: dict[str, Callable[[], object]] = {
            "present": lambda: reader.present(),
            "matching": lambda: reader.matching(harness.title_query("A")),
            "fetch": lambda: reader.fetch([ref.key]),
            "posted": lambda: reader.posted([ref]),
        }
        with pytest.raises(TrackerError):
            questions[ask]()

    # Pulling

    def test_the_first_pull_is_full_and_brings_everything_in_scope(self, harness: Harness) -> None:
        refs = {harness.create("Open"), harness.create("Done"), harness.create("Not done")}
        harness.create("Elsewhere", outside=True)
        first = harness.open().reader.changed_since(None, Interest())
        assert first.full
        assert {issue.ref for page in first.pages for issue in page.issues} == refs

    def test_an_issue_says_where_it_stands(self, harness: Harness) -> None:
        todo, done = harness.create("Open"), harness.create("Done")
        harness.pass_time(timedelta(hours=1))
        harness.finish(done)
        found = pull(harness.open())
        assert found[todo].category is StatusCategory.TODO
        assert found[todo].resolved is None
        assert found[done].category is StatusCategory.DONE
        resolved = found[done].resolved
        assert resolved is not None
        assert resolved > found[done].created

    def test_an_issue_that_is_given_up_says_so_by_category_or_resolution(self, harness: Harness) -> None:
        ref = harness.create("Never")
        harness.give_up(ref)
        issue = pull(harness.open())[ref]
        assert issue.category in (StatusCategory.CANCELLED, StatusCategory.DONE)
        assert issue.resolution

    def test_times_are_in_utc_and_links_open_a_page(self, harness: Harness) -> None:
        ref = harness.create("A")
        issue = pull(harness.open())[ref]
        assert issue.created.tzinfo is UTC
        assert issue.updated.tzinfo is UTC
        assert issue.url.startswith("http")
        assert issue.url.endswith(ref.key.rpartition("#")[2])

    def test_labels_and_hostile_titles_come_as_they_are(self, harness: Harness) -> None:
        title = '<script>alert(1)</script> @everyone {color:red} "; DROP TABLE issues; -- ☃'
        ref = harness.create(title, labels=["team-web", "urgent"])
        issue = pull(harness.open())[ref]
        assert issue.title == title
        assert set(issue.labels) == {"team-web", "urgent"}

    def test_a_pull_longer_than_one_page_brings_each_issue_once(self, harness: Harness) -> None:
        refs = {harness.create(f"Task {number}") for number in range(harness.page + 1)}
        pages = list(harness.open().reader.changed_since(None, Interest()).pages)
        ids = [issue.ref for page in pages for issue in page.issues]
        assert len(pages) > 1
        assert sorted(ids) == sorted(refs)

    def test_the_next_pull_brings_what_changed_and_not_what_rested(self, harness: Harness) -> None:
        resting, changing = harness.create("Resting"), harness.create("Before")
        harness.pass_time(timedelta(hours=1))
        first = harness.open().reader.changed_since(None, Interest())
        assert len(list(first.pages)) >= 1
        harness.pass_time(timedelta(hours=1))
        harness.edit(changing, "After")
        added = harness.create("Added")
        harness.pass_time(timedelta(minutes=10))
        second = harness.open().reader.changed_since(first.cursor, Interest())
        found = {issue.ref: issue for page in second.pages for issue in page.issues}
        assert not second.full
        assert set(found) == {changing, added}
        assert found[changing].title == "After"
        assert resting not in found

    def test_a_change_just_before_the_cursor_is_read_again(self, harness: Harness) -> None:
        ref = harness.create("A")
        first = harness.open().reader.changed_since(None, Interest())
        assert [issue.ref for page in first.pages for issue in page.issues] == [ref]
        second = harness.open().reader.changed_since(first.cursor, Interest())
        assert [issue.ref for page in second.pages for issue in page.issues] == [ref]

    def test_a_change_while_a_pull_is_read_comes_with_the_next(self, harness: Harness) -> None:
        ref = harness.create("Before")
        harness.pass_time(timedelta(hours=1))
        first = harness.open().reader.changed_since(None, Interest())
        harness.edit(ref, "After")
        list(first.pages)
        harness.pass_time(timedelta(hours=1))
        assert pull(harness.open(), first.cursor)[ref].title == "After"

    @pytest.mark.parametrize("cursor", ["", "nonsense", "{}", "[1]", '{"v": 99}', "\x00"])
    def test_a_cursor_of_somebody_else_means_a_full_pull(self, harness: Harness, cursor: str) -> None:
        ref = harness.create("A")
        again = harness.open().reader.changed_since(cursor, Interest())
        assert again.full
        assert [issue.ref for page in again.pages for issue in page.issues] == [ref]

    def test_another_interest_means_a_full_pull(self, harness: Harness) -> None:
        harness.create("A")
        harness.pass_time(timedelta(hours=1))
        first = harness.open().reader.changed_since(None, Interest())
        list(first.pages)
        assert harness.open().reader.changed_since(first.cursor, Interest(checklists=True)).full

    def test_checklists_come_only_where_asked_for(self, harness: Harness) -> None:
        ref = harness.create("A", body="Do:\n- [x] first\n- [ ] second\n")
        assert pull(harness.open())[ref].checklist == ()
        boxes = pull(harness.open(), None, Interest(checklists=True))[ref].checklist
        assert [(box.text, box.done) for box in boxes] == [("first", True), ("second", False)]

    def test_the_tree_below_a_root_comes_whole_wherever_it_lives(self, harness: Harness) -> None:
        root = harness.create("Root")
        child = harness.create("Child", parent=root, outside=True)
        unrelated = harness.create("Unrelated", outside=True)
        found = pull(harness.open(), None, Interest(roots=frozenset({root.key})))
        assert child in found
        assert unrelated not in found
        assert found[child].parent_id == root.id or found[child].parent_key == root.key

    def test_a_change_in_the_tree_out_of_scope_comes_with_the_next_pull(self, harness: Harness) -> None:
        root = harness.create("Root")
        child = harness.create("Before", parent=root, outside=True)
        interest = Interest(roots=frozenset({root.key}))
        harness.pass_time(timedelta(hours=1))
        first = harness.open().reader.changed_since(None, interest)
        list(first.pages)
        harness.pass_time(timedelta(hours=1))
        harness.edit(child, "After")
        late = harness.create("Late", parent=root, outside=True)
        found = pull(harness.open(), first.cursor, interest)
        assert found[child].title == "After"
        assert late in found

    def test_keys_named_one_by_one_come_though_out_of_scope(self, harness: Harness) -> None:
        ref = harness.create("Elsewhere", outside=True)
        keys = frozenset({ref.key, harness.unknown_key})
        assert set(pull(harness.open(), None, Interest(keys=keys))) == {ref}

    def test_one_issue_that_cannot_be_read_is_told_and_the_others_come(self, harness: Harness) -> None:
        good, bad = harness.create("Good"), harness.create("Bad")
        harness.spoil(bad)
        pages = list(harness.open().reader.changed_since(None, Interest()).pages)
        assert {issue.ref for page in pages for issue in page.issues} == {good}
        unread = [one for page in pages for one in page.unread]
        assert [one.id for one in unread] == [bad.id]
        assert unread[0].why

    # Identity

    def test_a_moved_issue_is_the_same_issue_under_its_new_key(self, harness: Harness) -> None:
        if not harness.has_moves:
            pytest.skip("this tracker does not keep an issue's id when it moves")
        ref = harness.create("A")
        moved = harness.move(ref)
        assert moved.key != ref.key
        (issue,) = harness.open().reader.fetch([ref.key]).issues
        assert issue.ref == ref
        assert issue.ref.key == moved.key

    def test_a_deleted_issue_is_no_longer_present(self, harness: Harness) -> None:
        kept, gone = harness.create("Kept"), harness.create("Gone")
        assert harness.open().reader.present() == {kept.id, gone.id}
        harness.delete(gone)
        assert harness.open().reader.present() == {kept.id}

    def test_presence_is_complete_beyond_one_page(self, harness: Harness) -> None:
        refs = [harness.create(f"Task {number}") for number in range(harness.page + 1)]
        assert harness.open().reader.present() == {ref.id for ref in refs}

    def test_fetching_finds_by_key_and_leaves_out_what_does_not_exist(self, harness: Harness) -> None:
        ref, deleted = harness.create("A"), harness.create("Deleted")
        harness.delete(deleted)
        page = harness.open().reader.fetch([ref.key, deleted.key, harness.unknown_key])
        assert [issue.ref for issue in page.issues] == [ref]
        assert page.unread == ()

    def test_a_query_matches_within_the_scope_only(self, harness: Harness) -> None:
        match = harness.create("Homepage draft")
        harness.create("Something else")
        harness.create("Homepage elsewhere", outside=True)
        assert harness.open().reader.matching(harness.title_query("Homepage")) == {match.id}

    # What stands on an issue

    def test_only_comments_that_bear_the_mark_are_told(self, harness: Harness) -> None:
        ref = harness.create("A", labels=["kept"])
        harness.comment_by_other(ref, "What about the colour?")
        tracker = harness.open()
        written = tracker.writer.create_comment(ref, body("Half done"), MARK)
        posted = tracker.reader.posted([ref])[ref]
        assert posted.labels == ("kept",)
        assert [comment.id for comment in posted.comments] == [written.id]
        assert posted.comments[0].mine
        assert MARK in (posted.comments[0].body + (posted.comments[0].mark or ""))

    def test_a_mark_copied_by_somebody_else_is_not_ours(self, harness: Harness) -> None:
        ref = harness.create("A")
        harness.comment_by_other(ref, body("Copied"))
        (comment,) = harness.open().reader.posted([ref])[ref].comments
        assert not comment.mine

    def test_marked_comments_are_found_behind_many_others(self, harness: Harness) -> None:
        ref = harness.create("A")
        for number in range(harness.page + 5):
            harness.comment_by_other(ref, f"Remark {number}")
        tracker = harness.open()
        written = tracker.writer.create_comment(ref, body("Half done"), MARK)
        assert [comment.id for comment in tracker.reader.posted([ref])[ref].comments] == [written.id]

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
        with pytest.raises(Garbled):
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
        assert len(harness.open().reader.posted([ref])[ref].comments) == 1

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


def pull(
    tracker: Tracker, cursor: str | None = None, interest: Interest | None = None
) -> dict[IssueRef, Issue]:
    """One whole pull; fails if an issue came unreadable or twice."""
    pages: list[Page] = list(tracker.reader.changed_since(cursor, interest or Interest()).pages)
    assert [unread for page in pages for unread in page.unread] == []
    issues = [issue for page in pages for issue in page.issues]
    found = {issue.ref: issue for issue in issues}
    assert len(found) == len(issues)
    return found


def body(text: str) -> str:
    """A comment as the core writes it: the text, and the mark at its end."""
    return f"{text}\n\n{MARK}"

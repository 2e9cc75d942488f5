"""What every connector owes when it opens and reads."""

from collections.abc import Callable
from datetime import UTC, timedelta

import pytest

from connectors.errors import BadConfiguration, TrackerError
from connectors.models import Interest, StatusCategory
from tests.conformance_harness import NAME, Harness, pull


class ReadingConformance:
    """Opening, pulling, identity."""

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

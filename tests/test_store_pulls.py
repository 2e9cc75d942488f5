"""A pull is saved as a whole, writes only what differs, and loses no issue."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import Unavailable
from connectors.models import Issue, IssueRef, Page, Pull, Unread
from core.store import PullCounts, PullState, Store, open_store
from tests.builders import NOON, an_issue

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "milepost.db") as opened:
        yield opened


def a_pull(*issues: Issue, unread: tuple[Unread, ...] = (), full: bool = False, cursor: str = "c1") -> Pull:
    return Pull(cursor, iter((Page(issues, unread),)), full)


def moved(issue: Issue, key: str) -> Issue:
    return replace(issue, ref=IssueRef(issue.ref.tracker, issue.ref.id, key))


def keys(store: Store) -> list[str]:
    return [issue.ref.key for issue in store.issues()]


def test_a_first_pull_stores_issues_cursor_and_time(store: Store) -> None:
    assert store.pull_state("jira") == PullState()
    assert store.save_pull("jira", a_pull(an_issue("BLOG-1"), an_issue("BLOG-2")), NOON) == PullCounts(
        2, 2, 0
    )
    assert store.pull_state("jira") == PullState(cursor="c1", read_at=NOON, issues=2)
    assert list(store.issues("jira")) == [an_issue("BLOG-1"), an_issue("BLOG-2")]
    assert list(store.issues("github")) == []


def test_an_unchanged_issue_that_comes_again_writes_no_row(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue("BLOG-1"), an_issue("BLOG-2")), NOON)
    changed = an_issue("BLOG-2", "done")
    assert store.save_pull("jira", a_pull(an_issue("BLOG-1"), changed), LATER) == PullCounts(2, 0, 1)
    with sqlite3.connect(store.file) as raw:
        rows = raw.execute("SELECT key, seq > (SELECT min(seq) FROM issues) FROM issues").fetchall()
    raw.close()
    assert dict(rows) == {"BLOG-1": 0, "BLOG-2": 1}
    assert list(store.issues()) == [an_issue("BLOG-1"), changed]


def test_many_pages_and_batches_are_one_pull(store: Store) -> None:
    issues = [an_issue(f"BLOG-{n}") for n in range(1, 2502)]
    pages = (Page(tuple(issues[start : start + 70])) for start in range(0, len(issues), 70))
    assert store.save_pull("jira", Pull("c1", pages, True), NOON) == PullCounts(2501, 2501, 0)
    assert sorted(issue.ref for issue in issues) == [issue.ref for issue in store.issues()]


def test_pages_that_fail_leave_everything_as_before(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue("BLOG-1"), unread=(Unread("9", "BLOG-9", "odd"),)), NOON)
    before = (store.pull_state("jira"), list(store.issues()), store.unread())

    def pages() -> Iterator[Page]:
        yield Page(tuple(an_issue(f"BLOG-{n}", "done") for n in range(1, 2000)))
        raise Unavailable("jira", "GET /search", "503")

    with pytest.raises(Unavailable):
        store.save_pull("jira", Pull("c2", pages(), True), LATER)
    assert (store.pull_state("jira"), list(store.issues()), store.unread()) == before
    assert store.save_pull("jira", a_pull(an_issue("BLOG-1")), LATER).seen == 1


def test_a_connector_may_remember_and_others_may_write_while_pages_come(store: Store) -> None:
    def pages() -> Iterator[Page]:
        yield Page(tuple(an_issue(f"BLOG-{n}") for n in range(1, 1500)))
        store.memory("jira").set("server", "Cloud")
        with open_store(store.file) as other:
            other.pull_failed("github", NOON, "no answer")
        yield Page((an_issue("BLOG-1500"),))

    assert store.save_pull("jira", Pull("c1", pages(), False), NOON).new == 1500
    assert store.memory("jira").get("server") == "Cloud"
    assert store.pull_state("github").error == "no answer"


def test_of_an_issue_that_comes_twice_the_later_state_stays(store: Store) -> None:
    old, new = an_issue("BLOG-1"), an_issue("BLOG-1", "done", updated=LATER)
    for first, second in ((old, new), (new, old)):
        pull = Pull("c", iter((Page((first,)), Page((second,)))), False)
        assert store.save_pull("jira", pull, NOON).seen == 1
        assert list(store.issues()) == [new]


def test_an_issue_put_back_to_an_earlier_state_is_taken_as_it_is(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue("BLOG-1", "done", updated=LATER)), NOON)
    store.save_pull("jira", a_pull(an_issue("BLOG-1")), LATER)
    assert list(store.issues()) == [an_issue("BLOG-1")]


def test_a_failed_pull_is_remembered_until_one_succeeds(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue()), NOON)
    store.pull_failed("jira", LATER, "timed out with Bearer abcdefghijklmnopqrstuvwxyz012345")
    state = store.pull_state("jira")
    assert (state.cursor, state.read_at, state.failed_at) == ("c1", NOON, LATER)
    assert state.error == "timed out with Bearer …"
    store.save_pull("jira", a_pull(cursor="c2"), LATER)
    assert store.pull_state("jira") == PullState(cursor="c2", read_at=LATER, issues=1)


def test_a_full_pull_reports_what_it_did_not_bring_and_removes_nothing(store: Store) -> None:
    store.save_pull("jira", a_pull(*(an_issue(f"BLOG-{n}") for n in (1, 2, 3, 4))), NOON)
    store.save_pull("github", a_pull(an_issue("acme/site#1")), NOON)
    failed = (Unread("id-BLOG-3", None, "odd"), Unread(None, "BLOG-4", "odd"))
    counts = store.save_pull("jira", a_pull(an_issue("BLOG-1"), unread=failed, full=True), LATER)
    assert counts == PullCounts(1, 0, 0, (an_issue("BLOG-2").ref,))
    assert counts.missing[0].key == "BLOG-2"
    assert len(keys(store)) == 5
    assert store.save_pull("jira", a_pull(an_issue("BLOG-1")), LATER).missing == ()


def test_a_sweep_puts_issues_out_of_sight_and_a_pull_brings_them_back(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue("BLOG-1"), an_issue("BLOG-2")), NOON)
    gone = store.absent("jira", frozenset({"id-BLOG-1"}))
    assert gone == (an_issue("BLOG-2").ref,)
    store.mark_gone("jira", gone, LATER)
    store.note_reconciled("jira", LATER)
    assert keys(store) == ["BLOG-1"]
    assert store.issue(gone[0]) is None
    assert store.pull_state("jira").reconciled_at == LATER
    assert store.pull_state("jira").issues == 1
    assert store.absent("jira", frozenset({"id-BLOG-1"})) == ()
    assert store.save_pull("jira", a_pull(an_issue("BLOG-2")), LATER) == PullCounts(1, 0, 1)
    assert keys(store) == ["BLOG-1", "BLOG-2"]


def test_of_many_ids_those_whose_issues_are_present_are_told_apart(store: Store) -> None:
    stored = [an_issue(f"BLOG-{n}") for n in range(1, 1203)]
    store.save_pull("jira", a_pull(*stored), NOON)
    store.mark_gone("jira", (an_issue("BLOG-2").ref,), NOON)
    asked = [issue.ref.id for issue in stored] + ["never", "\0"]
    assert store.present_ids("jira", asked) == set(asked) - {"id-BLOG-2", "never", "\0"}
    assert store.present_ids("github", asked) == store.present_ids("jira", ()) == frozenset()


def test_an_unread_issue_is_kept_until_it_is_read_or_gone(store: Store) -> None:
    by_id, by_key, nameless = (
        Unread("7", "BLOG-7", "no status"),
        Unread(None, "BLOG-8", "x"),
        Unread(None, None, "y"),
    )
    store.save_pull("jira", a_pull(unread=(by_id, by_key, nameless)), NOON)
    assert set(store.unread()["jira"]) == {by_id, by_key, nameless}
    # Nobody can ask for what has neither id nor key: it is told once, and forgotten with the next reading.
    store.save_pull("jira", a_pull(an_issue("BLOG-1"), unread=(Unread("7", "BLOG-7", "still"),)), NOON)
    assert store.unread() == {"jira": (Unread("7", "BLOG-7", "still"), by_key)}
    store.save_pull("jira", a_pull(an_issue("BLOG-8")), NOON)
    assert store.unread() == {"jira": (Unread("7", "BLOG-7", "still"),)}
    assert store.absent("jira", frozenset({"id-BLOG-1", "id-BLOG-8"})) == (IssueRef("jira", "7", "BLOG-7"),)
    store.mark_gone("jira", (IssueRef("jira", "7", "BLOG-7"),), NOON)
    assert store.unread() == {}
    store.save_pull("jira", a_pull(unread=(by_key,)), NOON)
    store.save_pull("jira", a_pull(an_issue("BLOG-1"), full=True), NOON)
    assert store.unread() == {}


def test_an_issue_that_fails_and_is_read_later_in_the_same_pull_counts_as_read(store: Store) -> None:
    pages = (Page((), (Unread("id-BLOG-1", None, "cut off"),)), Page((an_issue("BLOG-1"),)))
    store.save_pull("jira", Pull("c", iter(pages), False), NOON)
    assert store.unread() == {}


def test_a_moved_issue_is_one_issue_and_answers_to_both_keys(store: Store) -> None:
    first = an_issue("BLOG-1")
    store.save_pull("jira", a_pull(first), NOON)
    assert store.save_pull("jira", a_pull(moved(first, "MKT-5")), LATER) == PullCounts(1, 0, 1)
    assert keys(store) == ["MKT-5"]
    for resolve in (store.resolve, store.resolver()):
        assert resolve("jira", "MKT-5") == resolve("jira", "BLOG-1") == "id-BLOG-1"
        assert resolve("jira", "BLOG-2") is None
        assert resolve("github", "BLOG-1") is None


def test_a_former_key_belongs_to_the_issue_that_bears_it_now(store: Store) -> None:
    first, second = an_issue("BLOG-1"), an_issue("BLOG-2")
    store.save_pull("jira", a_pull(first, second), NOON)
    store.save_pull("jira", a_pull(moved(first, "MKT-5")), NOON)
    store.save_pull("jira", a_pull(moved(second, "BLOG-1")), LATER)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-BLOG-2"
    store.save_pull("jira", a_pull(moved(second, "MKT-6")), LATER)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-BLOG-2"


def test_two_issues_that_swap_keys_in_one_pull_are_told_apart(store: Store) -> None:
    first, second = an_issue("BLOG-1"), an_issue("BLOG-2")
    store.save_pull("jira", a_pull(first, second), NOON)
    store.save_pull("jira", a_pull(moved(first, "BLOG-2"), moved(second, "BLOG-1")), LATER)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-BLOG-2"
    assert store.resolve("jira", "BLOG-2") == store.resolver()("jira", "BLOG-2") == "id-BLOG-1"


def test_a_key_read_last_wins_over_one_whose_move_was_not_seen_yet(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue("BLOG-1")), NOON)
    store.save_pull("jira", a_pull(moved(an_issue("BLOG-0"), "BLOG-1")), LATER)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-BLOG-0"
    store.mark_gone("jira", (an_issue("BLOG-0").ref,), LATER)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-BLOG-1"


def test_labels_after_our_own_write_are_as_a_pull_would_bring_them(store: Store) -> None:
    issue = an_issue(labels=("theirs",))
    store.save_pull("jira", a_pull(issue), NOON)
    store.set_labels(issue.ref, ("theirs", "milepost/blog"))
    written = replace(issue, labels=("theirs", "milepost/blog"))
    assert store.issue(issue.ref) == written
    assert store.save_pull("jira", a_pull(written), NOON).changed == 0
    store.set_labels(IssueRef("jira", "77", "BLOG-77"), ("x",))
    assert len(keys(store)) == 1


def test_issues_with_text_that_no_database_takes_are_stored_and_found(store: Store) -> None:
    odd = replace(an_issue(), title="a\0b\ud800", ref=IssueRef("jira", "1\udfff", "K\0-1"))
    store.save_pull("jira", a_pull(odd), NOON)
    store.save_pull("jira", a_pull(odd), NOON)
    found = store.issue(odd.ref)
    assert found is not None
    assert found.title == "a\ufffdb\ufffd"
    assert store.resolve("jira", "K\0-1") == "1\ufffd"


def test_issues_are_streamed_as_they_were_when_the_iteration_began(store: Store) -> None:
    store.save_pull("jira", a_pull(*(an_issue(f"BLOG-{n}") for n in range(1, 2001))), NOON)
    stream = store.issues()
    first = next(stream)
    store.save_pull("jira", a_pull(*(an_issue(f"BLOG-{n}", "done") for n in range(1, 3001))), LATER)
    rest = list(stream)
    assert len(rest) == 1999
    assert {issue.status for issue in (first, *rest)} == {"To Do"}
    assert len(keys(store)) == 3000


def test_a_connector_finds_its_facts_again_and_only_its_own(store: Store) -> None:
    facts = store.memory("jira")
    assert facts.get("server") is None
    facts.set("server", "Server")
    facts.set("server", "Cloud")
    with open_store(store.file) as again:
        assert again.memory("jira").get("server") == "Cloud"
        assert again.memory("github").get("server") is None


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 30,
        "ATATT3x" + "a1" * 30,
        "Basic " + "YW5uQGV4YW1wbGU6dG9rZW4x",
        "https://ann:letmein@jira.test/",
    ],
)
def test_a_fact_that_looks_like_a_credential_is_kept_and_what_a_failure_said_is_redacted(
    store: Store, secret: str
) -> None:
    store.memory("github").set("repositories", f'{{"name": "{secret}"}}')
    assert store.memory("github").get("repositories") == f'{{"name": "{secret}"}}'
    store.pull_failed("jira", NOON, f"refused: {secret}")
    assert secret not in (store.pull_state("jira").error or "")


def test_a_time_without_zone_is_refused_and_nothing_is_stored(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.save_pull("jira", a_pull(an_issue()), NOON.replace(tzinfo=None))
    naive = an_issue(updated=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="no time zone"):
        store.save_pull("jira", a_pull(an_issue("BLOG-2"), naive), NOON)
    assert keys(store) == []


def test_an_issue_of_which_only_the_time_is_new_keeps_the_time_at_which_it_last_moved(store: Store) -> None:
    store.save_pull("jira", a_pull(an_issue("BLOG-1"), an_issue("BLOG-2")), NOON)
    touched = replace(an_issue("BLOG-1"), updated=LATER)
    renamed = replace(an_issue("BLOG-2"), updated=LATER, title='"updated":1')
    assert store.save_pull("jira", a_pull(touched, renamed), LATER) == PullCounts(2, 0, 1)
    assert list(store.issues()) == [an_issue("BLOG-1"), renamed]
    assert store.save_pull("jira", a_pull(replace(renamed, title='"updated":2')), LATER).changed == 1


def test_a_key_that_leads_nowhere_can_be_taught_to_lead_to_another_issue(store: Store) -> None:
    old, new, later = an_issue("BLOG-1"), an_issue("MKT-5"), an_issue("BLOG-9")
    store.save_pull("jira", a_pull(old, new), NOON)
    store.mark_gone("jira", (old.ref,), NOON)
    store.remember_key("jira", "BLOG-1", new.ref)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-MKT-5"
    store.save_pull("jira", a_pull(moved(later, "BLOG-1")), LATER)
    assert store.resolve("jira", "BLOG-1") == store.resolver()("jira", "BLOG-1") == "id-BLOG-9"

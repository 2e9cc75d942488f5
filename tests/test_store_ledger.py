"""Runs, what they wrote, and what was published, in the order in which it happened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from connectors.models import IssueRef, PostedComment
from core.engine.model import Snapshot, Unmeasured, Why
from core.publish.actions import ChangeLabels, Written
from core.publish.publication import Publication
from core.publish.quarantine import Quarantined, Target
from core.store import GoalValue, RunRecord, Store, open_store
from tests.builders import NOON, an_issue

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "milepost.db") as opened:
        yield opened


def written(number: int, said: str = "") -> Written:
    action = ChangeLabels(IssueRef("jira", str(number), f"BLOG-{number}"), ("a",), ("b",), "wanted")
    return Written(action, "failed" if said else "done", said, labels=("a", "theirs"))


def a_publication(key: str = "BLOG-1", digest: str = "abc") -> Publication:
    comment = PostedComment("10", "**42%** done", mine=True, visibility=("role", "Team"))
    return Publication(an_issue(key).ref, "blog", comment, digest, "hash", "1")


def told(rules: str) -> dict[str, Snapshot]:
    return {"blog": Snapshot(NOON, rules, Unmeasured(Why.NO_SCOPE, "no scope: no task"), ())}


def test_a_run_begins_writes_and_ends(store: Store) -> None:
    run = store.begin_run(NOON, "sync")
    assert store.last_run() == RunRecord(run, "sync", NOON)
    entries = tuple(written(number) for number in range(20, 0, -1))
    for entry in entries:
        store.record(run, entry, NOON)
    store.end_run(run, LATER, "ok", "20 changes", {"done": 20})
    assert store.entries(run) == entries
    assert store.last_run() == RunRecord(run, "sync", NOON, LATER, "ok", "20 changes", {"done": 20})


def test_a_run_that_never_ended_is_seen_as_crashed_once_another_began(store: Store) -> None:
    crashed = store.begin_run(NOON, "sync")
    store.record(crashed, written(1), NOON)
    store.close()
    with open_store(store.file) as again:
        assert again.runs()[0].unfinished
        run = again.begin_run(LATER, "sync")
        again.end_run(run, LATER, "ok", "", {})
        assert [(each.run, each.unfinished, each.outcome) for each in again.runs()] == [
            (run, False, "ok"),
            (crashed, True, "crashed"),
        ]
        assert again.entries(crashed) == (written(1),)


def test_runs_come_latest_first_and_can_be_asked_for_by_kind_and_outcome(store: Store) -> None:
    for kind, outcome in (("sync", "ok"), ("sync", "failed"), ("undo", "ok")):
        store.end_run(store.begin_run(NOON, kind), LATER, outcome, "", {})
    assert [run.kind for run in store.runs(2)] == ["undo", "sync"]
    ok = store.last_run(kind="sync", outcome="ok")
    assert ok is not None
    assert ok.run == 1
    assert store.last_run(kind="demo") is None


def test_numbers_of_runs_are_never_used_again(store: Store) -> None:
    assert [store.begin_run(NOON, "sync") for _ in range(3)] == [1, 2, 3]


def test_what_a_run_said_holds_no_credential(store: Store) -> None:
    run = store.begin_run(NOON, "sync")
    store.end_run(run, LATER, "failed", "jira: sent ghp_" + "a1" * 18, {})
    assert store.runs()[0].reason == "jira: sent ghp_…"


def test_a_run_that_never_began_is_refused(store: Store) -> None:
    with pytest.raises(LookupError, match="no run 7"):
        store.record(7, written(1), NOON)
    with pytest.raises(LookupError, match="no run 7"):
        store.end_run(7, NOON, "ok", "", {})
    assert store.entries(7) == ()


def test_each_issue_has_one_publication_until_it_is_forgotten(store: Store) -> None:
    store.save_publication(a_publication(digest="old"))
    new = replace(a_publication(digest="new"), ref=IssueRef("jira", "id-BLOG-1", "MKT-1"))
    store.save_publication(new)
    store.save_publication(a_publication("acme/site#1"))
    assert store.publications() == {new.ref: new, an_issue("acme/site#1").ref: a_publication("acme/site#1")}
    assert {ref.key for ref in store.publications()} == {"MKT-1", "acme/site#1"}
    assert store.publication(an_issue("BLOG-1").ref) == new
    assert store.published_ids("jira") == {"id-BLOG-1"}
    store.forget_publication(new.ref)
    store.forget_publication(new.ref)
    assert set(store.publications()) == {an_issue("acme/site#1").ref}
    assert store.publication(new.ref) is None
    assert store.published_ids("jira") == frozenset()


def test_what_a_comment_told_of_stays_until_a_later_one_tells_of_something_else(store: Store) -> None:
    mine, other = a_publication(), a_publication("acme/site#1")
    assert store.snapshots(mine.ref) == {}
    store.save_publication(mine, told("first"))
    store.save_publication(other)
    store.save_publication(replace(mine, seen=LATER))
    assert (store.snapshots(mine.ref), store.snapshots(other.ref)) == (told("first"), {})
    assert store.publication(mine.ref) == replace(mine, seen=LATER)
    store.save_publication(mine, told("second"))
    assert store.snapshots(IssueRef("jira", mine.ref.id, "MKT-1")) == told("second")
    store.save_publication(mine, {})
    assert store.snapshots(mine.ref) == {}


def test_what_a_forgotten_comment_told_of_is_forgotten_with_it(store: Store) -> None:
    store.save_publication(a_publication(), told("first"))
    store.forget_publication(a_publication().ref)
    store.save_publication(a_publication())
    assert store.snapshots(a_publication().ref) == {}


def test_goal_values_are_exact_and_goals_not_named_keep_theirs(store: Store) -> None:
    third = GoalValue(Fraction(1, 3), None, "r1")
    store.save_goal_values({"show": third, "grow": third})
    store.save_goal_values({"grow": GoalValue(Fraction(10**30, 10**30 + 1), Fraction(0), "r2")})
    store.save_goal_values({})
    assert store.goal_values() == {
        "show": third,
        "grow": GoalValue(Fraction(10**30, 10**30 + 1), Fraction(0), "r2"),
    }


def test_what_is_in_quarantine_is_kept_until_it_is_forgotten_and_damage_counts_as_unset(store: Store) -> None:
    target = Target("jira", "labels", "10002")
    entry = Quarantined(
        target, "BLOG", "Label BLOG-2", ("abc", "def"), NOON, "HTTP 403", True, 2, 1, NOON, LATER, LATER
    )
    store.save_quarantine([entry], [])
    assert store.quarantine() == {target: entry}
    with closing(sqlite3.connect(store.file)) as raw, raw:
        raw.execute("UPDATE quarantine SET document = '[1]'")
    assert store.quarantine() == {}
    store.save_quarantine([entry], [])
    assert store.quarantine() == {target: entry}
    store.save_quarantine([], [target])
    assert store.quarantine() == {}


# What fails again, and what gets old

DAY = timedelta(days=1)


def a_run(store: Store, at: datetime, *several: Written) -> int:
    run = store.begin_run(at, "sync")
    for each in several:
        store.record(run, each, at)
    store.end_run(run, at, "done", "", {})
    return run


def test_what_fails_again_alike_is_counted_and_not_kept_again(store: Store) -> None:
    first = a_run(store, NOON, written(1, "HTTP 403: request 1234567"), written(2, "HTTP 403"))
    for number in range(1, 4):
        again = a_run(store, NOON + number * DAY, written(1, f"HTTP 403: request {number}234567"))
        assert store.entries(again) == ()
    assert [each.times for each in store.entries(first)] == [4, 1]
    other = a_run(store, NOON + 5 * DAY, written(1, "HTTP 410"))
    assert [each.reason for each in store.entries(other)] == ["HTTP 410"]


def test_what_is_done_is_never_counted_with_another(store: Store) -> None:
    first, second = (a_run(store, NOON, written(1)) for _ in range(2))
    assert store.entries(first) == store.entries(second) == (written(1),)


def test_a_failure_between_two_of_another_reason_is_counted_with_neither(store: Store) -> None:
    runs = [a_run(store, NOON, written(1, said)) for said in ("HTTP 403", "HTTP 410", "HTTP 403")]
    assert [len(store.entries(run)) for run in runs] == [1, 1, 1]


def test_idle_runs_are_forgotten_after_a_week_and_those_that_wrote_are_not(store: Store) -> None:
    wrote = a_run(store, NOON, written(1))
    for hour in range(24 * 12):
        a_run(store, NOON + timedelta(hours=hour))
    now = NOON + 12 * DAY
    store.prune(400 * DAY, now)
    kept = [each.run for each in store.runs()]
    assert wrote in kept
    assert 24 * 7 <= len(kept) <= 24 * 7 + 2


def test_the_latest_run_is_kept_whatever_its_age(store: Store) -> None:
    run = a_run(store, NOON)
    store.prune(400 * DAY, NOON + 1000 * DAY)
    assert [each.run for each in store.runs()] == [run]


def test_old_entries_are_made_few_and_those_of_what_stands_stay(store: Store) -> None:
    ref = IssueRef("jira", "1", "BLOG-1")
    runs = [
        a_run(store, NOON, Written(ChangeLabels(ref, ("mp/a",), ()), "done"), written(2, "HTTP 403")),
        a_run(store, NOON + DAY, Written(ChangeLabels(ref, ("mp/b",), ("mp/a",)), "done")),
        a_run(store, NOON + 500 * DAY, Written(ChangeLabels(ref, ("mp/c",), ("mp/b",)), "done")),
    ]
    store.prune(400 * DAY, NOON + 500 * DAY)
    left = [[each.action for each in store.entries(run)] for run in runs]
    assert left == [[], [ChangeLabels(ref, ("mp/b",), ())], [ChangeLabels(ref, ("mp/c",), ("mp/b",))]]


def test_a_failure_that_goes_on_is_not_old(store: Store) -> None:
    run = a_run(store, NOON, written(1, "HTTP 403"))
    a_run(store, NOON + 450 * DAY, written(1, "HTTP 403"))
    store.prune(400 * DAY, NOON + 500 * DAY)
    assert [each.times for each in store.entries(run)] == [2]


def test_it_is_pruned_once_a_day_and_after_a_clock_that_was_ahead(store: Store) -> None:
    store.prune(400 * DAY, NOON + 9000 * DAY)
    for at in (NOON, NOON + timedelta(hours=1)):
        for _ in range(2):
            a_run(store, NOON - 30 * DAY)
        store.prune(400 * DAY, at)
        assert len(store.runs()) == (1 if at == NOON else 3)

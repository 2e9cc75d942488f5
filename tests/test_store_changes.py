"""Every change of an issue gets a number, so that whoever follows the store reads only what changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from connectors.models import Issue, IssueRef, Page, Pull
from core.store import Store, open_store
from tests.builders import NOON, an_issue

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "milepost.db") as opened:
        yield opened


def pulled(store: Store, *issues: Issue, tracker: str = "jira") -> None:
    store.save_pull(tracker, Pull("c1", iter((Page(issues),)), False), NOON)


def renamed(number: int, key: str) -> Issue:
    return replace(an_issue(f"BLOG-{number}"), ref=IssueRef("jira", f"id-BLOG-{number}", key))


def numbers(store: Store) -> dict[str, tuple[int, int]]:
    """By key: at which change a row was last touched, and at which it last moved."""
    with closing(sqlite3.connect(store.file)) as raw:
        rows = raw.execute("SELECT key, seq, moved FROM issues")
        return {key: (seq, moved) for key, seq, moved in rows}


def parents(store: Store) -> dict[str, tuple[str | None, str | None]]:
    with closing(sqlite3.connect(store.file)) as raw:
        rows = raw.execute("SELECT key, parent_id, parent_key FROM issues")
        return {key: (by_id, by_key) for key, by_id, by_key in rows}


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    """Hundreds of steps of SQLite's machine, on connections opened inside; unlike time always the same."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    def watch(connection: sqlite3.Connection, _entry: object) -> None:
        connection.set_progress_handler(step, 100)

    event.listen(Engine, "connect", watch)
    try:
        yield steps
    finally:
        event.remove(Engine, "connect", watch)


def test_the_rows_of_one_pull_share_a_number_and_later_pulls_have_later_ones(store: Store) -> None:
    pulled(store, an_issue("BLOG-1"), an_issue("BLOG-2"))
    pulled(store, an_issue("acme/site#1"), tracker="github")
    pulled(store, an_issue("BLOG-3"))
    assert numbers(store) == {
        "BLOG-1": (1, 1),
        "BLOG-2": (1, 1),
        "acme/site#1": (2, 2),
        "BLOG-3": (3, 3),
    }


def test_a_row_that_is_as_before_keeps_its_number(store: Store) -> None:
    pulled(store, an_issue("BLOG-1"), an_issue("BLOG-2"))
    pulled(store, replace(an_issue("BLOG-1"), updated=LATER), an_issue("BLOG-2", "done"))
    assert numbers(store) == {"BLOG-1": (1, 1), "BLOG-2": (2, 1)}


def test_a_new_key_or_parent_counts_as_a_move_and_nothing_else_does(store: Store) -> None:
    child = an_issue("BLOG-1", parent_id="7", parent_key="BLOG-7")
    pulled(store, child)
    for change, moved in (
        ({"title": "other"}, False),
        ({"parent_key": "BLOG-77"}, False),
        ({"parent_id": "8"}, True),
        ({"parent_id": None}, True),
        ({"parent_key": "BLOG-9"}, True),
        ({"parent_key": None}, True),
        ({"status": "Done"}, False),
        ({"ref": IssueRef("jira", child.ref.id, "MKT-1")}, True),
    ):
        ((_, before),) = numbers(store).values()
        child = replace(child, **change)
        pulled(store, child)
        ((seq, after),) = numbers(store).values()
        assert (after == seq, after > before) == (moved, moved), change


def test_a_parent_is_kept_by_key_only_where_it_has_no_id(store: Store) -> None:
    pulled(
        store,
        an_issue("BLOG-1", parent_id="7", parent_key="BLOG-7"),
        an_issue("BLOG-2", parent_key="BLOG-7"),
        an_issue("BLOG-3", parent_id="", parent_key=""),
        an_issue("BLOG-4"),
    )
    assert parents(store) == {
        "BLOG-1": ("7", None),
        "BLOG-2": (None, "BLOG-7"),
        "BLOG-3": (None, None),
        "BLOG-4": (None, None),
    }


def test_an_issue_that_goes_and_one_that_comes_back_have_moved(store: Store) -> None:
    pulled(store, an_issue("BLOG-1"), an_issue("BLOG-2"), an_issue("BLOG-3"))
    store.mark_gone("jira", (an_issue("BLOG-1").ref, an_issue("BLOG-2").ref), LATER)
    assert numbers(store) == {"BLOG-1": (2, 2), "BLOG-2": (2, 2), "BLOG-3": (1, 1)}
    store.mark_gone("jira", (an_issue("BLOG-1").ref,), LATER)
    assert numbers(store)["BLOG-1"] == (2, 2)
    pulled(store, an_issue("BLOG-1"), an_issue("BLOG-2", "done"), an_issue("BLOG-3"))
    assert numbers(store) == {"BLOG-1": (3, 3), "BLOG-2": (3, 3), "BLOG-3": (1, 1)}


def test_labels_that_we_wrote_are_a_change_but_no_move(store: Store) -> None:
    issue = an_issue("BLOG-1", labels=("theirs",))
    pulled(store, issue, an_issue("BLOG-2"))
    store.set_labels(issue.ref, ("theirs",))
    assert numbers(store)["BLOG-1"] == (1, 1)
    store.set_labels(issue.ref, ("theirs", "milepost/blog"))
    assert numbers(store) == {"BLOG-1": (2, 1), "BLOG-2": (1, 1)}


def test_an_issue_to_which_another_key_leads_from_now_on_has_moved(store: Store) -> None:
    pulled(store, an_issue("BLOG-1"), an_issue("BLOG-2"))
    store.remember_key("jira", "OLD-1", an_issue("BLOG-1").ref)
    assert numbers(store) == {"BLOG-1": (2, 2), "BLOG-2": (1, 1)}
    store.remember_key("jira", "OLD-1", an_issue("BLOG-1").ref)
    assert numbers(store)["BLOG-1"] == (2, 2)


def test_issues_that_are_present_are_counted_whatever_happens_to_them(store: Store) -> None:
    def present() -> int:
        counted = store.pull_state("jira").issues
        assert counted == len(list(store.issues("jira")))
        return counted

    store.mark_gone("jira", (an_issue("BLOG-9").ref,), NOON)
    store.note_reconciled("jira", NOON)
    store.pull_failed("jira", NOON, "no answer")
    assert present() == 0
    pulled(store, *(an_issue(f"BLOG-{n}") for n in (1, 2, 3)))
    pulled(store, an_issue("BLOG-3", "done"), an_issue("BLOG-4"))
    assert present() == 4
    gone = (an_issue("BLOG-1").ref, an_issue("BLOG-2").ref)
    store.mark_gone("jira", gone, NOON)
    store.mark_gone("jira", gone, NOON)
    assert present() == 2
    pulled(store, an_issue("BLOG-1"), an_issue("BLOG-2", "done"), an_issue("BLOG-5"))
    pulled(store, an_issue("acme/site#1"), tracker="github")
    assert present() == 5


def test_many_keys_lead_where_each_leads_alone(store: Store) -> None:
    pulled(store, *(an_issue(f"BLOG-{n}") for n in range(1, 1301)))
    pulled(store, renamed(1, "MKT-1"), renamed(0, "BLOG-2"))
    store.mark_gone("jira", (an_issue("BLOG-3").ref,), LATER)
    keys = [f"BLOG-{n}" for n in range(1, 1400)] + ["MKT-1", "K\0-1"]
    resolve = store.resolver()
    resolve.prime("jira", keys)
    assert [resolve("jira", key) for key in keys] == [store.resolve("jira", key) for key in keys]
    assert resolve("jira", "BLOG-2") == "id-BLOG-0"
    assert resolve("github", "BLOG-1") is None


def test_keys_that_were_looked_up_together_are_not_looked_up_again(store: Store) -> None:
    pulled(store, an_issue("BLOG-1"))
    resolve = store.resolver()
    resolve.prime("jira", ("BLOG-1", "BLOG-2"))
    pulled(store, an_issue("BLOG-2"), an_issue("BLOG-3"))
    found = [resolve("jira", f"BLOG-{n}") for n in (1, 2, 3)]
    assert found == ["id-BLOG-1", None, "id-BLOG-3"]


def test_what_a_small_pull_costs_does_not_grow_with_what_is_stored(tmp_path: Path) -> None:
    costs: list[int] = []
    for count in (500, 10_000):
        file = tmp_path / f"{count}.db"
        with open_store(file) as store:
            pulled(store, *(an_issue(f"BLOG-{n}") for n in range(count)))
            store.mark_gone("jira", tuple(an_issue(f"BLOG-{n}").ref for n in range(5)), LATER)
        with counted_steps() as steps, open_store(file) as store:
            pulled(store, *(an_issue(f"BLOG-{n}") for n in range(20)))
            pulled(store, *(an_issue(f"BLOG-{n}", "done") for n in range(20)))
            pulled(store, renamed(1, "MKT-1"))
            store.resolver().prime("jira", [f"BLOG-{n}" for n in range(20)])
            store.set_labels(an_issue("BLOG-1").ref, ("x",))
            store.remember_key("jira", "OLD-1", an_issue("BLOG-1").ref)
            store.mark_gone("jira", (an_issue("BLOG-9").ref,), LATER)
            assert store.pull_state("jira").issues == count - 1
            costs.append(steps[0])
    assert 0 < costs[1] < 1.2 * costs[0]

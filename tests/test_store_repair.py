"""A damaged store is brought back to what can be; a sound one is left as it is."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.models import Page, Pull
from core.shutdown import Stop, Stopped
from core.steps.check_store import with_repair
from core.store import Store, StoreError, open_store
from core.store.repair import LARGEST, WHY
from tests.builders import NOON, an_issue
from tests.runs import House, house
from tests.tools.bench_world import issues as many_issues


def never() -> None:
    """Nobody asks to stop."""


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as raw, raw:
        for each in statements:
            raw.execute(each)


def contents(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but for what is made anew and the time of the repair."""
    with closing(sqlite3.connect(file)) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(raw.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608
            for name in tables
            if name not in ("rollup_state", "facts")
        }


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    store = open_store(tmp_path / "milepost.db")
    pages = iter([Page(tuple(many_issues(300))), Page((an_issue("BLOG-1"), an_issue("BLOG-2")))])
    store.save_pull("jira", Pull("c1", pages, full=True), NOON)
    store.close()
    return store


def test_a_sound_store_is_left_as_it_is(tmp_path: Path, filled: Store) -> None:
    (tmp_path / "house").mkdir()
    with house(tmp_path / "house") as here:
        here.agreed()
        before = contents(here.database)
        with open_store(here.database) as store:
            assert store.repair(never) == ()
        assert contents(here.database) == before
    before = contents(filled.file)
    assert filled.repair(never) == ()
    filled.close()
    assert contents(filled.file) == before


@pytest.mark.parametrize(
    ("damage", "again"),
    [
        ("key = 'BLOG-7'", True),
        ("key = ''", True),
        ("key = CAST(x'c328' AS TEXT)", True),
        ("document = replace(document, 'todo', 'done')", True),
        ("document = '{}'", True),
        ("document = CAST(x'c328ff' AS TEXT)", True),
        ("updated = 0", True),
        ("hash = x'00'", True),
        ("parent_id = 'other'", True),
        ("id = x'00'", False),
        ("tracker = 7.5, id = CAST(x'ff' AS TEXT)", False),
    ],
)
def test_a_row_that_belies_itself_goes_and_its_issue_is_read_again(
    damage: str, again: bool, filled: Store
) -> None:
    change(filled.file, f"UPDATE issues SET {damage} WHERE key = 'BLOG-2'")  # noqa: S608
    assert "issues: 1 value that cannot be" in filled.repair(never)[-1]
    assert an_issue("BLOG-2").ref not in {issue.ref for issue in filled.issues("jira")}
    assert len(list(filled.issues())) == 301
    assert [(each.id, each.why) for each in filled.unread().get("jira", ())] == (
        [("id-BLOG-2", WHY)] if again else []
    )
    state = filled.pull_state("jira")
    assert (state.issues, state.reconciled_at) == (301, None)
    filled.close()


@pytest.mark.parametrize("number", [2**63 - 1, LARGEST + 1, -1, 1.5, "soon"])
@pytest.mark.parametrize("column", ["seq", "moved"])
def test_a_number_that_leaves_no_room_for_another_is_replaced(
    column: str, number: object, filled: Store
) -> None:
    with closing(sqlite3.connect(filled.file)) as raw, raw:
        raw.execute(f"UPDATE issues SET {column} = ? WHERE key = 'BLOG-1'", (number,))  # noqa: S608
    assert filled.repair(never)
    filled.save_pull("jira", Pull("c2", iter([Page((an_issue("BLOG-3"),))]), full=False), NOON)
    assert filled.rollup().last_change() < LARGEST
    filled.close()


def test_a_wish_to_stop_takes_back_what_was_done(filled: Store) -> None:
    change(filled.file, "UPDATE issues SET hash = x'00'")
    before, left = contents(filled.file), [150]

    def wish() -> None:
        left[0] -= 1
        if not left[0]:
            raise Stopped

    with pytest.raises(Stopped):
        filled.repair(wish)
    filled.close()
    assert contents(filled.file) == before


def repaired(store: Store, run: Callable[[], str]) -> str:
    return with_repair(run, store, timedelta(hours=24), NOON, Stop())


def test_a_run_that_fails_on_damage_is_begun_once_more_and_one_that_fails_otherwise_is_not(
    filled: Store,
) -> None:
    begun: list[int] = []

    def run() -> str:
        begun.append(len(list(filled.issues())))
        return "done"

    assert repaired(filled, run) == "done"
    change(filled.file, "UPDATE issues SET document = '[1]' WHERE key = 'BLOG-1'")
    assert repaired(filled, run) == "done"
    assert begun == [302, 301]

    def broken() -> str:
        begun.append(0)
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        repaired(filled, broken)
    assert begun == [302, 301, 0]
    filled.close()


def test_damage_that_no_run_meets_is_found_within_a_day(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        sums = _sums(here)
        change(here.database, "UPDATE owners SET tally = replace(tally, ':1', ':8')")
        assert _sums(here) != sums
        here.ahead = timedelta(hours=25)
        here.sync()
        assert _sums(here) == sums
        assert not here.plan().plan.actions


@pytest.mark.parametrize("number", ["32503680000000000", "-1", "0", '"soon"', "1.5"])
def test_a_sum_that_cannot_be_is_never_published(number: str, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        comments, sums = here.ours(), _sums(here)
        change(here.database, f"UPDATE owners SET tally = replace(tally, ':1', ':{number}')")  # noqa: S608
        assert not here.sync().failed
        assert here.ours() == comments
        assert _sums(here) == sums


def _sums(here: House) -> object:
    with open_store(here.database) as store:
        return store.rollup().tallies()

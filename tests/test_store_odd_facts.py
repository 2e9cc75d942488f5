"""Facts in the store that cannot be: they count as unset, and a later write heals them."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.store import open_store
from tests.runs import House, house

NOON = datetime(2027, 2, 15, 12, 0, tzinfo=UTC)
ODD = [-1, 0, 10**18, 2**63 - 1, -(2**63), 1.5, "soon", "", b"\x00\xff", "9" * 400, "\x00"]
"""What may stand in a column by a fault: another type, another range, far ahead, empty, or huge."""


def put(file: Path, table: str, column: str, value: object) -> None:
    """Replace a column in every row."""
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608
    connection.close()


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("column", ["read_at", "swept_at", "failed_at", "present", "cursor", "error"])
def test_the_state_of_a_reading_is_read_whatever_stands_in_it(
    column: str, value: object, tmp_path: Path
) -> None:
    with open_store(tmp_path / "milepost.db") as store:
        store.pull_failed("jira", NOON, "down")
        put(store.file, "pulls", column, value)
        state = store.pull_state("jira").believed(NOON)
        assert state.issues >= 0
        for at in (state.read_at, state.reconciled_at, state.failed_at):
            assert at is None or at <= NOON + timedelta(minutes=10)


@pytest.mark.parametrize("value", [each for each in ODD if each != 0])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("pulls", "read_at"),
        ("pulls", "swept_at"),
        ("pulls", "failed_at"),
        ("pulls", "cursor"),
        ("goal_values", "delivered"),
        ("goal_values", "achieved"),
        ("publications", "document"),
        ("publications", "snapshots"),
        ("memory", "value"),
        ("runs", "begun"),
        ("runs", "counts"),
    ],
)
def test_a_run_on_an_impossible_fact_ends_well_and_writes_what_it_would_have_written(
    table: str, column: str, value: object, odd_house: tuple[House, bytes]
) -> None:
    here, sound = odd_house
    here.database.write_bytes(sound)
    before = here.ours()
    put(here.database, table, column, value)
    report = here.sync()
    assert not report.failed, (report.line, report.conclusion.problems, report.conclusion.plan.held)
    assert here.ours().keys() == before.keys()
    assert not here.sync().conclusion.plan.actions
    with open_store(here.database) as store:
        assert store.runs()[0].outcome == "done"


@pytest.fixture(scope="module")
def odd_house(tmp_path_factory: pytest.TempPathFactory) -> "object":
    """An agreed world, and its store as it was then."""
    with house(tmp_path_factory.mktemp("odd")) as here:
        here.agreed()
        with sqlite3.connect(here.database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        yield here, here.database.read_bytes()


def test_what_a_clock_ahead_by_years_left_is_not_believed_by_the_next_run(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.ahead = timedelta(days=3_650)
        here.sync()
        here.ahead = timedelta(0)
        here.github.delete("acme/site#8")
        assert "1 gone" in here.sync().line, "what is gone is looked for, though it was done `in 2036`"

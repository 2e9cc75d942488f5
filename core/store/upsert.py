"""INSERT … ON CONFLICT, as SQLite has it."""

from collections.abc import Iterable

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects.sqlite import Insert, insert

from core.store.schema import issues, pulls


def upsert(table: Table, columns: Iterable[str]) -> Insert:
    """An INSERT that replaces these columns where the primary key is there already."""
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in columns},
    )


def upsert_pull(columns: Iterable[str], more: int = 0) -> Insert:
    """As `upsert` for how far a tracker has been read, of which `more` issues are present than before."""
    statement = insert(pulls).values(present=more)
    return statement.on_conflict_do_update(
        index_elements=[pulls.c.tracker],
        set_={name: statement.excluded[name] for name in columns}
        | {"present": pulls.c.present + statement.excluded.present},
    )


def next_seq(connection: Connection) -> int:
    """The number of a transaction that changes issues; taken once, after it has begun to write."""
    return int(connection.execute(select(func.coalesce(func.max(issues.c.seq), 0) + 1)).scalar_one())

"""INSERT … ON CONFLICT as SQLite and PostgreSQL both have it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import sqlite

from core.store.schema import issues, pulls

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert
else:
    Insert = sqlite.Insert


def insert_for(connection: Connection, table: Table) -> Insert:
    """An INSERT that has ON CONFLICT in the dialect of this connection; only that one is loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(connection: Connection, table: Table, columns: Iterable[str]) -> Insert:
    """An INSERT that replaces these columns where the primary key is there already."""
    statement = insert_for(connection, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in columns},
    )


def upsert_pull(connection: Connection, columns: Iterable[str], more: int = 0) -> Insert:
    """As `upsert` for how far a tracker has been read, of which `more` issues are present than before."""
    statement = insert_for(connection, pulls).values(present=more)
    return statement.on_conflict_do_update(
        index_elements=[pulls.c.tracker],
        set_={name: statement.excluded[name] for name in columns}
        | {"present": pulls.c.present + statement.excluded.present},
    )


def next_seq(connection: Connection) -> int:
    """The number of a transaction that changes issues; taken once, after it has begun to write."""
    return int(connection.execute(select(func.coalesce(func.max(issues.c.seq), 0) + 1)).scalar_one())

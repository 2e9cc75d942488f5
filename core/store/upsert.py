"""INSERT … ON CONFLICT as SQLite and PostgreSQL both have it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert


def insert_for(connection: Connection, table: Table) -> "Insert":
    """An INSERT that has ON CONFLICT in the dialect of this connection; only that one is loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(connection: Connection, table: Table, columns: Iterable[str]) -> "Insert":
    """An INSERT that replaces these columns where the primary key is there already."""
    statement = insert_for(connection, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in columns},
    )

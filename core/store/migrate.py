"""Brings the tables of a file to the version that this program knows, or says why not."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, insert, select, table

from core.store.database import Database, close_to_others
from core.store.lock import writer_lock
from core.store.schema import HEAD, VERSIONS, metadata
from core.store.stored_values import StoreError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK_SECONDS: Final = 10.0
"""How long to wait for another process that brings the same file up to date."""

_TABLES: Final = r"""
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name
"""
"""Of whoever made the file; SQLite's own left out: https://www.sqlite.org/schematab.html."""
_version = table("alembic_version", column("version_num"))


def bring_up_to_date(
    database: Database, versions: tuple[str, ...] = VERSIONS, migrations: Path = MIGRATIONS
) -> None:
    """Make the tables of a new file, or migrate those of an older one, in one transaction.

    Raises StoreError for a file of a newer milepost or of another program, Locked while another process
    writes to an older one; the file stays as it is.
    """
    stored = _stored_version(database, versions)
    # Only now is it certain that the file is ours.
    close_to_others(database.file)
    database.let_readers_in()
    if stored == versions[-1]:
        return
    with writer_lock(database.file, LOCK_SECONDS):
        # Another process may have done it while this one waited.
        stored = _stored_version(database, versions)
        if stored == versions[-1]:
            return
        with database.writing() as connection:
            if stored is None and (versions, migrations) == (VERSIONS, MIGRATIONS):
                _make(connection, versions[-1])
            else:
                _upgrade(connection, versions[-1], migrations)


def _stored_version(database: Database, versions: tuple[str, ...]) -> str | None:
    with database.reading() as connection:
        # An inspector would prepare for much more than names.
        tables = list(connection.exec_driver_sql(_TABLES).scalars())
        if not tables:
            return None
        result = (
            list(connection.execute(select(_version.c.version_num)).scalars())
            if _version.name in tables
            else []
        )
    if len(result) == 1 and result[0] in versions:
        return str(result[0])
    if result and "issues" in tables:
        raise StoreError(
            f"{database.file}: the store has version {', '.join(map(str, result))}, and this milepost knows "
            f"versions up to {versions[-1]}. Use the newer milepost that wrote it, or name another file"
        )
    raise StoreError(
        f"{database.file}: this is the database of another program (it has {_some(tables)}). "
        "Name another file in the settings"
    )


def _some(tables: list[str]) -> str:
    return f"the table {tables[0]!r}" if len(tables) == 1 else f"the tables {tables[0]!r} and {tables[1]!r}"


def _make(connection: Connection, head: str) -> None:
    """The tables as they are now, which a new file need not be led to from version to version."""
    metadata.create_all(connection, checkfirst=False)
    # As Alembic makes it.
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(insert(_version).values(version_num=head))


def _upgrade(connection: Connection, head: str, migrations: Path) -> None:
    # Alembic takes longer to import than a whole command to run, and is needed once per version.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, head)


__all__ = ["HEAD", "MIGRATIONS", "bring_up_to_date"]

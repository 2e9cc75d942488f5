"""The database file: its mode, its connections, and what each failure means to a person."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from core.store.stored_values import StoreError

BUSY_SECONDS: Final = 10.0
"""How long a statement waits for another process that is writing. A pull holds the file only to save."""

_FILE_HEADER: Final = b"SQLite format 3\0"
# Primary result codes of SQLite: https://www.sqlite.org/rescode.html
_ADVICE: Final = {
    sqlite3.SQLITE_ERROR: "Another program changed its tables, or it is damaged: put back a copy of "
    "the file, or move it away and milepost starts a new one",
    sqlite3.SQLITE_PERM: "Give the user that runs milepost the right to read and write it",
    sqlite3.SQLITE_BUSY: "Another process keeps the store busy: wait until it ends, or stop it",
    sqlite3.SQLITE_LOCKED: "Another part of this program keeps the store busy: try again",
    sqlite3.SQLITE_READONLY: "Give the user that runs milepost the right to write the file and its folder",
    sqlite3.SQLITE_IOERR: "The disk refused: look at its space, quota and health, then run milepost again",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: put back a copy of it, or move it away and milepost reads "
    "everything again (what it wrote is then known from its marks only)",
    sqlite3.SQLITE_FULL: "Free some space on the disk, then run milepost again",
    sqlite3.SQLITE_CANTOPEN: "Let the user that runs milepost read and write the file and its folder",
    sqlite3.SQLITE_NOTADB: "This is no SQLite database: name another file in the settings, or move this one",
}


def database_file(target: Path | str) -> Path:
    """The file that a path or a `sqlite:///` URL names. Raises StoreError for any other URL."""
    if isinstance(target, Path):
        return target.absolute()
    if "://" not in target:
        return Path(target).absolute()
    try:
        url = make_url(target)
    except ArgumentError:
        raise StoreError(
            "the store's URL cannot be understood. Write a path, or sqlite:///path/to/file"
        ) from None
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise StoreError(
            f"{url.render_as_string(hide_password=True)}: the store is an SQLite file in this version. "
            "Write a path, or sqlite:///path/to/file"
        )
    return Path(url.database).absolute()


def prepare_file(file: Path) -> None:
    """Make the file if it is not there, for its owner only; refuse what milepost cannot use.

    Raises StoreError. SQLite gives its -wal and -shm files the mode of the database.
    """
    if not file.parent.is_dir():
        raise StoreError(f"{file}: there is no folder {file.parent}. Make it, or name another file")
    for suffix in ("-wal", "-shm", "-journal"):
        # SQLite keeps them beside the file that a link leads to, and would follow a link of that name.
        name = file.resolve()
        if (companion := name.with_name(name.name + suffix)).is_symlink():
            raise StoreError(f"{companion}: is a symbolic link, which milepost does not follow. Remove it")
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            header = os.read(descriptor, len(_FILE_HEADER))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(
            f"{file}: cannot be opened for reading and writing ({error.strerror or error}). "
            f"{_ADVICE[sqlite3.SQLITE_CANTOPEN]}"
        ) from error
    if header and header != _FILE_HEADER:
        raise StoreError(f"{file}: begins unlike a database. {_ADVICE[sqlite3.SQLITE_NOTADB]}")


def close_to_others(file: Path) -> None:
    """Take the rights of everybody but the owner from a store that was copied or made with them."""
    file = file.resolve()
    for name in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        try:
            if name.stat().st_mode & 0o077:
                name.chmod(0o600)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(
                f"{name}: others may read it, and this cannot be changed ({error.strerror or error}). "
                f"Let the user that runs milepost own it, or run: chmod 600 {name}"
            ) from error


class Database:
    """Connections to one file: any number that read, and one at a time that writes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._shared: Connection | None = None
        """The connection of `transaction`, for whatever its thread reads and writes inside."""
        self._engine = _engine(file)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the store as it is now, whatever is written meanwhile."""
        if self._shared is not None and self._writer == threading.get_ident():
            yield self._shared
            return
        with self._engine.connect() as connection:
            try:
                yield connection
            except BaseException:
                # The traceback keeps a cursor that was not read to its end. In the pool, this connection
                # would go on seeing the store as it is now, and SQLite would refuse to let it write.
                connection.invalidate()
                raise

    @contextmanager
    def writing(self, connection: Connection | None = None) -> Iterator[Connection]:
        """One transaction that writes, all or nothing; on `connection` if one is given."""
        if self._writer == threading.get_ident():
            if self._shared is not None and connection is None:
                yield self._shared
                return
            raise RuntimeError("a write to the store was begun inside another one, which would wait for ever")
        with self._turn:
            self._writer = threading.get_ident()
            try:
                if connection is None:
                    with self._engine.connect() as fresh, _immediate(fresh) as ready:
                        yield ready
                else:
                    with _immediate(connection) as ready:
                        yield ready
            finally:
                self._writer = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything that this thread reads and writes inside is one transaction, all or nothing."""
        with self.writing() as connection:
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None

    @contextmanager
    def copied(self) -> Iterator["Database"]:
        """A copy of the file as it is now, deleted when the context ends. Raises StoreError.

        It lies in a folder of its own, which nobody else may enter, in the system's temporary folder.
        """
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(TemporaryDirectory(prefix="milepost-"))
                copy = Path(folder) / self.file.name
                with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(copy)) as target:
                    source.backup(target)
            except (OSError, sqlite3.Error) as error:
                raise StoreError(
                    f"{self.file}: cannot be copied to {gettempdir()} ({error}). Free some space there, or "
                    "name another folder in the environment variable TMPDIR"
                ) from error
            database = Database(copy)
            stack.callback(database.close)
            yield database

    @contextmanager
    def staging(self) -> Iterator[Connection]:
        """A connection of its own, whose temporary tables vanish with it."""
        with self._engine.connect() as connection:
            connection.detach()
            yield connection

    def let_readers_in(self) -> None:
        """Keep changes in a log beside the file (WAL), so that readers and a writer never wait.

        SQLite remembers this in the file; a copy made by VACUUM INTO has lost it.
        """
        # Not through SQLAlchemy, which begins a transaction, and inside one the mode cannot change.
        with closing(self._engine.raw_connection()) as raw:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    return  # somebody is reading, and the next opening will do
                raise store_error(self.file, error) or error from error

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._engine.dispose()


@contextmanager
def _immediate(connection: Connection) -> Iterator[Connection]:
    """Take SQLite's write lock at once: taken later, it fails if somebody wrote since the first read."""
    connection.execution_options(milepost_writes=True)
    try:
        with connection.begin():
            yield connection
    finally:
        connection.execution_options(milepost_writes=False)


def _engine(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself, or it would leave table definitions out of them.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # Of a new file: a large pull writes fewer pages, a small one not many more bytes. Others keep theirs.
        cursor.execute("PRAGMA page_size = 8192")
        # Enough for a large pull to find the pages of its indexes in memory.
        cursor.execute("PRAGMA cache_size = -4096")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("milepost_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "handle_error", retval=True)
    def explain(context: ExceptionContext) -> BaseException | None:
        return store_error(file, context.original_exception)

    return engine


def store_error(file: Path, error: BaseException | None) -> StoreError | None:
    """What a failure of the driver means to a person; None if it is a mistake in this program."""
    if isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" in str(error):  # has no code
        return StoreError(f"{file}: {error}. {_ADVICE[sqlite3.SQLITE_CORRUPT]}")
    code: Any = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.DatabaseError) or code is None:
        return None
    advice = _ADVICE.get(code & 0xFF)
    return None if advice is None else StoreError(f"{file}: {error}. {advice}")

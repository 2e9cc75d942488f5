"""One writer at a time: the kernel's lock on a file beside the store, which ends with its process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson

from core.store.stored_values import Locked, StoreError

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Opens no symbolic link, and does not wait for a pipe. Windows has neither."""
_LONGEST = 1_000
"""Bytes of the file that names the holder."""


@contextmanager
def writer_lock(database: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of a store, after at most `timeout` seconds of waiting. Raises Locked, or StoreError."""
    from filelock import FileLock, Timeout  # whoever only reads the store needs no lock

    _refuse_link(beside(database, "lock"))
    lock = FileLock(beside(database, "lock"), mode=0o600)
    # Who holds it stands in a file of its own: some releases of filelock empty the lock file.
    holder = beside(database, "holder")
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        raise Locked(str(database), *_read_holder(holder)) from None
    except OSError as error:
        raise StoreError(
            f"{lock.lock_file}: the lock file cannot be used ({error.strerror or error}). "
            "milepost must be able to write in this folder, on a file system with locks"
        ) from error
    try:
        _write_holder(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _refuse_link(file: Path) -> None:
    """Raises StoreError for a symbolic link: whoever may make one here must not choose what is locked.

    The lock itself is opened without following links, by filelock as of 3.20.1.
    """
    if file.is_symlink():
        raise StoreError(f"{file}: is a symbolic link, which milepost does not follow. Remove it")


def beside(database: Path, suffix: str) -> Path:
    """A file that belongs to the store: `milepost.db` -> `milepost.db.lock`."""
    return database.with_name(f"{database.name}.{suffix}")


def _write_holder(holder: Path) -> None:
    """Replaced in one step, so that nobody reads half of it."""
    fresh = holder.with_name(holder.name + ".new")
    try:
        fresh.unlink(missing_ok=True)
        # Made anew or not at all: in a folder that others write to, a link may have been put there by now.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat()}))
        fresh.replace(holder)
    except OSError as error:
        raise StoreError(
            f"{holder}: cannot be written ({error.strerror or error}). "
            "Free some space, and let milepost write in this folder"
        ) from error


def _read_holder(holder: Path) -> tuple[int | None, datetime | None]:
    try:
        with os.fdopen(os.open(holder, os.O_RDONLY | _NO_LINK), "rb") as file:
            message = orjson.loads(file.read(_LONGEST))
        return int(message["pid"]), datetime.fromisoformat(message["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, None

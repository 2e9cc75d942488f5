"""One writer at a time, by a lock that a killed process does not leave behind."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path

import pytest

from core.store import Locked, StoreError, open_store
from core.store.database import Database
from core.store.store import Store

HOLD = """
import sys
from core.store import open_store
with open_store(sys.argv[1]) as store, store.lock():
    print("held", flush=True)
    sys.stdin.read()
"""
HALF_WRITTEN = """
import os, signal, sys
from pathlib import Path
from core.store import open_store
from core.store.database import Database
with open_store(sys.argv[1]) as store, store.lock(), Database(Path(sys.argv[1])).writing() as connection:
    connection.exec_driver_sql("INSERT INTO memory VALUES ('jira', 'a', 'b')")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "milepost.db") as opened:
        yield opened


@contextmanager
def another_process_holds(store: Store) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", HOLD, str(store.file)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_lock_names_the_process_that_holds_it(store: Store) -> None:
    with another_process_holds(store) as process:
        with pytest.raises(Locked, match=f"process {process.pid}") as caught, store.lock():
            pytest.fail("two processes hold the lock")
        assert caught.value.pid == process.pid
        assert caught.value.since is not None
        assert caught.value.since.tzinfo is not None
        assert caught.value.since.utcoffset() == UTC.utcoffset(None)
        assert isinstance(caught.value, StoreError)


def test_a_store_can_be_read_while_another_process_holds_the_lock(store: Store) -> None:
    with another_process_holds(store), open_store(store.file) as reader:
        assert list(reader.issues()) == []


def test_a_killed_process_leaves_no_lock_behind(store: Store) -> None:
    with another_process_holds(store) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with store.lock():
            assert store.pull_state("jira").issues == 0


def test_a_waiting_process_gets_the_lock_when_the_other_ends(store: Store) -> None:
    with another_process_holds(store) as process:
        assert process.stdin is not None
        process.stdin.close()
        with store.lock(timeout=30):
            pass


def test_what_a_killed_process_had_half_written_is_not_there(store: Store) -> None:
    arguments = [sys.executable, "-c", HALF_WRITTEN, str(store.file)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    assert store.memory("jira").get("a") is None
    with store.lock():
        store.memory("jira").set("a", "c")
    assert store.memory("jira").get("a") == "c"


def test_one_process_cannot_take_the_lock_twice(store: Store) -> None:
    with store.lock(), open_store(store.file) as second:
        with pytest.raises(Locked) as caught, second.lock():
            pytest.fail("the lock was taken twice")
        assert caught.value.pid == os.getpid()
    with store.lock():
        pass


def test_an_error_inside_frees_the_lock(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.lock():
        raise ZeroDivisionError
    with store.lock():
        pass


def test_a_write_inside_another_is_refused_at_once(store: Store) -> None:
    database = Database(store.file)
    with pytest.raises(RuntimeError, match="inside another"), database.writing():
        Store(database).memory("jira").set("a", "b")
    Store(database).memory("jira").set("a", "b")
    database.close()


def test_a_transaction_that_writes_keeps_other_writers_out_from_its_beginning(store: Store) -> None:
    database = Database(store.file)
    with (
        database.writing(),
        closing(sqlite3.connect(store.file, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
    database.close()

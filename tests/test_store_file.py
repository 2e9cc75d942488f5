"""The file is its owner's alone; what is wrong with it is said, and it is never overwritten."""

import os
import resource
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from connectors.models import Issue, IssueRef, Page, Pull
from core.store import Store, StoreError, open_store
from core.store.database import Database
from tests.builders import NOON, an_issue


def a_pull(*issues: Issue, cursor: str = "c1") -> Pull:
    return Pull(cursor, iter((Page(issues),)), False)


def a_filled_store(file: Path, count: int = 300) -> None:
    with open_store(file) as store:
        store.save_pull("jira", a_pull(*(an_issue(f"BLOG-{n}") for n in range(1, count + 1))), NOON)


def statements(file: Path, *sql: str) -> None:
    with closing(sqlite3.connect(file)) as raw:
        for each in sql:
            raw.execute(each)
        raw.commit()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def assert_refused(target: Path | str, *said: str) -> None:
    """Opening fails, says all of this, and changes nothing that lies there."""
    file = Path(target)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(StoreError) as caught:
        open_store(target)
    for text in (str(target), *said):
        assert text in str(caught.value)
    assert (file.read_bytes() if file.is_file() else None) == before


def test_all_files_of_the_store_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    old = os.umask(0)
    try:
        with open_store(file) as store, store.lock():
            store.save_pull("jira", a_pull(an_issue("BLOG-1"), an_issue("BLOG-2")), NOON)
            reading = store.issues()
            next(reading)
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
            assert len(list(reading)) == 1
    finally:
        os.umask(old)
    assert {
        "milepost.db",
        "milepost.db-wal",
        "milepost.db-shm",
        "milepost.db.lock",
        "milepost.db.holder",
    } <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file)
    file.chmod(0o644)
    with open_store(file) as store:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(list(store.issues())) == 300


def test_a_copy_of_a_store_is_for_its_owner_alone_and_goes_with_its_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    a_filled_store(tmp_path / "milepost.db", 3)
    with open_store(tmp_path / "milepost.db") as store:
        with store.copied() as copy:
            [folder] = (tmp_path / "temporary").iterdir()
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            copy.mark_gone("jira", [an_issue("BLOG-1").ref], NOON)
            assert len(list(copy.issues())) == 2
        assert len(list(store.issues())) == 3
        assert list((tmp_path / "temporary").iterdir()) == []


def test_a_store_that_cannot_be_copied_says_where_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_filled_store(tmp_path / "milepost.db", 3)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with open_store(tmp_path / "milepost.db") as store, pytest.raises(StoreError) as caught, store.copied():
        pass
    assert "TMPDIR" in str(caught.value)
    assert str(tmp_path / "missing") in str(caught.value)


def test_a_store_opens_by_path_text_and_url(tmp_path: Path) -> None:
    file = tmp_path / "mile post.db"
    a_filled_store(file)
    for target in (file, str(file), f"sqlite:///{tmp_path}/mile post.db"):
        with open_store(target) as store:
            assert store.file == file
            assert store.pull_state("jira").issues == 300


@pytest.mark.parametrize("url", ["postgresql://ann:letmein@db.test/milepost", "sqlite://", "no such://x y"])
def test_any_other_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///path/to/file") as caught:
        open_store(url)
    assert "letmein" not in str(caught.value)


def test_a_store_waits_for_nobody_and_forgets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file)
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_reader_goes_on_while_a_transaction_writes(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file, 10)
    writer = Database(file)
    with open_store(file) as reader:
        with writer.writing() as connection:
            connection.exec_driver_sql("DELETE FROM issues")
            assert len(list(reader.issues())) == 10
            with open_store(file) as late:
                assert late.pull_state("jira").issues == 10
        assert list(reader.issues()) == []
    writer.close()


def test_a_folder_that_does_not_exist_is_named_and_not_made(tmp_path: Path) -> None:
    assert_refused(tmp_path / "missing" / "milepost.db", "there is no folder", "Make it")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, "cannot be opened", "directory")


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    file.write_text("goals = 3\n")
    assert_refused(file, "begins unlike a database", "name another file")


@pytest.mark.parametrize("size", [100, 5000])
def test_a_database_that_is_cut_off_or_overwritten_stays_as_it_is(tmp_path: Path, size: int) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file)
    file.write_bytes(file.read_bytes()[:16] + b"\xa5" * size)
    assert_refused(file, "move")


def test_a_damaged_part_is_met_when_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file, 3000)
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(size // 3)
        raw.write(b"\xa5" * (size // 2))
    with open_store(file) as store, pytest.raises(StoreError, match="put back a copy") as caught:
        list(store.issues())
    assert str(file) in str(caught.value)


def test_a_row_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file, 3)
    statements(file, "UPDATE issues SET document = '{\"category\": \"odd\"}' WHERE key = 'BLOG-2'")
    with open_store(file) as store, pytest.raises(StoreError, match="BLOG-2 in jira cannot be read"):
        list(store.issues())


def test_a_ledger_entry_that_makes_no_sense_is_named_and_a_comment_counts_as_not_recorded(
    tmp_path: Path,
) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file, 3)
    statements(
        file,
        "INSERT INTO runs (kind, begun, said, counts) VALUES ('sync', 0, '', '{}')",
        "INSERT INTO entries (run, at, document) VALUES (1, 0, '{}')",
        "INSERT INTO publications VALUES ('jira', '1', '[]', '[]')",
    )
    with open_store(file) as store:
        with pytest.raises(StoreError, match="run 1 wrote"):
            store.entries(1)
        assert store.publications() == {}, "a comment that is damaged here is found again by its mark"
        assert store.publication(IssueRef("jira", "1", "BLOG-1")) is None
        assert store.snapshots(IssueRef("jira", "1", "BLOG-1")) == {}


def test_the_database_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    statements(file, "CREATE TABLE moz_places (id)")
    assert_refused(file, "another program", "moz_places")
    statements(
        file, "CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('ae1')"
    )
    assert_refused(file, "another program")


def test_a_store_of_a_newer_milepost_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file)
    statements(file, "UPDATE alembic_version SET version_num = '0999'")
    assert_refused(file, "version 0999", "Use the newer milepost")


def test_tables_that_are_missing_are_told_of(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file)
    statements(file, "DROP TABLE goal_values")
    with open_store(file) as store, pytest.raises(StoreError, match=r"no such table.*Another program"):
        store.goal_values()


def fill_up(store: Store) -> None:
    with pytest.raises(StoreError, match=r"full.*Free some space") as caught:
        store.save_pull(
            "jira",
            a_pull(*(an_issue(f"BLOG-{n}", title="x" * 400) for n in range(1, 5000)), cursor="c2"),
            NOON,
        )
    assert str(store.file) in str(caught.value)


def test_a_full_disk_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    def small(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 100")

    file = tmp_path / "milepost.db"
    a_filled_store(file, 20)
    event.listen(Engine, "connect", small)
    try:
        with open_store(file) as store:
            fill_up(store)
            assert len(list(store.issues())) == 20
            assert store.pull_state("jira").cursor == "c1"
    finally:
        event.remove(Engine, "connect", small)
    a_filled_store(file, 5000)


def test_a_disk_that_refuses_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    file = tmp_path / "milepost.db"
    a_filled_store(file, 20)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_store(file) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            with pytest.raises(StoreError, match=r"I/O error.*disk"):
                a_filled_store(file, 5000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert len(list(store.issues())) == 20


@contextmanager
def without_rights() -> Iterator[Path]:
    """A folder that this process may reach, as a user who may not override its modes."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, root = Path(name), os.geteuid() == 0
        folder.chmod(0o755)
        yield folder
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_file_that_cannot_be_written_is_refused() -> None:
    with without_rights() as folder:
        file = folder / "milepost.db"
        a_filled_store(file)
        file.chmod(0o444)
        if os.geteuid() == 0:
            os.seteuid(65534)
        assert_refused(file, "Permission denied", "read and write")


def test_a_folder_that_cannot_be_written_is_refused() -> None:
    with without_rights() as folder:
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        assert_refused(folder / "milepost.db", "Permission denied", "read and write")

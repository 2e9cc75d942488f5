"""A store of any earlier version is brought up to date with all that it holds, or stays as it is."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from connectors.models import Page, PostedComment, Pull, StatusCategory
from core.engine.model import Snapshot, SnapshotTask
from core.publish.actions import RemoveLabelDefinition, Written
from core.publish.publication import Publication
from core.store import Locked, Store, open_store
from core.store.codec.ledger_codec import encode_written
from core.store.database import Database, prepare_file
from core.store.lock import writer_lock
from core.store.migrate import MIGRATIONS, bring_up_to_date
from core.store.schema import HEAD, VERSIONS, metadata
from tests.builders import NOON, an_issue

NEXT = '''"""A version that is yet to come."""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{head}"

def upgrade():
    op.add_column("pulls", sa.Column("note", sa.Text, server_default="none yet"))
    {then}
'''
TASK = SnapshotTask(
    "jira:1", "BLOG-2", StatusCategory.DONE, Fraction(2), Fraction(1), datetime(2027, 1, 4, 9, tzinfo=UTC)
)
ENTRY = Written(RemoveLabelDefinition("github", "acme/site", "milestone/blog"), "done")


def version_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as raw:
        return str(raw.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def a_store_of_version(file: Path, version: str) -> Path:
    """As the migrations up to that version make it."""
    prepare_file(file)
    database = Database(file)
    bring_up_to_date(database, VERSIONS[: VERSIONS.index(version) + 1])
    database.close()
    return file


def migrations_with_one_more(folder: Path, then: str = "") -> Path:
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "v9999_next.py").write_text(NEXT.format(head=HEAD, then=then))
    return folder


def fill_version_1(file: Path) -> None:
    """What a store of the first version holds, written as that version wrote it."""
    document = (
        '{"url":"https://jira.test/browse/BLOG-1","title":"Task BLOG-1","container":"BLOG",'
        '"status":"To Do","category":"todo","created":1799053200000000,"updated":1802692800000000}'
    )
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute(
            "INSERT INTO issues (tracker, id, key, updated, stored, hash, document) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            ("jira", "id-BLOG-1", "BLOG-1", 1802692800000000, 1802692800000000, b"x" * 16, document),
        )
        raw.execute("INSERT INTO aliases VALUES ('jira', 'OLD-1', 'id-BLOG-1')")
        raw.execute("INSERT INTO pulls (tracker, cursor, read_at) VALUES ('jira', 'c1', 1802692800000000)")
        raw.execute("INSERT INTO goal_values VALUES ('show', '1/3', NULL, 'r1')")
        raw.execute("INSERT INTO publications VALUES ('jira', 'id-BLOG-1', ?)", (publication_of_version_1(),))
        raw.execute("INSERT INTO publications VALUES ('github', 'damaged', '{\"snapshots\": ')")


def publication_of_version_1() -> str:
    """What was told of stood within the document."""
    task = ["jira:1", "BLOG-2", "done", "2/1", "1/1", 1799053200000000]
    snapshot = {"taken": 1802692800000000, "rules": "r1", "measure": "1/3", "tasks": [task]}
    comment = {"id": "10", "body": "é", "mine": True, "mark": None, "url": "", "visibility": None}
    return json.dumps(
        {
            "ref": ["jira", "id-BLOG-1", "BLOG-1"],
            "target": "blog",
            "comment": comment,
            "digest": "d",
            "body_hash": "h",
            "run": "1",
            "seen": None,
            "snapshots": {"blog": snapshot},
        }
    )


def assert_filled(store: Store) -> None:
    assert list(store.issues()) == [an_issue("BLOG-1")]
    assert store.resolve("jira", "OLD-1") == "id-BLOG-1"
    assert (store.pull_state("jira").cursor, store.pull_state("jira").read_at) == ("c1", NOON)
    assert store.goal_values()["show"].rules == "r1"
    ref = an_issue("BLOG-1").ref
    assert store.publication(ref) == Publication(ref, "blog", PostedComment("10", "é", True), "d", "h", "1")
    assert store.snapshots(ref) == {"blog": Snapshot(NOON, "r1", Fraction(1, 3), (TASK,))}
    assert set(store.publications()) == {ref}  # a damaged one counts as unset


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_every_version_is_brought_up_to_date(tmp_path: Path, version: str) -> None:
    file = a_store_of_version(tmp_path / "milepost.db", version)
    assert version_of(file) == version
    if version == "0001":
        fill_version_1(file)
    with open_store(file) as store:
        assert version_of(file) == HEAD
        if version == "0001":
            assert_filled(store)
        store.record(store.begin_run(NOON, "sync"), ENTRY, NOON)


def test_issues_of_the_first_version_are_stored_as_this_one_stores_them(tmp_path: Path) -> None:
    file = a_store_of_version(tmp_path / "milepost.db", "0001")
    fill_version_1(file)
    documents = {
        "BLOG-2": '{"url":"u","title":"a \\",\\"updated\\":1","container":"BLOG","status":"Done",'
        '"category":"done","created":0,"updated":1802692800000001,"level":0,"labels":["x"],"parent_id":"7",'
        '"parent_key":"BLOG-7","resolved":1799053200000000,"points":"1/3",'
        '"fields":[["Budget",{"float":"inf"}]],"checklist":[["a",true]]}',
        "BLOG-3": '{"url":"u","title":"","container":"BLOG","status":"","category":"todo","created":-1,'
        '"updated":1802692800000000,"parent_key":"BLOG-2"}',
    }
    rows = [("BLOG-2", None, 5), ("BLOG-3", 9, 7)]
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.executemany(
            "INSERT INTO issues (tracker, id, key, updated, gone, stored, hash, document) "
            "VALUES ('jira', 'id-' || ?, ?, 1, ?, ?, x'00', ?)",
            [(key, key, gone, stored, documents[key]) for key, gone, stored in rows],
        )
    open_store(file).close()
    with open_store(file) as old, open_store(tmp_path / "new.db") as new:
        assert old.pull_state("jira").issues == 2
        told = list(old.issues("jira"))
        assert told[1].title == 'a ","updated":1'
        assert told[1].created == datetime(1970, 1, 1, tzinfo=UTC)
        assert old.save_pull("jira", Pull("c2", iter((Page(tuple(told)),)), False), NOON).changed == 0
        new.save_pull("jira", Pull("c2", iter((Page(tuple(told)),)), False), NOON)
    with closing(sqlite3.connect(file)) as raw, closing(sqlite3.connect(tmp_path / "new.db")) as fresh:
        select = "SELECT id, key, parent_id, hash, document FROM issues WHERE gone IS NULL ORDER BY id"
        assert raw.execute(select).fetchall() == fresh.execute(select).fetchall()
        assert raw.execute(
            "SELECT key, seq, moved, gone, parent_key FROM issues ORDER BY seq"
        ).fetchall() == [
            ("BLOG-2", 1, 1, None, None),
            ("BLOG-3", 2, 2, 9, "BLOG-2"),
            ("BLOG-1", 3, 3, None, None),
        ]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []


def test_an_older_store_knows_what_was_published_and_goes_on_with_its_ledger(tmp_path: Path) -> None:
    file = a_store_of_version(tmp_path / "milepost.db", "0005")
    refused = Written(RemoveLabelDefinition("github", "acme/site", "mp/x"), "failed", "HTTP 403")
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("INSERT INTO pulls (tracker, cursor, present) VALUES ('jira', 'c', 1)")
        raw.execute("INSERT INTO pulls (tracker, cursor, present) VALUES ('github', NULL, 0)")
        raw.execute("INSERT INTO owners (owner, labelled) VALUES ('blog', 'x'), ('new', NULL)")
        raw.execute("INSERT INTO goal_values VALUES ('show', '1/3', NULL, 'r1')")
        raw.execute(
            "INSERT INTO runs (run, kind, begun, ended, outcome, said, counts) "
            "VALUES (1, 'sync', 1802692800000000, 1802692800000001, 'failed', '', '{}')"
        )
        raw.execute(
            "INSERT INTO entries (run, at, document) VALUES (1, 1802692800000000, ?)",
            (encode_written(refused),),
        )
    with open_store(file) as store:
        assert store.published_owners() == {("jira", "blog"), ("jira", "show")}
        assert store.entries(1) == (refused,)
        run = store.begin_run(NOON, "sync")
        for _ in range(3):
            store.record(run, refused, NOON)
        assert [each.times for each in store.entries(run)] == [3]
        store.end_run(run, NOON, "failed", "", {})
        store.prune(timedelta(days=400), NOON + timedelta(days=500))
        assert store.entries(1) == store.entries(run) == ()


def test_the_migrations_make_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    a_store_of_version(tmp_path / "milepost.db", "0001")
    with closing(Database(tmp_path / "milepost.db")) as database:
        bring_up_to_date(database)
        with database.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_new_store_is_made_as_the_migrations_leave_an_old_one(tmp_path: Path) -> None:
    """A new file does not go through the migrations, which would take longer than all the rest."""
    a_store_of_version(tmp_path / "old.db", "0001")
    shapes = []
    for name in ("old.db", "new.db"):
        open_store(tmp_path / name).close()
        with closing(sqlite3.connect(tmp_path / name)) as raw:
            made = dict(raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        words = {name: sorted(re.findall(r"[^\s,()]+", sql.replace('"', ""))) for name, sql in made.items()}
        shapes.append(words)
    assert shapes[0] == shapes[1]


def test_versions_are_the_files_of_the_migrations_in_order() -> None:
    files = sorted(file.name for file in (MIGRATIONS / "versions").glob("v*.py"))
    assert [name[1:5] for name in files] == list(VERSIONS)


def test_a_step_to_come_keeps_what_is_stored(tmp_path: Path) -> None:
    file = a_store_of_version(tmp_path / "milepost.db", "0001")
    fill_version_1(file)
    database = Database(file)
    bring_up_to_date(database, (*VERSIONS, "9999"), migrations_with_one_more(tmp_path / "migrations"))
    assert_filled(Store(database))
    database.close()
    assert version_of(file) == "9999"
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("SELECT note FROM pulls").fetchone() == ("none yet",)


def test_a_step_that_fails_half_way_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    file = a_store_of_version(tmp_path / "milepost.db", "0001")
    fill_version_1(file)
    open_store(file).close()
    database = Database(file)
    failing = migrations_with_one_more(tmp_path / "migrations", "raise ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        bring_up_to_date(database, (*VERSIONS, "9999"), failing)
    database.close()
    assert version_of(file) == HEAD
    with closing(sqlite3.connect(file)) as raw, pytest.raises(sqlite3.OperationalError, match="note"):
        raw.execute("SELECT note FROM pulls")
    with open_store(file) as store:
        assert_filled(store)


def test_an_older_store_is_not_changed_under_a_process_that_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.migrate.LOCK_SECONDS", 0)
    file = a_store_of_version(tmp_path / "milepost.db", HEAD)
    database = Database(file)
    with writer_lock(file, 0), pytest.raises(Locked):
        bring_up_to_date(database, (*VERSIONS, "9999"), migrations_with_one_more(tmp_path / "migrations"))
    database.close()
    assert version_of(file) == HEAD


def test_many_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    def open_and_look(number: int) -> int:
        with open_store(tmp_path / "milepost.db") as store:
            store.memory("jira").set(str(number), "x")
            return store.pull_state("jira").issues

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_and_look, range(12))) == [0] * 12


def test_an_up_to_date_store_opens_without_the_migration_tool(tmp_path: Path) -> None:
    open_store(tmp_path / "milepost.db").close()
    code = (
        "import sys, core.store; "
        "core.store.open_store(sys.argv[1]).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "milepost.db")], check=True)

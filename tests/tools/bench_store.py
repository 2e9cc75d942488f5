"""Storing what a pull brings, beside the same upserts without anything around them."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.models import Issue, Page, Pull
from tests.tools.bench_kit import Figure, Scale, folder, interleaved, measured, ratio, walls
from tests.tools.bench_world import issues

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = 100
_UPSERT = """
INSERT INTO issues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tracker, id) DO UPDATE SET key = excluded.key, url = excluded.url, title = excluded.title,
  container = excluded.container, status = excluded.status, category = excluded.category,
  type = excluded.type, labels = excluded.labels, assignees = excluded.assignees,
  created = excluded.created, updated = excluded.updated, resolved = excluded.resolved
"""
_TABLE = """
CREATE TABLE issues (tracker, id, key, url, title, container, status, category, type, labels, assignees,
  created, updated, resolved, PRIMARY KEY (tracker, id)) WITHOUT ROWID
"""


def plain_upserts(count: int, file: Path) -> Callable[[], dict[str, Any]]:
    """`executemany` with WAL, a transaction a page; the rows are there before the clock starts."""
    rows = [_row(issue) for issue in issues(count)]

    def run() -> dict[str, Any]:
        database = sqlite3.connect(file)
        database.execute("PRAGMA journal_mode = WAL")
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'issues'").fetchone():
            database.execute(_TABLE)
        for page in batches(rows):
            with database:
                database.executemany(_UPSERT, page)
        stored = int(database.execute("SELECT count(*) FROM issues").fetchone()[0])
        database.close()
        return {"rows": stored}

    return run


def store_upserts(count: int, file: Path) -> Callable[[], dict[str, Any]]:
    """`Store.save_pull` of pages of issues; they and the store are there before the clock starts."""
    from core.store import open_store

    pages = [Page(tuple(page)) for page in batches(list(issues(count)))]
    open_store(file).close()  # its tables are made before the clock starts

    def run() -> dict[str, Any]:
        with open_store(file) as store:
            counts = store.save_pull("jira", Pull("cursor", iter(pages), full=True), NOW)
            return {"rows": counts.seen}

    return run


def batches(things: list[Any]) -> Iterator[list[Any]]:
    """Pages of 100."""
    for start in range(0, len(things), PAGE):
        yield things[start : start + PAGE]


def _row(issue: Issue) -> tuple[Any, ...]:
    return (
        issue.ref.tracker,
        issue.ref.id,
        issue.ref.key,
        issue.url,
        issue.title,
        issue.container,
        issue.status,
        issue.category.value,
        issue.type,
        ",".join(issue.labels),
        ",".join(issue.assignees),
        issue.created.isoformat(),
        issue.updated.isoformat(),
        issue.resolved and issue.resolved.isoformat(),
    )


def store(scale: Scale) -> Iterator[Figure]:
    """100,000 upserts into a new store."""

    def once(how: str) -> Callable[[], Any]:
        def run() -> Any:
            with folder() as place:
                return measured("store", how, str(scale.many), place / "store.db")

        return run

    floors, ours = interleaved(scale.repetitions, once("floor"), once("milepost"))
    what = f"storing {scale.many:,} upserts: wall"
    yield ratio("store", what, "`executemany`, WAL, a transaction a page", walls(floors), walls(ours), 2)

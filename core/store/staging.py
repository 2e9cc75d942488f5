"""Stages the issues of a pull in a table of its own connection, until they are taken over together."""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select
from sqlalchemy.dialects.sqlite import insert

from connectors.models import Issue, Page, Unread
from core.store.codec.issue_codec import encode_and_hash
from core.store.codec.scalars import clean, maybe_clean, micros
from core.store.schema import issues, staged

fresh: ColumnElement[bool] = staged.c.document.is_not(None)
"""A row that is not as it was stored when it came."""

_BATCH: Final = 1000
"""Issues that are staged by one statement; SQLite takes 32,766 parameters at most."""

_Row = tuple[str, str, int, str | None, str | None, bytes, str | None]
"""As the columns of `staged`."""

_stored_hashes = select(issues.c.id, issues.c.hash).where(
    issues.c.tracker == bindparam("tracker"), issues.c.id.in_(bindparam("ids", expanding=True))
)
_any_stored = select(exists().where(issues.c.tracker == bindparam("tracker")))


def stage(connection: Connection, tracker: str, pages: Iterable[Page]) -> dict[str, Unread]:
    """Stage all pages, and give back what could not be read and was not read later in the same pull."""
    failed: dict[str, Unread] = {}
    statement = _statement(connection)
    for batch in _batches(pages, failed):
        rows = list(map(_row, batch))
        with connection.begin():
            if any_stored(connection, tracker):
                rows = _without_stored(connection, tracker, rows)
            # Not through the Core, which takes longer over a row than the database.
            connection.exec_driver_sql(statement, rows)
    return failed


def any_stored(connection: Connection, tracker: str) -> bool:
    """Whether any issue of a tracker is stored, be it gone."""
    return bool(connection.execute(_any_stored, {"tracker": tracker}).scalar())


def about(issue: Unread) -> str:
    """What an unread issue is known by: its id, or else its key, or else what was said."""
    if issue.id is not None:
        return f"id {clean(issue.id)}"
    return f"key {clean(issue.key)}" if issue.key is not None else f"why {clean(issue.why)}"


def _batches(pages: Iterable[Page], failed: dict[str, Unread]) -> Iterator[list[Issue]]:
    waiting: list[Issue] = []
    for page in pages:
        for issue in page.issues if failed else ():
            failed.pop(f"id {clean(issue.ref.id)}", None)
            failed.pop(f"key {clean(issue.ref.key)}", None)
        failed.update((about(item), item) for item in page.unread)
        waiting.extend(page.issues)
        while len(waiting) >= _BATCH:
            yield waiting[:_BATCH]
            del waiting[:_BATCH]
    if waiting:
        yield waiting


def _statement(connection: Connection) -> str:
    """The same issue may come twice in one pull: what was read of its later state stays."""
    statement = insert(staged)
    upsert = statement.on_conflict_do_update(
        index_elements=[staged.c.id],
        set_={item.name: statement.excluded[item.name] for item in staged.c if not item.primary_key},
        where=statement.excluded.updated >= staged.c.updated,
    )
    return str(upsert.compile(dialect=connection.dialect))


def _row(issue: Issue) -> _Row:
    key = clean(issue.ref.key)
    parent = maybe_clean(issue.parent_id) or None
    document, digest = encode_and_hash(key, issue)
    return (
        clean(issue.ref.id),
        key,
        micros(issue.updated),
        parent,
        None if parent else maybe_clean(issue.parent_key) or None,
        digest,
        document,
    )


def _without_stored(connection: Connection, tracker: str, rows: list[_Row]) -> list[_Row]:
    """The rows, without the documents of those that are stored as they are."""
    names = {"tracker": tracker, "ids": [row[0] for row in rows]}
    existing: dict[str, bytes] = {row.id: row.hash for row in connection.execute(_stored_hashes, names)}
    return [(*row[:-1], None) if existing.get(row[0]) == row[-2] else row for row in rows]

"""Saves one pull: read to its end beside the store, then taken over in one short transaction."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from connectors.contract import Issue, IssueRef, Page, Pull, Unread
from core.store.codec.issues import content_hash, encode_issue
from core.store.codec.plain import clean, maybe_clean, micros
from core.store.database import Database
from core.store.records import PullCounts
from core.store.schema import aliases, issues, staged, unread
from core.store.upsert import Insert, insert_for, next_seq, upsert, upsert_pull

_BATCH: Final = 1000
"""Issues that are staged by one statement; SQLite takes 32,766 parameters at most."""

_stored_hashes = select(issues.c.id, issues.c.hash).where(
    issues.c.tracker == bindparam("tracker"), issues.c.id.in_(bindparam("ids", expanding=True))
)


def save(database: Database, tracker: str, pull: Pull, at: datetime) -> PullCounts:
    """Save a pull and its cursor, all or nothing; whatever `pull.pages` raises passes through.

    The pages are staged in a temporary table of one connection, so that nobody waits for the store while
    a tracker answers slowly, and a pull of any size takes little memory.
    """
    tracker, now = clean(tracker), micros(at)
    with database.staging() as connection:
        with connection.begin():
            staged.create(connection)
        failed = _stage(connection, tracker, pull.pages)
        with database.writing(connection):
            return _take_over(connection, tracker, pull, now, failed)


def about(issue: Unread) -> str:
    """What an unread issue is known by: its id, or else its key, or else what was said."""
    if issue.id is not None:
        return f"id {clean(issue.id)}"
    return f"key {clean(issue.key)}" if issue.key is not None else f"why {clean(issue.why)}"


def _stage(connection: Connection, tracker: str, pages: Iterator[Page]) -> dict[str, Unread]:
    """Stage all pages, and give back what could not be read and was not read later in the same pull."""
    failed: dict[str, Unread] = {}
    waiting: list[Issue] = []
    for page in pages:
        for issue in page.issues if failed else ():
            failed.pop(f"id {clean(issue.ref.id)}", None)
            failed.pop(f"key {clean(issue.ref.key)}", None)
        failed.update((about(each), each) for each in page.unread)
        waiting.extend(page.issues)
        while len(waiting) >= _BATCH:
            _stage_batch(connection, tracker, waiting[:_BATCH])
            del waiting[:_BATCH]
    if waiting:
        _stage_batch(connection, tracker, waiting)
    return failed


def _stage_batch(connection: Connection, tracker: str, batch: list[Issue]) -> None:
    rows = [_row(issue) for issue in batch]
    with connection.begin():
        ids = [row["id"] for row in rows]
        stored = connection.execute(_stored_hashes, {"tracker": tracker, "ids": ids})
        known: dict[str, bytes] = {row.id: row.hash for row in stored}
        for row in rows:
            if known.get(row["id"]) == row["hash"]:
                row["document"] = None
        statement = insert_for(connection, staged)
        # The same issue may come twice in one pull: what was read of its later state stays.
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[staged.c.id],
                set_={each.name: statement.excluded[each.name] for each in staged.c if not each.primary_key},
                where=statement.excluded.updated >= staged.c.updated,
            ),
            rows,
        )


def _row(issue: Issue) -> dict[str, Any]:
    key, document = clean(issue.ref.key), encode_issue(issue)
    parent = maybe_clean(issue.parent_id or None)
    return {
        "id": clean(issue.ref.id),
        "key": key,
        "updated": micros(issue.updated),
        "parent_id": parent,
        "parent_key": None if parent else maybe_clean(issue.parent_key or None),
        "hash": content_hash(key, document),
        "document": document,
    }


def _take_over(
    connection: Connection, tracker: str, pull: Pull, now: int, failed: dict[str, Unread]
) -> PullCounts:
    seen, new, changed, back = _count(connection, tracker)
    _take_issues(connection, tracker, next_seq(connection))
    _take_unread(connection, tracker, pull.full, failed)
    connection.execute(
        upsert_pull(connection, ("cursor", "read_at", "failed_at", "error"), more=new + back),
        {"tracker": tracker, "cursor": clean(pull.cursor), "read_at": now, "failed_at": None, "error": None},
    )
    missing = _missing(connection, tracker, failed) if pull.full else ()
    return PullCounts(seen, new, changed, missing)


def _is_stored(tracker: str) -> ColumnElement[bool]:
    return and_(issues.c.tracker == tracker, issues.c.id == staged.c.id)


def _count(connection: Connection, tracker: str) -> tuple[int, int, int, int]:
    """How many issues the pull saw, how many of them are new, how many changed, and how many came back."""
    differs = and_(staged.c.document.is_not(None), issues.c.hash != staged.c.hash)
    is_new = issues.c.id.is_(None)
    is_back = issues.c.gone.is_not(None)
    seen, new, changed, back = connection.execute(
        select(
            func.count(),
            func.count().filter(is_new),
            func.count().filter(and_(~is_new, or_(differs, is_back))),
            func.count().filter(is_back),
        ).select_from(staged.outerjoin(issues, _is_stored(tracker)))
    ).one()
    return seen, new, changed, back


def _take_issues(connection: Connection, tracker: str, seq: int) -> None:
    """Write the rows that differ, remember keys that changed, and take back what came back."""
    fresh = staged.c.document.is_not(None)
    remember = insert_for(connection, aliases).from_select(
        ["tracker", "key", "id"],
        select(literal(tracker), issues.c.key, func.max(issues.c.id))
        .select_from(staged.join(issues, _is_stored(tracker)))
        .where(fresh, issues.c.key != staged.c.key)
        .group_by(issues.c.key),
    )
    connection.execute(
        remember.on_conflict_do_update(
            index_elements=[aliases.c.tracker, aliases.c.key], set_={"id": remember.excluded.id}
        )
    )
    columns = ("key", "updated", "parent_id", "parent_key", "hash", "document", "gone", "seq", "moved")
    write = insert_for(connection, issues).from_select(
        ["tracker", "id", *columns],
        select(
            literal(tracker),
            staged.c.id,
            staged.c.key,
            staged.c.updated,
            staged.c.parent_id,
            staged.c.parent_key,
            staged.c.hash,
            staged.c.document,
            literal(None, issues.c.gone.type),
            literal(seq),
            literal(seq),
        )
        .where(fresh)
        .order_by(staged.c.id),
    )
    connection.execute(
        write.on_conflict_do_update(
            index_elements=[issues.c.tracker, issues.c.id],
            set_={name: write.excluded[name] for name in columns}
            | {"moved": case((_moves(write), write.excluded.moved), else_=issues.c.moved)},
        )
    )
    connection.execute(
        update(issues)
        .where(issues.c.tracker == tracker, issues.c.gone.is_not(None))
        .where(issues.c.id.in_(select(staged.c.id)))
        .values(gone=None, seq=seq, moved=seq)
    )
    # A key that an issue bears now is no longer the former key of another.
    connection.execute(
        delete(aliases).where(
            aliases.c.tracker == tracker, aliases.c.key.in_(select(staged.c.key).where(fresh))
        )
    )


def _moves(write: Insert) -> ColumnElement[bool]:
    """Whether a row becomes another issue's child, takes another key, or comes back."""
    names = ("key", "parent_id", "parent_key")
    differs = (issues.c[name].is_distinct_from(write.excluded[name]) for name in names)
    return or_(issues.c.gone.is_not(None), *differs)


def _take_unread(connection: Connection, tracker: str, full: bool, failed: dict[str, Unread]) -> None:
    """Forget the unread issues that were read now (after a full pull: all), then keep those of this pull."""
    old = delete(unread).where(unread.c.tracker == tracker)
    if not full:
        old = old.where(
            or_(
                unread.c.id.in_(select(staged.c.id)),
                and_(unread.c.id.is_(None), unread.c.key.in_(select(staged.c.key))),
            )
        )
    connection.execute(old)
    if failed:
        connection.execute(
            upsert(connection, unread, ("id", "key", "why")),
            [
                {
                    "tracker": tracker,
                    "about": about,
                    "id": maybe_clean(each.id),
                    "key": maybe_clean(each.key),
                    "why": clean(each.why),
                }
                for about, each in failed.items()
            ],
        )


def _missing(connection: Connection, tracker: str, failed: dict[str, Unread]) -> tuple[IssueRef, ...]:
    rows = connection.execute(
        select(issues.c.id, issues.c.key)
        .where(issues.c.tracker == tracker, issues.c.gone.is_(None))
        .where(~exists().where(staged.c.id == issues.c.id))
        .order_by(issues.c.id)
    )
    return tuple(
        IssueRef(tracker, row.id, row.key)
        for row in rows
        if f"id {row.id}" not in failed and f"key {row.key}" not in failed
    )

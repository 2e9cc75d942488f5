"""Saves one pull: read to its end beside the store, then taken over in one short transaction."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ScalarSelect,
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
from sqlalchemy.dialects.sqlite import Insert, insert

from connectors.models import IssueRef, Pull, Unread
from core.store.codec.scalars import clean, maybe_clean, micros
from core.store.database import Database
from core.store.schema import aliases, issues, staged, unread
from core.store.staging import any_stored, fresh, stage
from core.store.stored_values import PullCounts
from core.store.upsert import next_seq, upsert, upsert_pull

_STAGED: Final = tuple(column.name for column in staged.columns if not column.primary_key)


def save(database: Database, tracker: str, pull: Pull, at: datetime) -> PullCounts:
    """Save a pull and its cursor, all or nothing; whatever `pull.pages` raises passes through.

    The pages are staged in a temporary table of one connection, so that nobody waits for the store while
    a tracker answers slowly, and a pull of any size takes little memory.
    """
    tracker, now = clean(tracker), micros(at)
    with database.staging() as connection:
        with connection.begin():
            staged.create(connection)
        failed = stage(connection, tracker, pull.pages)
        with database.writing(connection):
            return _take_over(connection, tracker, pull, now, failed)


def _take_over(
    connection: Connection, tracker: str, pull: Pull, now: int, failed: dict[str, Unread]
) -> PullCounts:
    seen, new, changed, back = _take_issues(connection, tracker, next_seq(connection))
    _take_unread(connection, tracker, pull.full, failed)
    connection.execute(
        upsert_pull(("cursor", "read_at", "failed_at", "error"), more=new + back),
        {"tracker": tracker, "cursor": clean(pull.cursor), "read_at": now, "failed_at": None, "error": None},
    )
    missing = _missing(connection, tracker, failed) if pull.full else ()
    return PullCounts(seen, new, changed, missing)


def _take_issues(connection: Connection, tracker: str, seq: int) -> tuple[int, int, int, int]:
    """Write what differs; how many issues were seen, how many are new, changed (or back), and back."""
    if not any_stored(connection, tracker):
        seen = connection.execute(_insert(tracker, seq)).rowcount
        return seen, seen, 0, 0
    counts = _count(connection, tracker)
    _take_keys(connection, tracker)
    write = _insert(tracker, seq, fresh)
    connection.execute(
        write.on_conflict_do_update(
            index_elements=[issues.c.tracker, issues.c.id],
            set_={name: write.excluded[name] for name in (*_STAGED, "gone", "seq")}
            | {"moved": case((_moves(write), write.excluded.moved), else_=issues.c.moved)},
        )
    )
    if counts[-1]:
        _take_back(connection, tracker, seq)
    return counts


def _take_back(connection: Connection, tracker: str, seq: int) -> None:
    """Bring issues back to sight that are as they were before they went."""
    gone = _stored(tracker, issues.c.gone)
    ids = connection.execute(select(staged.c.id).where(gone.is_not(None))).scalars().all()
    if ids:
        connection.execute(
            update(issues)
            .where(issues.c.tracker == tracker, issues.c.id == bindparam("which"))
            .values(gone=None, seq=seq, moved=seq),
            [{"which": item} for item in ids],
        )


def _stored(tracker: str, column: Column[Any]) -> ScalarSelect[Any]:
    """What is stored of a staged row: a query of its own, or SQLite would go through all that is stored."""
    return select(column).where(_is_stored(tracker)).correlate(staged).scalar_subquery()


def _is_stored(tracker: str) -> ColumnElement[bool]:
    return and_(issues.c.tracker == tracker, issues.c.id == staged.c.id)


def _count(connection: Connection, tracker: str) -> tuple[int, int, int, int]:
    differs = and_(fresh, issues.c.hash != staged.c.hash)
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


def _insert(tracker: str, seq: int, *where: ColumnElement[bool]) -> Insert:
    values = {"tracker": tracker, "seq": seq, "moved": seq}
    return insert(issues).from_select(
        ["id", *_STAGED, "gone", *values],
        select(
            staged.c.id,
            *(staged.c[name] for name in _STAGED),
            literal(None, issues.c.gone.type),
            *map(literal, values.values()),
        )
        .where(*where)
        .order_by(staged.c.id),
    )


def _take_keys(connection: Connection, tracker: str) -> None:
    """Remember the keys that issues bore, but none that an issue bears now."""
    old = select(staged, _stored(tracker, issues.c.key).label("bore")).where(fresh).subquery()
    remember = insert(aliases).from_select(
        ["tracker", "key", "id"],
        select(literal(tracker), old.c.bore, func.max(old.c.id))
        .where(old.c.bore != old.c.key)
        .group_by(old.c.bore),
    )
    connection.execute(
        remember.on_conflict_do_update(
            index_elements=[aliases.c.tracker, aliases.c.key], set_={"id": remember.excluded.id}
        )
    )
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
                # What named nothing cannot be asked for again: it is told once.
                and_(unread.c.id.is_(None), unread.c.key.is_(None)),
            )
        )
    connection.execute(old)
    if failed:
        connection.execute(
            upsert(unread, ("id", "key", "why")),
            [
                {
                    "tracker": tracker,
                    "about": about,
                    "id": maybe_clean(value.id),
                    "key": maybe_clean(value.key),
                    "why": clean(value.why),
                }
                for about, value in failed.items()
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

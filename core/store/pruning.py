"""Prunes the ledger by age; what an undo of everything that still stands would need is kept."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from connectors.bounds import moment, past
from connectors.models import IssueRef
from core.publish.actions import Written
from core.publish.ledger_compaction import compact
from core.store.codec.issue_codec import decode_issue
from core.store.codec.ledger_codec import decode_written, encode_written
from core.store.codec.scalars import clean, micros
from core.store.corruption import UNREADABLE
from core.store.schema import entries, issues, runs
from core.store.write_counts import fact, save_fact

EVERY = timedelta(days=1)
IDLE = timedelta(days=7)
"""How long a run is remembered that wrote nothing."""
_FACT = "ledger pruned at"
_AT_ONCE = 500


def due(connection: Connection, now: datetime) -> bool:
    """Whether it was pruned a day ago or more; also where the stored moment cannot be right."""
    pruned = past(moment(fact(connection, _FACT)), now)
    return pruned is None or now - pruned >= EVERY


def prune(connection: Connection, keep: timedelta, now: datetime) -> None:
    """Make few what is older than `keep`, and forget idle runs of more than a week ago.

    The latest run stays, and so does one that is still going on. An entry that cannot be read stays too.
    """
    save_fact(connection, _FACT, now.isoformat())
    _compact(connection, micros(now - keep))
    wrote = exists().where(entries.c.run == runs.c.run)
    latest = select(runs.c.run).order_by(runs.c.run.desc()).limit(1).scalar_subquery()
    idle = (runs.c.begun < micros(now - min(keep, IDLE)), runs.c.run != latest, ~wrote)
    connection.execute(delete(runs).where(*idle))


def _compact(connection: Connection, before: int) -> None:
    is_old = (entries.c.at < before) & (entries.c.last.is_(None) | (entries.c.last < before))
    old = list(_read(connection, is_old))
    if not old:
        return
    younger = (value for _, value in _read(connection, ~is_old))
    made = compact(old, younger, lambda ref: _labels(connection, ref))
    for start in range(0, len(made.drop), _AT_ONCE):
        some = made.drop[start : start + _AT_ONCE]
        connection.execute(delete(entries).where(entries.c.entry.in_(some)))
    for number, written in made.change.items():
        document = encode_written(written)
        connection.execute(update(entries).where(entries.c.entry == number).values(document=document))


def _read(connection: Connection, which: ColumnElement[bool]) -> Iterator[tuple[int, Written]]:
    some = select(entries.c.entry, entries.c.document).where(which).order_by(entries.c.entry)
    for row in connection.execute(some):
        with suppress(*UNREADABLE):
            yield row.entry, decode_written(row.document)


def _labels(connection: Connection, ref: IssueRef) -> tuple[str, ...] | None:
    where = (issues.c.tracker == clean(ref.tracker), issues.c.id == clean(ref.id))
    row = connection.execute(select(issues.c.key, issues.c.document).where(*where)).one_or_none()
    if row is None:
        return None
    try:
        return decode_issue(IssueRef(ref.tracker, ref.id, row.key), row.document).labels
    except UNREADABLE:
        return None

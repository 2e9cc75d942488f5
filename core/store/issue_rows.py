"""Reads stored issues (one, all, by key), and marks those that a reconciliation found gone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, delete, func, select, tuple_, update

from connectors import bounds
from connectors.models import Issue, IssueRef, Unread
from core.store.codec.issue_codec import decode_issue
from core.store.codec.scalars import clean, credible_moment, load
from core.store.containers import names_of
from core.store.corruption import UNREADABLE, damaged, decoded
from core.store.database import Database
from core.store.key_lists import bound, chunks, equal, key_list
from core.store.schema import aliases, issues, pulls, unread
from core.store.stored_values import PullState
from core.store.upsert import next_seq, upsert, upsert_pull

PAGE: Final = 1000
"""Issues that are read at once while all of them are read."""
_KEYS_AT_ONCE: Final = 500


def decode(database: Database, ref: IssueRef, document: str) -> Issue:
    """The issue of one row; raises StoreError if the row was damaged."""
    try:  # not by `decoded`, whose arguments would be made for every issue
        return decode_issue(ref, document)
    except UNREADABLE as error:
        what = f"what is stored of {ref.key} in {ref.tracker}"
        raise damaged(database.file, what, error) from error


def decode_container(database: Database, ref: IssueRef, document: str) -> str:
    """The project or repository of the issue of one row, and nothing else of it; raises StoreError too."""
    what = f"what is stored of {ref.key} in {ref.tracker}"
    return decoded(lambda stored: str(load(stored)["container"]), document, database.file, what)


_keys = key_list("tracker", "id")
_ROWS = select(issues.c.tracker, issues.c.id, issues.c.key, issues.c.document).where(issues.c.gone.is_(None))


def all_present(
    database: Database, connection: Connection, tracker: str | None = None
) -> Iterator[list[Issue]]:
    """All issues that are present, or those of one tracker, page by page in the order of tracker and id.

    Raises StoreError for a damaged row.
    """
    statement = _ROWS if tracker is None else _ROWS.where(issues.c.tracker == clean(tracker))
    for page in pages(connection, statement):
        yield [_issue(database, row) for row in page]


def pages(connection: Connection, statement: Select[Any]) -> Iterator[list[Any]]:
    """What a statement finds of the issues, in the order of tracker and id, which come first in a row."""
    statement = statement.order_by(issues.c.tracker, issues.c.id).limit(PAGE)
    page = [tuple(row) for row in connection.execute(statement)]
    while page:
        yield page
        after = tuple_(issues.c.tracker, issues.c.id) > tuple_(*page[-1][:2])
        page = [tuple(row) for row in connection.execute(statement.where(after))]


def present(database: Database, connection: Connection, keys: Iterable[tuple[str, str]]) -> Iterator[Issue]:
    """Those of these issues (tracker, id) that are present. Raises StoreError for a damaged row."""
    statement = _ROWS.join(_keys, equal(issues, _keys))
    for chunk in chunks((clean(tracker), clean(id_)) for tracker, id_ in keys):
        for row in connection.execute(statement, bound(chunk)):
            yield _issue(database, row)


def _issue(database: Database, row: Sequence[str]) -> Issue:
    tracker, id_, key, document = row
    return decode(database, IssueRef(tracker, id_, key), document)


def present_ids(connection: Connection, tracker: str, ids: Iterable[str]) -> frozenset[str]:
    """Those of these ids whose issues are present."""
    statement = select(issues.c.id).join(_keys, equal(issues, _keys)).where(issues.c.gone.is_(None))
    return frozenset(
        id_
        for chunk in chunks((tracker, clean(id_)) for id_ in ids)
        for id_ in connection.execute(statement, bound(chunk)).scalars()
    )


def unread_by_tracker(connection: Connection) -> dict[str, tuple[Unread, ...]]:
    """What could not be read when it last came, by tracker."""
    result: dict[str, list[Unread]] = {}
    rows = connection.execute(select(unread).order_by(unread.c.tracker, unread.c.about))
    for row in rows:
        result.setdefault(row.tracker, []).append(Unread(row.id, row.key, row.why))
    return {tracker: tuple(value) for tracker, value in result.items()}


# Two stored issues may bear one key while the pull that tells of the first one's move is still to come:
# the one that took it last goes first, whichever changed otherwise since.
_bearers = (
    select(issues.c.key, issues.c.id, issues.c.gone)
    .where(issues.c.tracker == bindparam("tracker"), issues.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(issues.c.moved, issues.c.id)
)
_former = select(aliases.c.key, aliases.c.id).where(
    aliases.c.tracker == bindparam("tracker"), aliases.c.key.in_(bindparam("keys", expanding=True))
)


def find_key(connection: Connection, tracker: str, key: str) -> str | None:
    """The id of the issue that bears a key, or else of the one that bore it, or else of one that is gone."""
    return _find_keys(connection, clean(tracker), [clean(key)]).get(clean(key))


def _find_keys(connection: Connection, tracker: str, keys: list[str]) -> dict[str, str]:
    present: dict[str, str] = {}
    gone: dict[str, str] = {}
    for row in connection.execute(_bearers, {"tracker": tracker, "keys": keys}):
        (present if row.gone is None else gone)[row.key] = row.id
    others = [key for key in keys if key not in present]
    if others:
        for former in connection.execute(_former, {"tracker": tracker, "keys": others}):
            gone[former.key] = former.id
    return gone | present


class KeyFinder:
    """As `find_key`, for many keys: each is looked up once, and leads where it led then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[tuple[str, str], str | None] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}

    def container_names(self, tracker: str, name: str) -> frozenset[str]:
        """All names, casefolded, of the project or repository that `name` leads to today."""
        place = (clean(tracker), name)
        if place not in self._names:
            with self._database.reading() as connection:
                self._names[place] = names_of(connection, *place)
        return self._names[place]

    def __call__(self, tracker: str, key: str) -> str | None:
        """The id of the issue that a key leads to."""
        name = (clean(tracker), clean(key))
        if name not in self._ids:
            self.prime(tracker, (key,))
        return self._ids[name]

    def prime(self, tracker: str, keys: Iterable[str]) -> None:
        """Look up many keys with few statements, so that none of them costs one later."""
        tracker = clean(tracker)
        unknown = dict.fromkeys(key for key in map(clean, keys) if (tracker, key) not in self._ids)
        if not unknown:
            return
        with self._database.reading() as connection:
            for chunk in chunks(unknown, _KEYS_AT_ONCE):
                result = _find_keys(connection, tracker, chunk)
                self._ids.update(((tracker, key), result.get(key)) for key in chunk)


def key_finder(database: Database) -> KeyFinder:
    """`find_key` for many keys."""
    return KeyFinder(database)


def remember_key(connection: Connection, tracker: str, key: str, id_: str) -> None:
    """Keep `key` as a former key of an issue."""
    row = {"tracker": tracker, "key": clean(key), "id": clean(id_)}
    led = connection.execute(_former, {"tracker": tracker, "keys": [row["key"]]}).one_or_none()
    if led is not None and led.id == row["id"]:
        return
    connection.execute(upsert(aliases, ("id",)), row)
    seq = next_seq(connection)
    connection.execute(
        update(issues).where(issues.c.tracker == tracker, issues.c.id == row["id"]).values(seq=seq, moved=seq)
    )


def pull_state(connection: Connection, tracker: str) -> PullState:
    """How far the reading of a tracker has come."""
    row = connection.execute(select(pulls).where(pulls.c.tracker == tracker)).one_or_none()
    if row is None:
        return PullState()
    return PullState(
        cursor=_text(row.cursor),
        read_at=credible_moment(row.read_at),
        reconciled_at=credible_moment(row.swept_at),
        failed_at=credible_moment(row.failed_at),
        error=_text(row.error),
        issues=_count(connection, tracker, row.present),
    )


def _text(stored: object) -> str | None:
    return stored if isinstance(stored, str) else None


def _count(connection: Connection, tracker: str, stored: object) -> int:
    """How many issues are present, counted anew where the number that is kept cannot be one."""
    existing = bounds.whole(stored, 0, bounds.LARGEST_ID)
    if existing is not None:
        return existing
    statement = select(func.count()).where(issues.c.tracker == tracker, issues.c.gone.is_(None))
    return connection.execute(statement).scalar_one()


def absent(database: Database, tracker: str, present: frozenset[str]) -> tuple[IssueRef, ...]:
    """What is stored, read or unread, but not among the ids that exist now."""
    present = frozenset(map(clean, present))
    # By key: an index has all that is asked for, so that no document is read.
    stored = (
        select(issues.c.id, issues.c.key)
        .where(issues.c.tracker == clean(tracker), issues.c.gone.is_(None))
        .order_by(issues.c.key)
    )
    gone: set[IssueRef] = set()
    statement = select(unread.c.id, unread.c.key).where(
        unread.c.tracker == clean(tracker), unread.c.id.is_not(None)
    )
    with database.reading() as connection:
        for row in connection.execution_options(yield_per=PAGE).execute(stored):
            if row.id not in present:
                gone.add(IssueRef(tracker, row.id, row.key))
        for row in connection.execute(statement):
            if row.id not in present:
                gone.add(IssueRef(tracker, row.id, row.key or row.id))
    return tuple(sorted(gone))


def mark_gone(connection: Connection, tracker: str, refs: Iterable[IssueRef], now: int) -> None:
    """Keep these issues, but as gone; forget that they could not be read."""
    rows = [{"of": tracker, "which": clean(ref.id)} for ref in refs]
    if not rows:
        return
    seq = next_seq(connection)
    marked = connection.execute(
        update(issues)
        .where(issues.c.tracker == bindparam("of"), issues.c.id == bindparam("which"))
        .where(issues.c.gone.is_(None))
        .values(gone=now, seq=seq, moved=seq),
        rows,
    )
    connection.execute(upsert_pull((), more=-marked.rowcount), {"tracker": tracker})
    connection.execute(
        delete(unread).where(unread.c.tracker == bindparam("of"), unread.c.id == bindparam("which")), rows
    )

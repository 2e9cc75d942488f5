"""Finds invalid values in a store and unsets them, so that they are read or made again.

| table | impossible | then |
|---|---|---|
| any | another type, text that is no UTF-8, a number beyond 2^62 | NULL, the default, or the row goes |
| issues | a row that its hash or its document belies | goes, and its issue is asked for again |
| publications | a document unreadable or about another issue | goes: the comment is found by its mark |
| snapshots, ledger | a document that cannot be read | goes; `undo` takes back the rest |
| contributions and tallies | – | always made anew: they follow from the issues |

Nothing is changed in a sound store but that the roll-up is made anew. Its cost grows with what is stored, so
that it is for once a day, and for runs that met something odd.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import Column, Connection, LargeBinary, String, Table, Text, insert

from connectors.models import IssueRef
from core.engine.tally import Part
from core.store.codec.issue_codec import content_hash, decode_issue
from core.store.codec.ledger_codec import decode_publication, decode_snapshots, decode_written
from core.store.codec.scalars import micros
from core.store.codec.tally_codec import decode_tally
from core.store.corruption import UNREADABLE
from core.store.database import Database
from core.store.schema import (
    aliases,
    audiences,
    container_names,
    containers,
    contention,
    contributions,
    entries,
    facts,
    goal_values,
    issues,
    memory,
    names,
    owners,
    publications,
    pulls,
    quarantine,
    rollup_state,
    runs,
    unexplained,
    unread,
    unsettled,
)
from core.store.upsert import next_seq

LARGEST: Final = 2**62
"""No number in the store comes near: what counts up from it must not overflow."""
_TABLES: Final = (
    aliases,
    unread,
    pulls,
    memory,
    publications,
    goal_values,
    entries,
    quarantine,
    facts,
    contention,
    containers,
    container_names,
    audiences,
    unsettled,
)
"""Looked through column by column; those that follow from others are not here."""
_DEFAULTS: Final = {
    "pulls.present": "0",
    "publications.snapshots": "'{}'",
    "entries.at": "0",
    "containers.archived": "0",
    "containers.error": "''",
    "containers.doubt": "''",
    "contention.writes": "0",
    "contention.document": "''",
    "runs.kind": "'sync'",
    "runs.begun": "0",
    "runs.said": "''",
    "runs.counts": "'{}'",
}
"""What takes the place of a value where the row is worth keeping."""
_ODD_DOCUMENTS: Final = {
    "contributions.above": " OR NOT json_valid(above) OR json_type(above) <> 'array'",
    "contributions.part": " OR NOT milepost_part(CAST(part AS BLOB))",
    "owners.open": " OR (open IS NOT NULL AND (NOT json_valid(open) OR json_type(open) <> 'array'))",
    "owners.tally": " OR (tally IS NOT NULL AND NOT milepost_tally(CAST(tally AS BLOB)))",
}
WHY: Final = "what was stored of it was damaged"


def repair(database: Database, check: Callable[[], None]) -> tuple[str, ...]:
    """Unset every invalid value, and return a sentence for each kind of them.

    `check` is called repeatedly and may raise, which rolls everything back. Raises StoreError.
    """
    result: list[str] = []
    with database.writing() as connection, _functions(connection, check):
        _repair_runs(connection, result)
        for table in _TABLES:
            _repair_columns(connection, table, result)
        _repair_documents(connection, result)
        _repair_issues(connection, result)
        _make_rollup_anew(connection, result)
    return tuple(result)


@contextmanager
def _functions(connection: Connection, check: Callable[[], None]) -> Iterator[None]:
    """Functions for SQL on this connection; text comes to them as bytes, since it may be no UTF-8."""
    raised: list[BaseException] = []

    def asking(function: Callable[..., object]) -> Callable[..., bool]:
        def sound(*values: bytes | int | None) -> bool:
            try:
                check()
            except BaseException as error:  # SQLite would take it for an error of its own
                raised.append(error)
                raise
            try:
                return function(*values) is not False
            except UNREADABLE:
                return False

        return sound

    raw: Any = connection.connection.driver_connection
    functions: dict[str, tuple[int, Callable[..., object]]] = {
        "milepost_text": (1, _sound_text),
        "milepost_issue": (7, _sound_issue),
        "milepost_publication": (3, _sound_publication),
        "milepost_snapshots": (1, lambda stored: decode_snapshots(stored.decode())),
        "milepost_part": (1, lambda stored: Part.read(stored.decode())),
        "milepost_tally": (1, lambda stored: decode_tally(stored.decode())),
        "milepost_written": (1, lambda stored: decode_written(stored.decode())),
    }
    for name, (arguments, function) in functions.items():
        raw.create_function(name, arguments, asking(function))
    try:
        yield
    except BaseException:
        if raised:
            raise raised[0] from None
        raise
    finally:
        for name, (arguments, _) in functions.items():
            with suppress(Exception):
                raw.create_function(name, arguments, None)


def _sound_text(stored: bytes) -> bool:
    return b"\0" not in stored and stored.decode() is not None


def _sound_issue(
    tracker: bytes, id_: bytes, key: bytes, updated: int, parents: bytes, digest: bytes, stored: bytes
) -> bool:
    document = stored.decode()
    if not key or content_hash(key.decode(), document) != digest:
        return False
    issue = decode_issue(IssueRef(tracker.decode(), id_.decode(), key.decode()), document)
    named = f"{issue.parent_id or ''}\n{'' if issue.parent_id else issue.parent_key or ''}"
    return micros(issue.updated) == updated and named == parents.decode()


def _sound_publication(tracker: bytes, id_: bytes, stored: bytes) -> bool:
    ref = decode_publication(stored.decode()).ref
    return (ref.tracker, ref.id) == (tracker.decode(), id_.decode())


def _odd(column: Column[Any]) -> str:
    """The condition under which a column holds what it never may."""
    name = f'"{column.name}"'
    if isinstance(column.type, Text | String):
        odd = f"typeof({name}) <> 'text' OR NOT milepost_text(CAST({name} AS BLOB))"
    elif isinstance(column.type, LargeBinary):
        odd = f"typeof({name}) <> 'blob'"
    else:
        odd = f"typeof({name}) <> 'integer' OR {name} NOT BETWEEN -{LARGEST} AND {LARGEST}"
    return f"({name} IS NOT NULL AND ({odd}))" if column.nullable else f"({odd})"


def _repair_columns(connection: Connection, table: Table, result: list[str]) -> None:
    for column in table.columns:
        place = f"{table.name}.{column.name}"
        put = "NULL" if column.nullable else _DEFAULTS.get(place)
        if put is None:
            done = connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE {_odd(column)}")  # noqa: S608
        else:
            done = connection.exec_driver_sql(
                f'UPDATE {table.name} SET "{column.name}" = {put} WHERE {_odd(column)}'  # noqa: S608
            )
        _note(result, place, done.rowcount)


def _note(result: list[str], place: str, number: int) -> None:
    if number > 0:
        result.append(f"{place}: {number} value{'s' if number > 1 else ''} that cannot be, taken as unset")


def _repair_runs(connection: Connection, result: list[str]) -> None:
    """The log of runs; numbers that leave no room for another run go, with what they say."""
    done = connection.exec_driver_sql(f"DELETE FROM runs WHERE run NOT BETWEEN 1 AND {LARGEST}")  # noqa: S608
    _note(result, "runs.run", done.rowcount)
    done = connection.exec_driver_sql(f"DELETE FROM entries WHERE entry NOT BETWEEN 1 AND {LARGEST}")  # noqa: S608
    _note(result, "entries.entry", done.rowcount)
    _repair_columns(connection, runs, result)
    for name, number in (("runs", "run"), ("entries", "entry")):
        least = f"(SELECT coalesce(max({number}), 0) FROM {name})"  # noqa: S608
        odd = f"typeof(seq) <> 'integer' OR seq < {least} OR seq > {LARGEST}"
        done = connection.exec_driver_sql(
            f"UPDATE sqlite_sequence SET seq = {least} WHERE name = '{name}' AND ({odd})"  # noqa: S608
        )
        _note(result, f"the number of {name}", done.rowcount)


def _repair_documents(connection: Connection, result: list[str]) -> None:
    odd = "NOT milepost_publication(CAST(tracker AS BLOB), CAST(id AS BLOB), CAST(document AS BLOB))"
    done = connection.exec_driver_sql(f"DELETE FROM publications WHERE {odd}")  # noqa: S608
    _note(result, "publications.document", done.rowcount)
    odd = "NOT milepost_snapshots(CAST(snapshots AS BLOB))"
    done = connection.exec_driver_sql(f"UPDATE publications SET snapshots = '{{}}' WHERE {odd}")  # noqa: S608
    _note(result, "publications.snapshots", done.rowcount)
    odd = "NOT milepost_written(CAST(document AS BLOB))"
    done = connection.exec_driver_sql(f"DELETE FROM entries WHERE {odd}")  # noqa: S608
    _note(result, "entries.document", done.rowcount)


def _repair_issues(connection: Connection, result: list[str]) -> None:
    """Rows of issues; a tracker of which one vanished without its id is compared as a whole."""
    odd = " OR ".join(
        _odd(column) for column in issues.columns if column.name not in ("gone", "seq", "moved")
    )
    parents = "coalesce(parent_id, '') || char(10) || coalesce(parent_key, '')"
    texts = ", ".join(f"CAST({name} AS BLOB)" for name in ("tracker", "id", "key"))
    sound = f"milepost_issue({texts}, updated, CAST({parents} AS BLOB), hash, CAST(document AS BLOB))"
    rows = connection.exec_driver_sql(
        f"SELECT rowid, {texts} FROM issues WHERE {odd} OR NOT {sound}"  # noqa: S608
    ).all()
    again = []
    for row, *stored in rows:
        connection.exec_driver_sql("DELETE FROM issues WHERE rowid = ?", (row,))
        tracker, id_, key = map(_text, stored)
        if tracker and id_:
            again.append({"tracker": tracker, "about": f"id {id_}", "id": id_, "key": key, "why": WHY})
    _note(result, "issues", len(rows))
    if again:
        connection.execute(insert(unread).prefix_with("OR IGNORE"), again)
    if rows:
        connection.exec_driver_sql("UPDATE pulls SET swept_at = NULL")
    gone = next(column for column in issues.columns if column.name == "gone")
    done = connection.exec_driver_sql(f"UPDATE issues SET gone = NULL WHERE {_odd(gone)}")  # noqa: S608
    _note(result, "issues.gone", done.rowcount)
    for name in ("seq", "moved"):
        odd = f"typeof({name}) <> 'integer' OR {name} NOT BETWEEN 0 AND {LARGEST}"
        done = connection.exec_driver_sql(f"UPDATE issues SET {name} = 0 WHERE {odd}")  # noqa: S608
        _note(result, f"issues.{name}", done.rowcount)
        if done.rowcount > 0:
            connection.exec_driver_sql(
                f"UPDATE issues SET {name} = ? WHERE {name} = 0",  # noqa: S608
                (next_seq(connection),),
            )
    _repair_counts(connection)


def _make_rollup_anew(connection: Connection, result: list[str]) -> None:
    """Note what of the roll-up cannot be, and let the next run make all of it."""
    for table in (contributions, owners, rollup_state, unexplained, names):
        for column in table.columns:
            odd = _odd(column) + _ODD_DOCUMENTS.get(f"{table.name}.{column.name}", "")
            done = connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE {odd}")  # noqa: S608
            _note(result, f"{table.name}.{column.name}", done.rowcount)
    connection.exec_driver_sql("DELETE FROM rollup_state WHERE key IN ('basis', 'seq', 'answers')")


def _repair_counts(connection: Connection) -> None:
    connection.exec_driver_sql(
        "UPDATE pulls SET present = "
        "(SELECT count(*) FROM issues WHERE issues.tracker = pulls.tracker AND gone IS NULL)"
    )


def _text(stored: object) -> str | None:
    """Text that can be; None for anything else."""
    if not isinstance(stored, bytes):
        return None
    try:
        text = stored.decode()
    except UnicodeDecodeError:
        return None
    return text if text and "\0" not in text else None

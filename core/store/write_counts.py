"""The id of this installation, and what was written how often, a row for each target."""

import re
import secrets
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select

from connectors.redaction import redact_reason
from core.publish.actions import Held
from core.publish.conflicts import Contention
from core.publish.quarantine import Target
from core.store.codec.scalars import clean, dump, load
from core.store.corruption import UNREADABLE
from core.store.schema import contention, facts
from core.store.upsert import upsert

INSTALLATION = "installation"
MOST = 1_000_000
"""More writes of one thing than any number of runs made; what is stored beyond it counts as unset."""
MANY = 2_000
"""From so many targets on all rows are read at once, instead of one by one."""


def fact(connection: Connection, key: str) -> str | None:
    """What is remembered under a key, or None."""
    result = connection.execute(select(facts.c.value).where(facts.c.key == key)).scalar()
    return None if result is None else str(result)


def save_fact(connection: Connection, key: str, value: str) -> None:
    """Remember a value in place of an earlier one."""
    connection.execute(upsert(facts, ("value",)), {"key": key, "value": clean(value)})


def installation(connection: Connection) -> str | None:
    """The id of this installation; None if none was made yet, or what is stored is none."""
    result = fact(connection, INSTALLATION)
    return result if result is not None and re.fullmatch("[0-9a-f]{8}", result) else None


def new_installation(connection: Connection) -> str:
    """The id of this installation, made and stored unless there is one."""
    made = installation(connection)
    if made is None:
        made = secrets.token_hex(4)
        save_fact(connection, INSTALLATION, made)
    return made


def entries(connection: Connection, targets: Collection[Target]) -> dict[Target, Contention]:
    """What is remembered of these targets, and everything of other writers and of what is held."""
    if len(targets) >= MANY:
        rows: list[Row[Any]] = list(connection.execute(select(contention)))
        return {item.target: item for item in map(_decode, rows)}
    rows = list(connection.execute(select(contention).where(contention.c.document != "")))
    for target in targets:
        rows += connection.execute(select(contention).where(_at(target)))
    return {item.target: item for item in map(_decode, rows)}


def save(connection: Connection, changed: Iterable[Contention]) -> None:
    """Keep these in place of earlier ones for the same targets."""
    rows = [
        {
            "tracker": clean(change.target.tracker),
            "kind": change.target.kind,
            "place": clean(change.target.place),
            "name": clean(change.target.name),
            "wish": change.wish,
            "writes": change.writes,
            "document": _encode(change),
        }
        for change in changed
    ]
    if rows:
        connection.execute(upsert(contention, ("wish", "writes", "document")), rows)


def forget(connection: Connection, targets: Iterable[Target]) -> None:
    """Remember nothing of these any more."""
    for target in targets:
        connection.execute(delete(contention).where(_at(target)))


def _at(target: Target) -> ColumnElement[bool]:
    return and_(
        contention.c.tracker == clean(target.tracker),
        contention.c.kind == target.kind,
        contention.c.place == clean(target.place),
        contention.c.name == clean(target.name),
    )


def _encode(entry: Contention) -> str:
    """Empty where there is nothing but the count."""
    if not (entry.others or entry.against is not None or entry.held):
        return ""
    held = entry.held
    return dump(
        {
            "others": list(entry.others),
            "against": entry.against,
            "held": held and [redact_reason(part) for part in (held.what, held.why, held.release)],
        }
    )


def _decode(row: Row[Any]) -> Contention:
    """A row; what is damaged in it counts as unset."""
    target = Target(row.tracker, row.kind, row.place, row.name)
    writes = row.writes if isinstance(row.writes, int) and 0 < row.writes <= MOST else 0
    plain = Contention(target, str(row.wish), writes)
    if not row.document:
        return plain
    with suppress(*UNREADABLE):
        document: dict[str, Any] = load(row.document)
        against, held = document["against"], document["held"]
        what, why, release = map(str, held or ("", "", ""))
        return Contention(
            target,
            plain.wish,
            writes,
            tuple(map(str, document["others"])),
            None if against is None else str(against),
            None if held is None else Held(what, why, release),
        )
    return plain

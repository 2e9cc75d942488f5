"""Writes that failed and when each is tried again, a row for each target."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from connectors.redaction import redact_reason
from core.publish.quarantine import Quarantined, Target
from core.store.codec.scalars import clean, dump, load, maybe_micros, maybe_moment, micros, moment
from core.store.corruption import UNREADABLE
from core.store.schema import quarantine
from core.store.upsert import upsert


def all_entries(connection: Connection) -> dict[Target, Quarantined]:
    """Everything that is remembered, in the order of the targets; what is damaged counts as unset."""
    result = {}
    for row in connection.execute(select(quarantine)):
        target = Target(row.tracker, row.kind, row.place, row.name)
        with suppress(*UNREADABLE):
            result[target] = _decode(target, row.document)
    return dict(sorted(result.items()))


def save(connection: Connection, entries: Iterable[Quarantined]) -> None:
    """Keep these in place of earlier ones for the same targets."""
    rows = [
        {
            "tracker": clean(entry.target.tracker),
            "kind": entry.target.kind,
            "place": clean(entry.target.place),
            "name": clean(entry.target.name),
            "document": _encode(entry),
        }
        for entry in entries
    ]
    if rows:
        connection.execute(upsert(quarantine, ("document",)), rows)


def forget(connection: Connection, targets: Iterable[Target]) -> None:
    """Remember nothing of these any more."""
    for target in targets:
        connection.execute(delete(quarantine).where(_at(target)))


def _at(target: Target) -> ColumnElement[bool]:
    return and_(
        quarantine.c.tracker == clean(target.tracker),
        quarantine.c.kind == target.kind,
        quarantine.c.place == clean(target.place),
        quarantine.c.name == clean(target.name),
    )


def _encode(entry: Quarantined) -> str:
    return dump(
        {
            "container": entry.container,
            "what": entry.what,
            "wish": " ".join(entry.wishes),
            "updated": maybe_micros(entry.updated),
            "reason": redact_reason(entry.reason),
            "refused": entry.refused,
            "count": entry.count,
            "early": entry.early,
            "first": micros(entry.first),
            "last": micros(entry.last),
            "next": micros(entry.next_try),
            **({} if entry.wished else {"wished": False}),
            **({"untried": True} if entry.untried else {}),
        }
    )


def _decode(target: Target, stored: str) -> Quarantined:
    document: dict[str, Any] = load(stored)
    return Quarantined(
        target=target,
        container=str(document["container"]),
        what=str(document["what"]),
        wishes=tuple(str(document["wish"]).split()),
        updated=maybe_moment(document["updated"]),
        reason=str(document["reason"]),
        refused=bool(document["refused"]),
        count=max(1, int(document["count"])),
        early=max(0, int(document["early"])),
        first=moment(document["first"]),
        last=moment(document["last"]),
        next_try=moment(document["next"]),
        wished=document.get("wished") is not False,
        untried=document.get("untried") is True,
    )

"""Stores who may read projects and repositories, and finds the issues that have a security level."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, delete, func, select

from connectors.audience import Audience
from core.store.codec.scalars import clean, load
from core.store.corruption import UNREADABLE
from core.store.schema import audiences, issues, restricted
from core.store.stored_values import RestrictedIssue, StoredAudience
from core.store.upsert import upsert

_REFUSED: Final = ""
_AUDIENCES: Final = {audience.value: audience for audience in Audience}


def all_audiences(connection: Connection) -> dict[str, dict[str, StoredAudience]]:
    """By tracker and casefolded name: what is remembered of each project or repository."""
    result: dict[str, dict[str, StoredAudience]] = {}
    for row in connection.execute(select(audiences)):
        reported = StoredAudience(_AUDIENCES.get(row.audience), row.audience == _REFUSED)
        result.setdefault(row.tracker, {})[row.name] = reported
    return result


def save_audiences(
    connection: Connection, tracker: str, reported: Mapping[str, Audience | None], present: frozenset[str]
) -> None:
    """Take over what was told, by name; None: the tracker refuses to tell. Of others nothing changes.

    `present`: the casefolded names of all that have an issue now. Of what is gone stays what was told last:
    comments go on naming what was there.
    """
    existing = all_audiences(connection).get(tracker, {})
    gone = [name for name, value in existing.items() if name not in present and value.audience is None]
    here = audiences.c.tracker == tracker
    if gone:
        connection.execute(delete(audiences).where(here, audiences.c.name.in_(gone)))
    rows: dict[str, str | None] = {name: None for name in present if name not in existing}
    for name, audience in reported.items():
        if clean(name).casefold() in present:
            rows[clean(name).casefold()] = _REFUSED if audience is None else audience.value
    if rows:
        values = [{"tracker": tracker, "name": name, "audience": message} for name, message in rows.items()]
        connection.execute(upsert(audiences, ("audience",)), values)


def container_names(connection: Connection, tracker: str) -> frozenset[str]:
    """The casefolded names of the projects or repositories in which issues are present, by their keys."""
    name = func.rtrim(func.rtrim(issues.c.key, "0123456789"), "-#")
    statement = select(name).distinct().where(issues.c.tracker == tracker, issues.c.gone.is_(None))
    return frozenset(str(scalar).casefold() for scalar in connection.execute(statement).scalars())


def restricted_issues(connection: Connection) -> tuple[RestrictedIssue, ...]:
    """All issues that have a security level, those that are gone too."""
    statement = select(issues.c.tracker, issues.c.id, issues.c.document, issues.c.gone).where(restricted)
    result = []
    for row in connection.execute(statement):
        level = "damaged"
        with suppress(*UNREADABLE):
            level = str(load(row.document)["security"])
        result.append(RestrictedIssue(row.tracker, row.id, level, row.gone is not None))
    return tuple(result)

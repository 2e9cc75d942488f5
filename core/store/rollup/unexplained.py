"""Unexplained tasks: gone or counting otherwise, though nobody edited them since the last publication.

An edit of an issue moves its time of change. A status that gets another category, or a project that is
hidden, moves none. What such a task contributed before is stored until the new numbers are published.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import orjson
from sqlalchemy import Connection, and_, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.store.codec.scalars import clean
from core.store.key_lists import bound, chunks, equal, key_list
from core.store.rollup.rollup_interface import Place
from core.store.rollup.rollup_rows import ContributionRow, Moved
from core.store.schema import contributions, issues, unexplained

_owners = key_list("owner")
_issues = key_list("tracker", "id")
_COLUMNS = ("owner", "tracker", "id", "part", "since")


def note(
    connection: Connection,
    gone: Mapping[Place, tuple[ContributionRow, int]],
    after: Mapping[Place, ContributionRow],
    since: Mapping[str, int],
) -> None:
    """Store the rows in `gone` that no edit explains; rows that were stored earlier stay.

    `since`: by tracker, in microseconds since 1970: an edit has a later time of change. On a tracker that is
    not in it, everything counts as edited. Rows whose issue was edited, and rows that did not count as tasks,
    are left out.

    Where an issue was edited after `since` and read already, only a time of change later than the stored one
    shows another edit. (A comment moves the time of change as well, so that a comment after `since` hides a
    change without an edit on its issue.) What was below an issue that somebody moved is explained by that.
    """
    rows = [row for row, counts in gone.values() if counts and row.tracker in since]
    edited_after = {row.place: max(since[row.tracker], row.updated) for row in rows}
    rows = [row for row in rows if _is_unexplained(row, after.get(row.place), edited_after[row.place])]
    moved = _moved_with(connection, rows, since)
    new_rows = [
        dict(zip(_COLUMNS, (*row.place, row.part, edited_after[row.place]), strict=True))
        for row in rows
        if row.place not in moved
    ]
    if new_rows:
        connection.execute(insert(unexplained).on_conflict_do_nothing(), new_rows)


def _is_unexplained(before: ContributionRow, now: ContributionRow | None, since: int) -> bool:
    return now is None or (now.part != before.part and now.updated <= since)


def _moved_with(
    connection: Connection, rows: Iterable[ContributionRow], since: Mapping[str, int]
) -> set[Place]:
    """Return those of these rows that were below an issue which an edit after `since` moved elsewhere."""
    above = {row.place: [row.id, *map(str, orjson.loads(row.above))] for row in rows if row.above != "[]"}
    links = _links(connection, {(place[1], id_) for place, ids in above.items() for id_ in ids})

    def moved(tracker: str, child: str, parent: str) -> bool:
        link, other = links.get((tracker, child)), links.get((tracker, parent))
        if link is None or link.gone is not None or link.updated <= since[tracker]:
            return False  # a hidden issue hides all below it, without an edit
        return not (link.parent_id == parent or (other is not None and link.parent_key == other.key))

    return {
        place
        for place, ids in above.items()
        if any(moved(place[1], child, parent) for child, parent in pairwise(ids))
    }


def _links(connection: Connection, requested: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Return by tracker and id the parent of each of these issues as stored, and when it changed."""
    names = ("tracker", "id", "key", "parent_id", "parent_key", "updated", "gone")
    statement = select(*(issues.c[name] for name in names)).join(_issues, equal(issues, _issues))
    return {
        (row.tracker, row.id): row
        for chunk in chunks(sorted(requested))
        for row in connection.execute(statement, bound(chunk))
    }


def of_owners(connection: Connection, names: Collection[str]) -> Iterator[Moved]:
    """Yield the stored tasks of these owners that still count otherwise, and were not edited since."""
    of_row = and_(*(contributions.c[name] == unexplained.c[name] for name in ("owner", "tracker", "id")))
    of_issue = and_(*(issues.c[name] == unexplained.c[name] for name in ("tracker", "id")))
    statement = (
        select(
            unexplained.c.owner,
            unexplained.c.part.label("before"),
            unexplained.c.since,
            contributions.c.part,
            contributions.c.counts,
            issues.c.updated.label("edited"),
            issues.c.gone,
        )
        .select_from(
            unexplained.join(_owners, equal(unexplained, _owners))
            .outerjoin(contributions, of_row)
            .outerjoin(issues, of_issue)
        )
        .order_by(unexplained.c.owner, unexplained.c.tracker, unexplained.c.id)
    )
    for row in connection.execute(statement, bound((clean(name),) for name in names)):
        edited = row.edited is not None and row.gone is None and row.edited > row.since
        if not edited and row.part != row.before:
            yield Moved(row.owner, row.before, row.part if row.counts else None)


def forget(connection: Connection, names: Iterable[str]) -> None:
    """Delete the stored tasks of these owners, whose numbers are published now."""
    statement = delete(unexplained).where(unexplained.c.owner.in_(select(_owners.c.owner)))
    connection.execute(statement, bound((clean(name),) for name in names))


def forget_all_but(connection: Connection, names: Collection[str]) -> None:
    """Delete the stored tasks of all owners but these, also of owners that the mapping no longer has."""
    kept = {clean(name) for name in names}
    stored = set(connection.execute(select(unexplained.c.owner).distinct()).scalars())
    forget(connection, stored - kept)

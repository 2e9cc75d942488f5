"""Tasks that went, or count otherwise, although nobody edited their issue, since numbers were last published.

An edit of an issue moves its time of change; an administrator who gives a status another category, or a
project that is hidden, moves none. So what such a task contributed is kept until its numbers are published.
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
    """Remember what these rows said that are about to go; what was remembered earlier stays.

    `since`: by tracker, in microseconds since 1970: what happens to an issue by an edit has a later time of
    change; a tracker that is not named is taken to have edited everything. Rows whose issue was edited are
    left out, and so are those that did not count as tasks.

    An issue may have been edited after `since` and read already: then only a later time of change than it
    had with its last change of content tells of another edit. (A comment moves that time as well, so that one
    after `since` hides what nobody edited on that issue.) What was below an issue that somebody moved is
    explained by that.
    """
    rows = [row for row, counts in gone.values() if counts and row.tracker in since]
    snapshots = {row.place: max(since[row.tracker], row.updated) for row in rows}
    rows = [row for row in rows if _surprising(row, after.get(row.place), snapshots[row.place])]
    moved = _moved_with(connection, rows, since)
    noted = [
        dict(zip(_COLUMNS, (*row.place, row.part, snapshots[row.place]), strict=True))
        for row in rows
        if row.place not in moved
    ]
    if noted:
        connection.execute(insert(unexplained).on_conflict_do_nothing(), noted)


def _surprising(before: ContributionRow, now: ContributionRow | None, since: int) -> bool:
    return now is None or (now.part != before.part and now.updated <= since)


def _moved_with(
    connection: Connection, rows: Iterable[ContributionRow], since: Mapping[str, int]
) -> set[Place]:
    """Which of these were below an issue that an edit after `since` put elsewhere."""
    above = {row.place: [row.id, *map(str, orjson.loads(row.above))] for row in rows if row.above != "[]"}
    links = _links(connection, {(place[1], id_) for place, ids in above.items() for id_ in ids})

    def moved(tracker: str, child: str, parent: str) -> bool:
        link, other = links.get((tracker, child)), links.get((tracker, parent))
        if link is None or link.gone is not None or link.updated <= since[tracker]:
            return False  # what is hidden takes all below it out of sight, and nobody edited anything
        return not (link.parent_id == parent or (other is not None and link.parent_key == other.key))

    return {
        place
        for place, ids in above.items()
        if any(moved(place[1], child, parent) for child, parent in pairwise(ids))
    }


def _links(connection: Connection, requested: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """By tracker and id: what each of these issues calls its parent today, and when it changed."""
    names = ("tracker", "id", "key", "parent_id", "parent_key", "updated", "gone")
    statement = select(*(issues.c[name] for name in names)).join(_issues, equal(issues, _issues))
    return {
        (row.tracker, row.id): row
        for chunk in chunks(sorted(requested))
        for row in connection.execute(statement, bound(chunk))
    }


def of_owners(connection: Connection, names: Collection[str]) -> Iterator[Moved]:
    """What is remembered of these owners and still so: neither back as it was, nor edited since."""
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
    """The numbers that these owners come to now are the ones from which later ones are compared."""
    statement = delete(unexplained).where(unexplained.c.owner.in_(select(_owners.c.owner)))
    connection.execute(statement, bound((clean(name),) for name in names))


def forget_all_but(connection: Connection, names: Collection[str]) -> None:
    """The same for all owners but these; also for those that the mapping does not have any more."""
    kept = {clean(name) for name in names}
    there = set(connection.execute(select(unexplained.c.owner).distinct()).scalars())
    forget(connection, there - kept)

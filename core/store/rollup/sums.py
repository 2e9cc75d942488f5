"""Keeps sums of what issues contribute in step with the rows, by differences."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, and_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert

from connectors.models import StatusCategory
from core.engine.tally import Part
from core.store.rollup import unexplained
from core.store.rollup.key_lists import AT_ONCE, bound, equal, key_list
from core.store.rollup.rollup_interface import chunks
from core.store.rollup.rollup_rows import ContributionRow, Standing
from core.store.schema import over, owners, sums, tags
from core.store.upsert import upsert

Place = tuple[str, str, str]
"""Owner, tracker and id of an issue."""

COLUMNS = (
    tags.c.owner,
    tags.c.tracker,
    tags.c.id,
    tags.c.position,
    tags.c.part,
    tags.c.updated,
    tags.c.created,
    tags.c.above,
    tags.c.standing,
    tags.c.rank,
    tags.c.hard,
)
_issues = key_list("tracker", "id")
_places = key_list("owner", "tracker", "id")
_OF_ISSUES = select(*COLUMNS, tags.c.counts).join(_issues, equal(tags, _issues))
_COVERED = (
    select(over.c.owner, over.c.tracker, over.c.id).join(_places, equal(over, _places)).where(over.c.n > 0)
)
_STANDING = select(tags.c.owner, tags.c.tracker, tags.c.id, tags.c.part, tags.c.counts).join(
    _places, equal(tags, _places)
)
_HARD = select(tags.c.owner).distinct().where(tags.c.hard == 1)


def rows_of(
    connection: Connection, refs: Iterable[tuple[str, str]]
) -> dict[Place, tuple[ContributionRow, int]]:
    """The rows of these issues (tracker, id), each with whether it counts."""
    result: dict[Place, tuple[ContributionRow, int]] = {}
    for chunk in chunks(refs, AT_ONCE):
        for row in connection.execute(_OF_ISSUES, bound(chunk)):
            existing = ContributionRow(*row[:-1])
            result[existing.place] = (existing, row[-1])
    return result


def insert_rows(connection: Connection, rows: Sequence[ContributionRow], counts: int = 1) -> None:
    """Write rows that are not there yet."""
    if rows:
        # Straight to the driver: naming each value costs SQLAlchemy as much as SQLite needs to write them.
        statement = str(insert(tags).compile(connection))
        before = list(tags.c).index(tags.c.counts)
        connection.exec_driver_sql(statement, [(*row[:before], counts, *row[before:]) for row in rows])


def replace_rows(
    connection: Connection,
    refs: Sequence[tuple[str, str]],
    new_rows: Sequence[ContributionRow],
    since: Mapping[str, int],
) -> tuple[set[str], set[str]]:
    """Let these be the rows of these issues; sums and what counts follow.

    Gives the owners that are touched, be it that an issue changed in what no row tells, and of these the
    ones whose sums have to be made from their issues, since rows alone cannot say them. `since`: see
    `unexplained.note`.
    """
    before = rows_of(connection, refs)
    after = {row.place: row for row in new_rows}
    touched = {place[0] for place in before} | {place[0] for place in after}
    gone = {place: existing for place, existing in before.items() if after.get(place) != existing[0]}
    new = {place: row for place, row in after.items() if place not in before or place in gone}
    if not gone and not new:
        return touched, _hard(connection, touched)
    changed = {place[0] for place in gone} | {place[0] for place in new}
    were_hard = _hard(connection, changed)
    moved = _move_over(connection, gone, new)
    unexplained.note(connection, gone, after, since)
    if gone:
        place = and_(*(tags.c[name] == bindparam(f"its_{name}") for name in ("owner", "tracker", "id")))
        connection.execute(
            delete(tags).where(place),
            [{"its_owner": owner, "its_tracker": tracker, "its_id": id_} for owner, tracker, id_ in gone],
        )
    insert_rows(connection, list(new.values()))
    hard = _hard(connection, touched)
    for owner in were_hard - hard:
        recount(connection, owner)
    simple = changed - hard - were_hard
    _move_sums(connection, gone, new, moved, simple)
    return touched, hard


def _hard(connection: Connection, among: Iterable[str]) -> set[str]:
    # Few owners are hard, so that all of them are found faster than some by their names.
    return set(connection.execute(_HARD).scalars()).intersection(among)


def _move_over(
    connection: Connection, gone: dict[Place, tuple[ContributionRow, int]], new: dict[Place, ContributionRow]
) -> set[Place]:
    """Count anew what stands below the issues above; gives those of which that may have changed."""
    change: Counter[Place] = Counter()
    for sign, rows in ((-1, [row for row, _ in gone.values()]), (1, list(new.values()))):
        for row in rows:
            if row.live:
                for id_ in orjson.loads(row.above):
                    change[row.owner, row.tracker, id_] += sign
    moved = {place: number for place, number in change.items() if number}
    add(connection, over, ("owner", "tracker", "id"), moved)
    return set(moved)


def add(connection: Connection, table: Table, key: Sequence[str], change: dict[Any, int]) -> None:
    """Add to the numbers `n` of a table; rows that come to nothing go."""
    if not change:
        return
    statement = insert(table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={"n": table.c.n + statement.excluded.n},
        ),
        [dict(zip(key, place, strict=True), n=number) for place, number in change.items()],
    )
    less = [place for place, number in change.items() if number < 0]
    if less:
        this = and_(table.c.n == 0, *(table.c[name] == bindparam(f"its_{name}") for name in key))
        names = [f"its_{name}" for name in key]
        connection.execute(
            delete(table).where(this), [dict(zip(names, place, strict=True)) for place in less]
        )


def _move_sums(
    connection: Connection,
    gone: dict[Place, tuple[ContributionRow, int]],
    new: dict[Place, ContributionRow],
    moved: set[Place],
    simple: set[str],
) -> None:
    """Bring what counts, and the sums, into step with rows that came or went."""
    change: Counter[tuple[str, int, str]] = Counter()
    for row, counts in gone.values():
        if row.owner in simple:
            change[row.owner, counts, row.part] -= 1
    key_list = {place for place in (*moved, *new) if place[0] in simple}
    covered = _covered(connection, key_list)
    flips: list[tuple[Place, int]] = []
    for place, (part, counts) in _standing(connection, key_list).items():
        should = int(place not in covered)
        if place not in new:
            change[place[0], counts, part] -= 1
        change[place[0], should, part] += 1
        if should != counts:
            flips.append((place, should))
    _flip(connection, flips)
    add(connection, sums, ("owner", "counts", "part"), {key: n for key, n in change.items() if n})


def _covered(connection: Connection, places: Iterable[Place]) -> set[Place]:
    """Those below which live tagged issues of the same owner stand."""
    result: set[Place] = set()
    for chunk in chunks(places, AT_ONCE):
        result.update(tuple(row) for row in connection.execute(_COVERED, bound(chunk)))
    return result


def _standing(connection: Connection, places: Iterable[Place]) -> dict[Place, tuple[str, int]]:
    """By place: part, and whether it counts, as stored."""
    result: dict[Place, tuple[str, int]] = {}
    for chunk in chunks(places, AT_ONCE):
        for owner, tracker, id_, part, counts in connection.execute(_STANDING, bound(chunk)):
            result[owner, tracker, id_] = (part, counts)
    return result


def _flip(connection: Connection, flips: Sequence[tuple[Place, int]]) -> None:
    if not flips:
        return
    place = and_(*(tags.c[name] == bindparam(f"its_{name}") for name in ("owner", "tracker", "id")))
    connection.execute(
        update(tags).where(place).values(counts=bindparam("now")),
        [
            {"its_owner": owner, "its_tracker": tracker, "its_id": id_, "now": counts}
            for (owner, tracker, id_), counts in flips
        ],
    )


def recount(connection: Connection, owner: str | None = None) -> None:
    """Make what counts, and the sums, from the rows alone: those of one owner, or all."""
    of_tags, of_over = [], [over.c.n > 0]
    if owner is not None:  # after a filling from nothing, every row says 1
        of_tags, of_over = [tags.c.owner == owner], [*of_over, over.c.owner == owner]
        connection.execute(update(tags).where(*of_tags).values(counts=1))
    connection.execute(delete(sums).where(*([sums.c.owner == owner] if owner is not None else [])))
    below = select(over.c.owner, over.c.tracker, over.c.id).where(*of_over)
    connection.execute(
        update(tags).where(tuple_(tags.c.owner, tags.c.tracker, tags.c.id).in_(below)).values(counts=0)
    )
    connection.execute(
        insert(sums).from_select(
            ["owner", "counts", "part", "n"],
            select(tags.c.owner, tags.c.counts, tags.c.part, func.count())
            .where(*of_tags)
            .group_by(tags.c.owner, tags.c.counts, tags.c.part),
        )
    )


def set_sums(
    connection: Connection, owner: str, parts: dict[str, int], left_out: int, counting: set[tuple[str, str]]
) -> None:
    """Let these be the sums of an owner whose rows alone cannot say them, and these the issues that count."""
    connection.execute(delete(sums).where(sums.c.owner == owner))
    rows = [{"owner": owner, "counts": 1, "part": part, "n": number} for part, number in parts.items()]
    rows += [{"owner": owner, "counts": 0, "part": "", "n": left_out}] if left_out else []
    if rows:
        connection.execute(insert(sums), rows)
    stored = connection.execute(
        select(tags.c.tracker, tags.c.id, tags.c.counts).where(tags.c.owner == owner)
    ).all()
    flips = [
        ((owner, tracker, id_), int((tracker, id_) in counting))
        for tracker, id_, counts in stored
        if counts != int((tracker, id_) in counting)
    ]
    _flip(connection, flips)


def set_shared(connection: Connection, owner: str, document: str | None) -> None:
    """Remember what its tasks add up to where some share the estimate of a parent; None where none does."""
    if document is None:
        there = owners.c.shared.is_not(None)
        connection.execute(update(owners).where(owners.c.owner == owner, there).values(shared=None))
    else:
        connection.execute(upsert(owners, ("shared",)), {"owner": owner, "shared": document})


def sharing(connection: Connection, owner: str) -> list[Standing]:
    """All rows of an owner in which a task may take a share of a parent's estimate; else none."""
    result = connection.execute(select(sums.c.counts, sums.c.part).where(sums.c.owner == owner))
    giving = asking = False
    for counts, text in result:
        part = Part.read(text)
        live = part.state is not StatusCategory.CANCELLED
        giving = giving or (live and not counts and part.estimate is not None)
        asking = asking or (live and bool(counts) and part.estimate is None and part.fixed is None)
    if not (giving and asking):
        return []
    statement = select(tags.c.tracker, tags.c.id, tags.c.part, tags.c.above, tags.c.counts)
    rows = connection.execute(statement.where(tags.c.owner == owner))
    return [Standing(*row) for row in rows]


def clear(connection: Connection) -> None:
    """Forget all rows and sums; what was said of labels stays."""
    for table in (tags, over, sums):
        connection.execute(delete(table))
    connection.execute(update(owners).values(open=None, shared=None))


def group_over(rows: Iterable[ContributionRow], existing: defaultdict[Place, int]) -> None:
    """Count what stands below, while all rows are written for the first time."""
    for row in rows:
        if row.live:
            for id_ in orjson.loads(row.above):
                existing[row.owner, row.tracker, id_] += 1

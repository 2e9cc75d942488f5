"""The table of contributions: replaces rows of issues, and sums up what the rows of an owner say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from core.engine.tally import Part
from core.store.key_lists import AT_ONCE, bound, chunks, equal, key_list
from core.store.rollup import unexplained
from core.store.rollup.rollup_interface import Place
from core.store.rollup.rollup_rows import CANCELLED, NOTHING_ABOVE, Chain, ContributionRow, Sums
from core.store.schema import contributions, issues

COLUMNS = tuple(contributions.c[name] for name in ContributionRow._fields)
_issues = key_list("tracker", "id")
_owners = key_list("owner")
_places = key_list("owner", "tracker", "id")
# Not a join: the rows come in the order of the index then, and are grouped without being sorted.
_OF_OWNERS = contributions.c.owner.in_(select(_owners.c.owner))
_OF_ISSUES = select(*COLUMNS, contributions.c.counts).join(_issues, equal(contributions, _issues))
_CHAINS = (
    select(contributions.c.owner, contributions.c.tracker, contributions.c.above)
    .distinct()
    .where(_OF_OWNERS, contributions.c.above != NOTHING_ABOVE, ~contributions.c.part.startswith(CANCELLED))
)
_GROUPS = (
    select(
        contributions.c.owner,
        contributions.c.counts,
        contributions.c.part,
        func.count().label("number"),
        func.max(contributions.c.updated).label("latest"),
    )
    .where(_OF_OWNERS)
    .group_by(contributions.c.owner, contributions.c.counts, contributions.c.part)
)
_PLACE = ("row_owner", "row_tracker", "row_id")
_DELETE = delete(contributions).where(
    and_(*(contributions.c[name.removeprefix("row_")] == bindparam(name) for name in _PLACE))
)
_NEEDING_ENGINE = select(contributions.c.owner).distinct().where(contributions.c.needs_engine == 1)


def replace_rows(
    connection: Connection,
    keys: Sequence[tuple[str, str]],
    rows: Sequence[ContributionRow],
    since: Mapping[str, int],
) -> set[str]:
    """Let these be the rows of these issues (tracker, id); gives the owners of the former and the new ones.

    `since`: see `unexplained.note`.
    """
    before = _rows_of(connection, keys)
    after = {row.place: row for row in rows}
    gone = {place: stored for place, stored in before.items() if after.get(place) != stored[0]}
    new = [row for place, row in after.items() if place not in before or place in gone]
    unexplained.note(connection, gone, after, since)
    if gone:
        connection.execute(_DELETE, [dict(zip(_PLACE, place, strict=True)) for place in gone])
    if new:
        connection.execute(insert(contributions), [{**row._asdict(), "counts": 1} for row in new])
    return {place[0] for place in before} | {place[0] for place in after}


def _rows_of(
    connection: Connection, keys: Iterable[tuple[str, str]]
) -> dict[Place, tuple[ContributionRow, int]]:
    """The rows of these issues, each with whether it counts."""
    result: dict[Place, tuple[ContributionRow, int]] = {}
    for chunk in chunks(keys, AT_ONCE):
        for row in connection.execute(_OF_ISSUES, bound(chunk)):
            stored = ContributionRow(*row[:-1])
            result[stored.place] = (stored, row[-1])
    return result


def drop_orphans(connection: Connection) -> None:
    """Delete the rows of issues that are not stored any more."""
    stored = select(issues.c.id).where(
        issues.c.tracker == contributions.c.tracker, issues.c.id == contributions.c.id
    )
    connection.execute(delete(contributions).where(~stored.exists()))


def chains(connection: Connection, owners: Collection[str]) -> Iterator[Chain]:
    """What stands above the rows of these owners that are not cancelled; equal chains once."""
    for row in connection.execute(_CHAINS, bound((owner,) for owner in owners)):
        yield Chain(*row)


def set_left_out(connection: Connection, owners: Collection[str], places: Iterable[Place]) -> None:
    """Let all rows of these owners count as tasks but those of `places`."""
    if not owners:
        return
    again = update(contributions).values(counts=1).where(contributions.c.counts == 0)
    connection.execute(again.where(_OF_OWNERS), bound((owner,) for owner in owners))
    for chunk in chunks(places, AT_ONCE):
        left_out = update(contributions).values(counts=0).where(equal(contributions, _places))
        connection.execute(left_out, bound(chunk))


def sums(connection: Connection, owners: Collection[str]) -> dict[str, Sums]:
    """By owner: how many rows say the same, of those that count and of those that do not."""
    groups: defaultdict[str, Sums] = defaultdict(lambda: Sums({}, {}, None))
    for owner, counts, part, number, latest in connection.execute(
        _GROUPS, bound((owner,) for owner in owners)
    ):
        before = groups[owner]
        if counts:
            before.tasks[Part.read(part)] = number
            groups[owner] = before._replace(latest=max(latest, before.latest or latest))
        else:
            before.left_out[Part.read(part)] = number
    return dict(groups)


def needing_engine(connection: Connection, owners: Collection[str]) -> set[str]:
    """Those of these owners that have a row which does not say by itself what its issue contributes."""
    # There are few such owners: all of them are found faster than some by their names.
    return set(connection.execute(_NEEDING_ENGINE).scalars()).intersection(owners)

"""Tasks that went, or count otherwise, although nobody edited their issue, since numbers were last published.

An edit of an issue moves its time of change; an administrator who gives a status another category, or a
project that is hidden, moves none. So what such a task contributed is kept until its numbers are published.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import Connection, and_, delete, select, text

from core.store.codec.plain import clean
from core.store.schema import issues, tags, unexplained
from core.store.tags.contract import chunks
from core.store.tags.rows import Moved, TagRow
from core.store.upsert import insert_for

Place = tuple[str, str, str]
"""Owner, tracker and id."""
_OWNERS_AT_ONCE = 400
_COLUMNS = ("owner", "tracker", "id", "part", "since")
_BEFORE = "tags_before"


def note(
    connection: Connection,
    gone: Mapping[Place, tuple[TagRow, int]],
    after: Mapping[Place, TagRow],
    since: Mapping[str, int],
) -> None:
    """Remember what these rows said that are about to go; what was remembered earlier stays.

    `since`: by tracker, in microseconds since 1970: what happens to an issue by an edit has a later time of
    change; a tracker that is not named is taken to have edited everything. Rows whose issue was edited are
    left out, and so are those that did not count as tasks.
    """
    rows = [
        dict(zip(_COLUMNS, (*place, row.part, since[row.tracker]), strict=True))
        for place, (row, counts) in gone.items()
        if counts and row.tracker in since and _surprising(row, after.get(place), since[row.tracker])
    ]
    if rows:
        connection.execute(insert_for(connection, unexplained).on_conflict_do_nothing(), rows)


def _surprising(before: TagRow, now: TagRow | None, since: int) -> bool:
    return now is None or (now.part != before.part and now.updated <= since)


def keep_all(connection: Connection) -> None:
    """Put all rows aside before they are made anew; `compare_all` says which of them changed."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_BEFORE}")
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_BEFORE} AS "  # noqa: S608
        "SELECT owner, tracker, id, part FROM tags WHERE counts = 1"
    )


def compare_all(connection: Connection, since: Mapping[str, int]) -> None:
    """As `note`, for all rows that were put aside."""
    statement = text(
        "INSERT INTO unexplained (owner, tracker, id, part, since) "  # noqa: S608
        f"SELECT b.owner, b.tracker, b.id, b.part, :since FROM {_BEFORE} b LEFT JOIN tags t "
        "ON t.owner = b.owner AND t.tracker = b.tracker AND t.id = b.id WHERE b.tracker = :tracker "
        "AND (t.owner IS NULL OR (t.part <> b.part AND t.updated <= :since)) ON CONFLICT DO NOTHING"
    )
    for tracker, moment in since.items():
        connection.execute(statement, {"tracker": tracker, "since": moment})
    connection.exec_driver_sql(f"DROP TABLE {_BEFORE}")


def of_owners(connection: Connection, names: Collection[str]) -> Iterator[Moved]:
    """What is remembered of these owners and still so: neither back as it was, nor edited since."""
    of_row = and_(*(tags.c[name] == unexplained.c[name] for name in ("owner", "tracker", "id")))
    of_issue = and_(*(issues.c[name] == unexplained.c[name] for name in ("tracker", "id")))
    statement = (
        select(
            unexplained.c.owner,
            unexplained.c.part.label("before"),
            unexplained.c.since,
            tags.c.part,
            tags.c.counts,
            issues.c.updated.label("edited"),
            issues.c.gone,
        )
        .select_from(unexplained.outerjoin(tags, of_row).outerjoin(issues, of_issue))
        .order_by(unexplained.c.owner, unexplained.c.tracker, unexplained.c.id)
    )
    for chunk in chunks(map(clean, names), _OWNERS_AT_ONCE):
        for row in connection.execute(statement.where(unexplained.c.owner.in_(chunk))):
            edited = row.edited is not None and row.gone is None and row.edited > row.since
            if not edited and row.part != row.before:
                yield Moved(row.owner, row.before, row.part if row.counts else None)


def forget(connection: Connection, names: Iterable[str]) -> None:
    """The numbers that these owners come to now are the ones from which later ones are compared."""
    for chunk in chunks(map(clean, names), _OWNERS_AT_ONCE):
        connection.execute(delete(unexplained).where(unexplained.c.owner.in_(chunk)))


def forget_all_but(connection: Connection, names: Collection[str]) -> None:
    """The same for all owners but these; also for those that the mapping does not have any more."""
    kept = {clean(name) for name in names}
    there = set(connection.execute(select(unexplained.c.owner).distinct()).scalars())
    forget(connection, there - kept)

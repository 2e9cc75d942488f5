"""Stores projects and repositories: their names of today and earlier, and which could not be read."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, select, update

from connectors.models import Container
from core.store.codec.scalars import clean, credible_moment
from core.store.schema import container_names, containers
from core.store.stored_values import StoredContainer
from core.store.upsert import upsert

_FACTS = ("name", "archived", "writable", "error", "failed_at", "doubt")


def save_containers(
    connection: Connection,
    tracker: str,
    result: Iterable[Container],
    names: Mapping[str, str],
    doubts: Mapping[str, str],
    now: int,
) -> None:
    """Let these be all containers of a tracker; names that led to one go on leading there.

    `doubts`: by name, why it is not believed yet that a container has no issues.
    """
    existing = select(containers.c.id, containers.c.failed_at).where(containers.c.tracker == tracker)
    failing: dict[str, int | None] = {row.id: row.failed_at for row in connection.execute(existing)}
    several = {item.id: item for item in result}
    connection.execute(
        delete(containers).where(containers.c.tracker == tracker, containers.c.id.not_in(list(several)))
    )
    leads = {item.name: item.id for item in several.values()} | dict(names)
    for item in several.values():
        connection.execute(
            upsert(containers, _FACTS),
            _row(tracker, item, failing.get(clean(item.id)), now)
            | {"doubt": clean(doubts.get(item.name, ""))},
        )
    for name, id_ in leads.items():
        row = {"tracker": tracker, "name": clean(name).casefold(), "id": clean(id_)}
        connection.execute(upsert(container_names, ("id",)), row)


def note_containers(connection: Connection, tracker: str, result: Iterable[Container], now: int) -> None:
    """Take over what a reading told of some containers; the others, and what failed before, stay."""
    for item in result:
        if item.error:
            continue
        row = _row(tracker, item, None, now)
        connection.execute(upsert(containers, ("name", "archived", "writable")), row)
        name = {"tracker": tracker, "name": clean(item.name).casefold(), "id": clean(item.id)}
        connection.execute(upsert(container_names, ("id",)), name)


def save_failures(
    connection: Connection,
    tracker: str,
    failed: Iterable[Container],
    listed: frozenset[str] | None,
    now: int,
) -> None:
    """Remember which containers a pull could not read; those that it could are well again.

    `listed`: the casefolded names of those that it read; None: all but the failed.
    """
    several = {clean(item.id): item for item in failed}
    before = {item.container.id: item.container for item in all_containers(connection).get(tracker, ())}
    # A reason that is worded anew each time must not be written in each run.
    worse = [value for id_, value in several.items() if id_ not in before or not before[id_].error]
    well = [
        id_
        for id_, value in before.items()
        if value.error and id_ not in several and (listed is None or value.name.casefold() in listed)
    ]
    for item in worse:
        connection.execute(upsert(containers, _FACTS), _row(tracker, item, None, now))
    for id_ in well:
        this = (containers.c.tracker == tracker, containers.c.id == id_)
        connection.execute(update(containers).where(*this).values(error="", failed_at=None))


def anything_to_save(connection: Connection, tracker: str, failed: Iterable[Container]) -> bool:
    """Whether `save_failures` would have anything to do, so that a quiet run writes nothing."""
    if any(True for _ in failed):
        return True
    failing = select(containers.c.id).where(containers.c.tracker == tracker, containers.c.error != "")
    return connection.execute(failing.limit(1)).scalar() is not None


def all_containers(connection: Connection) -> dict[str, tuple[StoredContainer, ...]]:
    """By tracker: its containers, by name."""
    result: dict[str, list[StoredContainer]] = {}
    statement = select(containers).order_by(containers.c.tracker, containers.c.name)
    for row in connection.execute(statement):
        writable = None if row.writable is None else bool(row.writable)
        container = Container(row.id, row.name, bool(row.archived), writable, row.error)
        result.setdefault(row.tracker, []).append(
            StoredContainer(container, credible_moment(row.failed_at), row.doubt)
        )
    return {tracker: tuple(several) for tracker, several in result.items()}


def names_of(connection: Connection, tracker: str, name: str) -> frozenset[str]:
    """All names, casefolded, of the container that this one leads to today; the name itself among them."""
    folded = clean(name).casefold()
    owner = (
        select(container_names.c.id)
        .where(container_names.c.tracker == tracker, container_names.c.name == folded)
        .scalar_subquery()
    )
    statement = select(container_names.c.name).where(
        container_names.c.tracker == tracker, container_names.c.id == owner
    )
    return frozenset(connection.execute(statement).scalars()) | {folded}


def all_names(connection: Connection) -> dict[str, frozenset[str]]:
    """By tracker: every name, casefolded, that leads to a container which it still has."""
    statement = select(container_names.c.tracker, container_names.c.name).join(
        containers,
        (containers.c.tracker == container_names.c.tracker) & (containers.c.id == container_names.c.id),
    )
    result: dict[str, set[str]] = {}
    for row in connection.execute(statement):
        result.setdefault(row.tracker, set()).add(row.name)
    return {tracker: frozenset(names) for tracker, names in result.items()}


def _row(tracker: str, item: Container, failed_at: int | None, now: int) -> dict[str, object]:
    return {
        "tracker": tracker,
        "id": clean(item.id),
        "name": clean(item.name),
        "archived": int(item.archived),
        "writable": None if item.writable is None else int(item.writable),
        "error": clean(item.error),
        "failed_at": (failed_at or now) if item.error else None,
        "doubt": "",
    }

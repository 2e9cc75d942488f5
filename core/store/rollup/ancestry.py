"""Queries over stored issues: which changed, which stand below those that moved, what stands above one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlalchemy import Connection, func, select

from connectors.models import IssueRef
from core.store.database import Database
from core.store.issue_rows import key_finder, pages, present
from core.store.key_lists import AT_ONCE, bound, chunks, equal, key_list
from core.store.rollup.rollup_interface import Key
from core.store.rollup.rollup_rows import Link
from core.store.schema import aliases, contributions, issues

_named = key_list("tracker", "id")
_parents = key_list("tracker", "parent_id")
_parent_keys = key_list("tracker", "parent_key")
_NAMES = (issues.c.tracker, issues.c.id, issues.c.key)
_FORMER = select(aliases.c.tracker, aliases.c.key).join(_named, equal(aliases, _named))
_BY_ID = select(*_NAMES).join(_parents, equal(issues, _parents)).where(issues.c.parent_id.is_not(None))
_BY_KEY = (
    select(*_NAMES).join(_parent_keys, equal(issues, _parent_keys)).where(issues.c.parent_key.is_not(None))
)
_LINKS = (
    select(*_NAMES, issues.c.parent_id, issues.c.parent_key)
    .join(_named, equal(issues, _named))
    .where(issues.c.gone.is_(None))
)


SAME_ISSUE: Final = (issues.c.tracker == contributions.c.tracker) & (issues.c.id == contributions.c.id)


def last_change(connection: Connection) -> int:
    """The number of the latest change of any issue; 0 before the first."""
    return connection.execute(select(func.max(issues.c.seq))).scalar() or 0


def changed_after(connection: Connection, seq: int) -> set[Key]:
    """The issues that changed after this change, came, went or came back; and all below those that moved."""
    changed = connection.execute(select(*_NAMES, issues.c.moved).where(issues.c.seq > seq)).all()
    result = {(row.tracker, row.id) for row in changed}
    level = [(row.tracker, row.id, row.key) for row in changed if row.moved > seq]
    below = {item[:2] for item in level}
    while level:
        # Also through those that changed themselves: what is below them has another ancestor now.
        level = [item for item in _children(connection, level) if item[:2] not in below]
        below.update(item[:2] for item in level)
    return result | below


def _children(connection: Connection, above: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Tracker, id and key of the issues that name one of these as their parent, by id or any key."""
    for chunk in chunks(above, AT_ONCE):
        ids = bound((tracker, id_) for tracker, id_, _ in chunk)
        former = connection.execute(_FORMER, ids)
        keys = [(tracker, key) for tracker, _, key in chunk] + [(row.tracker, row.key) for row in former]
        yield from (tuple(row) for row in connection.execute(_BY_ID, ids))
        yield from (tuple(row) for row in connection.execute(_BY_KEY, bound(keys)))


def all_keys(connection: Connection) -> Iterator[list[Key]]:
    """Tracker and id of every stored issue, those that are gone as well, page by page and in order."""
    return pages(connection, select(issues.c.tracker, issues.c.id))


def owners_in(connection: Connection, tracker: str, containers: list[str]) -> set[str]:
    """What the issues of these projects or repositories (casefolded names) are tagged to."""
    name = func.lower(func.json_extract(issues.c.document, "$.container"))
    statement = (
        select(contributions.c.owner)
        .distinct()
        .join(issues, SAME_ISSUE)
        .where(contributions.c.tracker == tracker, name.in_(containers))
    )
    return set(connection.execute(statement).scalars())


def places_of(connection: Connection, owner: str, alone: frozenset[Key]) -> tuple[IssueRef, ...]:
    """Of the issues that are tagged to it: one for each project or repository, and each of `alone`.

    Where that is by their keys; of several any one, since all of a place are alike but for those of `alone`.
    """
    container = func.rtrim(func.rtrim(issues.c.key, "0123456789"), "-#")
    one_of_a_place = (
        select(contributions.c.tracker, func.min(contributions.c.id), func.min(issues.c.key))
        .join(issues, SAME_ISSUE)
        .where(contributions.c.owner == owner)
        .group_by(contributions.c.tracker, container)
    )
    result = [IssueRef(*row) for row in connection.execute(one_of_a_place)]
    several = select(contributions.c.tracker, contributions.c.id, issues.c.key).join(issues, SAME_ISSUE)
    for chunk in chunks(sorted(alone), AT_ONCE):
        named = several.join(_named, equal(contributions, _named)).where(contributions.c.owner == owner)
        result += [IssueRef(*row) for row in connection.execute(named, bound(chunk))]
    return tuple(result)


class SqlAbove:
    """Who is whose parent among the stored issues, asked level by level and remembered."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection
        self._resolve = key_finder(database)
        self._links: dict[Key, Link | None] = {}
        self._keys: dict[tuple[str, str], IssueRef] = {}

    def chains(self, below: Mapping[Key, Link]) -> dict[Key, tuple[tuple[IssueRef, ...], bool]]:
        """By issue: its parent, grandparent and so on, nearest first, each once, and whether that is a loop.

        A parent that is not present ends the chain, but belongs to it.
        """
        parents = self._parents(below)
        level = {key: parent for key, parent in parents.items() if parent is not None}
        while True:
            key_list = {(ref.tracker, ref.id) for ref in level.values()} - self._links.keys() - below.keys()
            if not key_list:
                break
            existing = self._present(key_list)
            self._links |= dict.fromkeys(key_list) | existing
            level = {key: ref for key, ref in self._parents(existing).items() if ref is not None}
            self._name(key for key, ref in level.items() if existing[key].parent_id)
        return {key: self._climb(key, below) for key in below}

    def _climb(self, start: Key, below: Mapping[Key, Link]) -> tuple[tuple[IssueRef, ...], bool]:
        result: dict[Key, IssueRef] = {}
        at = self._parent(below[start])
        while at is not None:
            place = (at.tracker, at.id)
            if place == start or place in result:
                return tuple(result.values()), True
            link = below.get(place) or self._links.get(place)
            result[place] = link.ref if link else at  # by its key of today, where it is known
            at = self._parent(link) if link else None
        return tuple(result.values()), False

    def _name(self, keys: Iterable[Key]) -> None:
        """Learn what these issues call a parent of which they tell the id: a rule may know it by its key."""
        # The column holds the key only where there is no id, so that it says by what the parent is found.
        for issue in present(self._database, self._connection, keys):
            key = (issue.ref.tracker, issue.ref.id)
            link = self._links[key]
            if link is not None:
                self._links[key] = link._replace(parent_key=issue.parent_key)

    def _parents(self, links: Mapping[Key, Link]) -> dict[Key, IssueRef | None]:
        return {key: self._parent(link) for key, link in links.items()}

    def _parent(self, link: Link) -> IssueRef | None:
        """By its id, else by its key, else by a key that leads nowhere yet; as `tests/lineage.py`."""
        tracker, key = link.ref.tracker, link.parent_key
        if link.parent_id:
            parent = IssueRef(tracker, link.parent_id, key or link.parent_id)
        elif not key:
            return None
        else:
            parent = IssueRef(tracker, self._resolve(tracker, key) or key, key)
        return None if parent == link.ref else parent

    def _present(self, keys: Iterable[Key]) -> dict[Key, Link]:
        result: dict[Key, Link] = {}
        for chunk in chunks(keys, AT_ONCE):
            for row in self._connection.execute(_LINKS, bound(chunk)):
                result[row.tracker, row.id] = Link(
                    IssueRef(row.tracker, row.id, row.key), row.parent_id, row.parent_key
                )
        return result

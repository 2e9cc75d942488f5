"""The names that issues bear: labels, types, people and so on, by tracker and kind."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from connectors.models import Issue
from core.store import issue_rows
from core.store.codec.scalars import clean
from core.store.database import Database
from core.store.key_lists import bound, equal, key_list
from core.store.rollup.rollup_interface import Names
from core.store.schema import names

_SEVERAL: Final = {
    "label": "labels",
    "component": "components",
    "version": "versions",
    "sprint": "sprints",
    "assignee": "assignees",
}
"""By kind: the field of an issue, and of its document, that holds several names."""
_ONE: Final = (
    "type",
    "status",
    "status_id",
    "status_option",
    "status_option_id",
    "resolution",
    "team",
)
"""Kinds that are fields with one name at most."""
_of_several = attrgetter(*_SEVERAL.values())
_of_one = attrgetter(*_ONE)
_kinds = key_list("tracker", "kind")


class Gathered:
    """Names of some issues; gathering costs little, since most issues bear the same."""

    def __init__(self) -> None:
        self.names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def add(self, issues: Iterable[Issue]) -> None:
        """Add what these issues bear."""
        for issue in issues:
            tracker = issue.ref.tracker
            for kind, several in zip(_SEVERAL, _of_several(issue), strict=True):
                if several:
                    self.names[tracker, kind].update(several)
            for kind, name in zip(_ONE, _of_one(issue), strict=True):
                if name:
                    self.names[tracker, kind].add(name)
            if issue.fields:
                self.names[tracker, "field"].update(name for name, value in issue.fields if value is not None)


def gather_names(database: Database, connection: Connection, check: Callable[[], None]) -> None:
    """Let the names be those of all present issues; those that none bears any more go.

    `check` is called between pages of issues and may raise.
    """
    gathered = Gathered()
    for page in issue_rows.all_present(database, connection):
        check()
        gathered.add(page)
    replace_names(connection, gathered.names)


def add_names(connection: Connection, result: Names) -> None:
    """Keep these beside those that are there."""
    rows = [
        {"tracker": tracker, "kind": kind, "name": clean(name)}
        for (tracker, kind), several in result.items()
        for name in sorted(several)
    ]
    if rows:
        connection.execute(insert(names).on_conflict_do_nothing(), rows)


def replace_names(connection: Connection, result: Names) -> None:
    """Let these be all there are."""
    connection.execute(delete(names))
    add_names(connection, result)


def names_of(connection: Connection, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The names of these trackers and kinds, sorted; a pair of which there is none is left out."""
    result: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    statement = select(names.c.tracker, names.c.kind, names.c.name).join(_kinds, equal(names, _kinds))
    for tracker, kind, name in connection.execute(statement.order_by(names.c.name), bound(asked)):
        result[tracker, kind].append(name)
    return dict(result)

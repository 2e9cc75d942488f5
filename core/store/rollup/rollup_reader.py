"""Reads the roll-up of one store; any number of processes may read at the same time."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Select, Table, exists, func, select

from connectors.models import Issue, IssueRef
from core.engine.tally import Tally
from core.store import issue_rows, schema
from core.store.codec.scalars import clean
from core.store.codec.tally_codec import decode_tally
from core.store.corruption import decoded
from core.store.database import Database
from core.store.key_lists import AT_ONCE, bound, chunks, equal, key_list
from core.store.rollup import ancestry, contribution_table, unexplained
from core.store.rollup.issue_names import names_of
from core.store.rollup.linked_issues import linked_issues
from core.store.rollup.rollup_interface import Key, Names
from core.store.rollup.rollup_rows import NOTHING_ABOVE, ContributionRow, LinkedIssue, Mark, Moved
from core.store.schema import contributions, issues, owners, rollup_state, unsettled

_MARK: Final = Mark._fields
_issues = key_list("tracker", "id")
_RULES_OF = select(
    contributions.c.tracker, contributions.c.id, contributions.c.owner, contributions.c.position
).join(_issues, equal(contributions, _issues))
_owners = key_list("owner")
_ALL_UNSETTLED: Final = "all unsettled"
_LABEL_POLICY: Final = "label policy"


def _of_owners(
    statement: Select[Any], table: Table, names: Iterable[str]
) -> tuple[Select[Any], dict[str, str]]:
    """The statement for these owners alone, with its parameters."""
    return statement.join(_owners, equal(table, _owners)), bound((clean(name),) for name in names)


def read_mark(connection: Connection) -> Mark | None:
    """What the roll-up follows from as it is; None if there is none yet."""
    stored = {row.key: row.value for row in connection.execute(select(rollup_state))}
    if not all(name in stored for name in _MARK):
        return None
    return Mark(stored["basis"], int(stored["seq"]), stored["answers"])


def rows_of_owner(
    database: Database, connection: Connection, owner: str
) -> Iterator[tuple[ContributionRow, Issue]]:
    """Everything that is tagged to one milestone or key result, sorted by tracker and id."""
    statement = (
        select(*contribution_table.COLUMNS, issues.c.key, issues.c.document)
        .join(issues, ancestry.SAME_ISSUE)
        .where(contributions.c.owner == owner)
        .order_by(contributions.c.tracker, contributions.c.id)
    )
    for row in connection.execute(statement):
        ref = IssueRef(row.tracker, row.id, row.key)
        yield ContributionRow(*row[:-2]), issue_rows.decode(database, ref, row.document)


Connect = Callable[[], AbstractContextManager[Connection]]


class SqlRollupReader:
    """The roll-up as it was last brought into step."""

    def __init__(self, database: Database, connect: Connect) -> None:
        self._database = database
        self._connect = connect

    def mark(self) -> Mark | None:
        """What the roll-up follows from as it is; None if there is none yet."""
        with self._connect() as connection:
            return read_mark(connection)

    def last_change(self) -> int:
        """The number of the latest change of any issue; 0 before the first."""
        with self._connect() as connection:
            return ancestry.last_change(connection)

    def tallies(self, names: Collection[str] | None = None) -> dict[str, Tally]:
        """Return the tallies by owner, of all or of these; an owner without issues is left out."""
        statement = select(owners.c.owner, owners.c.tally).where(owners.c.tally.is_not(None))
        with self._connect() as connection:
            rows = (
                connection.execute(statement)
                if names is None
                else connection.execute(*_of_owners(statement, owners, names))
            )
            return {row.owner: self._tally(row.owner, row.tally) for row in rows}

    def _tally(self, owner: str, document: str) -> Tally:
        return decoded(decode_tally, document, self._database.file, f"what the tasks of {owner} add up to")

    def unexplained(self, names: Collection[str]) -> list[Moved]:
        """Return the tasks of these owners that are gone or count otherwise although nobody edited them."""
        with self._connect() as connection:
            return list(unexplained.of_owners(connection, names))

    def names(self, asked: Iterable[tuple[str, str]]) -> Names:
        """By tracker and kind, of these pairs: the names that issues bear, sorted."""
        with self._connect() as connection:
            return names_of(connection, asked)

    def linked_issues(self) -> list[LinkedIssue]:
        """The tagged issues that are open and that others block."""
        with self._connect() as connection:
            return list(linked_issues(self._database, connection))

    def has_unexplained(self) -> bool:
        """Return whether any owner may have such tasks."""
        with self._connect() as connection:
            return connection.execute(select(schema.unexplained.c.owner).limit(1)).first() is not None

    def rows_of_owner(self, owner: str) -> list[tuple[ContributionRow, Issue]]:
        """Everything that is tagged to one milestone or key result."""
        with self._connect() as connection:
            return list(rows_of_owner(self._database, connection, clean(owner)))

    def open_of(self, names: Iterable[str]) -> dict[str, str]:
        """By owner: the open tasks that a comment lists, as they were written down."""
        statement = select(owners.c.owner, owners.c.open).where(owners.c.open.is_not(None))
        with self._connect() as connection:
            return {row.owner: row.open for row in connection.execute(*_of_owners(statement, owners, names))}

    def tags_of(self, keys: Iterable[Key]) -> dict[Key, tuple[tuple[str, int], ...]]:
        """By issue: owner and position of the rule for each of its tags, sorted by owner."""
        result: defaultdict[Key, list[tuple[str, int]]] = defaultdict(list)
        with self._connect() as connection:
            for chunk in chunks(keys, AT_ONCE):
                for tracker, id_, owner, position in connection.execute(_RULES_OF, bound(chunk)):
                    result[tracker, id_].append((owner, position))
        return {key: tuple(sorted(several)) for key, several in result.items()}

    def labelled(self) -> set[tuple[str, str]]:
        """(tracker, owner) where a label `milestone/<id>` tags an issue to its owner."""
        with self._connect() as connection:
            statement = (
                select(contributions.c.tracker, contributions.c.owner)
                .distinct()
                .where(contributions.c.position == 0)
            )
            return {(tracker, owner) for tracker, owner in connection.execute(statement)}

    def labels_to_compare(self, policy: str) -> set[Key] | None:
        """Return the issues whose labels have to be compared; None: all, as after a change of the policy.

        `policy`: its digest.
        """
        with self._connect() as connection:
            names = {row.key: row.value for row in connection.execute(select(rollup_state))}
            if _ALL_UNSETTLED in names or names.get(_LABEL_POLICY) != policy:
                return None
            return {(row.tracker, row.id) for row in connection.execute(select(unsettled))}

    def label_digests(self) -> dict[str, str]:
        """Return by owner the digest of its labels when they were last compared."""
        with self._connect() as connection:
            statement = select(owners.c.owner, owners.c.labelled).where(owners.c.labelled.is_not(None))
            return {row.owner: row.labelled for row in connection.execute(statement)}

    def keys_of(self, names: Iterable[str]) -> set[Key]:
        """The issues (tracker, id) that are tagged to any of these owners."""
        statement = select(contributions.c.tracker, contributions.c.id)
        with self._connect() as connection:
            rows = connection.execute(*_of_owners(statement, contributions, names))
            return {(row.tracker, row.id) for row in rows}

    def places_of(self, owner: str, alone: frozenset[Key]) -> tuple[IssueRef, ...]:
        """Of the issues that are tagged to it: one for each project or repository, and each of `alone`."""
        with self._connect() as connection:
            return ancestry.places_of(connection, clean(owner), alone)

    def owners_in(self, tracker: str, containers: Collection[str]) -> set[str]:
        """What the issues of these projects or repositories (casefolded names) are tagged to."""
        with self._connect() as connection:
            return ancestry.owners_in(connection, clean(tracker), [*map(clean, containers)])

    def pages(self, tracker: str | None = None) -> Iterator[list[Issue]]:
        """All present issues, or those of one tracker, page by page."""
        with self._connect() as connection:
            yield from issue_rows.all_present(self._database, connection, tracker)

    def issues(self, keys: Iterable[Key]) -> dict[IssueRef, Issue]:
        """Those of these issues that are present."""
        with self._connect() as connection:
            return {issue.ref: issue for issue in issue_rows.present(self._database, connection, keys)}

    def tagged_by_tracker(self) -> dict[str, int]:
        """How many issues of each tracker are tagged to anything."""
        with self._connect() as connection:
            several = select(contributions.c.tracker, contributions.c.id).distinct().subquery()
            statement = select(several.c.tracker, func.count()).group_by(several.c.tracker)
            return {row.tracker: row[1] for row in connection.execute(statement)}

    def untagged(self) -> Iterator[tuple[IssueRef, str]]:
        """The present issues that are tagged to nothing, each with its project or repository."""
        none = ~exists().where(contributions.c.tracker == issues.c.tracker, contributions.c.id == issues.c.id)
        for ref, document in self._some(none):
            yield ref, issue_rows.decode_container(self._database, ref, document)

    def mentioning(self, text: str) -> Iterator[Issue]:
        """The present issues in which this text stands anywhere, whatever its case."""
        for ref, document in self._some(issues.c.document.icontains(text, autoescape=True)):
            yield issue_rows.decode(self._database, ref, document)

    def above(self) -> set[IssueRef]:
        """Everything that stands above a tagged issue; by its id alone."""
        with self._connect() as connection:
            some = (
                select(contributions.c.tracker, contributions.c.above)
                .where(contributions.c.above != NOTHING_ABOVE)
                .distinct()
            )
            rows = connection.execute(some)
            return {IssueRef(tracker, id_, id_) for tracker, ids in rows for id_ in orjson.loads(ids)}

    def used_rules(self) -> set[tuple[str, int]]:
        """Owner and position of every rule that tags an issue."""
        with self._connect() as connection:
            rows = connection.execute(select(contributions.c.owner, contributions.c.position).distinct())
            return {(owner, position) for owner, position in rows}

    def _some(self, which: ColumnElement[bool]) -> Iterator[tuple[IssueRef, str]]:
        statement = select(issues.c.tracker, issues.c.id, issues.c.key, issues.c.document).where(
            issues.c.gone.is_(None), which
        )
        with self._connect() as connection:
            for row in connection.execution_options(yield_per=issue_rows.PAGE).execute(statement):
                yield IssueRef(row.tracker, row.id, row.key), row.document

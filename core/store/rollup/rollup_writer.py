"""Writes the roll-up of one store: contributions, tallies, names, and whose labels have to be compared."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from connectors.models import Issue, IssueRef
from core.engine.tally import Tally
from core.store import issue_rows
from core.store.codec.tally_codec import encode_tally
from core.store.database import Database
from core.store.rollup import ancestry, contribution_table, unexplained
from core.store.rollup.ancestry import SqlAbove
from core.store.rollup.issue_names import add_names, gather_names, replace_names
from core.store.rollup.rollup_interface import Key, Names, Place
from core.store.rollup.rollup_reader import read_mark, rows_of_owner
from core.store.rollup.rollup_rows import Chain, ContributionRow, Mark, Sums
from core.store.schema import contributions, issues, owners, rollup_state, unsettled
from core.store.upsert import upsert

_MARK: Final = Mark._fields
_ALL_UNSETTLED: Final = "all unsettled"
_LABEL_POLICY: Final = "label policy"


class SqlRollupWriter:
    """The roll-up within one transaction."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    def mark(self) -> Mark | None:
        """Return the rules, change and answers from which the roll-up was made; None if there is none yet."""
        return read_mark(self._connection)

    def set_mark(self, mark: Mark) -> None:
        """Store the rules, change and answers from which the roll-up was made."""
        rows = [{"key": name, "value": str(value)} for name, value in zip(_MARK, mark, strict=True)]
        self._connection.execute(upsert(rollup_state, ("value",)), rows)

    def last_change(self) -> int:
        """Return the number of the latest change of any issue; 0 before the first."""
        return ancestry.last_change(self._connection)

    def changed_after(self, seq: int) -> set[Key]:
        """Return the issues that changed after this change or are gone since, and all below moved ones."""
        return ancestry.changed_after(self._connection, seq)

    def present(self, keys: Iterable[Key]) -> list[Issue]:
        """Return those of these issues that are stored and not gone."""
        return list(issue_rows.present(self._database, self._connection, keys))

    def all_keys(self) -> Iterator[list[Key]]:
        """Yield all stored issues, also those that are gone, page by page."""
        return ancestry.all_keys(self._connection)

    def above(self) -> SqlAbove:
        """Return a finder of what is above issues; it caches, so that it serves one refresh only."""
        return SqlAbove(self._database, self._connection)

    def clear_tallies(self) -> None:
        """Delete all tallies, and the contributions of issues that are not stored any more."""
        contribution_table.drop_orphans(self._connection)
        self._connection.execute(update(owners).values(tally=None, open=None))

    def replace(
        self, keys: Sequence[Key], rows: Sequence[ContributionRow], since: Mapping[str, int]
    ) -> set[str]:
        """Replace the rows of these issues by `rows`, and return the owners of the earlier and the new rows.

        `since`: by tracker, in microseconds since 1970; see `core.store.rollup.unexplained.note`.
        """
        return contribution_table.replace_rows(self._connection, keys, rows, since)

    def chains(self, owners: Collection[str]) -> Iterator[Chain]:
        """Yield what is above the rows of these owners that are not cancelled; equal chains once."""
        return contribution_table.chains(self._connection, owners)

    def set_left_out(self, owners: Collection[str], places: Iterable[Place]) -> None:
        """Store that all issues of these owners count as tasks, but for those of `places`."""
        contribution_table.set_left_out(self._connection, owners, places)

    def sums(self, owners: Collection[str]) -> dict[str, Sums]:
        """Return the sums of the rows of each owner; an owner without rows is left out."""
        return contribution_table.sums(self._connection, owners)

    def needing_engine(self, owners: Collection[str]) -> set[str]:
        """Return those of these owners whose tally cannot be made from rows alone, but by the engine."""
        return contribution_table.needing_engine(self._connection, owners)

    def rows_of_owner(self, owner: str) -> list[tuple[ContributionRow, Issue]]:
        """Return the issues that are tagged to one milestone or key result, each with its row."""
        return list(rows_of_owner(self._database, self._connection, owner))

    def first_open(self, owner: str, number: int) -> list[tuple[ContributionRow, Issue]]:
        """Return the first open tasks with their rows: in progress first, then by tracker and key."""
        statement = (
            select(*contribution_table.COLUMNS, issues.c.key, issues.c.document)
            .join(issues, ancestry.SAME_ISSUE)
            .where(contributions.c.owner == owner, contributions.c.counts == 1, contributions.c.standing < 2)
            .order_by(
                contributions.c.standing, contributions.c.tracker, contributions.c.rank, contributions.c.id
            )
            .limit(number)
        )
        return [
            (ContributionRow(*row[:-2]), self._issue((row.tracker, row.id, row.key, row.document)))
            for row in self._connection.execute(statement)
        ]

    def set_owners(self, result: Mapping[str, tuple[Tally | None, str | None]]) -> None:
        """Store by owner its tally (None without issues), and the open tasks that comments list."""
        rows = [
            {"owner": owner, "tally": None if tally is None else encode_tally(tally), "open": open_tasks}
            for owner, (tally, open_tasks) in result.items()
        ]
        if rows:
            self._connection.execute(upsert(owners, ("tally", "open")), rows)

    def compare_labels_later(self, keys: Iterable[Key]) -> None:
        """Store that the labels of these issues have to be compared, until `labels_compared`."""
        rows = [{"tracker": tracker, "id": id_} for tracker, id_ in keys]
        if rows:
            statement = insert(unsettled).on_conflict_do_nothing()
            self._connection.execute(statement, rows)

    def compare_all_labels_later(self) -> None:
        """Store that the labels of every issue have to be compared."""
        self._connection.execute(delete(unsettled))
        self._connection.execute(upsert(rollup_state, ("value",)), {"key": _ALL_UNSETTLED, "value": "1"})

    def labels_compared(self, left: Iterable[Key], policy: str, labelled: Mapping[str, str]) -> None:
        """Store that all labels agree with the policy (its digest), but for the issues in `left`.

        `labelled`: by owner, the new digest of what its labels say.
        """
        self._connection.execute(delete(unsettled))
        self._connection.execute(delete(rollup_state).where(rollup_state.c.key == _ALL_UNSETTLED))
        self.compare_labels_later(left)
        row = {"key": _LABEL_POLICY, "value": policy}
        self._connection.execute(upsert(rollup_state, ("value",)), row)
        rows = [{"owner": owner, "labelled": digest} for owner, digest in labelled.items()]
        if rows:
            self._connection.execute(upsert(owners, ("labelled",)), rows)

    def add_names(self, result: Names) -> None:
        """Add names that issues bear."""
        add_names(self._connection, result)

    def set_names(self, result: Names) -> None:
        """Replace all names that issues bear."""
        replace_names(self._connection, result)

    def gather_names(self, check: Callable[[], None]) -> None:
        """Make the names anew from the issues; `check` is called between pages and may raise."""
        gather_names(self._database, self._connection, check)

    def forget_unexplained(self, but: Collection[str]) -> None:
        """Delete the unexplained tasks of all owners but these, whose numbers are held."""
        unexplained.forget_all_but(self._connection, but)

    def _issue(self, row: Sequence[str]) -> Issue:
        return issue_rows.decode(self._database, IssueRef(row[0], row[1], row[2]), row[3])

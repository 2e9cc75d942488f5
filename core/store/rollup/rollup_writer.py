"""Brings the roll-up of one store into step with its issues, in one transaction."""

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
        """What the roll-up follows from as it is; None if there is none yet."""
        return read_mark(self._connection)

    def set_mark(self, mark: Mark) -> None:
        """From now on the roll-up follows from this."""
        rows = [{"key": name, "value": str(value)} for name, value in zip(_MARK, mark, strict=True)]
        self._connection.execute(upsert(rollup_state, ("value",)), rows)

    def last_change(self) -> int:
        """The number of the latest change of any issue; 0 before the first."""
        return ancestry.last_change(self._connection)

    def changed_after(self, seq: int) -> set[Key]:
        """Issues that changed after this change, gone ones too, and all below those that moved."""
        return ancestry.changed_after(self._connection, seq)

    def present(self, keys: Iterable[Key]) -> list[Issue]:
        """Those of these issues that are present."""
        return list(issue_rows.present(self._database, self._connection, keys))

    def all_keys(self) -> Iterator[list[Key]]:
        """All stored issues, those that are gone as well, page by page."""
        return ancestry.all_keys(self._connection)

    def above(self) -> SqlAbove:
        """Finds what stands above issues; remembers it, so that it is good for one bringing into step."""
        return SqlAbove(self._database, self._connection)

    def begin_anew(self) -> None:
        """Forget what owners add up to, and rows of issues that are not stored any more."""
        contribution_table.drop_orphans(self._connection)
        self._connection.execute(update(owners).values(tally=None, open=None))

    def replace(
        self, keys: Sequence[Key], rows: Sequence[ContributionRow], since: Mapping[str, int]
    ) -> set[str]:
        """Let these be the rows of these issues; gives the owners of the former and of the new ones.

        `since`: by tracker, microseconds since 1970: an issue that changed by an edit has a later time.
        """
        return contribution_table.replace_rows(self._connection, keys, rows, since)

    def chains(self, owners: Collection[str]) -> Iterator[Chain]:
        """What stands above the rows of these owners that are not cancelled; equal chains once."""
        return contribution_table.chains(self._connection, owners)

    def set_left_out(self, owners: Collection[str], places: Iterable[Place]) -> None:
        """Let all issues of these owners count as tasks but those of `places`."""
        contribution_table.set_left_out(self._connection, owners, places)

    def sums(self, owners: Collection[str]) -> dict[str, Sums]:
        """By owner, if it has rows: how many of them say the same."""
        return contribution_table.sums(self._connection, owners)

    def needing_engine(self, owners: Collection[str]) -> set[str]:
        """Those of these owners of which rows alone do not say what they add up to."""
        return contribution_table.needing_engine(self._connection, owners)

    def rows_of_owner(self, owner: str) -> list[tuple[ContributionRow, Issue]]:
        """Everything that is tagged to one milestone or key result."""
        return list(rows_of_owner(self._database, self._connection, owner))

    def first_open(self, owner: str, number: int) -> list[tuple[ContributionRow, Issue]]:
        """The first open tasks in the order of standing, tracker and key, each with its row."""
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
        """Remember what owners add up to, None without issues, and the open tasks that comments list."""
        rows = [
            {"owner": owner, "tally": None if tally is None else encode_tally(tally), "open": open_tasks}
            for owner, (tally, open_tasks) in result.items()
        ]
        if rows:
            self._connection.execute(upsert(owners, ("tally", "open")), rows)

    def unsettle(self, keys: Iterable[Key]) -> None:
        """The labels of these issues have to be looked at, until a run has brought them into agreement."""
        rows = [{"tracker": tracker, "id": id_} for tracker, id_ in keys]
        if rows:
            statement = insert(unsettled).on_conflict_do_nothing()
            self._connection.execute(statement, rows)

    def unsettle_all(self) -> None:
        """The same for every issue."""
        self._connection.execute(delete(unsettled))
        self._connection.execute(upsert(rollup_state, ("value",)), {"key": _ALL_UNSETTLED, "value": "1"})

    def settle(self, left: Iterable[Key], policy: str, labelled: Mapping[str, str]) -> None:
        """All labels agree with this policy but those of `left`; `labelled` is what was said, by owner."""
        self._connection.execute(delete(unsettled))
        self._connection.execute(delete(rollup_state).where(rollup_state.c.key == _ALL_UNSETTLED))
        self.unsettle(left)
        row = {"key": _LABEL_POLICY, "value": policy}
        self._connection.execute(upsert(rollup_state, ("value",)), row)
        rows = [{"owner": owner, "labelled": message} for owner, message in labelled.items()]
        if rows:
            self._connection.execute(upsert(owners, ("labelled",)), rows)

    def add_names(self, result: Names) -> None:
        """Issues bear these names, too."""
        add_names(self._connection, result)

    def set_names(self, result: Names) -> None:
        """These are all names that issues bear."""
        replace_names(self._connection, result)

    def gather_names(self, check: Callable[[], None]) -> None:
        """Let the names be those that issues bear now; `check` may raise, which takes that back."""
        gather_names(self._database, self._connection, check)

    def expect_from_here(self, but: Collection[str]) -> None:
        """Later numbers are compared with those of now, but for these owners, whose numbers are held."""
        unexplained.forget_all_but(self._connection, but)

    def _issue(self, row: Sequence[str]) -> Issue:
        return issue_rows.decode(self._database, IssueRef(row[0], row[1], row[2]), row[3])

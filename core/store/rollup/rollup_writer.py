"""The roll-up of one store, written in one transaction."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from connectors.models import Issue, IssueRef
from core.store import issue_rows
from core.store.database import Database
from core.store.rollup import ancestry, unexplained
from core.store.rollup import sums as rollup_sums
from core.store.rollup.ancestry import SqlAbove
from core.store.rollup.issue_names import add_names, gather_names, replace_names
from core.store.rollup.key_lists import equal, key_list
from core.store.rollup.refill import SqlFilling
from core.store.rollup.rollup_interface import Key, Names
from core.store.rollup.rollup_reader import read_mark, rows_of_owner
from core.store.rollup.rollup_rows import ContributionRow, Mark, Standing
from core.store.schema import issues, owners, sums, tagging, tags, unsettled
from core.store.upsert import upsert

_MARK: Final = Mark._fields
_OWNERS_AT_ONCE: Final = 400
_issues = key_list("tracker", "id")
_TAGS_OF = select(tags.c.tracker, tags.c.id, tags.c.owner, tags.c.position).join(
    _issues, equal(tags, _issues)
)
_owners = key_list("owner")
_SHARED = select(owners.c.owner, owners.c.shared).where(owners.c.shared.is_not(None))
_SUMS = select(sums.c.owner, sums.c.counts, sums.c.part, sums.c.n)
_ALL_UNSETTLED: Final = "all unsettled"
_LABEL_POLICY: Final = "label policy"


class SqlRollupWriter:
    """The tags within one transaction that brings them into step with the issues."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    def mark(self) -> Mark | None:
        """What the tags follow from as they are; None if there are none yet."""
        return read_mark(self._connection)

    def set_mark(self, mark: Mark) -> None:
        """From now on the tags follow from this."""
        rows = [{"key": name, "value": str(value)} for name, value in zip(_MARK, mark, strict=True)]
        self._connection.execute(upsert(tagging, ("value",)), rows)

    def last_change(self) -> int:
        """The number of the latest change of any issue; 0 before the first."""
        return ancestry.last_change(self._connection)

    def changed_after(self, seq: int) -> set[Key]:
        """Issues that changed after this change, gone ones too, and all below those that moved."""
        return ancestry.changed_after(self._connection, seq)

    def present(self, keys: Iterable[Key]) -> list[Issue]:
        """Those of these issues that are present."""
        return [self._issue(row) for row in ancestry.present(self._connection, keys)]

    def all_present(self) -> Iterator[list[Issue]]:
        """All present issues, page by page."""
        for page in ancestry.all_present(self._connection):
            yield [self._issue(row) for row in page]

    def above(self) -> SqlAbove:
        """Finds what stands above issues; remembers it, so that it is good for one bringing into step."""
        return SqlAbove(self._connection, issue_rows.key_finder(self._database))

    def replace(
        self, keys: Sequence[Key], rows: Sequence[ContributionRow], since: Mapping[str, int]
    ) -> tuple[set[str], set[str]]:
        """Let these be the rows of these issues; gives the owners touched, and those to rebuild of these.

        `since`: by tracker, microseconds since 1970: an issue that changed by an edit has a later time.
        """
        return rollup_sums.replace_rows(self._connection, keys, rows, since)

    def begin_anew(self, since: Mapping[str, int]) -> SqlFilling:
        """Forget all rows, and write all of them for the first time; `since` as in `replace`."""
        unexplained.keep_all(self._connection)
        rollup_sums.clear(self._connection)
        return SqlFilling(self._connection, since)

    def rows_of_owner(self, owner: str) -> list[tuple[ContributionRow, Issue]]:
        """Everything that is tagged to one milestone or key result."""
        return list(rows_of_owner(self._database, self._connection, owner))

    def set_sums(self, owner: str, parts: Mapping[str, int], left_out: int, counting: set[Key]) -> None:
        """Let these be the sums of an owner whose rows alone cannot say them."""
        rollup_sums.set_sums(self._connection, owner, dict(parts), left_out, counting)

    def set_shared(self, owner: str, document: str | None) -> None:
        """Remember what its tasks add up to where some share a parent's estimate; None where none does."""
        rollup_sums.set_shared(self._connection, owner, document)

    def sharing(self, owner: str) -> list[Standing]:
        """All rows of an owner in which a task may take a share of a parent's estimate; else none."""
        return rollup_sums.sharing(self._connection, owner)

    def set_open(self, owner: str, document: str) -> None:
        """Remember the open tasks that a comment about this owner lists."""
        row = {"owner": owner, "open": document}
        self._connection.execute(upsert(owners, ("open",)), row)

    def first_open(self, owner: str, number: int) -> list[tuple[ContributionRow, Issue]]:
        """The first open tasks in the order of standing, tracker and key, each with its row."""
        statement = (
            select(*rollup_sums.COLUMNS, issues.c.key, issues.c.document)
            .join(issues, (issues.c.tracker == tags.c.tracker) & (issues.c.id == tags.c.id))
            .where(tags.c.owner == owner, tags.c.counts == 1, tags.c.standing < 2)
            .order_by(tags.c.standing, tags.c.tracker, tags.c.rank, tags.c.id)
            .limit(number)
        )
        return [
            (ContributionRow(*row[:-2]), self._issue((row.tracker, row.id, row.key, row.document)))
            for row in self._connection.execute(statement)
        ]

    def unsettle(self, keys: Iterable[Key]) -> None:
        """The labels of these issues have to be looked at, until a run has brought them into agreement."""
        rows = [{"tracker": tracker, "id": id_} for tracker, id_ in keys]
        if rows:
            statement = insert(unsettled).on_conflict_do_nothing()
            self._connection.execute(statement, rows)

    def unsettle_all(self) -> None:
        """The same for every issue."""
        self._connection.execute(delete(unsettled))
        self._connection.execute(upsert(tagging, ("value",)), {"key": _ALL_UNSETTLED, "value": "1"})

    def settle(self, left: Iterable[Key], policy: str, labelled: Mapping[str, str]) -> None:
        """All labels agree with this policy but those of `left`; `labelled` is what was said, by owner."""
        self._connection.execute(delete(unsettled))
        self._connection.execute(delete(tagging).where(tagging.c.key == _ALL_UNSETTLED))
        self.unsettle(left)
        row = {"key": _LABEL_POLICY, "value": policy}
        self._connection.execute(upsert(tagging, ("value",)), row)
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
        gather_names(self._connection, check)

    def expect_from_here(self, but: Collection[str]) -> None:
        """Later numbers are compared with those of now, but for these owners, whose numbers are held."""
        unexplained.forget_all_but(self._connection, but)

    def _issue(self, row: Sequence[str]) -> Issue:
        return issue_rows.decode(self._database, IssueRef(row[0], row[1], row[2]), row[3])

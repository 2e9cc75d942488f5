"""Writes all rows of the tags for the first time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from core.store.rollup import sums as rollup_sums
from core.store.rollup import unexplained
from core.store.rollup.rollup_rows import ContributionRow
from core.store.schema import over, tags


class SqlFilling:
    """Rows that are written for the first time; sums are made once at the end."""

    def __init__(self, connection: Connection, since: Mapping[str, int]) -> None:
        self._connection = connection
        self._since = since
        self._below: defaultdict[rollup_sums.Place, int] = defaultdict(int)

    def add(self, rows: Sequence[ContributionRow]) -> None:
        """Write some more of them."""
        rollup_sums.insert_rows(self._connection, rows)
        rollup_sums.group_over(rows, self._below)

    def finish(self) -> set[str]:
        """Make the sums; gives the owners whose sums have to be made from their issues."""
        rollup_sums.add(self._connection, over, ("owner", "tracker", "id"), self._below)
        rollup_sums.recount(self._connection)
        unexplained.compare_all(self._connection, self._since)
        return set(
            self._connection.execute(select(tags.c.owner).distinct().where(tags.c.hard == 1)).scalars()
        )

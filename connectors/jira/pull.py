"""One pull: which window of time it covers, and its pages, each issue once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.cursor import OVERLAP
from connectors.jira.id_set import IdSet
from connectors.jira.issues import IssueReader
from connectors.jira.json_answers import Json
from connectors.jira.search import Search
from connectors.jira.tree_cache import TreeCache
from connectors.models import Container, Interest, Issue, Page, Unread

STEP = timedelta(minutes=2)
"""How far a server's clock may go back, or the nodes' clocks lie apart, within what the overlap covers."""

_WINDOWS = 3
_GUESSES = 3
_SLACK = timedelta(minutes=2)
"""How much a server's clock may have run ahead of what is remembered, before a window is asked again."""
_MARGIN = timedelta(hours=1)
"""How much too wide a window may be before it is asked again."""


@dataclass(slots=True)
class Reading:
    """One pull while it is read: what came already, and how rows are read."""

    reader: IssueReader
    names: list[str]
    since: datetime | None
    taken: datetime
    """The new cursor's instant, by the server's clock."""
    at: datetime
    """The same moment by `JiraClient.now`."""
    interest: Interest
    condition: str
    """What the scope's search asks for, without the window."""
    outside: TreeCache | None = None
    """Of an incremental pull whose search tells of the trees and the named keys too."""
    window: Iterator[list[Json]] = field(default_factory=lambda: iter(()))
    """Of an incremental pull: the pages of the first window, the first of them already here."""
    ids: IdSet = field(default_factory=IdSet)
    keys: set[str] = field(default_factory=set)
    """Of the keys that the interest names: those that came."""
    named: dict[str, str] = field(default_factory=dict)
    """The same by their ids."""
    failed: tuple[Container, ...] = ()
    """Projects in scope that could not be read."""
    nameless: int = 0
    """Rows of the scope that say not of which issue they are."""
    missing: set[str] = field(default_factory=set)
    """Fields that were asked for and that some row does not have."""

    def scope_page(self, rows: Iterable[Json]) -> Page:
        """The same of rows of the scope; those that have no name are counted, for whoever asks again."""
        several = list(rows)
        named = [row for row in several if not nameless(row)]
        self.nameless += len(several) - len(named)
        return self.page(named)

    def has_new_root(self, outside: TreeCache) -> bool:
        """Whether a root came of which nothing outside the scope was asked yet."""
        return any(
            identity not in outside.roots
            for identity, key in self.named.items()
            if key in self.interest.roots
        )

    def tree_page(self, rows: Iterable[Json]) -> Page:
        """The same of rows below the roots; one that has no name is told of them all."""
        several = list(rows)
        page = self.page(row for row in several if not nameless(row))
        lost = unnamed_below(self.interest.roots) if any(map(nameless, several)) else ()
        return Page(page.issues, (*page.unread, *lost))

    def page(self, rows: Iterable[Json]) -> Page:
        """The rows that have not come before in this pull, read."""
        new = [row for row in rows if row.get("id") is None or self.ids.add(str(row["id"]))]
        for row in new:
            key = row.get("key")
            if row.get("id") is not None and (key in self.interest.keys or key in self.interest.roots):
                self.keys.add(key)
                self.named[str(row.get("id"))] = key
            if self.outside is not None:
                self.outside.look(row)
            fields = row.get("fields")
            if isinstance(fields, dict) and len(fields) < len(self.names):
                self.missing.update(name for name in self.names if name not in fields)
        return read_page(self.reader, new)


class Windows:
    """Reads what changed in a scope since a moment, by the server's clock alone."""

    def __init__(self, client: JiraClient, search: Search) -> None:
        self._client = client
        self._search = search

    def open(
        self,
        since: datetime,
        condition: str,
        reader: IssueReader,
        names: list[str],
        interest: Interest,
        outside: TreeCache | None = None,
    ) -> Reading | None:
        """Ask for the first page of what changed since; None if the server's clock is before `since`.

        The server counts the minutes back from its own present, which is not known before it answers. So
        the window is a guess by the clocks' last difference, and the answer's Date header proves it or has
        it asked again.
        """
        if self._client.now() < since - _MARGIN:
            return None
        reported: datetime | None = None
        for _ in range(_GUESSES):
            guess = max(self._client.now(), since)
            minutes = _minutes(guess - since, OVERLAP + _SLACK)
            pages = self._search.rows(jql.both(condition, jql.changed(minutes)), names)
            first = next(pages, [])
            if self._client.asked_at is None and reported is None:
                # No Date header: our own clock proves nothing, so that the server is asked for its time.
                reported = self._client.ask_told_time()
                continue
            taken, received = self._client.asked_at or reported, self._client.now()
            if taken is None or received < since - STEP:
                return None
            wide = timedelta(minutes=minutes)
            if received - since + OVERLAP <= wide <= received - since + OVERLAP + _MARGIN:
                window = chain([first], pages)
                return Reading(
                    reader, names, since, taken, taken, interest, condition, outside=outside, window=window
                )
        return None

    def since(self, since: datetime) -> str:
        """The condition of what changed since then, until now, and a little before."""
        return jql.changed(_minutes(max(self._client.now(), since) - since, OVERLAP + _SLACK))

    def pages(self, reading: Reading, since: datetime) -> Iterator[Page]:
        """All of a reading that was opened: a window of minutes that is wide enough for its own duration.

        The server counts the minutes back from each page's own moment, so a long reading narrows the
        window at its far end; what took longer than the overlap is read again with a wider one.
        """
        spare, began, window = OVERLAP, reading.at, reading.window
        for _ in range(_WINDOWS):
            for rows in window:
                yield reading.scope_page(rows)
            took = self._client.now() - began
            if took <= spare - timedelta(minutes=2):
                return
            spare, began = 2 * took + OVERLAP, self._client.now()
            minutes = _minutes(began - since, spare)
            window = self._search.rows(jql.both(reading.condition, jql.changed(minutes)), reading.names)


NAMELESS = "rows of the list of issues say not of which issue they are"


def nameless(row: Json) -> bool:
    """Whether a row says neither by id nor by key of which issue it is."""
    return row.get("id") is None and row.get("key") is None


def unnamed_below(roots: Iterable[str]) -> tuple[Unread, ...]:
    """What is told of trees in which a row without a name stands: nobody can tell in which."""
    return tuple(
        Unread(None, root, "a row of its tree says not of which issue it is") for root in sorted(roots)
    )


def read_page(reader: IssueReader, rows: Iterable[Json]) -> Page:
    """Rows as issues, and those that cannot be read."""
    read = [reader.read(row) for row in rows]
    issues = tuple(one for one in read if isinstance(one, Issue))
    return Page(issues, tuple(one for one in read if isinstance(one, Unread)))


def joined(pages: Iterable[Page]) -> Page:
    """Several pages as one, each issue once."""
    all_pages = list(pages)
    issues = {issue.ref.id: issue for page in all_pages for issue in page.issues}
    return Page(tuple(issues.values()), tuple(one for page in all_pages for one in page.unread))


def asked_for(
    search: Search, keys: Iterable[str], fields: Sequence[str]
) -> Iterator[tuple[list[Json], tuple[Unread, ...]]]:
    """Rows by key or id, and those that did not come; where a row has no name, all that came by none."""
    requested = list(keys)
    came: set[object] = set()
    odd = False
    for rows, errors in search.by_keys(requested, fields):
        named = [row for row in rows if not nameless(row)]
        odd = odd or len(named) < len(rows)
        came.update(row.get(name) for row in (*named, *errors) for name in ("id", "key"))
        yield named, unsent(errors)
    lost = [one for one in requested if one not in came] if odd else []
    why = "Jira sent something else instead of it"
    yield [], tuple(Unread(one, None, why) if one.isdecimal() else Unread(None, one, why) for one in lost)


def unsent(errors: Iterable[Json]) -> tuple[Unread, ...]:
    """Issues that exist but that Jira did not send this time."""
    why = "Jira could not send it this time"
    return tuple(
        Unread(str(error["id"]) if error.get("id") is not None else None, None, why) for error in errors
    )


def _minutes(ago: timedelta, spare: timedelta) -> int:
    """Whole minutes that reach back that far and some more: the server counts from a minute's beginning."""
    return -(-int((ago + spare).total_seconds()) // 60) + 1

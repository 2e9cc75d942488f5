"""What changed in a scope since a moment, by the server's clock alone: JQL counts minutes back from now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.cursor import OVERLAP
from connectors.jira.json_answers import Json
from connectors.jira.search import Search

STEP = timedelta(minutes=2)
"""How far a server's clock may go back, or the nodes' clocks lie apart, within what the overlap covers."""

_WINDOWS = 3
_GUESSES = 3
_SLACK = timedelta(minutes=2)
"""How much a server's clock may have run ahead of what is remembered, before a window is asked again."""
_MARGIN = timedelta(hours=1)
"""How much too wide a window may be before it is asked again."""


@dataclass(frozen=True, slots=True)
class Window:
    """What changed since a moment, its first page already here."""

    condition: str
    """What was searched for, without the time."""
    since: datetime
    taken: datetime
    """When the first page was asked for, by the server's clock."""
    pages: Iterator[list[Json]]


class Windows:
    """Searches one Jira for what changed."""

    def __init__(self, client: JiraClient, search: Search) -> None:
        self._client = client
        self._search = search

    def open(self, since: datetime, condition: str, fields: Sequence[str]) -> Window | None:
        """Ask for the first page of what changed since; None if the server's clock is before `since`.

        The server counts the minutes back from its own present, which nothing tells before it answers. So
        the window is a guess by the clocks' last difference, and the answer's Date header proves it or has
        it asked again.
        """
        if self._client.now() < since - _MARGIN:
            return None
        reported: datetime | None = None
        for _ in range(_GUESSES):
            guess = max(self._client.now(), since)
            minutes = _minutes(guess - since, OVERLAP + _SLACK)
            pages = self._search.rows(jql.both(condition, jql.changed(minutes)), fields)
            first = next(pages, [])
            if self._client.asked_at is None and reported is None:
                # No Date header: our own clock proves nothing, so that the server is asked for its time.
                reported = self._client.ask_server_time()
                continue
            taken, received = self._client.asked_at or reported, self._client.now()
            if taken is None or received < since - STEP:
                return None
            wide = timedelta(minutes=minutes)
            if received - since + OVERLAP <= wide <= received - since + OVERLAP + _MARGIN:
                return Window(condition, since, taken, chain([first], pages))
        return None

    def condition(self, since: datetime) -> str:
        """The condition of what changed since then, until now, and a little before."""
        return jql.changed(_minutes(max(self._client.now(), since) - since, OVERLAP + _SLACK))

    def rows(self, window: Window, fields: Sequence[str]) -> Iterator[list[Json]]:
        """All pages of a window that was opened; rows may come again.

        The server counts the minutes back from each page's own moment, so a long reading narrows the
        window at its far end; what took longer than the overlap is read again with a wider one.
        """
        spare, began, pages = OVERLAP, window.taken, window.pages
        for _ in range(_WINDOWS):
            yield from pages
            took = self._client.now() - began
            if took <= spare - timedelta(minutes=2):
                return
            spare, began = 2 * took + OVERLAP, self._client.now()
            minutes = _minutes(began - window.since, spare)
            pages = self._search.rows(jql.both(window.condition, jql.changed(minutes)), fields)


def _minutes(ago: timedelta, spare: timedelta) -> int:
    """Whole minutes that reach back that far and some more: the server counts from a minute's beginning."""
    return -(-int((ago + spare).total_seconds()) // 60) + 1

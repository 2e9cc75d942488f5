"""The reading half of a Jira."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.contract import (
    Interest,
    Issue,
    IssueRef,
    LabelDefinition,
    Missing,
    Page,
    Posted,
    Pull,
    Refused,
    Unread,
)
from connectors.jira import jql
from connectors.jira.comments import read_comments
from connectors.jira.cursor import OVERLAP, Cursor, scope_digest
from connectors.jira.fields import find_fields, read_fields
from connectors.jira.issues import IssueReader, read_labels
from connectors.jira.search import Search
from connectors.jira.session import JiraSession, Json
from connectors.jira.tree import Tree

_WINDOWS = 3


@dataclass(slots=True)
class _Reading:
    """One pull while it is read: what came already, and how rows are read."""

    reader: IssueReader
    names: list[str]
    since: datetime | None
    taken: datetime
    """The new cursor's instant, by the server's clock."""
    at: datetime
    """The same moment by `JiraSession.now`."""
    interest: Interest
    ids: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


class JiraReader:
    """Reads one Jira. `fetch` and `present` go by the interest of the latest `changed_since`."""

    def __init__(self, session: JiraSession) -> None:
        self._session = session
        self._search = Search(session)
        self._interest = Interest()
        self._readers: dict[Interest, tuple[IssueReader, list[str]]] = {}

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """See the contract. The cursor's instant is the server's own time, so no clock here matters."""
        self._interest = interest
        self._readers.clear()
        taken, at = self._session.ask_time(), self._session.now()
        reader, names = self._reader(interest)
        digest = scope_digest(self._session.settings, interest, names)
        before = Cursor.parse(cursor)
        since = before.instant if before is not None and before.digest == digest else None
        if since is not None and since > taken:
            since = None  # the server's clock went back: nobody can say what the cursor covers
        reading = _Reading(reader, names, since, taken, at, interest)
        return Pull(Cursor(taken, digest).text(), self._pages(reading), full=since is None)

    def present(self) -> frozenset[str]:
        """The ids of everything in scope, and of what the latest interest brings from outside of it."""
        found = set(self._search.ids(jql.scope_of(self._session)))
        roots = self._refs(self._interest.roots)
        found.update(roots, self._refs(self._interest.keys))
        if roots:
            found |= self._tree(self._interest).ids(roots)
        return frozenset(found)

    def fetch(self, keys: Sequence[str]) -> Page:
        """See the contract."""
        reader, names = self._reader(self._interest)
        return _joined(self._by_keys(reader, names, keys))

    def matching(self, query: str) -> frozenset[str]:
        """See the contract. Raises BadConfiguration for a query that is not whole or not understood."""
        wanted = jql.both(jql.scope_of(self._session), jql.condition_of(self._session, query))
        return frozenset(self._search.ids(wanted))

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted]:
        """See the contract."""
        account, site = self._session.account(), self._session.server().site
        found = {}
        by_id = {ref.id: ref for ref in refs}
        for row in self._search.all_of(by_id, ["labels"], fresh=True):
            ref = by_id.get(str(row.get("id")))
            if ref is None:
                continue
            today = IssueRef(ref.tracker, ref.id, str(row.get("key") or ref.key))
            try:
                comments = read_comments(self._session, account, site, today)
            except (Missing, Refused):
                continue  # gone between the two requests
            found[ref] = Posted(today, read_labels(self._session.name, row), comments)
        return found

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """See the contract."""
        del container  # labels have no definitions in Jira
        return ()

    # One pull

    def _pages(self, reading: _Reading) -> Iterator[Page]:
        yield from self._scope_pages(reading)
        roots = self._refs(reading.interest.roots)
        yield from self._key_pages(reading)
        if roots:
            tree = self._tree(reading.interest)
            for rows in tree.rows(roots, reading.names, _bottom(reading.since)):
                yield _fresh(reading, rows)

    def _scope_pages(self, reading: _Reading) -> Iterator[Page]:
        """The scope's own issues: all of them, or a window of minutes that is wide enough for its reading.

        The server counts the minutes back from each page's own moment, so a long reading narrows the
        window at its far end; what took longer than the overlap is read again with a wider one.
        """
        scope = jql.scope_of(self._session)
        if reading.since is None:
            for rows in self._search.rows(scope, reading.names):
                yield _fresh(reading, rows)
            return
        spare = OVERLAP
        for _ in range(_WINDOWS):
            began = self._session.now()
            window = reading.taken - reading.since + max(began - reading.at, timedelta()) + spare
            minutes = -(-int(window.total_seconds()) // 60) + 1
            for rows in self._search.rows(jql.both(scope, jql.changed(minutes)), reading.names):
                yield _fresh(reading, rows)
            took = self._session.now() - began
            if took <= spare - timedelta(minutes=2):
                return
            spare = 2 * took + OVERLAP

    def _key_pages(self, reading: _Reading) -> Iterator[Page]:
        """What is named one by one, roots among it, and has not come with the scope."""
        named = reading.interest.keys | reading.interest.roots
        wanted = sorted(named - reading.keys)
        for rows, errors in self._search.by_keys(wanted, reading.names):
            page = _fresh(reading, rows)
            yield Page(page.issues, (*page.unread, *_unsent(errors)))

    def _by_keys(self, reader: IssueReader, names: list[str], keys: Iterable[str]) -> Iterator[Page]:
        for rows, errors in self._search.by_keys(keys, names):
            page = _page(reader, rows)
            yield Page(page.issues, (*page.unread, *_unsent(errors)))

    def _refs(self, keys: Iterable[str]) -> dict[str, str]:
        """Id and key, as of today, of those that exist."""
        rows = self._search.all_of(sorted(keys), ["updated"])
        return {str(row["id"]): str(row["key"]) for row in rows if "id" in row and "key" in row}

    def _tree(self, interest: Interest) -> Tree:
        return Tree(self._search, self._reader(interest)[0].fields, self._session.server().cloud)

    def _reader(self, interest: Interest) -> tuple[IssueReader, list[str]]:
        """How rows are read for this interest; asks for the fields once a pull."""
        if interest not in self._readers:
            found = find_fields(
                self._session.name, self._session.settings, read_fields(self._session), interest.fields
            )
            site = self._session.server().site
            reader = IssueReader(self._session.name, site, found, interest.checklists)
            self._readers[interest] = (reader, found.wanted(interest.checklists))
        return self._readers[interest]


def _fresh(reading: _Reading, rows: Iterable[Json]) -> Page:
    """The rows that have not come before in this pull, read."""
    new = []
    for row in rows:
        identity = row.get("id")
        if identity is None or str(identity) not in reading.ids:
            new.append(row)
            reading.ids.add(str(identity))
            reading.keys.add(str(row.get("key")))
    return _page(reading.reader, new)


def _page(reader: IssueReader, rows: Iterable[Json]) -> Page:
    read = [reader.read(row) for row in rows]
    issues = tuple(one for one in read if isinstance(one, Issue))
    return Page(issues, tuple(one for one in read if isinstance(one, Unread)))


def _joined(pages: Iterable[Page]) -> Page:
    all_pages = list(pages)
    issues = {issue.ref.id: issue for page in all_pages for issue in page.issues}
    return Page(tuple(issues.values()), tuple(one for page in all_pages for one in page.unread))


def _unsent(errors: Iterable[Json]) -> Iterator[Unread]:
    """Issues that exist but that Jira did not send this time."""
    for error in errors:
        identity = error.get("id")
        yield Unread(
            str(identity) if identity is not None else None, None, "Jira could not send it this time"
        )


def _bottom(since: datetime | None) -> datetime | None:
    return since - OVERLAP if since is not None else None

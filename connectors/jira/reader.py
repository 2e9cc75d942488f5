"""The reading half of a Jira."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from connectors.errors import BadConfiguration, InvalidResponse, Missing, TrackerError, Unavailable
from connectors.http.urls import path_segment
from connectors.isolation import read_apart
from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.comments import read_comment, read_comments
from connectors.jira.cursor import OVERLAP, Cursor, earliest, scope_digest
from connectors.jira.field_cache import FieldCache
from connectors.jira.fields import FieldMap
from connectors.jira.issues import IssueReader, project_of, read_labels
from connectors.jira.json_answers import Json
from connectors.jira.locate import Locator
from connectors.jira.projects import Projects, Readable
from connectors.jira.pull import (
    NAMELESS,
    STEP,
    Reading,
    Windows,
    asked_for,
    joined,
    nameless,
    read_page,
    unsent,
)
from connectors.jira.roots import find_roots, named_rows, remember_behind, trees_behind
from connectors.jira.search import Search
from connectors.jira.survey import Surveyor, nothing_readable
from connectors.jira.tree import Tree
from connectors.jira.tree_cache import TreeCache
from connectors.models import (
    Container,
    Interest,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    Survey,
    Whereabouts,
)


class JiraReader:
    """Reads one Jira. `fetch` and `present` go by the interest of the latest `changed_since`."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._search = Search(client)
        self._interest = Interest()
        self._known = FieldCache(client)
        self._projects = Projects(client)
        self._windows = Windows(client, self._search)
        self._told: set[str] = set()
        self._readers: dict[Interest, tuple[IssueReader, list[str]]] = {}

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """See the contract. The cursor's instant is the server's own time, so no clock here matters.

        Where all that is needed is remembered, the first page of what changed is asked for here, and tells
        the time as well: one request, if nothing changed.
        """
        self._interest = interest
        self._readers.clear()
        before = Cursor.parse(cursor)
        remembered = self._known.remembered(interest)
        if before is not None and remembered is not None:
            pull = self._since(before, interest, self._reader(interest, remembered))
            if pull is not None:
                return pull
        reader, names = self._reader(interest, remembered or self._known.ask(interest))
        asked_at = self._client.asked_at if remembered is None else None
        taken = asked_at or self._client.ask_time()
        if before is not None and before.instant - STEP <= taken:
            pull = self._since(before, interest, (reader, names))
            if pull is not None:
                return pull
        scope = jql.scope_of(self._client)
        reading = Reading(reader, names, None, taken, self._client.now(), interest, scope)
        return self._pull(reading, self._digest(interest, names), {})

    def _since(self, before: Cursor, interest: Interest, how: tuple[IssueReader, list[str]]) -> Pull | None:
        """The pull of what changed since this cursor; None if it was another scope's, or of the future.

        A project that could not be read for a while is read from where that began.
        """
        digest = self._digest(interest, how[1])
        if before.digest != digest:
            return None
        behind = self._projects.behind(digest)
        since = earliest(before.instant, behind.values())
        if since is None:
            return None
        outside = self._outside(digest, how[0])
        failed: tuple[Container, ...] = ()
        try:
            reading = self._opened(since, jql.scope_of(self._client), how, interest, outside)
        except BadConfiguration as problem:
            readable = self._narrowed(problem)
            failed = readable.failed
            scope = self._projects.condition(readable.keys.values())
            reading = self._opened(since, scope, how, interest, outside)
        if reading is None:
            return None
        reading.failed = failed
        instant = before.instant.isoformat()
        return self._pull(reading, digest, {one.name: behind.get(one.name, instant) for one in failed})

    def _pull(self, reading: Reading, digest: str, behind: Mapping[str, str | None]) -> Pull:
        """`behind`: since when each failed project was not read; those of a full reading never were."""

        def pages() -> Iterator[Page]:
            yield from self._pages(reading)
            for one in reading.failed:
                self._client.notify(f"{self._client.name}: project {one.name} was not read: {one.error}")
            since = None if reading.since is None else reading.since.isoformat()
            left = {one.name: behind.get(one.name, since) for one in reading.failed}
            self._projects.remember_behind(digest, left)

        cursor = Cursor(reading.taken, digest).text()
        missing, full = dict(reading.reader.fields.missing), reading.since is None
        containers = self._projects.containers if full else tuple
        return Pull(
            cursor, pages(), full, lambda: reading.failed, containers=containers, missing_fields=missing
        )

    def _opened(
        self,
        since: datetime,
        scope: str,
        how: tuple[IssueReader, list[str]],
        interest: Interest,
        outside: TreeCache | None,
    ) -> Reading | None:
        reading = self._open_beside(since, scope, how, interest, outside) if outside else None
        return reading or self._windows.open(since, scope, *how, interest)

    def _narrowed(self, problem: BadConfiguration) -> Readable:
        """Which projects can be read, where a search that names all of them was refused.

        Raises the refusal itself where it is not for a project, or where none can be read.
        """
        if not self._client.settings.projects:
            raise problem
        readable = self._projects.readable()
        if not (readable.failed or readable.archived):
            raise problem
        if readable.failed and not readable.keys and not readable.archived:
            raise nothing_readable(self._client, readable.failed) from problem
        return readable

    def _outside(self, digest: str, reader: IssueReader) -> TreeCache | None:
        links = () if self._client.server().cloud else reader.fields.epic_link
        return TreeCache.recall(self._client.memory, digest, links)

    def _open_beside(
        self,
        since: datetime,
        scope: str,
        how: tuple[IssueReader, list[str]],
        interest: Interest,
        outside: TreeCache,
    ) -> Reading | None:
        """A window on the scope and what is outside of it at once; None where Jira does not take it.

        It refuses a condition that names an issue which is gone. Then the scope is asked alone, and the
        others looked up, which tells what is gone.
        """
        beside = outside.condition()
        condition = f"({scope}) OR {beside}" if beside else scope
        try:
            return self._windows.open(since, condition, *how, interest, outside)
        except BadConfiguration:
            return None

    def present(self) -> frozenset[str]:
        """The ids of everything in scope, and of what the latest interest brings from outside of it."""
        result = set(self._search.ids(jql.scope_of(self._client)))
        roots = named_rows(self._search.all_of(sorted(self._interest.roots), ["updated"]))
        result.update(roots, named_rows(self._search.all_of(sorted(self._interest.keys), ["updated"])))
        if roots:
            result |= self._tree(self._interest).ids(roots)
        return frozenset(result)

    def survey(self, interest: Interest) -> Survey:
        """See the contract. Brings outlines; what differs is fetched by its id."""
        self._interest = interest
        self._readers.clear()
        survey = Surveyor(self._client, self._search, self._projects, self._reader(interest)[0], interest)
        return Survey(survey.pages(), survey.containers, survey.names)

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        """See the contract."""
        return Locator(self._client, self._search, *self._reader(self._interest)).locate(refs)

    def fetch(self, keys: Sequence[str]) -> Page:
        """See the contract."""
        reader, names = self._reader(self._interest)
        return joined(self._by_keys(reader, names, keys))

    def matching(self, query: str) -> frozenset[str]:
        """See the contract. Raises BadConfiguration for a query that is not whole or not understood."""
        requested = jql.both(jql.scope_of(self._client), jql.condition_of(self._client, query))
        return frozenset(self._search.ids(requested))

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        """See the contract."""
        account, site = self._client.account(), self._client.server().site
        path = f"issue/{path_segment(ref.id)}/comment/{path_segment(comment_id)}"
        try:
            answer = self._client.get(path, {"expand": "properties"})
        except Missing:
            return None
        comment = read_comment(answer.json_object(), account, site, ref)
        if comment is None:
            raise InvalidResponse(self._client.name, answer.request, "a comment came without id or text")
        return comment

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        """See the contract."""
        account, site = self._client.account(), self._client.server().site
        rows = self._label_rows(refs)

        def read(ref: IssueRef) -> Posted | None:
            row = rows.get(ref)
            if row is None:
                return None
            if isinstance(row, TrackerError):
                raise row
            today = IssueRef(ref.tracker, ref.id, str(row.get("key") or ref.key))
            try:
                comments = read_comments(self._client, account, site, today)
            except Missing:
                return None  # gone between the two requests
            return Posted(today, read_labels(self._client.name, row), comments)

        return read_apart(refs, read, project_of)

    def _label_rows(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Json | TrackerError]:
        """Each issue with its labels as they are now, or why it did not come; without those that are gone."""
        by_id = {ref.id: ref for ref in refs}
        if not self._client.server().cloud:
            return read_apart(refs, lambda ref: self._search.one(ref.id, ["labels"]), project_of)
        result: dict[IssueRef, Json | TrackerError] = {}
        for rows, errors in self._search.by_keys(by_id, ["labels"], fresh=True):
            result.update((by_id[id_], row) for row in rows if (id_ := str(row.get("id"))) in by_id)
            for error in errors:
                ref = by_id.get(str(error.get("id")))
                if ref is not None:
                    request = self._client.request("POST", "issue/bulkfetch")
                    reason = f"Jira could not send {ref.key} this time"
                    result[ref] = Unavailable(self._client.name, request, reason)
        return result

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """See the contract."""
        del container  # labels have no definitions in Jira
        return ()

    # One pull

    def _pages(self, reading: Reading) -> Iterator[Page]:
        yield from self._scope_pages(reading)
        if reading.nameless:
            reading.failed = (*reading.failed, *self._of_nameless(reading))
        outside = reading.outside
        if outside is not None:
            yield from self._key_pages(reading, frozenset(outside.named.values()))
            outside.named |= reading.named
            yield from self._below(reading, outside)
        if outside is None or reading.has_new_root(outside):
            outside = yield from self._walk(reading)
        outside.remember(self._client.memory)
        self._known.came_without(reading.missing)

    def _below(self, reading: Reading, outside: TreeCache) -> Iterator[Page]:
        """All below what changed in the trees: it may be new here though it rested."""
        if outside.changed:
            tree = self._tree(reading.interest)
            for rows in tree.rows(dict(outside.changed), reading.names, None):
                yield reading.tree_page(rows)
            outside.members |= tree.members

    def _walk(self, reading: Reading) -> Generator[Page, None, TreeCache]:
        """What is named one by one, and the trees level by level."""
        result = find_roots(self._search, reading.interest.roots)
        roots, memory = result.found, self._client.memory
        behind = {one: key for one, key in roots.items() if key in trees_behind(memory)}
        yield from self._key_pages(reading)
        yield Page((), result.unread)
        members: dict[str, str] = {}
        rest = {one: key for one, key in roots.items() if one not in behind}
        for part, since in ((behind, None), (rest, _bottom(reading.since))):
            tree = self._tree(reading.interest)
            for rows in tree.rows(part, reading.names, since) if part else ():
                yield reading.tree_page(rows)
            members |= tree.members
        remember_behind(memory, result.lost)
        digest = self._digest(reading.interest, reading.names)
        return TreeCache(digest, frozenset(roots), members, reading.named, ())

    def _scope_pages(self, reading: Reading) -> Iterator[Page]:
        """The scope's own issues: all of them, or those that changed."""
        if reading.since is not None:
            yield from self._windows.pages(reading, reading.since)
            return
        try:
            yield from self._everything(reading)
        except BadConfiguration as problem:
            readable = self._narrowed(problem)
            reading.failed = readable.failed
            reading.condition = self._projects.condition(readable.keys.values())
            yield from self._everything(reading)

    def _of_nameless(self, reading: Reading) -> tuple[Container, ...]:
        """The projects in whose lists rows have no name: nobody can tell what those would count for.

        They are told as not read, and read again from where they were. Raises InvalidResponse where there is
        one project, or none shows such rows by itself.
        """
        message = f"{reading.nameless} {NAMELESS}"
        garbled = InvalidResponse(self._client.name, self._client.request("POST", "search"), message)
        projects = self._client.settings.projects
        if len(projects) < 2:
            raise garbled
        window = "" if reading.since is None else self._windows.since(reading.since)
        failed = []
        for key in projects:
            condition = self._projects.condition([key])
            requested = jql.both(condition, window) if window else condition
            try:
                rows = chain.from_iterable(self._search.rows(requested, reading.names))
                spoilt = any(map(nameless, rows))
            except BadConfiguration:
                continue  # it is told, or archived
            if spoilt:
                failed.append(replace(self._projects.stored(key), error=message))
        if not failed:
            raise garbled
        return tuple(failed)

    def _everything(self, reading: Reading) -> Iterator[Page]:
        for rows, errors in self._search.everything(reading.condition, reading.names):
            page = reading.scope_page(rows)
            yield Page(page.issues, (*page.unread, *unsent(errors)))

    def _key_pages(self, reading: Reading, existing: frozenset[str] = frozenset()) -> Iterator[Page]:
        """What is named one by one, roots too, and has not come; `existing` would have if it changed."""
        named = reading.interest.keys | reading.interest.roots
        requested = sorted(named - reading.keys - existing)
        for rows, unread in asked_for(self._search, requested, reading.names):
            page = reading.page(rows)
            yield Page(page.issues, (*page.unread, *unread))

    def _by_keys(self, reader: IssueReader, names: list[str], keys: Iterable[str]) -> Iterator[Page]:
        for rows, unread in asked_for(self._search, keys, names):
            page = read_page(reader, rows)
            yield Page(page.issues, (*page.unread, *unread))

    def _tree(self, interest: Interest) -> Tree:
        return Tree(self._search, self._reader(interest)[0].fields, self._client.server().cloud)

    def _tell(self, result: FieldMap) -> None:
        """Tell once a run what a setting names and Jira does not have."""
        for message in result.wrong:
            if message not in self._told:
                self._told.add(message)
                self._client.notify(f"{self._client.name}: {message}")

    def _digest(self, interest: Interest, names: list[str]) -> str:
        return scope_digest(self._client.settings, interest, names)

    def _reader(self, interest: Interest, existing: FieldMap | None = None) -> tuple[IssueReader, list[str]]:
        """How rows are read for this interest; asks what the fields mean where nobody remembers."""
        if interest not in self._readers:
            result = existing or self._known.remembered(interest) or self._known.ask(interest)
            self._tell(result)
            result, site = self._projects.with_ids(result), self._client.server().site
            reader = IssueReader.of(self._client, site, result, interest.checklists)
            self._readers[interest] = (reader, result.wanted(interest.checklists))
        return self._readers[interest]


def _bottom(since: datetime | None) -> datetime | None:
    return since - OVERLAP if since is not None else None

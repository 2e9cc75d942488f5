"""One pull: what changed in scope, the trees below the roots, and the issues that are named one by one."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from connectors.errors import BadConfiguration, InvalidResponse
from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.cursor import OVERLAP, Cursor
from connectors.jira.field_cache import FieldCache
from connectors.jira.id_set import IdSet
from connectors.jira.issues import IssueParser
from connectors.jira.json_answers import Json
from connectors.jira.projects import Projects
from connectors.jira.roots import find_roots, remember_behind, trees_behind
from connectors.jira.rows import NAMELESS, asked_for, nameless, read_page, unnamed_below, unsent
from connectors.jira.search import Search
from connectors.jira.tree import Tree
from connectors.jira.tree_cache import TreeCache
from connectors.jira.windows import Window, Windows
from connectors.models import Container, Interest, Page, Pull


@dataclass(slots=True, kw_only=True)
class PullRun:
    """The state of one pull while its pages are read, each issue once."""

    client: JiraClient
    search: Search
    projects: Projects
    windows: Windows
    field_cache: FieldCache
    parser: IssueParser
    interest: Interest
    taken: datetime
    """The new cursor's time, by the server's clock."""
    scope: str
    """The new cursor's digest of scope and interest."""
    window: Window | None = None
    """What changed; None where everything is read."""
    outside: TreeCache | None = None
    """Where the window's search tells of the trees and the named keys too."""
    failed: tuple[Container, ...] = ()
    """Projects in scope that could not be read."""
    behind: Mapping[str, str | None] = field(default_factory=dict)
    """By key of those that failed before: since when they were not read; None: never."""
    fields: list[str] = field(init=False)
    """What is asked for of each row."""
    ids: IdSet = field(default_factory=IdSet)
    keys: set[str] = field(default_factory=set)
    """Of the keys that the interest names: those that came."""
    named: dict[str, str] = field(default_factory=dict)
    """The same by their ids."""
    nameless: int = 0
    """Rows of the scope that say not of which issue they are."""
    missing: set[str] = field(default_factory=set)
    """Fields that were asked for and that some row does not have."""

    def __post_init__(self) -> None:
        self.fields = self.parser.requested()

    def pull(self) -> Pull:
        """The pull as the core reads it."""
        full = self.window is None
        return Pull(
            Cursor(self.taken, self.scope).text(),
            self.pages(),
            full,
            failed=lambda: self.failed,
            containers=self.projects.containers if full else tuple,
            missing_fields=dict(self.parser.fields.missing),
        )

    def pages(self) -> Iterator[Page]:
        """All pages; then the next pull can tell what to read again, beside what changes from now on."""
        yield from self._pages()
        for project in self.failed:
            self.client.notify(f"{self.client.name}: project {project.name} was not read: {project.error}")
        since = self.window.since.isoformat() if self.window else None
        left = {project.name: self.behind.get(project.name, since) for project in self.failed}
        self.projects.remember_behind(self.scope, left)

    def _pages(self) -> Iterator[Page]:
        yield from self._scope_pages()
        if self.nameless:
            self.failed = (*self.failed, *self._of_nameless())
        outside = self.outside
        if outside is not None:
            yield from self._key_pages(frozenset(outside.named.values()))
            outside.named |= self.named
            yield from self._below(outside)
        if outside is None or self._has_new_root(outside):
            outside = yield from self._walk()
        outside.remember(self.client.memory)
        self.field_cache.came_without(self.missing)

    # The scope

    def _scope_pages(self) -> Iterator[Page]:
        """The scope's own issues: all of them, or those that changed."""
        if self.window is not None:
            for rows in self.windows.rows(self.window, self.fields):
                yield self._scope_page(rows)
            return
        try:
            yield from self._everything(jql.scope_of(self.client))
        except BadConfiguration as problem:
            readable = self.projects.narrowed(problem)
            self.failed = readable.failed
            yield from self._everything(self.projects.condition(readable.keys.values()))

    def _everything(self, condition: str) -> Iterator[Page]:
        for rows, errors in self.search.everything(condition, self.fields):
            page = self._scope_page(rows)
            yield Page(page.issues, (*page.unread, *unsent(errors)))

    def _of_nameless(self) -> tuple[Container, ...]:
        """The projects in whose lists rows have no name: nobody can tell what those would count for.

        They are reported as not read, and read again from where they were. Raises InvalidResponse where there
        is one project, or none shows such rows by itself.
        """
        message = f"{self.nameless} {NAMELESS}"
        garbled = InvalidResponse(self.client.name, self.client.request("POST", "search"), message)
        projects = self.client.settings.projects
        if len(projects) < 2:
            raise garbled
        window = self.windows.condition(self.window.since) if self.window else ""
        failed = []
        for key in projects:
            requested = jql.both(self.projects.condition([key]), window)
            try:
                rows = chain.from_iterable(self.search.rows(requested, self.fields))
                spoilt = any(map(nameless, rows))
            except BadConfiguration:
                continue  # it is reported, or archived
            if spoilt:
                failed.append(replace(self.projects.stored(key), error=message))
        if not failed:
            raise garbled
        return tuple(failed)

    # Outside of the scope

    def _below(self, outside: TreeCache) -> Iterator[Page]:
        """All below what changed in the trees: it may be new there without a change of its own."""
        if outside.changed:
            tree = self._tree()
            for rows in tree.rows(dict(outside.changed), self.fields, None):
                yield self._tree_page(rows)
            outside.members |= tree.members

    def _walk(self) -> Generator[Page, None, TreeCache]:
        """What is named one by one, and the trees level by level."""
        result = find_roots(self.search, self.interest.roots)
        memory, left_out = self.client.memory, trees_behind(self.client.memory)
        behind = {id_: key for id_, key in result.ids.items() if key in left_out}
        rest = {id_: key for id_, key in result.ids.items() if id_ not in behind}
        yield from self._key_pages()
        yield Page((), result.unread)
        members: dict[str, str] = {}
        since = self.window.since - OVERLAP if self.window else None
        for roots, start in ((behind, None), (rest, since)):
            tree = self._tree()
            for rows in tree.rows(roots, self.fields, start) if roots else ():
                yield self._tree_page(rows)
            members |= tree.members
        remember_behind(memory, result.lost)
        return TreeCache(self.scope, frozenset(result.ids), members, self.named, ())

    def _key_pages(self, existing: frozenset[str] = frozenset()) -> Iterator[Page]:
        """What is named one by one, roots too, and has not come; `existing` would have if it changed."""
        named = self.interest.keys | self.interest.roots
        for rows, unread in asked_for(self.search, sorted(named - self.keys - existing), self.fields):
            page = self._page(rows)
            yield Page(page.issues, (*page.unread, *unread))

    def _has_new_root(self, outside: TreeCache) -> bool:
        """Whether a root came of which nothing outside the scope was asked yet."""
        return any(id_ not in outside.roots for id_, key in self.named.items() if key in self.interest.roots)

    def _tree(self) -> Tree:
        return Tree(self.search, self.parser.fields, self.client.server().cloud)

    # Rows as pages

    def _scope_page(self, rows: Iterable[Json]) -> Page:
        """Rows of the scope; those that have no name are counted, for whoever asks again."""
        several = list(rows)
        named = [row for row in several if not nameless(row)]
        self.nameless += len(several) - len(named)
        return self._page(named)

    def _tree_page(self, rows: Iterable[Json]) -> Page:
        """Rows below the roots; one that has no name is reported of all of them."""
        several = list(rows)
        page = self._page(row for row in several if not nameless(row))
        lost = unnamed_below(self.interest.roots) if any(map(nameless, several)) else ()
        return Page(page.issues, (*page.unread, *lost))

    def _page(self, rows: Iterable[Json]) -> Page:
        """The rows that have not come before in this pull, read."""
        new = [row for row in rows if row.get("id") is None or self.ids.add(str(row["id"]))]
        for row in new:
            key = row.get("key")
            if row.get("id") is not None and (key in self.interest.keys or key in self.interest.roots):
                self.keys.add(key)
                self.named[str(row.get("id"))] = key
            if self.outside is not None:
                self.outside.note(row)
            fields = row.get("fields")
            if isinstance(fields, dict) and len(fields) < len(self.fields):
                self.missing.update(name for name in self.fields if name not in fields)
        return read_page(self.parser, new)

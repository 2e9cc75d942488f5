"""One pull: what changed in scope, the trees below the roots, and the issues that are named one by one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

from connectors import bounds
from connectors.connector_state import ConnectorState
from connectors.errors import BadConfiguration, Missing, TrackerDown, TrackerError, Unavailable
from connectors.github.blockers import Blockers
from connectors.github.client import GitHubClient, Unsupported
from connectors.github.cursor import MOST_BEHIND, Cursor, Since, remember_since
from connectors.github.issue_keys import Place, Spelling, place_of
from connectors.github.issues import IssueParser, place_in
from connectors.github.listing import PER_PAGE, Listing
from connectors.github.project_values import ProjectValues
from connectors.github.tree import Located, Node, Tree, locate, unchanged, walk
from connectors.github.tree_cache import CachedIssue, TreeCache, named_digest
from connectors.isolation import IN_ROW
from connectors.models import Interest, Issue, Page, Unread

OVERLAP = timedelta(minutes=5)
"""How much before the cursor is read again: GitHub's replicas may lag behind its clock."""
NO_TREES = "github.without_sub_issues"
"""Remembered with the time of asking, for a day, where an Enterprise Server has no sub-issues."""
_ASK_AGAIN = timedelta(days=1)
WALK_AGAIN = timedelta(hours=6)
"""After so long trees are walked in any case.

Before that only when an issue in scope changed: both parent and child change when one is put under the other
or taken away. GitHub does not document that the parent changes when a sub-issue is transferred or deleted, so
that one which leaves the scope while all else rests is missed for this long at most.
"""


@dataclass(slots=True, kw_only=True)
class PullRun:
    """The state of one pull while its pages are read. `before` is what was remembered at `base`."""

    client: GitHubClient
    memory: ConnectorState
    spelling: Spelling
    parser: IssueParser
    interest: Interest
    base: Cursor | None
    now: Cursor
    listing: Listing
    before: TreeCache | None
    since: Since
    """From when on this pull reads."""
    covers: Callable[[str], bool]
    """Whether a repository is in scope, by any of its names."""
    blockers: Blockers = field(init=False)
    projects: ProjectValues | None = None
    """Of a pull: what projects say of issues; None of a survey."""
    silent: int = 0
    """Issues in a row that did not answer."""
    last: Mapping[str, CachedIssue] = field(default_factory=dict)
    """Of a survey, which has no `before`: the trees that were walked last, for what cannot be walked now."""
    seen: set[str] = field(default_factory=set)
    """Of the issues that may come by two ways: the ids that came, readable or not."""
    stamps: set[tuple[str, str]] = field(default_factory=set)
    """The same with the time of change, so that such an issue comes again only if it changed meanwhile."""
    twice: set[str] = field(default_factory=set)
    """Ids of the issues that may come by two ways: in scope, and for their own sake."""
    above: dict[str, str] = field(default_factory=dict)
    """In the trees: the parent's key, by an issue's own."""
    spoilt: set[str] = field(default_factory=set)
    """Keys of what is in a tree and came so that it cannot be read."""
    lost: dict[str, Unread] = field(default_factory=dict)
    """What is named or in a tree and cannot be read, by key; the first reason stays."""

    def __post_init__(self) -> None:
        self.blockers = Blockers(self.client, self.parser, self.memory if self.base else None)

    def pages(self) -> Iterator[Page]:
        """All pages; then the next pull can tell what to read again, beside what changes from now on."""
        yield from self._pages()
        self.blockers.keep(self.now.at - 2 * OVERLAP)
        start, latest = self.since.start, self.listing.latest
        if not self.now.dated and latest is not None:
            start = latest if start is None else max(start, latest)
        behind = {name: self.since.behind.get(name, self.since.start) for name in self.listing.failed_names}
        error = self.listing.first_error
        if len(behind) > MOST_BEHIND and error is not None:
            raise error
        remember_since(self.memory, self.base, self.now, Since(start, behind))
        if self.projects is not None:
            self.projects.keep(self.base, self.now)

    def _pages(self) -> Iterator[Page]:
        """All pages. Where nothing changed in scope the trees are taken as they were.

        A change that comes again by the overlap counts: its trees may have lagged behind it.
        """
        rows = self.listing.rows()
        before = self.before
        if before is None or self._overdue(before):
            yield from self._walked(rows)
            return
        first = next(rows, None) if self.interest.roots else None
        rows = rows if first is None else chain([first], rows)
        if first is not None or self._outside_changed(before):
            yield from self._walked(rows)
        else:
            yield from self._as_before(rows, before)

    def _as_before(self, listed: Iterator[list[Any]], before: TreeCache) -> Iterator[Page]:
        parents = _parents(before.issues)
        for rows in listed:
            yield from self._page(rows, parents)
        yield from self._page(self._of_projects(before.issues), parents)
        before.remember(self.memory, self.base, self.now)

    def _walked(self, listed: Iterator[list[Any]]) -> Iterator[Page]:
        """The trees are walked first, so that rows in scope learn their parents from them."""
        existing = self.before.issues if self.before else {}
        moved: list[Any] = []
        tree = self._trees(moved)
        kept = existing if tree.failed else {}  # of what could not be walked, what stood before
        self.twice = {*tree.nodes, *existing, *(str(row.get("id")) for row in moved)}
        walked = {node.id: node.parent for node in tree.nodes.values() if node.parent}
        self.above = {node.place.key: node.parent[1] for node in tree.nodes.values() if node.parent}
        parents = {**_parents(kept or self.last if tree.failed else {}), **walked}
        for rows in listed:
            yield from self._page(rows, parents)
        yield from self._page(moved, parents)
        issues = {**kept, **{node.id: _cached(node) for node in tree.nodes.values()}}
        requested = [
            node
            for node in tree.nodes.values()
            if node.id not in self.seen and not _same(existing.get(node.id), issues[node.id])
        ]
        for rows in self._fetch(requested):
            yield from self._page(rows, parents)
        gone = [existing[id_].key for id_ in existing.keys() - issues.keys() - self.seen]
        yield from self._page(self._rows(gone), parents)
        yield from self._page(self._of_projects(issues), parents)
        if self.lost:
            yield Page((), tuple(self.lost.values()))
        # What could not be read is asked for again, though it and its place in the tree do not change.
        read = {
            id_: issue for id_, issue in issues.items() if issue.key not in self.spoilt or id_ in existing
        }
        cache = TreeCache(self.now.name, self.now.at, named_digest(self.interest), not self.lost, read)
        cache.remember(self.memory, self.base, self.now)

    def _overdue(self, before: TreeCache) -> bool:
        """Whether the trees have to be walked whatever the lists say."""
        if not (self.interest.roots or self.interest.keys):
            return bool(before.issues)
        old = bool(self.interest.roots) and self.now.at - before.walked >= WALK_AGAIN
        return old or not before.whole or before.named != named_digest(self.interest)

    def _outside_changed(self, before: TreeCache) -> bool:
        """Whether anything out of scope that is named or in a tree changed, by one question about all of it.

        A key that led nowhere is asked for again.
        """
        covers = self.covers
        outside = {
            id_: issue for id_, issue in before.issues.items() if not covers(issue.key.partition("#")[0])
        }
        named = [place for place in self._places(self.interest.keys) if not covers(place.repository)]
        keys = {issue.key for issue in outside.values()}
        if any(place.key not in keys for place in named):
            return True
        if not outside:
            return False
        if self._without_trees() or not all(issue.node for issue in outside.values()):
            return True
        try:
            return not unchanged(self.client, self.spelling, outside)
        except Unsupported:
            self._note_without_trees()
            return True
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError:
            return True  # so it is walked, which tells what cannot be read

    def _page(self, rows: Iterable[Any], parents: Mapping[str, tuple[str, str] | None]) -> Iterator[Page]:
        """These rows as a page, without what came before and without pull requests unless asked for."""
        issues: list[Issue] = []
        unread: list[Unread] = []
        read = self.parser.issue
        for row in rows:
            if self._skip(row):
                continue
            existing = parents and isinstance(row, dict)
            result = read(row, parents.get(str(row.get("id"))) if existing else None)
            if isinstance(result, Issue):
                issues.append(result)
                if self.projects is not None:
                    self.projects.came(result)
                continue
            unread.append(result)
            if result.key in self.above:
                # One that was never read is in no tree yet, but what hangs on its tree may rest on it.
                self.spoilt.add(result.key)
                self._lose(None, self.above[result.key], f"its sub-issue {result.key} cannot be read")
        if issues or unread:
            yield Page(self.blockers.named(issues), tuple(unread))

    def _skip(self, row: Any) -> bool:
        if not isinstance(row, dict):
            return False
        if row.get("pull_request") is not None and not self.interest.pull_requests:
            return True
        if not self.twice:
            return False
        id_ = str(row.get("id"))
        if id_ not in self.twice:
            return False
        stamp = (id_, str(row.get("updated_at")))
        if stamp in self.stamps:
            return True
        self.stamps.add(stamp)
        self.seen.add(id_)
        return False

    def _trees(self, moved: list[Any]) -> Tree:
        """The trees below the roots, and what is named outside the scope.

        Where GraphQL has nothing at a place, REST is asked, which follows a moved issue; such rows
        go to `moved`. A root that is nowhere is lost, since a whole tree hangs on it.
        """
        roots = self._places(self.interest.roots)
        outside = [
            place
            for place in self._places(self.interest.keys)
            if place not in roots and not self.covers(place.repository)
        ]
        located = self._locate([*roots, *outside])
        for place, why in located.failed.items():
            self._lose(None, place.key, why)
        nodes: dict[Place, Node] = dict(located.nodes)
        for place in [*roots, *outside]:
            if place not in nodes and place not in located.failed:
                row = self._row(place.key)
                node = self._node(row)
                if row is not None:
                    moved.append(row)
                if node is not None:
                    nodes[place] = node
                elif place in roots:
                    # A reason that was met on the way stays.
                    self._lose(None, place.key, "there is no such issue that this account may read")
        tree = self._walk([nodes[place] for place in roots if place in nodes])
        tree.failed = tree.failed or bool(located.failed)
        for place in outside:
            if place in nodes:
                tree.nodes.setdefault(nodes[place].id, nodes[place])
        for key, why in tree.hidden.items():
            self._lose(None, key, why)
        return tree

    def _lose(self, id_: str | None, key: str, why: str) -> None:
        self.lost.setdefault(key, Unread(id_, key, why))

    def _places(self, keys: Iterable[str]) -> list[Place]:
        places = (place_of(key) for key in sorted(keys))
        return list(dict.fromkeys(self.spelling.place(place) for place in places if place))

    def _locate(self, places: list[Place]) -> Located:
        if not places or self._without_trees():
            return Located()
        try:
            return locate(self.client, self.spelling, places)
        except Unsupported:
            self._note_without_trees()
            return Located()

    def _walk(self, roots: list[Node]) -> Tree:
        if not roots or self._without_trees():
            return Tree({root.id: root for root in roots})
        try:
            return walk(self.client, self.spelling, roots)
        except Unsupported:
            self._note_without_trees()
            return Tree({root.id: root for root in roots})

    def _without_trees(self) -> bool:
        noted = bounds.past(bounds.moment(self.memory.get(NO_TREES)), self.now.at)
        return noted is not None and noted > self.now.at - _ASK_AGAIN

    def _note_without_trees(self) -> None:
        self.memory.set(NO_TREES, self.now.at.isoformat())
        self.client.notify(f"{self.client.name}: this GitHub has no sub-issues; trees are not measured")

    def _fetch(self, requested: list[Node]) -> Iterator[list[Any]]:
        """These issues in full: siblings in one list, others one by one."""
        by_parent: dict[str, list[Node]] = {}
        for node in requested:
            by_parent.setdefault(node.parent[1] if node.parent else "", []).append(node)
        for parent, nodes in by_parent.items():
            place = place_of(parent)
            rows = self._siblings(place, nodes) if place and len(nodes) > 1 else []
            came = {str(row.get("id")) for row in rows}
            for node in nodes:
                if node.id not in came:
                    row = self._row(node.place.key)
                    if row is None:
                        self._lose(node.id, node.place.key, "it is in a tree but cannot be read")
                        if node.parent is not None:
                            message = f"its sub-issue {node.place.key} cannot be read"
                            self._lose(None, node.parent[1], message)
                            self.spoilt.add(node.place.key)
                    else:
                        rows.append(row)
            yield rows

    def _siblings(self, parent: Place, nodes: list[Node]) -> list[Any]:
        ids = {node.id for node in nodes}
        result: list[Any] = []
        try:
            for rows in self.client.pages(f"{parent.path}/sub_issues", {"per_page": PER_PAGE}):
                result += [row for row in rows if isinstance(row, dict) and str(row.get("id")) in ids]
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError:
            return result  # each is asked for by itself
        return result

    def _rows(self, keys: Iterable[str]) -> Iterator[Any]:
        rows = (self._row(key) for key in sorted(keys))
        return (row for row in rows if row is not None)

    def _of_projects(self, ids: Collection[str]) -> Iterator[Any]:
        """The issues of which a project says something else than before, and which came by no other way."""
        left = self.projects.left(self.interest.pull_requests) if self.projects is not None else {}
        ours = (key for id_, key in left.items() if id_ in ids or self.covers(key.partition("#")[0]))
        return self._rows(ours)

    def _row(self, key: str) -> Any | None:
        """One issue by its key, wherever it moved; None if it is gone, or refused, which makes it lost."""
        place = place_of(key)
        try:
            row = self.client.get(place.path).json_object() if place else None
        except Missing:
            row = None
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            self.silent = self.silent + 1 if isinstance(problem, Unavailable) else 0
            if self.silent >= IN_ROW:
                raise
            self._lose(None, key, problem.detail)
            return None
        self.silent = 0
        return row

    def _node(self, row: Any) -> Node | None:
        """The node of an issue that came by REST."""
        place = place_in(row) if row else None
        if place is None or not isinstance(row.get("node_id"), str) or type(row.get("id")) is not int:
            return None
        place = self.spelling.place(place)
        return Node(str(row["id"]), row["node_id"], place, str(row.get("updated_at")))


def _cached(node: Node) -> CachedIssue:
    parent = node.parent[0] if node.parent else ""
    children = -1 if node.children is None else node.children
    return CachedIssue(node.place.key, parent, node.updated, node.node, children)


def _parents(issues: Mapping[str, CachedIssue]) -> dict[str, tuple[str, str] | None]:
    """By id: the parent's id and key, of those whose parent is among them."""
    return {
        id_: (issue.parent, issues[issue.parent].key)
        for id_, issue in issues.items()
        if issue.parent in issues
    }


def _same(before: CachedIssue | None, now: CachedIssue) -> bool:
    """Whether an issue need not be read again: neither it nor its place in the tree changed."""
    if before is None:
        return False
    return (before.key, before.parent, before.updated) == (now.key, now.parent, now.updated)

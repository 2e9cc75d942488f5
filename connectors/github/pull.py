"""One pull: what changed in scope, the trees below the roots, and the issues that are named one by one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.contract import Interest, Issue, Memory, Missing, Page, Refused, Unread
from connectors.github.api import Api, Unsupported
from connectors.github.cursor import Cursor, Known, remember
from connectors.github.keys import Place, Spelling, place_of
from connectors.github.listing import PER_PAGE, scope_rows
from connectors.github.parse import Parser, place_in
from connectors.github.tree import Node, Tree, locate, walk

OVERLAP = timedelta(minutes=5)
"""How much before the cursor is read again: GitHub's replicas may lag behind its clock."""
NO_TREES = "github.without_sub_issues"
"""Remembered with the time of asking, for a day, where an Enterprise Server knows no sub-issues."""
_ASK_AGAIN = timedelta(days=1)


@dataclass(slots=True)
class PullRun:
    """The state of one pull while its pages are read. `known` is what the trees held at `base`."""

    api: Api
    memory: Memory
    spelling: Spelling
    parser: Parser
    interest: Interest
    base: Cursor | None
    now: Cursor
    known: Known
    seen: set[str] = field(default_factory=set)
    """Ids that came, readable or not."""
    stamps: set[tuple[str, str]] = field(default_factory=set)
    """Ids with the time of change, so that an issue comes again only if it changed meanwhile."""
    lost: dict[str, Unread] = field(default_factory=dict)
    """What is named or in a tree and cannot be read, by key; the first reason stays."""

    def pages(self) -> Iterator[Page]:
        """All pages; the trees are walked first, so that rows in scope learn their parents from them."""
        moved: list[Any] = []
        tree = self._trees(moved)
        parents = {node.id: node.parent for node in tree.nodes.values() if node.parent}
        since = self.base.at - OVERLAP if self.base else None
        for rows in scope_rows(self.api, since):
            yield from self._page(rows, parents)
        yield from self._page(moved, parents)
        standing = {node.id: _stand(node) for node in tree.nodes.values()}
        wanted = [
            node
            for node in tree.nodes.values()
            if node.id not in self.seen and self.known.get(node.id) != standing[node.id]
        ]
        for rows in self._fetch(wanted):
            yield from self._page(rows, parents)
        gone = [self.known[id_][0] for id_ in self.known.keys() - standing.keys() - self.seen]
        yield from self._page(self._rows(gone), parents)
        if self.lost:
            yield Page((), tuple(self.lost.values()))
        remember(self.memory, self.base, self.now, standing)

    def _page(self, rows: Iterable[Any], parents: Mapping[str, tuple[str, str] | None]) -> Iterator[Page]:
        """These rows as a page, without what came before and without pull requests unless asked for."""
        issues: list[Issue] = []
        unread: list[Unread] = []
        for row in rows:
            if self._skip(row):
                continue
            id_ = str(row.get("id")) if isinstance(row, dict) else ""
            found = self.parser.issue(row, parents.get(id_))
            if isinstance(found, Issue):
                issues.append(found)
            else:
                unread.append(found)
        if issues or unread:
            yield Page(tuple(issues), tuple(unread))

    def _skip(self, row: Any) -> bool:
        if not isinstance(row, dict):
            return False
        if row.get("pull_request") is not None and not self.interest.pull_requests:
            return True
        stamp = (str(row.get("id")), str(row.get("updated_at")))
        if stamp in self.stamps:
            return True
        self.stamps.add(stamp)
        self.seen.add(stamp[0])
        return False

    def _trees(self, moved: list[Any]) -> Tree:
        """The trees below the roots, and what is named outside the scope.

        Where GraphQL does not find a place, REST is asked, which knows where a moved issue went; such rows
        go to `moved`. A root that is nowhere is told as lost, since a whole tree hangs on it.
        """
        roots = self._places(self.interest.roots)
        outside = [
            place
            for place in self._places(self.interest.keys)
            if place not in roots and not self.api.settings.covers(place.repository)
        ]
        found = self._locate([*roots, *outside])
        nodes: dict[Place, Node] = dict(found)
        for place in [*roots, *outside]:
            if place not in found:
                row = self._row(place.key)
                node = self._node(row)
                if row is not None:
                    moved.append(row)
                if node is not None:
                    nodes[place] = node
                elif place in roots:
                    self._lose(None, place.key, "there is no such issue that this account may read")
        tree = self._walk([nodes[place] for place in roots if place in nodes])
        for place in outside:
            if place in nodes:
                tree.nodes.setdefault(nodes[place].id, nodes[place])
        for key in tree.hidden:
            self._lose(None, key, "some of its sub-issues cannot be seen by this account")
        return tree

    def _lose(self, id_: str | None, key: str, why: str) -> None:
        self.lost.setdefault(key, Unread(id_, key, why))

    def _places(self, keys: Iterable[str]) -> list[Place]:
        places = (place_of(key) for key in sorted(keys))
        return list(dict.fromkeys(self.spelling.place(place) for place in places if place))

    def _locate(self, places: list[Place]) -> dict[Place, Node]:
        if not places or self._without_trees():
            return {}
        try:
            return locate(self.api, self.spelling, places)
        except Unsupported:
            self._note_without_trees()
            return {}

    def _walk(self, roots: list[Node]) -> Tree:
        if not roots or self._without_trees():
            return Tree({root.id: root for root in roots})
        try:
            return walk(self.api, self.spelling, roots)
        except Unsupported:
            self._note_without_trees()
            return Tree({root.id: root for root in roots})

    def _without_trees(self) -> bool:
        noted = self.memory.get(NO_TREES)
        return noted is not None and noted > (self.now.at - _ASK_AGAIN).isoformat()

    def _note_without_trees(self) -> None:
        self.memory.set(NO_TREES, self.now.at.isoformat())
        self.api.notify(f"{self.api.tracker}: this GitHub knows no sub-issues; trees are not measured")

    def _fetch(self, wanted: list[Node]) -> Iterator[list[Any]]:
        """These issues in full: siblings in one list, others one by one."""
        by_parent: dict[str, list[Node]] = {}
        for node in wanted:
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
                    else:
                        rows.append(row)
            yield rows

    def _siblings(self, parent: Place, nodes: list[Node]) -> list[Any]:
        ids = {node.id for node in nodes}
        found: list[Any] = []
        try:
            for rows in self.api.pages(f"{parent.path}/sub_issues", {"per_page": PER_PAGE}):
                found += [row for row in rows if isinstance(row, dict) and str(row.get("id")) in ids]
        except (Missing, Refused):
            return found
        return found

    def _rows(self, keys: Iterable[str]) -> Iterator[Any]:
        rows = (self._row(key) for key in sorted(keys))
        return (row for row in rows if row is not None)

    def _row(self, key: str) -> Any | None:
        """One issue by its key, wherever it moved; None if it is gone, or refused, which is told."""
        place = place_of(key)
        try:
            return self.api.record(self.api.get(place.path)) if place else None
        except Missing:
            return None
        except Refused as problem:
            self._lose(None, key, problem.said)
            return None

    def _node(self, row: Any) -> Node | None:
        """The node of an issue that REST found."""
        place = place_in(row) if row else None
        if place is None or not isinstance(row.get("node_id"), str) or type(row.get("id")) is not int:
            return None
        place = self.spelling.place(place)
        return Node(str(row["id"]), row["node_id"], place, str(row.get("updated_at")))


def _stand(node: Node) -> tuple[str, str, str]:
    return (node.place.key, node.parent[0] if node.parent else "", node.updated)

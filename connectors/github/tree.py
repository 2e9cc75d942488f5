"""Trees of sub-issues, at any depth and across repositories, walked in a few GraphQL requests."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from connectors import bounds
from connectors.errors import BadConfiguration, InvalidResponse, TrackerDown, TrackerError
from connectors.github.client import GitHubClient, TooMuch
from connectors.github.graphql import AS_BEFORE, CHILDREN, MORE_CHILDREN, by_place
from connectors.github.issue_keys import Place, Spelling, is_repository
from connectors.github.tree_cache import CachedIssue

_ID = re.compile("[1-9][0-9]{0,18}")
_BATCH = 50
_MOST_CHILDREN = 100
"""GitHub gives no more nodes of a list at once."""
_MOST_GIVEN_UP = 3
"""Single issues in a row that are not answered, until nothing smaller is tried."""
_MOST_IDS = 100
"""GitHub takes no more ids in one question."""


@dataclass(frozen=True, slots=True)
class Node:
    """One issue of a tree, or one that is named by its key, as GraphQL tells of it."""

    id: str
    """The database id."""
    node: str
    """The GraphQL id."""
    place: Place
    updated: str
    parent: tuple[str, str] | None = None
    """The parent's id and key; None for a root."""
    children: int | None = None
    """How many sub-issues it has; None if that was not asked."""


@dataclass(slots=True)
class Tree:
    """Everything below the roots, and the roots, by database id; and what could not be seen."""

    nodes: dict[str, Node] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    """By key of a parent: why some of its sub-issues are not here."""
    failed: bool = False
    """Something did not come though it may be there; not so where the account may not see it."""

    def hide(self, parent: Node) -> None:
        """Some of its sub-issues are not for this account."""
        self.hidden.setdefault(parent.place.key, "some of its sub-issues cannot be seen by this account")

    def lose(self, parent: Node, problem: TrackerError) -> None:
        """Some of its sub-issues could not be read."""
        self.failed = True
        self.hidden[parent.place.key] = f"some of its sub-issues could not be read: {problem.detail}"


@dataclass(slots=True)
class Located:
    """The issues at some places, and why there is no answer about others."""

    nodes: dict[Place, Node] = field(default_factory=dict)
    failed: dict[Place, str] = field(default_factory=dict)


@dataclass(slots=True)
class _BatchSizes:
    """How much is asked for at once: less where it is not answered, more while it is.

    So what spoils the answer about many is narrowed down, and the others are answered. After
    `_MOST_GIVEN_UP` single issues in a row nothing smaller is tried, since it is not they that fail.
    """

    ids: int = _BATCH
    first: int = _MOST_CHILDREN
    given_up: int = 0
    """Single issues in a row that were not answered."""

    def shrink(self, asked: int, problem: TrackerError) -> bool:
        """Ask for less than so many ids; False where nothing smaller is to be asked for."""
        if self.given_up >= _MOST_GIVEN_UP:
            return False
        if asked > 1:
            self.ids = asked // 2
            return True
        if self.first > 1 and isinstance(problem, TooMuch):
            self.first //= 2
            return True
        self.given_up, self.first = self.given_up + 1, _MOST_CHILDREN
        if self.given_up >= _MOST_GIVEN_UP:
            self.ids = _BATCH
        return False

    def grow(self) -> None:
        """After an answer, ask for more again."""
        self.ids, self.first = min(_BATCH, 2 * self.ids), min(_MOST_CHILDREN, 2 * self.first)
        self.given_up = 0


def locate(client: GitHubClient, spelling: Spelling, places: Sequence[Place]) -> Located:
    """The issues at these places; whatever is no issue there (moved, deleted, a pull request) is left out."""
    result, sizes, waiting = Located(), _BatchSizes(first=1), list(places)
    while waiting:
        some = waiting[: sizes.ids]
        variables: dict[str, str | int] = {}
        for index, place in enumerate(some):
            owner, _, name = place.repository.partition("/")
            variables |= {f"o{index}": owner, f"n{index}": name, f"i{index}": place.number}
        try:
            data = client.graphql(by_place(len(some)), variables)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            if not sizes.shrink(len(some), problem):
                result.failed.update((place, problem.detail) for place in some)
                del waiting[: len(some)]
            continue
        del waiting[: len(some)]
        sizes.grow()
        for index, place in enumerate(some):
            repository = data.get(f"k{index}")
            raw = repository.get("found") if isinstance(repository, dict) else None
            if isinstance(raw, dict) and "fullDatabaseId" in raw:
                with suppress(InvalidResponse):  # it is asked for by REST then
                    result.nodes[place] = _node(client, spelling, raw, None)
    return result


def walk(client: GitHubClient, spelling: Spelling, roots: Iterable[Node]) -> Tree:
    """Everything below the roots. One request brings a whole level of up to 50 parents.

    Raises Unsupported where the server has no sub-issues.
    """
    tree = Tree({root.id: root for root in roots})
    level = list(tree.nodes.values())
    sizes = _BatchSizes()
    while level:
        below: list[Node] = []
        for parent, child in _children(client, spelling, level, tree, sizes):
            if child.id not in tree.nodes:
                tree.nodes[child.id] = child
                below.append(child)
            elif tree.nodes[child.id].parent is None:
                # A root that stands below another root: its own children are walked already.
                tree.nodes[child.id] = _below(tree.nodes[child.id], parent)
        level = [node for node in below if node.children != 0]
    return tree


def unchanged(client: GitHubClient, spelling: Spelling, existing: Mapping[str, CachedIssue]) -> bool:
    """Whether all these issues are as they were: their places, changes and numbers of sub-issues.

    One request for each 100 of them. Raises Unsupported where the server has no sub-issues.
    """
    issues = list(existing.items())
    for start in range(0, len(issues), _MOST_IDS):
        some = issues[start : start + _MOST_IDS]
        data = client.graphql(AS_BEFORE, {"ids": [issue.node for _, issue in some]})
        answers = data.get("nodes")
        if not isinstance(answers, list) or len(answers) != len(some):
            raise InvalidResponse(client.name, "POST /graphql", "expected one node for each id")
        for (id_, issue), raw in zip(some, answers, strict=True):
            node = _node(client, spelling, raw, None) if isinstance(raw, dict) and raw else None
            if node is None or (node.id, node.place.key, node.updated) != (id_, issue.key, issue.updated):
                return False
            if issue.children not in (-1, node.children):
                return False
    return True


def _below(node: Node, parent: Node) -> Node:
    return Node(node.id, node.node, node.place, node.updated, (parent.id, parent.place.key), node.children)


def _children(
    client: GitHubClient, spelling: Spelling, parents: Sequence[Node], tree: Tree, sizes: _BatchSizes
) -> Iterator[tuple[Node, Node]]:
    """Each parent with each of its children. What fails of one parent is lost of that one alone."""
    waiting = list(parents)
    while waiting:
        some = waiting[: sizes.ids]
        try:
            data = client.graphql(CHILDREN, {"ids": [parent.node for parent in some], "first": sizes.first})
            answers = data.get("nodes")
            if not isinstance(answers, list) or len(answers) != len(some):
                raise InvalidResponse(client.name, "POST /graphql", "expected one node for each id")
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            if sizes.shrink(len(some), problem):
                continue
            for parent in some:
                tree.lose(parent, problem)
            del waiting[: len(some)]
            continue
        del waiting[: len(some)]
        sizes.grow()
        for parent, answer in zip(some, answers, strict=True):
            for child in _sub_issues(client, spelling, parent, answer, tree, sizes):
                yield parent, child


def _sub_issues(
    client: GitHubClient, spelling: Spelling, parent: Node, answer: object, tree: Tree, sizes: _BatchSizes
) -> Iterator[Node]:
    """All sub-issues of one parent, page by page."""
    above = (parent.id, parent.place.key)
    seen: set[object] = set()
    while True:
        connection = answer.get("subIssues") if isinstance(answer, dict) else None
        raws = connection.get("nodes") if isinstance(connection, dict) else None
        if not isinstance(connection, dict) or not isinstance(raws, list):
            tree.hide(parent)
            return
        for raw in raws:
            if raw is None:
                tree.hide(parent)
                continue
            try:
                yield _node(client, spelling, raw, above)
            except InvalidResponse as problem:
                tree.lose(parent, problem)
        page = connection.get("pageInfo")
        if not isinstance(page, dict) or not page.get("hasNextPage"):
            return
        after = page.get("endCursor")
        if not isinstance(after, str) or after in seen:
            endless = InvalidResponse(client.name, "POST /graphql", "the pages of its sub-issues do not end")
            tree.lose(parent, endless)
            return
        seen.add(after)
        more = _more(client, parent, after, tree, sizes)
        if more is None:
            return
        answer = more.get("node")


def _more(
    client: GitHubClient, parent: Node, after: str, tree: Tree, sizes: _BatchSizes
) -> Mapping[str, Any] | None:
    """The next page of one parent's sub-issues; None where it cannot be had, which makes it lost."""
    while True:
        try:
            data = client.graphql(MORE_CHILDREN, {"id": parent.node, "after": after, "first": sizes.first})
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            if not sizes.shrink(1, problem):
                tree.lose(parent, problem)
                return None
        else:
            sizes.grow()
            return data


def _node(
    client: GitHubClient, spelling: Spelling, raw: Mapping[str, Any], parent: tuple[str, str] | None
) -> Node:
    try:
        name, number = raw["repository"]["nameWithOwner"], raw["number"]
        database_id, node_id, updated = raw["fullDatabaseId"], raw["id"], raw["updatedAt"]
        summary = raw.get("subIssuesSummary")
        children = summary["total"] if summary is not None else None
    except (AttributeError, KeyError, TypeError) as problem:
        raise _garbled(client, f"no {problem}") from problem
    whole = is_repository(name) if isinstance(name, str) else False
    counted = children is None or bounds.whole(children, 0, bounds.LARGEST_QUOTA) is not None
    if not whole or type(number) is not int or not _ID.fullmatch(str(database_id)) or not counted:
        raise _garbled(client, "repository, number, fullDatabaseId or total is of another shape")
    place = spelling.place(Place(name, number))
    return Node(str(database_id), str(node_id), place, str(updated), parent, children)


def _garbled(client: GitHubClient, reason: str) -> InvalidResponse:
    return InvalidResponse(client.name, "POST /graphql", f"a sub-issue cannot be read: {reason}")

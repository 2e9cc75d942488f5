"""Trees of sub-issues, at any depth and across repositories, walked in a few GraphQL requests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connectors.contract import Garbled
from connectors.github.api import Api
from connectors.github.cursor import Stand
from connectors.github.keys import Place, Spelling, is_repository
from connectors.github.queries import AS_BEFORE, CHILDREN, MORE_CHILDREN, by_place

_BATCH = 50
_MOST_IDS = 100
"""GitHub takes no more ids in one question."""
_T = TypeVar("_T")


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
    """What was found below the roots, the roots included, by database id; and what could not be seen."""

    nodes: dict[str, Node] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    """Keys of parents some of whose sub-issues the account may not see."""


def locate(api: Api, spelling: Spelling, places: Sequence[Place]) -> dict[Place, Node]:
    """The issues at these places; whatever is no issue there (moved, deleted, a pull request) is left out."""
    found: dict[Place, Node] = {}
    for some in _batches(places):
        variables: dict[str, str | int] = {}
        for index, place in enumerate(some):
            owner, _, name = place.repository.partition("/")
            variables |= {f"o{index}": owner, f"n{index}": name, f"i{index}": place.number}
        data = api.graphql(by_place(len(some)), variables)
        for index, place in enumerate(some):
            repository = data.get(f"k{index}")
            raw = repository.get("found") if isinstance(repository, dict) else None
            if isinstance(raw, dict) and "fullDatabaseId" in raw:
                found[place] = _node(api, spelling, raw, None)
    return found


def walk(api: Api, spelling: Spelling, roots: Iterable[Node]) -> Tree:
    """Everything below the roots. One request brings a whole level of up to 50 parents.

    Raises Unsupported where the server knows no sub-issues.
    """
    tree = Tree({root.id: root for root in roots})
    level = list(tree.nodes.values())
    while level:
        below: list[Node] = []
        for parent, child in _children(api, spelling, level, tree):
            if child.id not in tree.nodes:
                tree.nodes[child.id] = child
                below.append(child)
            elif tree.nodes[child.id].parent is None:
                # A root that stands below another root: its own children are walked already.
                tree.nodes[child.id] = _below(tree.nodes[child.id], parent)
        level = [node for node in below if node.children != 0]
    return tree


def unchanged(api: Api, spelling: Spelling, known: Mapping[str, Stand]) -> bool:
    """Whether all these issues are as they were: their places, changes and numbers of sub-issues.

    One request for each 100 of them. Raises Unsupported where the server knows no sub-issues.
    """
    stands = list(known.items())
    for start in range(0, len(stands), _MOST_IDS):
        some = stands[start : start + _MOST_IDS]
        data = api.graphql(AS_BEFORE, {"ids": [stand[3] for _, stand in some]})
        answers = data.get("nodes")
        if not isinstance(answers, list) or len(answers) != len(some):
            raise Garbled(api.tracker, "POST /graphql", "expected one node for each id")
        for (id_, stand), raw in zip(some, answers, strict=True):
            node = _node(api, spelling, raw, None) if isinstance(raw, dict) and raw else None
            if node is None or (node.id, node.place.key, node.updated) != (id_, stand[0], stand[2]):
                return False
            if stand[4] not in (-1, node.children):
                return False
    return True


def _below(node: Node, parent: Node) -> Node:
    return Node(node.id, node.node, node.place, node.updated, (parent.id, parent.place.key), node.children)


def _children(
    api: Api, spelling: Spelling, parents: Sequence[Node], tree: Tree
) -> Iterator[tuple[Node, Node]]:
    for some in _batches(parents):
        data = api.graphql(CHILDREN, {"ids": [parent.node for parent in some]})
        answers = data.get("nodes")
        if not isinstance(answers, list) or len(answers) != len(some):
            raise Garbled(api.tracker, "POST /graphql", "expected one node for each id")
        for parent, answer in zip(some, answers, strict=True):
            for child in _sub_issues(api, spelling, parent, answer, tree):
                yield parent, child


def _sub_issues(api: Api, spelling: Spelling, parent: Node, answer: object, tree: Tree) -> Iterator[Node]:
    """All sub-issues of one parent, page by page."""
    above = (parent.id, parent.place.key)
    while True:
        connection = answer.get("subIssues") if isinstance(answer, dict) else None
        if not isinstance(connection, dict):
            tree.hidden.append(parent.place.key)
            return
        raws = connection.get("nodes") or []
        if any(raw is None for raw in raws):
            tree.hidden.append(parent.place.key)
        yield from (_node(api, spelling, raw, above) for raw in raws if raw is not None)
        page = connection.get("pageInfo") or {}
        if not page.get("hasNextPage"):
            return
        answer = api.graphql(MORE_CHILDREN, {"id": parent.node, "after": page.get("endCursor")}).get("node")


def _node(api: Api, spelling: Spelling, raw: Mapping[str, Any], parent: tuple[str, str] | None) -> Node:
    try:
        name, number = raw["repository"]["nameWithOwner"], raw["number"]
        database_id, node_id, updated = raw["fullDatabaseId"], raw["id"], raw["updatedAt"]
        summary = raw.get("subIssuesSummary")
        children = summary["total"] if summary is not None else None
    except (KeyError, TypeError) as problem:
        raise _garbled(api, f"no {problem}") from problem
    whole = is_repository(name) if isinstance(name, str) else False
    if not whole or type(number) is not int or not str(database_id).isdigit():
        raise _garbled(api, "repository, number or fullDatabaseId is of another shape")
    place = spelling.place(Place(name, number))
    return Node(str(database_id), str(node_id), place, str(updated), parent, children)


def _garbled(api: Api, said: str) -> Garbled:
    return Garbled(api.tracker, "POST /graphql", f"a sub-issue cannot be read: {said}")


def _batches(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(things), _BATCH):
        yield things[start : start + _BATCH]

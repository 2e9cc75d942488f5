"""What the fields of a project (GitHub's Projects) say of the issues on it, read over GraphQL."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import InvalidResponse, Missing
from connectors.github.client import GitHubClient, TooMuch
from connectors.github.graphql import PROJECT, project_items
from connectors.github.issue_keys import Place, is_repository
from connectors.github.project_names import Project
from connectors.models import FieldValue
from connectors.names import fold_name

PER_PAGE = 100
"""GitHub gives no more items at once."""
_KINDS = frozenset({"TEXT", "NUMBER", "DATE", "SINGLE_SELECT", "ITERATION"})
_ID = re.compile("[1-9][0-9]{0,18}")
READ_HINT = (
    "Check its number; a classic token needs the scope read:project, a fine-grained one or an App "
    "the organisation's permission Projects: read, and the account has to see the project"
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value of one field: an option or an iteration by its name and its id, anything else by itself."""

    value: FieldValue = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An issue or pull request on a project. `values` in the order of the fields that were asked for."""

    key: str
    """`owner/name#number` as GitHub writes it."""
    values: tuple[Chosen, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field as its project has it."""

    name: str
    kind: str
    """`ProjectV2FieldType` of GitHub's schema."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of a selection: names by id."""

    @property
    def readable(self) -> bool:
        """Whether it holds values of its own; others show what the issue itself has."""
        return self.kind in _KINDS


@dataclass(frozen=True, slots=True)
class Head:
    """What a project tells of itself."""

    node: str
    """The GraphQL id."""
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field that a name means; one that is written exactly so goes first."""
        exact = [item for item in self.fields if item.name == name]
        alike = [item for item in self.fields if fold_name(item.name) == fold_name(name)]
        return next(iter(exact or alike), None)


def read_head(client: GitHubClient, project: Project) -> Head:
    """The project's fields. Raises Missing where the token sees no such project, or nothing in it."""
    data = client.graphql(PROJECT, {"owner": project.owner, "number": project.number})
    owner = data.get("repositoryOwner")
    result = owner.get("projectV2") if isinstance(owner, dict) else None
    if not isinstance(result, dict):
        raise Missing(client.name, "POST /graphql", f"the token sees no project {project}", READ_HINT)
    connection = result.get("fields")
    rows = connection.get("nodes") if isinstance(connection, dict) else None
    if not isinstance(rows, list) or not isinstance(result.get("id"), str):
        raise InvalidResponse(client.name, "POST /graphql", f"expected the fields of the project {project}")
    fields = tuple(filter(None, map(_field, rows)))
    if not fields:
        raise Missing(client.name, "POST /graphql", f"the token sees nothing of {project}", READ_HINT)
    return Head(result["id"], fields)


def _field(row: object) -> Field | None:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        return None
    options = row.get("options")
    several = options if isinstance(options, list) else []
    named = [item for item in several if isinstance(item, dict) and isinstance(item.get("name"), str)]
    return Field(row["name"], str(row.get("dataType")), {str(item.get("id")): item["name"] for item in named})


def read_items(
    client: GitHubClient, project: Project, head: Head, fields: Sequence[Field]
) -> Mapping[str, Item]:
    """The issues by database id, and pull requests by key in lower case, with the values of these fields.

    One request for each 100. Drafts, and what the token may not see, are left out. Raises a TrackerError
    where any page fails.
    """
    return dict(_read(client, project, head, [item.name for item in fields]))


def _read(
    client: GitHubClient, project: Project, head: Head, names: Sequence[str]
) -> Iterator[tuple[str, Item]]:
    query, first = project_items(len(names)), PER_PAGE
    after: str | None = None
    seen: set[str] = set()
    while True:
        variables: dict[str, Any] = {f"f{place}": name for place, name in enumerate(names)}
        variables |= {"id": head.node, "first": first, "after": after}
        try:
            data = client.graphql(query, variables)
        except TooMuch:
            if first == 1:
                raise
            first //= 2
            continue
        first = min(PER_PAGE, 2 * first)
        node = data.get("node")
        connection = node.get("items") if isinstance(node, dict) else None
        rows = connection.get("nodes") if isinstance(connection, dict) else None
        page = connection.get("pageInfo") if isinstance(connection, dict) else None
        if not isinstance(rows, list) or not isinstance(page, dict):
            raise InvalidResponse(
                client.name, "POST /graphql", f"expected the items of the project {project}"
            )
        for row in rows:
            item = _item(client, project, row, len(names))
            if item is not None:
                yield item
        if not page.get("hasNextPage"):
            return
        after = page.get("endCursor")
        if not isinstance(after, str) or after in seen:
            raise InvalidResponse(
                client.name, "POST /graphql", f"the pages of the project {project} do not end"
            )
        seen.add(after)


def _item(client: GitHubClient, project: Project, row: object, count: int) -> tuple[str, Item] | None:
    """One item with its id; None for a draft, and for content that the token may not see."""
    if row is None:
        # Of a project that a fine-grained token may not read GitHub gives empty data, and no error.
        message = f"items of the project {project} came empty"
        raise InvalidResponse(client.name, "POST /graphql", message, READ_HINT)
    if not isinstance(row, dict):
        raise InvalidResponse(client.name, "POST /graphql", f"expected an item of the project {project}")
    content = row.get("content")
    if not isinstance(content, dict) or "repository" not in content:
        return None
    home, number = content.get("repository"), content.get("number")
    name = home.get("nameWithOwner") if isinstance(home, dict) else None
    if not isinstance(name, str) or not is_repository(name) or type(number) is not int or number < 1:
        raise InvalidResponse(client.name, "POST /graphql", f"an item of the project {project} has no place")
    key = Place(name, number).key
    id_ = content.get("fullDatabaseId")
    if "fullDatabaseId" in content and not _ID.fullmatch(str(id_)):
        raise InvalidResponse(client.name, "POST /graphql", f"{key} on the project {project} has no id")
    values = tuple(_value(client, project, key, row.get(f"v{place}")) for place in range(count))
    return (str(id_) if id_ is not None else key.lower()), Item(key, values)


def _value(client: GitHubClient, project: Project, key: str, row: object) -> Chosen:
    if row is None:
        return Chosen()
    if isinstance(row, dict):
        if isinstance(row.get("name"), str):
            return Chosen(row["name"], str(row.get("optionId") or ""))
        if isinstance(row.get("title"), str):
            return Chosen(row["title"], str(row.get("iterationId") or ""))
        for name in ("text", "date"):
            if isinstance(row.get(name), str):
                return Chosen(row[name])
        number = row.get("number")
        if isinstance(number, int | float) and not isinstance(number, bool):
            return Chosen(int(number) if isinstance(number, float) and number.is_integer() else number)
        if {"name", "title", "text", "date", "number"} & {name for name, held in row.items() if held is None}:
            return Chosen()
    raise InvalidResponse(
        client.name, "POST /graphql", f"a value of {key} on the project {project} cannot be read"
    )


def what_is_missing(project: Project, head: Head, names: Collection[str]) -> Mapping[str, str]:
    """By name of a field: why it cannot be read, in words that tell nothing of the project.

    They may stand in a comment that more people read than the project.
    """
    missing: dict[str, str] = {}
    for name in names:
        result = head.field(name)
        if result is None:
            missing[name] = f'the project {project.name} has no field "{name}"'
        elif not result.readable:
            message = f'the field "{name}" of the project {project.name} shows what the issue itself has'
            missing[name] = f"{message}: use the key of rules for that"
    return missing

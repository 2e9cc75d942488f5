"""How the fields of projects are found in the truth."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from connectors.sandbox.github_graphql.cost import Refusal
from connectors.sandbox.github_graphql.lists import listed
from connectors.sandbox.github_graphql.query_context import QueryContext
from connectors.sandbox.github_truth.model import Account, Issue, Project, ProjectField, ProjectItem
from connectors.sandbox.github_wire.render import maybe, node_id

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    Info: TypeAlias = "GraphQLResolveInfo[QueryContext]"

_BEGIN = date(2027, 1, 4)
_DAYS = 14
_FIELD_TYPES = {"SINGLE_SELECT": "ProjectV2SingleSelectField", "ITERATION": "ProjectV2IterationField"}
_VALUE_TYPES = {
    "TEXT": "ProjectV2ItemFieldTextValue",
    "TITLE": "ProjectV2ItemFieldTextValue",
    "NUMBER": "ProjectV2ItemFieldNumberValue",
    "DATE": "ProjectV2ItemFieldDateValue",
    "SINGLE_SELECT": "ProjectV2ItemFieldSingleSelectValue",
    "ITERATION": "ProjectV2ItemFieldIterationValue",
}


@dataclass(frozen=True, slots=True)
class Value:
    """What is set of one field on one item."""

    field: ProjectField
    held: Any

    @property
    def name(self) -> str:
        """The name of what was chosen."""
        return self.field.options[self.held]


@dataclass(frozen=True, slots=True)
class Placed:
    """An item as it stands on its project."""

    project: Project
    item: ProjectItem


def owner(_: object, info: "Info", login: str) -> Account | None:
    """The account of this login; null, without an error, if there is none."""
    return info.context.site.accounts.get(login.casefold())


def project_of(account: Account, info: "Info", number: int) -> Project:
    """The project of an account, as far as the token may see it."""
    context = info.context
    result = context.site.project(account.login, number)
    refusal = context.site.project_refusal(result, context.credential)
    if result is not None and refusal is None:
        return result
    kind, message = refusal or ("NOT_FOUND", "")
    raise Refusal(kind, message or f"Could not resolve to a ProjectV2 with the number {number}.")


def project_by_id(context: QueryContext, number: int) -> Project | None:
    """The project of a GraphQL id."""
    result = context.site.projects.get(number)
    if result is None or context.site.project_refusal(result, context.credential) is not None:
        return None
    return result


def _items(project: Project, info: "Info", **args: Any) -> dict[str, Any]:
    page = listed([Placed(project, item) for item in project.items], args)
    if info.context.site.settings.projects_empty:
        page["nodes"] = [None] * len(page["nodes"])
    return page


def _content(placed: Placed, info: "Info") -> Any:
    context, item = info.context, placed.item
    if item.issue is None:
        return item  # a draft is its own content
    issue = context.site.issues.get(item.issue)
    return issue if issue is not None and context.reads(context.site.repos[issue.repo_id]) else None


def _type(placed: Placed, info: "Info") -> str:
    content = _content(placed, info)
    if isinstance(content, Issue):
        return "PULL_REQUEST" if content.pull_request else "ISSUE"
    return "REDACTED" if content is None else "DRAFT_ISSUE"


def _value_by_name(placed: Placed, _: "Info", name: str) -> Value | None:
    field = next((item for item in placed.project.fields if item.name == name), None)
    held = None if field is None else placed.item.values.get(field.id)
    return None if field is None or held is None else Value(field, held)


def _options(field: ProjectField, _: "Info", names: list[str] | None = None) -> list[dict[str, str]]:
    requested = None if names is None else {name.casefold() for name in names}
    return [
        {"id": id_, "name": name}
        for id_, name in field.options.items()
        if requested is None or name.casefold() in requested
    ]


def _start(value: Value, _: "Info") -> str:
    return (_BEGIN + timedelta(days=_DAYS * list(value.field.options).index(value.held))).isoformat()


_FIELD: dict[str, Callable[..., Any]] = {
    "id": lambda field, _: node_id("PVTF", field.id),
    "dataType": lambda field, _: field.kind,
}
_OF_VALUE: dict[str, Callable[..., Any]] = {"field": lambda value, _: value.field}
RESOLVERS: dict[str, dict[str, Callable[..., Any]]] = {
    "Query": {"repositoryOwner": owner},
    "User": {"projectV2": project_of},
    "Organization": {
        "projectV2": project_of,
        "id": lambda account, _: node_id("O", account.id),
        "databaseId": lambda account, _: account.id,
        "url": lambda account, info: f"{info.context.site.web}/{account.login}",
    },
    "ProjectV2": {
        "id": lambda project, _: node_id("PVT", project.id),
        "fields": lambda project, _, **args: listed(project.fields, args),
        "items": _items,
        "updatedAt": lambda project, _: maybe(project.updated_at),
        "closed": lambda *_: False,
    },
    "ProjectV2Item": {
        "id": lambda placed, _: node_id("PVTI", placed.item.id),
        "content": _content,
        "fieldValueByName": _value_by_name,
        "isArchived": lambda placed, _: placed.item.archived,
        "type": _type,
        "updatedAt": lambda placed, _: maybe(placed.item.updated_at),
    },
    "DraftIssue": {"id": lambda item, _: node_id("DI", item.id), "title": lambda *_: "Draft"},
    "ProjectV2Field": _FIELD,
    "ProjectV2IterationField": _FIELD,
    "ProjectV2SingleSelectField": {**_FIELD, "options": _options},
    "ProjectV2ItemFieldTextValue": {**_OF_VALUE, "text": lambda value, _: value.held},
    "ProjectV2ItemFieldNumberValue": {**_OF_VALUE, "number": lambda value, _: value.held},
    "ProjectV2ItemFieldDateValue": {**_OF_VALUE, "date": lambda value, _: value.held},
    "ProjectV2ItemFieldSingleSelectValue": {
        **_OF_VALUE,
        "name": lambda value, _: value.name,
        "optionId": lambda value, _: value.held,
    },
    "ProjectV2ItemFieldIterationValue": {
        **_OF_VALUE,
        "title": lambda value, _: value.name,
        "iterationId": lambda value, _: value.held,
        "startDate": _start,
        "duration": lambda *_: _DAYS,
    },
}


def type_name(thing: Any) -> str | None:
    """The GraphQL type of something of a project; None for anything else."""
    if isinstance(thing, Value):
        return _VALUE_TYPES[thing.field.kind]
    if isinstance(thing, ProjectField):
        return _FIELD_TYPES.get(thing.kind, "ProjectV2Field")
    if isinstance(thing, ProjectItem):
        return "DraftIssue"  # only content is found by its type
    return "ProjectV2" if isinstance(thing, Project) else None

"""One GraphQL request: read, checked, counted, paid for and run."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from connectors.sandbox.github_graphql.cost import Counter, Refusal
from connectors.sandbox.github_graphql.query_context import QueryContext
from connectors.sandbox.github_graphql.resolvers import attach
from connectors.sandbox.github_graphql.schema import github_schema
from connectors.sandbox.github_truth.model import Credential
from connectors.sandbox.github_truth.truth import Truth

UNFINISHED = "RESOURCE_LIMITS_EXCEEDED"
_UNFINISHED_TEXT = "Resource limits for this query exceeded. The data is incomplete; ask for less at a time."

Pay = Callable[[int], Mapping[str, int] | None]
"""Takes points and tells what is left, or None if that is not enough."""


@cache
def _ready(*, sub_issues: bool, projects: bool) -> GraphQLSchema:
    schema = github_schema(sub_issues=sub_issues, projects=projects)
    attach(schema)
    return schema


def answer_query(site: Truth, credential: Credential, body: bytes, pay: Pay) -> dict[str, Any]:
    """The JSON that answers a GraphQL request; errors stand in it, as GitHub sends them with HTTP 200."""
    try:
        query, variables, name = _read(body)
        schema = _ready(sub_issues=site.has_sub_issues, projects=site.has_projects)
        document, operation = _checked(schema, query, name)
        count = Counter(schema, document, variables).walk(operation)
    except _Unfit as unfit:
        return {"errors": [_shown(error) for error in unfit.errors]}
    except GraphQLError as error:
        return {"errors": [_shown(error)]}
    budget = pay(count.points)
    if budget is None:
        message = f"API rate limit exceeded for user ID {site.account(credential.login).id}."
        return {"errors": [{"type": "RATE_LIMITED", "message": message}]}
    result = execute_sync(
        schema,
        document,
        context_value=QueryContext(site, credential, count, budget),
        variable_values=dict(variables),
        operation_name=name,
    )
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [_shown(error) for error in result.errors]
    most = site.settings.graphql_size
    if most is not None and count.largest > most:
        _leave_out(answer["data"])
        answer["errors"] = [*answer.get("errors", ()), {"type": UNFINISHED, "message": _UNFINISHED_TEXT}]
    return answer


def _leave_out(data: Any) -> None:
    """Let the later half of every list be null, as in an answer that ran out of resources."""
    for value in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        _leave_out(value)
    if isinstance(data, dict) and isinstance(data.get("nodes"), list):
        nodes = data["nodes"]
        nodes[len(nodes) // 2 :] = [None] * (len(nodes) - len(nodes) // 2)


class _Unfit(Exception):
    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


def _read(body: bytes) -> tuple[str, Mapping[str, Any], str | None]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise GraphQLError("Problems parsing JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise GraphQLError("A query attribute must be specified and must be a string.")
    return asked["query"], asked.get("variables") or {}, asked.get("operationName")


@lru_cache(64)  # a client asks the same few queries again and again; checking one takes the most time
def _checked(
    schema: GraphQLSchema, query: str, name: str | None
) -> tuple[DocumentNode, OperationDefinitionNode]:
    document = parse(query)
    errors = validate(schema, document)
    if errors:
        raise _Unfit(errors)
    operation = get_operation_ast(document, name)
    if operation is None or operation.operation != OperationType.QUERY:
        raise GraphQLError("This sandbox answers exactly one query at a time, and no mutation.")
    return document, operation


def _shown(error: GraphQLError) -> dict[str, Any]:
    """An error with GitHub's `type` beside what the specification wants."""
    shown: dict[str, Any] = dict(error.formatted)
    cause = error if isinstance(error, Refusal) else error.original_error
    return {"type": cause.kind, **shown} if isinstance(cause, Refusal) else shown

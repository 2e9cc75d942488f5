"""Answers of Jira as JSON objects and lists, or an InvalidResponse."""

from typing import Any

from connectors.errors import InvalidResponse
from connectors.http.response import HttpResponse

Json = dict[str, Any]

_NAMES = (str, int, type(None))


def mapping(answer: HttpResponse, value: object) -> Json:
    """`value` if it is an object; raises InvalidResponse if not."""
    if not isinstance(value, dict):
        raise InvalidResponse(answer.tracker, answer.request, "expected a JSON object, got something else")
    return value


def rows(answer: HttpResponse, value: object, name: str) -> list[Json]:
    """The list of objects under `name`, without an id or key that cannot be one; `{}` for what is no object.

    Raises InvalidResponse where there is no list.
    """
    result = mapping(answer, value).get(name)
    if not isinstance(result, list):
        raise InvalidResponse(
            answer.tracker, answer.request, f"expected a list of {name}, got something else"
        )
    objects = (row if isinstance(row, dict) else {} for row in result)
    return [row if row and _named(row) else {**row, **_names_of(row)} for row in objects]


def _named(row: Json) -> bool:
    """Whether what stands as a row's id and key can be one, or is not there at all."""
    return isinstance(row.get("id"), _NAMES) and isinstance(row.get("key"), _NAMES)


def _names_of(row: Json) -> Json:
    """The id and key of a row, None for what cannot be one."""
    return {name: row[name] if isinstance(row.get(name), str) else None for name in ("id", "key")}

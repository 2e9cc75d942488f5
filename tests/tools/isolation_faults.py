"""The lasting faults of the isolation campaign: of whole answers, and of single rows in any answer."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Html, Kind, Replace, Status
from tests.tools.isolation_world import Resource

_GRAPHQL_ERRORS = {
    "data": {"nodes": [None]},
    "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "no"}],
}


def _odd(_request: Request, response: Response) -> Response:
    """The answer with every text as a number."""
    body = re.sub(rb'": ?"[^"\\]*"', b'": 7', response.get_data())
    return Response(body, status=response.status_code, content_type="application/json")


ERRORS = "data and errors"
LIMITED = "429"
"""A tracker's word about all requests, wherever it comes: the next ones are to wait as well."""
INCOMPLETE = "an empty list"
"""Where changes are asked for, it says that there are none, as a list does that comes late: what is read of
single issues meanwhile is told together with what was read before, until the next comparison."""
FAULTS: Mapping[str, Kind] = {
    "500": Status(500, body={"message": "no"}),
    "403": Status(403, body={"message": "no"}),
    "404": Status(404, body={"message": "no"}),
    "410": Status(410, body={"message": "no"}),
    "451": Status(451, body={"message": "no"}),
    LIMITED: Status(429, {"Retry-After": "86400"}, {"message": "no"}),
    "HTML": Html(),
    "empty": Status(200, {"Content-Type": "application/json"}, b""),
    "an object without anything": Status(200, body={}),
    INCOMPLETE: Status(200, body=[]),
    "odd values": Replace(_odd),
    ERRORS: Status(200, body=_GRAPHQL_ERRORS),
}
"""What a path, or a part of it, answers; the errors are GraphQL's."""
PARTS = ("500", "403", "HTML")
"""What one method of a path answers, and what a path answers from the first run on."""

Change = Callable[[dict[str, Any]], object]
"""Spoils one row; what it gives back stands in its place."""


def _set(**values: Any) -> Change:
    """Set these, in the row of Jira within its `fields`."""

    def change(row: dict[str, Any]) -> object:
        fields = row.get("fields")
        inner = fields if isinstance(fields, dict) else row
        inner.update({name: value for name, value in values.items() if name in inner})
        return row

    return change


ROW_FAULTS: Mapping[str, Change] = {
    "row: labels null": _set(labels=None),
    "row: title null": _set(title=None, summary=None),
    "row: state weird": _set(state="weird", status={"name": 5, "statusCategory": {"key": ["x"]}}),
    "row: state null": _set(state=None, status=None),
    "row: time without zone": _set(updated_at="2027-02-01T00:00:00", updated="2027-02-01T00:00:00"),
    "row: year 0": _set(updated_at="0000-00-00T00:00:00Z", updated="0000-00-00T00:00:00.000+0000"),
    "row: id a float": lambda row: {**row, "id": 1.5},
    "row: id huge": lambda row: {**row, "id": 10**40},
    "row: no object": lambda row: [1],
    "row: null": lambda row: None,
}
"""What becomes of one issue's row, wherever it comes."""
NAMELESS = ("row: no object", "row: null")


def fault_of(name: str, resource: Resource) -> Fault:
    """The fault of this name that lasts for this resource; one of a row is looked for in every answer."""
    if name not in ROW_FAULTS:
        return Fault(
            kind=FAULTS[name],
            site=resource.site,
            path=resource.pattern,
            method=resource.method,
            body=resource.body,
            times=None,
        )
    change = ROW_FAULTS[name]

    def spoil(_request: Request, response: Response) -> Response:
        try:
            answer = orjson.loads(response.get_data())
        except orjson.JSONDecodeError:
            return response
        if any(_is_row(each, resource.path) for each in _objects(answer)):
            response.set_data(_dumped(_spoilt(answer, resource.path, change)))
        return response

    return Fault(kind=Replace(spoil), site=resource.site, times=None)


def _spoilt(value: Any, key: str, change: Change) -> Any:
    if isinstance(value, list):
        return [_spoilt(each, key, change) for each in value]
    if isinstance(value, dict):
        return (
            change(value) if _is_row(value, key) else {k: _spoilt(v, key, change) for k, v in value.items()}
        )
    return value


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _objects(each)


def _is_row(row: Any, key: str) -> bool:
    """Whether this is the row of an issue, by its key in Jira or by its page in GitHub."""
    if not isinstance(row, dict):
        return False
    if "#" not in key:
        return row.get("key") == key and "fields" in row
    repository, _, number = key.partition("#")
    page = str(row.get("html_url") or "")
    return page.endswith(f"/{repository}/issues/{number}") and "title" in row


def _dumped(value: Any) -> bytes:
    """JSON, also of numbers beyond 64 bits."""
    return json.dumps(value).encode()

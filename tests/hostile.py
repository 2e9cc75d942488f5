"""Hostile values, and where to put them: what a tracker never documented and may send all the same."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from werkzeug import Request, Response

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**53 + 1,
    2**63,
    2**64 - 1,
    10**30,
    -1.5,
    1e308,
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff text",
    "\u202egnp.exe",
    "\u0661\u0662",
    "\u00b2",
    "A" * 70_000,
    "done",
    "../../x",
    "javascript:alert(1)",
    "http://[::1",
    "https://evil.example:99999/x",
    "9999-12-31T23:59:59.999-2359",
    "0001-01-01T00:00:00.000+1400",
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    {"name": 3, "key": [], "id": {}, "value": True},
    [{"name": None}, {"name": "\ud800"}],
    [1, "a", None, {"name": "x"}],
    json.loads("[" * 60 + "]" * 60),
)
WAYS = ("replace", "remove", "wrap", "repeat", "add", "rename")
PLACES = st.integers(0, 100_000)
Change = tuple[int, int, str]
CHANGES = st.tuples(PLACES, st.integers(0, len(VALUES) - 1), st.sampled_from(WAYS))
"""A place in a document, a value for it, and what to do with the two."""


def places(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path below the top of a JSON document."""
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield (*path, key)
            yield from places(value, (*path, key))


def changed(document: Any, change: Change) -> Any:
    """The document with one thing in it as nobody expects it; a document without places becomes the value."""
    place, value, way = change
    found = list(places(document))
    if not found:
        return VALUES[value]
    path = found[place % len(found)]
    copy = deepcopy(document)
    parent = copy
    for part in path[:-1]:
        parent = parent[part]
    _change(parent, path[-1], deepcopy(VALUES[value]), way)
    return copy


def _change(parent: Any, key: Any, value: Any, way: str) -> None:
    match way:
        case "remove":
            del parent[key]
        case "wrap":
            parent[key] = [parent[key]]
        case "repeat" if isinstance(parent, list):
            parent.append(deepcopy(parent[key]))
        case "add" if isinstance(parent, dict):
            parent["surprise"] = value
        case "rename" if isinstance(parent, dict):
            parent[f"{key}\ud800"] = parent.pop(key)
        case _:
            parent[key] = value


def spoil(*changes: Change) -> "Spoiled":
    """What a `Replace` of the sandbox does to an answer."""
    return Spoiled(changes)


class Spoiled:
    """Changes every JSON answer that it is given."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self.changes = changes

    def __call__(self, request: Request, response: Response) -> Response:
        """The answer, spoiled if it is JSON."""
        try:
            document = json.loads(response.get_data(as_text=True))
        except ValueError:
            return response
        for change in self.changes:
            document = changed(document, change)
        response.set_data(json.dumps(document))
        return response

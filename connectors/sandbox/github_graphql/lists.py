"""Connections: a page of a list by cursor, as GitHub's GraphQL gives it."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sandbox.github_graphql.cost import Refusal

Key = tuple[int, ...]
"""What a cursor stands for; keys of a list ascend."""


def connection(keys: Sequence[Key], load: Callable[[Key], Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """The page that `first`/`after` or `last`/`before` ask for."""
    low = bisect_right(keys, _key(args["after"])) if args.get("after") else 0
    high = bisect_left(keys, _key(args["before"])) if args.get("before") else len(keys)
    high = max(low, high)
    if args.get("first") is not None:
        high = min(high, low + args["first"])
    elif args.get("last") is not None:
        low = max(low, high - args["last"])
    page = keys[low:high]
    return {
        "nodes": [load(key) for key in page],
        "totalCount": len(keys),
        "pageInfo": {
            "hasNextPage": high < len(keys),
            "hasPreviousPage": low > 0,
            "startCursor": _cursor(page[0]) if page else None,
            "endCursor": _cursor(page[-1]) if page else None,
        },
    }


def listed(items: Sequence[Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """The page of a short list, by position."""
    return connection([(at,) for at in range(len(items))], lambda key: items[key[0]], args)


def _cursor(key: Key) -> str:
    return base64.b64encode(f"cursor:v2:{':'.join(map(str, key))}".encode()).decode()


def _key(cursor: str) -> Key:
    try:
        _, _, *key = base64.b64decode(cursor, validate=True).decode().split(":")
        return tuple(int(part) for part in key)
    except (binascii.Error, ValueError):
        raise Refusal(
            "INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor."
        ) from None

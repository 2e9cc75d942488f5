"""What a connector remembers between runs: small JSON objects under keys, compared before they are written.

No credentials: `connectors.redaction` keeps them out.
"""

import hashlib
from typing import Any, Protocol

import orjson


class ConnectorState(Protocol):
    """Small facts that a connector keeps between runs, such as the server's type and field ids."""

    def get(self, key: str) -> str | None:
        """The value that was set last, in this run or an earlier one; None if there was none."""
        ...

    def set(self, key: str, value: str) -> None:
        """Keep a value for later runs."""
        ...


def recall(state: ConnectorState, key: str) -> dict[str, Any]:
    """The object that was remembered under a key; empty where there is none, or it is damaged."""
    try:
        value = orjson.loads(state.get(key) or "{}")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def remember(state: ConnectorState, key: str, value: dict[str, Any]) -> None:
    """Keep an object, an empty one as nothing; writes only where it differs from what is there."""
    text = orjson.dumps(value).decode() if value else ""
    if text != (state.get(key) or ""):
        state.set(key, text)


def digest(value: object) -> str:
    """64 bits of a JSON value's SHA-256 in hex digits, to notice that a scope or setting is another."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

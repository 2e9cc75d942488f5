"""The issues whose trees count: as they are called today, and those that did not come."""

from collections.abc import Collection
from dataclasses import dataclass

import orjson

from connectors.connector_state import ConnectorState
from connectors.jira.rows import named_rows
from connectors.jira.search import Search
from connectors.models import Unread

_KEY = "jira.trees_behind"


@dataclass(frozen=True, slots=True)
class Roots:
    """Roots that were asked for by their keys; one that does not exist is in neither part."""

    ids: dict[str, str]
    """Id and key, as of today."""
    lost: tuple[str, ...] = ()
    """Keys of those that may exist and that Jira did not send as issues: their trees were not read."""

    @property
    def unread(self) -> tuple[Unread, ...]:
        """The trees that were not read, each by its root."""
        return tuple(
            Unread(None, key, "Jira could not send the root of its tree this time") for key in self.lost
        )


def find_roots(search: Search, keys: Collection[str]) -> Roots:
    """The roots with these keys. Raises TrackerError where none can be asked for."""
    result: dict[str, str] = {}
    odd = False
    for rows, errors in search.by_keys(sorted(keys), ["updated"]):
        result |= named_rows(rows)
        odd = odd or bool(errors) or not all(map(named_rows, ([row] for row in rows)))
    return Roots(result, tuple(sorted(set(keys) - set(result.values()))) if odd else ())


def trees_behind(memory: ConnectorState) -> frozenset[str]:
    """Keys of the roots whose trees the latest reading left out, so that the next one reads all of them."""
    try:
        kept = orjson.loads(memory.get(_KEY) or "[]")
    except orjson.JSONDecodeError:
        return frozenset()
    return frozenset(str(key) for key in kept) if isinstance(kept, list) else frozenset()


def remember_behind(memory: ConnectorState, lost: Collection[str]) -> None:
    """Note which trees were left out."""
    text = orjson.dumps(sorted(lost)).decode()
    if (memory.get(_KEY) or "[]") != text:
        memory.set(_KEY, text)

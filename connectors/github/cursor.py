"""Where a pull stopped, as text; and the trees that stood then, in the memory between runs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.contract import Interest, Memory
from connectors.github.settings import GitHubSettings

_VERSION = 1
_TREES = "github.trees"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The server's time before a pull, what was pulled, and the how-manieth pull it was."""

    at: datetime
    scope: str
    count: int

    def __str__(self) -> str:
        return orjson.dumps(
            {"v": _VERSION, "at": self.at.isoformat(), "scope": self.scope, "n": self.count}
        ).decode()

    @property
    def name(self) -> str:
        """What the trees of this pull are remembered by."""
        return f"{self.at.isoformat()} {self.count} {self.scope}"

    @classmethod
    def read(cls, text: str | None) -> "Cursor | None":
        """The cursor in a text, or None if this connector did not write it."""
        try:
            found = orjson.loads(text or "")
            if found["v"] != _VERSION:
                return None
            at, scope, count = datetime.fromisoformat(found["at"]), found["scope"], found["n"]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None
        if at.tzinfo is None or not isinstance(scope, str) or type(count) is not int:
            return None
        return cls(at.astimezone(UTC), scope, count)


def scope_digest(settings: GitHubSettings, interest: Interest) -> str:
    """Changes whenever issues that were pulled before would now be read otherwise, or others be read.

    Roots and keys are left out: whatever is named newly is not yet remembered and so comes whole.
    """
    said = [
        settings.url,
        sorted(name.lower() for name in settings.repositories),
        (settings.organization or "").lower(),
        sorted(label.lower() for label in settings.in_progress_labels),
        interest.checklists,
        interest.pull_requests,
    ]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]


Known = Mapping[str, tuple[str, str, str]]
"""Issues that a pull brought for their own sake: id -> key, parent's id or "", time of the last change."""


def known_at(memory: Memory, cursor: Cursor) -> Known | None:
    """What stood in the trees when this cursor was taken; None if that is not remembered."""
    found = _remembered(memory).get(cursor.name)
    if not isinstance(found, dict):
        return None
    rows = {str(id_): row for id_, row in found.items() if isinstance(row, list) and len(row) == 3}
    return {id_: (str(row[0]), str(row[1]), str(row[2])) for id_, row in rows.items()}


def remember(memory: Memory, before: Cursor | None, now: Cursor, known: Known) -> None:
    """Keep what stands now beside what stood before: if this pull is not stored, the next starts there."""
    kept = _remembered(memory)
    base = {before.name: kept[before.name]} if before and before.name in kept else {}
    memory.set(_TREES, orjson.dumps({**base, now.name: known}).decode())


def _remembered(memory: Memory) -> dict[str, Any]:
    try:
        found = orjson.loads(memory.get(_TREES) or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}

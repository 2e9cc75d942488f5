"""Where the last pull stood, as text that the store keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from connectors import bounds
from connectors.connector_state import digest
from connectors.jira.settings import JiraSettings
from connectors.models import Interest
from connectors.task_lists import RULES

OVERLAP = timedelta(minutes=5)
"""How far before the cursor a pull begins: JQL counts in minutes, and Cloud's index lags behind."""

_VERSION = 1
_ROWS = 4
"""Raised when this program reads more of a row than before, so that everything is read again once."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The server's time before a pull, and a digest of what was pulled."""

    at: datetime
    scope: str

    def text(self) -> str:
        """As JSON text."""
        existing = {"v": _VERSION, "kind": "jira", "instant": self.at.isoformat(), "scope": self.scope}
        return orjson.dumps(existing).decode()

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The cursor that `text` holds; None if this connector did not write it."""
        try:
            existing = orjson.loads(text or "null")
        except orjson.JSONDecodeError:
            return None
        if not isinstance(existing, dict) or (existing.get("v"), existing.get("kind")) != (_VERSION, "jira"):
            return None
        instant, digest = existing.get("instant"), existing.get("scope")
        if not isinstance(instant, str) or not isinstance(digest, str):
            return None
        when = bounds.server_time(bounds.moment(instant))
        return cls(when, digest) if when is not None else None


def scope_digest(settings: JiraSettings, interest: Interest, fields: Iterable[str]) -> str:
    """Changes whenever a pull would bring other issues, or more of each issue, than the one before."""
    asked = [
        _ROWS,
        settings.url,
        sorted(settings.projects),
        settings.jql,
        settings.story_points,
        settings.blocked_by_links,
        sorted(interest.roots),
        sorted(interest.keys),
        sorted(interest.fields),
        interest.checklists and RULES,
        sorted(fields),
    ]
    return digest(asked)


def earliest(instant: datetime, behind: Iterable[str | None]) -> datetime | None:
    """From when on to read; None if something was never read, or since when is damaged."""
    snapshots = [bounds.server_time(bounds.moment(text)) for text in behind]
    existing = [when for when in snapshots if when is not None]
    return min([instant, *existing]) if len(existing) == len(snapshots) else None

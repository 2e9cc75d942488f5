"""Where a pull stopped, as text that the store keeps, and from when on the next one has to read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from connectors import bounds
from connectors import connector_state as state
from connectors.connector_state import ConnectorState
from connectors.github.issue_keys import is_repository
from connectors.github.settings import GitHubSettings
from connectors.models import Interest
from connectors.names import fold_name
from connectors.task_lists import RULES

_VERSION = 1
_READING = "github.reading"
MOST_BEHIND = 500
"""Repositories that are remembered as not read; with more of them it is no single repository that fails."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The server's time before a pull, a digest of what was pulled, and the number since a full pull."""

    at: datetime
    scope: str
    count: int
    dated: bool = True
    """The time is the server's. Else it is ours, and only names the pull: no reading goes by it."""

    def text(self) -> str:
        """As JSON text."""
        message = {"v": _VERSION, "at": self.at.isoformat(), "scope": self.scope, "n": self.count}
        return orjson.dumps(message if self.dated else {**message, "dated": False}).decode()

    @property
    def name(self) -> str:
        """What the trees of this pull are remembered by."""
        return f"{self.at.isoformat()} {self.count} {self.scope}"

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The cursor in a text, or None if this connector did not write it."""
        try:
            result = orjson.loads(text or "")
            if result["v"] != _VERSION:
                return None
            at, scope, count = bounds.server_time(bounds.moment(result["at"])), result["scope"], result["n"]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None
        count = bounds.whole(count, 0, bounds.LARGEST_ID - 1)
        if at is None or not isinstance(scope, str) or count is None:
            return None
        return cls(at, scope, count, result.get("dated") is not False)


@dataclass(frozen=True, slots=True)
class Since:
    """From when on the next pull has to read; None for everything."""

    start: datetime | None
    behind: Mapping[str, datetime | None] = field(default_factory=dict)
    """The same for single repositories, by name in lower case, that could not be read."""

    def back(self, overlap: timedelta) -> "Since":
        """The same, `overlap` earlier."""
        return Since(_back(self.start, overlap), {name: _back(t, overlap) for name, t in self.behind.items()})


def since_at(memory: ConnectorState, cursor: Cursor) -> Since:
    """What to read after this cursor; for one without a server's time, what was remembered with it."""
    result = state.recall(memory, _READING).get(cursor.name)
    result = result if isinstance(result, dict) else {}
    latest = _moment(result.get("since"), cursor)
    behind = result.get("behind")
    several = behind.items() if isinstance(behind, dict) and len(behind) <= MOST_BEHIND else ()
    return Since(
        cursor.at if cursor.dated else latest,
        {name: _moment(time, cursor) for name, time in several if is_repository(name)},
    )


def remember_since(memory: ConnectorState, before: Cursor | None, now: Cursor, since: Since) -> None:
    """Keep it beside what is kept for `before`; nothing is written where nothing has to be remembered."""
    readings = state.recall(memory, _READING)
    kept = {before.name: readings[before.name]} if before and before.name in readings else {}
    start = "" if now.dated or since.start is None else since.start.isoformat()
    behind = {name: time.isoformat() if time else "" for name, time in sorted(since.behind.items())}
    if start or behind:
        kept[now.name] = {"since": start, "behind": behind}
    state.remember(memory, _READING, kept)


def _moment(text: object, cursor: Cursor) -> datetime | None:
    return bounds.past(bounds.server_time(bounds.moment(text)), cursor.at)


def _back(time: datetime | None, overlap: timedelta) -> datetime | None:
    return time - overlap if time is not None else None


_ROWS = 1
"""Raised when this program reads more of a row than before, so that everything is read again once."""


def scope_digest(settings: GitHubSettings, interest: Interest) -> str:
    """Changes whenever issues that were pulled before would now be read otherwise, or others be read.

    Roots and keys are left out: whatever is named newly is not yet remembered and so comes whole.
    """
    parts = [
        _ROWS,
        settings.url,
        sorted(name.lower() for name in settings.repositories),
        (settings.organization or "").lower(),
        sorted(map(fold_name, settings.in_progress_labels)),
        interest.checklists and RULES,
        interest.pull_requests,
        *(["fields", sorted(interest.fields)] if interest.fields else []),
        *_of_projects(settings),
    ]
    return state.digest(parts)


def _of_projects(settings: GitHubSettings) -> list[object]:
    """What the settings say of projects and of the status; nothing where they say nothing."""
    projects = sorted(
        (project_name.name, project_name.owner.lower(), project_name.number)
        for project_name in settings.project_names.values()
    )
    moving = sorted(map(fold_name, settings.in_progress_statuses))
    status = ["status", settings.status_field, moving] if settings.status_field else []
    return [*(["projects", projects] if projects else []), *status]

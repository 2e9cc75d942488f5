"""Where a pull stopped, as text; and the trees that stood then, in the memory between runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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
_TREES = "github.trees"
_STANDING = "github.standing"
_READING = "github.reading"
MOST_BEHIND = 500
"""Repositories that are remembered as not read; with more of them it is no single repository that fails."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The server's time before a pull, what was pulled, and the how-manieth pull it was."""

    at: datetime
    scope: str
    count: int
    dated: bool = True
    """The time is the server's. Else it is ours, and only names the pull: no reading goes by it."""

    def __str__(self) -> str:
        message = {"v": _VERSION, "at": self.at.isoformat(), "scope": self.scope, "n": self.count}
        return orjson.dumps(message if self.dated else {**message, "dated": False}).decode()

    @property
    def name(self) -> str:
        """What the trees of this pull are remembered by."""
        return f"{self.at.isoformat()} {self.count} {self.scope}"

    @classmethod
    def read(cls, text: str | None) -> "Cursor | None":
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
class Reading:
    """From when on the next pull has to read; None for everything."""

    since: datetime | None
    behind: Mapping[str, datetime | None] = field(default_factory=dict)
    """The same for single repositories, by name in lower case, that could not be read."""

    def back(self, overlap: timedelta) -> "Reading":
        """The same so much earlier."""
        return Reading(
            _back(self.since, overlap), {name: _back(t, overlap) for name, t in self.behind.items()}
        )


def reading_at(memory: ConnectorState, cursor: Cursor) -> Reading:
    """What to read after this cursor. A cursor without a server's time is worth what is remembered of it."""
    result = state.recall(memory, _READING).get(cursor.name)
    result = result if isinstance(result, dict) else {}
    latest = _moment(result.get("since"), cursor)
    behind = result.get("behind")
    several = behind.items() if isinstance(behind, dict) and len(behind) <= MOST_BEHIND else ()
    return Reading(
        cursor.at if cursor.dated else latest,
        {name: _moment(time, cursor) for name, time in several if is_repository(name)},
    )


def remember_reading(memory: ConnectorState, before: Cursor | None, now: Cursor, reading: Reading) -> None:
    """Keep it beside what is kept for `before`; nothing is written where nothing has to be remembered."""
    readings = state.recall(memory, _READING)
    kept = {before.name: readings[before.name]} if before and before.name in readings else {}
    since = "" if now.dated or reading.since is None else reading.since.isoformat()
    behind = {name: time.isoformat() if time else "" for name, time in sorted(reading.behind.items())}
    if since or behind:
        kept[now.name] = {"since": since, "behind": behind}
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


Stand = tuple[str, str, str, str, int]
"""Of one issue: key, parent's id or "", time of the last change, GraphQL id, number of sub-issues or -1."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known at the end of a pull beside the issues themselves."""

    walk: str
    """The name of the cursor of the pull that walked the trees last."""
    walked: datetime
    """When that was."""
    named: str
    """A digest of the roots and keys that were named then."""
    whole: bool = True
    """Nothing was hidden or lost."""
    known: Mapping[str, Stand] = field(default_factory=dict)
    """Issues that were brought for their own sake, by id."""


def named_digest(interest: Interest) -> str:
    """Changes whenever other roots or keys are named."""
    parts = [sorted(interest.roots), sorted(interest.keys)]
    return state.digest(parts)


def standing_at(memory: ConnectorState, cursor: Cursor) -> Standing | None:
    """What stood when this cursor was taken; None if that is not remembered."""
    result: Any = state.recall(memory, _STANDING).get(cursor.name)
    try:
        walk, walked = result["walk"], bounds.past(bounds.moment(result["walked"]), cursor.at)
        if walked is None:
            return None
        existing = state.recall(memory, _TREES)[walk]
        return Standing(
            str(walk),
            walked,
            str(result["named"]),
            result["whole"] is True,
            {id_: (str(k), str(p), str(u), str(n), int(c)) for id_, (k, p, u, n, c) in existing.items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def latest_trees(memory: ConnectorState) -> dict[str, Stand]:
    """The trees as they were walked last, whatever cursor that was; nothing where that is not remembered."""
    try:
        *_, existing = state.recall(memory, _TREES).values()
        return {id_: (str(k), str(p), str(u), str(n), int(c)) for id_, (k, p, u, n, c) in existing.items()}
    except (AttributeError, TypeError, ValueError):
        return {}


def remember(memory: ConnectorState, before: Cursor | None, now: Cursor, standing: Standing) -> None:
    """Keep what stands now beside what stood before: if this pull is not stored, the next starts there.

    The trees, which may be large, are written only by the pull that walked them.
    """
    standings = state.recall(memory, _STANDING)
    kept = {before.name: standings[before.name]} if before and before.name in standings else {}
    kept[now.name] = {
        "walk": standing.walk,
        "walked": standing.walked.isoformat(),
        "named": standing.named,
        "whole": standing.whole,
    }
    if standing.walk == now.name:
        trees, used = state.recall(memory, _TREES), {item["walk"] for item in kept.values()}
        others = {name: existing for name, existing in trees.items() if name in used}
        state.remember(memory, _TREES, {**others, now.name: standing.known})
    state.remember(memory, _STANDING, kept)

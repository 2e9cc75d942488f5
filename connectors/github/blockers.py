"""What blocks GitHub's issues: a count comes with each issue, the issues themselves by one more request."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.connector_state import ConnectorState, recall, remember
from connectors.errors import BadConfiguration, TrackerDown, TrackerError, Unavailable
from connectors.github.client import GitHubClient
from connectors.github.issue_keys import place_of
from connectors.github.issues import IssueParser
from connectors.isolation import IN_ROW
from connectors.models import Blocker, Issue, IssueRef, StatusCategory

_ANSWERS = "github.blockers"
"""Remembered: what blocks the issues that changed lately, since an overlap brings them once more."""
_PER_PAGE = 100
_OVER = (StatusCategory.DONE, StatusCategory.CANCELLED)


class Blockers:
    """Asks for what blocks open issues.

    One request for each open issue of which GitHub counts an open blocker (`issue_dependencies_summary`).
    Where that fails the count stays, and the next comparison with all that is there asks again; after
    `IN_ROW` requests that were not answered no more are sent. The first failure of a reading is notified.
    """

    def __init__(
        self, client: GitHubClient, parser: IssueParser, memory: ConnectorState | None = None
    ) -> None:
        """`memory`: of a pull of changes; what it has of an issue that did not change is not asked again."""
        self._client = client
        self._parser = parser
        self._memory = memory
        self._before = _read(memory) if memory is not None else {}
        self._now: dict[str, list[Any]] = {}
        self._silent = 0
        self._notified = False

    def named(self, issues: Sequence[Issue]) -> tuple[Issue, ...]:
        """The same issues, with what blocks them. Raises TrackerDown and BadConfiguration."""
        return tuple(self._with_blockers(issue) if issue.unnamed_blockers else issue for issue in issues)

    def keep(self, since: datetime) -> None:
        """Once everything is read: remember what blocks the issues that changed since then."""
        if self._memory is None:
            return
        reported = {**self._before, **self._now}
        fresh = {id_: value for id_, value in reported.items() if datetime.fromisoformat(value[0]) >= since}
        remember(self._memory, _ANSWERS, fresh)

    def _with_blockers(self, issue: Issue) -> Issue:
        stamp = [issue.updated.isoformat(), issue.unnamed_blockers]
        before = self._before.get(issue.ref.id, [])
        if before[:2] == stamp:
            result = [_blocker(self._client.name, *item) for item in before[2]]
        else:
            asked = self._asked(issue)
            if asked is None:
                return issue
            result = asked
            rows = [[item.ref.id, item.ref.key, item.url, item.title, item.category] for item in result]
            self._now[issue.ref.id] = [*stamp, rows]
        still_open = sum(blocker.category not in _OVER for blocker in result)
        return replace(
            issue, blocked_by=tuple(result), unnamed_blockers=max(0, issue.unnamed_blockers - still_open)
        )

    def _asked(self, issue: Issue) -> list[Blocker] | None:
        """What blocks an issue, in the order of ids; None where GitHub does not tell it now."""
        place = place_of(issue.ref.key)
        if place is None or self._silent >= IN_ROW:
            return None
        try:
            result = list(self._blockers(f"{place.path}/dependencies/blocked_by"))
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            self._silent = self._silent + 1 if isinstance(problem, Unavailable) else 0
            if not self._notified:
                self._client.notify(f"{problem}; what blocks {issue.ref.key} is counted and not named")
            self._notified = True
            return None
        self._silent = 0
        return sorted(result, key=lambda blocker: int(blocker.ref.id))

    def _blockers(self, path: str) -> Iterator[Blocker]:
        for rows in self._client.pages(path, {"per_page": _PER_PAGE}):
            for row in rows:
                other = self._parser.issue(row)
                if isinstance(other, Issue):
                    yield Blocker(other.ref, other.url, other.title, other.category)


def _blocker(tracker: str, id_: str, key: str, url: str, title: str, category: str) -> Blocker:
    return Blocker(IssueRef(tracker, id_, key), url, title, StatusCategory(category))


def _read(memory: ConnectorState) -> dict[str, list[Any]]:
    """What was remembered; nothing where any of it is damaged."""
    stored = recall(memory, _ANSWERS)
    try:
        for updated, count, rows in stored.values():
            if datetime.fromisoformat(updated).tzinfo is None or type(count) is not int:
                return {}
            for row in rows:
                _blocker("", *map(_text, row))
    except (TypeError, ValueError):
        return {}
    return stored


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value

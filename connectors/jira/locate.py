"""What became of issues that no list has: each is asked for by its id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from connectors.errors import BadConfiguration, Missing, Refused, TrackerError
from connectors.isolation import read_apart
from connectors.jira.client import JiraClient
from connectors.jira.issues import IssueParser, container_of
from connectors.jira.jql import both, condition_of, listed
from connectors.jira.json_answers import Json
from connectors.jira.search import BULK, Search
from connectors.models import Fate, Issue, IssueRef, Unread, Whereabouts

_ARCHIVED_AT = "archiveddate"
"""The field in which Data Center says when an issue was archived; Cloud leaves it out."""
_FRESH = timedelta(hours=1)
"""An issue that changed within this may be missing in a search because its index is late."""
_ARCHIVED = "archived: no search finds it, its id opens it"


class Locator:
    """Asks for issues by id, and separates those that a search brings from those that only their id opens."""

    def __init__(self, client: JiraClient, search: Search, parser: IssueParser) -> None:
        self._client = client
        self._search = search
        self._parser = parser
        self._names = [*parser.requested(), _ARCHIVED_AT]

    def locate(self, refs: Iterable[IssueRef]) -> dict[IssueRef, Whereabouts]:
        """Where each is. Raises TrackerError where the tracker is down or refuses the login."""
        requested = list(dict.fromkeys(refs))
        rows = self._in_bulk(requested)
        single = read_apart([ref for ref in requested if ref.id not in rows], self._ask, container_of)
        result: dict[IssueRef, Whereabouts] = {}
        archived: set[str] = set()
        for ref in requested:
            answer = rows.get(ref.id) or single.get(ref)
            if isinstance(answer, Whereabouts):
                result[ref] = answer
            elif isinstance(answer, dict):
                result[ref] = self._read(answer)
                if (answer.get("fields") or {}).get(_ARCHIVED_AT):
                    archived.add(ref.id)
            else:
                reason = answer.reason if isinstance(answer, TrackerError) else "no answer"
                result[ref] = Whereabouts(Fate.UNKNOWN, reason=reason)
        there = {ref.id: at.issue for ref, at in result.items() if at.fate is Fate.PRESENT and at.issue}
        archived |= self._unlisted([id_ for id_ in there if id_ not in archived], there)
        outside = self._unmatched([id_ for id_ in there if id_ not in archived])
        return {
            ref: _archived(at) if ref.id in archived else _outside(at) if ref.id in outside else at
            for ref, at in result.items()
        }

    def _in_bulk(self, refs: Sequence[IssueRef]) -> dict[str, Json]:
        """By id, those that come together; none at all where that fails, since each is asked for then."""
        if not self._client.server().cloud:
            return {}
        rows: dict[str, Json] = {}
        try:
            for page, _ in self._search.by_keys([ref.id for ref in refs], self._names):
                rows.update((row["id"], row) for row in page if isinstance(row.get("id"), str))
        except BadConfiguration:
            raise
        except TrackerError:
            return rows
        return rows

    def _ask(self, ref: IssueRef) -> Whereabouts | Json:
        try:
            return self._search.present(ref.id, self._names)
        except Missing as gone:
            return Whereabouts(Fate.GONE, reason=gone.reason)
        except Refused as refused:
            return Whereabouts(Fate.HIDDEN, reason=refused.reason)

    def _read(self, row: Json) -> Whereabouts:
        issue = self._parser.issue(row)
        if isinstance(issue, Unread):
            return Whereabouts(Fate.UNKNOWN, reason=f"it came but could not be read: {issue.why}")
        return Whereabouts(Fate.PRESENT, issue)

    def _unlisted(self, ids: Sequence[str], there: Mapping[str, Issue]) -> set[str]:
        """Those of these issues that no search finds. One whose search fails is taken for listed."""
        now = self._client.now()
        old = [id_ for id_ in ids if now - there[id_].updated > _FRESH]
        missing: set[str] = set()
        for start in range(0, len(old), BULK):
            missing |= self._not_found(old[start : start + BULK])
        return missing

    def _unmatched(self, ids: Sequence[str]) -> set[str]:
        """Those of these issues, which a search finds, that the `jql` of the scope does not match now.

        By a search for the contrary: that one search lacks an issue would prove nothing.
        """
        condition = self._client.settings.jql
        if not condition:
            return set()
        outside: set[str] = set()
        for start in range(0, len(ids), BULK):
            some = ids[start : start + BULK]
            contrary = f"NOT ({condition_of(self._client, condition)})"
            try:
                outside |= self._search.ids(both(f"id in ({listed(some)})", contrary)).keys()
            except BadConfiguration:
                return outside  # it is the list that is believed then, once it says so again
        return outside.intersection(ids)

    def _not_found(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids that a search does not bring; in halves where unknown ids are refused."""
        try:
            return set(ids) - self._search.ids(f"id in ({listed(ids)})").keys()
        except BadConfiguration:
            if len(ids) == 1:
                return set(ids)
            half = len(ids) // 2
            return self._not_found(ids[:half]) | self._not_found(ids[half:])


def _outside(at: Whereabouts) -> Whereabouts:
    return Whereabouts(Fate.OUTSIDE, at.issue, "the jql of this tracker does not match it")


def _archived(at: Whereabouts) -> Whereabouts:
    issue = replace(at.issue, archived=True) if at.issue is not None else None
    return Whereabouts(Fate.ARCHIVED, issue, _ARCHIVED)

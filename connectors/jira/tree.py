"""The descendants of epics and parents, level by level, wherever they live."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from connectors.jira import jql
from connectors.jira.fields import FieldMap
from connectors.jira.json_answers import Json
from connectors.jira.rows import named_rows
from connectors.jira.search import Search

_CHUNK = 100
"""Parents named in one JQL: short enough for every server's limit on the length of a query."""


class Tree:
    """Walks down from issues by `parent`, and on Data Center by Epic Link too."""

    def __init__(self, search: Search, fields: FieldMap, cloud: bool) -> None:
        self._search = search
        self._links = ("parent",) if cloud else ("parent", *(jql.field(one) for one in fields.epic_link))
        self.members: dict[str, str] = {}
        """Id and key of all that the latest `rows` came by, the roots among them."""

    def ids(self, roots: Mapping[str, str]) -> set[str]:
        """The ids of all descendants of these roots (id -> key), at any depth."""
        seen = set(roots)
        level = dict(roots)
        while level:
            result: dict[str, str] = {}
            for condition in self._conditions(level):
                result |= self._search.ids(condition)
            level = {identity: key for identity, key in result.items() if identity not in seen}
            seen.update(level)
        return seen - set(roots)

    def rows(
        self, roots: Mapping[str, str], fields: Sequence[str], since: datetime | None
    ) -> Iterator[list[Json]]:
        """The descendants' rows: all (`since` None), or those that changed or came into the tree since.

        Below an issue that changed everything is read, for its subtree may be new here though none of it
        changed. The others are walked by their time of change alone.
        """
        seen = set(roots)
        self.members = dict(roots)
        warm = dict(roots) if since is None else {}
        cold = {} if since is None else self._split(roots, since, warm)
        while warm or cold:
            below: dict[str, str] = {}
            for page in self._pages(warm, fields):
                yield page
                below |= named_rows(page)
            changed, rest = self._changed(cold, since)
            yield list(self._search.all_of(changed, fields))
            warm = {one: key for one, key in {**changed, **below}.items() if one not in seen}
            cold = {one: key for one, key in rest.items() if one not in seen and one not in warm}
            seen.update(warm, cold)
            self.members |= warm | cold

    def _split(self, roots: Mapping[str, str], since: datetime, warm: dict[str, str]) -> dict[str, str]:
        """Put the roots that changed since into `warm`; the others."""
        cold = dict(roots)
        for identity in _recent(self._search.all_of(roots, ["updated"]), since):
            if identity in cold:
                warm[identity] = cold.pop(identity)
        return cold

    def _changed(
        self, parents: Mapping[str, str], since: datetime | None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The children of these that changed since, and the others."""
        changed: dict[str, str] = {}
        rest: dict[str, str] = {}
        if since is not None:
            for page in self._pages(parents, ["updated"]):
                keys, recent = named_rows(page), _recent(page, since)
                changed |= {one: key for one, key in keys.items() if one in recent}
                rest |= {one: key for one, key in keys.items() if one not in recent}
        return changed, rest

    def _pages(self, parents: Mapping[str, str], fields: Sequence[str]) -> Iterator[list[Json]]:
        for condition in self._conditions(parents):
            yield from self._search.rows(condition, fields)

    def _conditions(self, parents: Mapping[str, str]) -> Iterator[str]:
        keys = sorted(parents.values())
        for start in range(0, len(keys), _CHUNK):
            named = jql.listed(keys[start : start + _CHUNK])
            yield " OR ".join(f"{link} in ({named})" for link in self._links)


def _recent(page: Iterable[Json], since: datetime) -> set[str]:
    """Ids of rows that changed since, or that do not say when."""
    return {str(row.get("id")) for row in page if not _older(row, since)}


def _older(row: Json, since: datetime) -> bool:
    fields = row.get("fields")
    text = fields.get("updated") if isinstance(fields, dict) else None
    if not isinstance(text, str):
        return False
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return False
    return when.tzinfo is not None and when < since

"""What is in scope, read as lists: repositories side by side, pages of one ahead of who takes them."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain
from typing import Any

from connectors.answer import Answer
from connectors.contract import Memory, Missing
from connectors.github.api import Api, sort_scope
from connectors.github.organisation import Organisation
from connectors.github.pages import PER_PAGE, Sheet, changed, whole
from connectors.parallel import merged

__all__ = ["PER_PAGE", "Listing", "repositories"]


def repositories(api: Api) -> Iterator[tuple[str, bool]]:
    """Every repository in scope once, `owner/name`, and whether it is configured by name."""
    yield from ((name, True) for name in api.settings.repositories)
    if api.settings.organization is not None:
        yield from ((name, False) for name in _members(api, _member_pages(api)))


class Listing:
    """One reading of all issues and pull requests in scope that changed at or after `since` (None: all).

    Opening it sends the first request, whose answer tells GitHub's `moment`. A configured repository that
    is not there is a BadConfiguration, never an empty list; one of an organisation may vanish meanwhile.
    """

    moment: datetime
    """GitHub's own time when the reading began."""

    def __init__(self, api: Api, memory: Memory, since: datetime | None) -> None:
        self._api = api
        self._since = since
        self._organisation = Organisation(api, memory)
        self._full = since is None and api.settings.organization is not None
        self._streams = self._begun()
        self._again: dict[str, None] = {}
        self._repeats = 0

    def rows(self) -> Iterator[list[Any]]:
        """The rows by pages, in no order that means anything; some may come twice, none is lost."""
        if self._full:
            self._organisation.begin()
        for sheet in self._read(self._streams):
            rows = self._taken(sheet)
            if rows:
                yield rows
        for sheet in self._read(changed(self._api, path, None) for path in self._again):
            yield sheet.rows(self._api)
        if self._full:
            self._organisation.end(self._repeats, self.moment, certain=not self._again)

    def _taken(self, sheet: Sheet) -> list[Any]:
        before = sheet.repeats
        rows = sheet.rows(self._api)
        self._organisation.count(sheet, rows)
        self._repeats += sheet.repeats - before
        if sheet.shifted:
            self._again[sheet.path] = None
        return rows

    def _read(self, streams: Iterable[Iterable[Sheet]]) -> Iterator[Sheet]:
        """The pages of these lists, some lists at once; every rate limit that is met halves how many."""
        transport, settings = self._api.transport, self._api.settings
        many = settings.organization is not None or len(settings.repositories) > 1
        workers, before = settings.workers if many else 1, transport.limited

        def allowed() -> int:
            return max(1, workers >> min(16, transport.limited - before))

        with closing(merged(streams, allowed, workers, 1 + workers)) as sheets:
            yield from sheets

    def _begun(self) -> Iterator[Iterator[Sheet]]:
        """A stream for each list. The first request is sent here, so that its answer tells the time."""
        api, organisation = self._api, self._organisation
        named = api.settings.repositories
        if api.settings.organization is None:
            return self._first_now(self._named(name) for name in named)
        if self._since is not None and organisation.listed:
            owner = f"{api.settings.organization.lower()}/"
            others = [name for name in named if not name.lower().startswith(owner)]
            everything = changed(api, organisation.path, self._since, {"filter": "all"})
            what = f"the organisation {api.settings.organization}"
            return self._first_now([_must(everything, what), *(self._named(name) for name in others)])
        pages = _member_pages(api)
        first = next(pages)
        self.moment = api.moment(first)
        members = _members(api, chain([first], pages))
        return chain(map(self._named, named), map(self._member, members))

    def _first_now(self, streams: Iterable[Iterator[Sheet]]) -> Iterator[Iterator[Sheet]]:
        first, *others = streams
        head = next(first)
        self.moment = self._api.moment(head.answer)
        return iter([chain([head], first), *others])

    def _list(self, name: str) -> Iterator[Sheet]:
        path = f"/repos/{name}/issues"
        return whole(self._api, path) if self._since is None else changed(self._api, path, self._since)

    def _named(self, name: str) -> Iterator[Sheet]:
        return _must(self._list(name), name)

    def _member(self, name: str) -> Iterator[Sheet]:
        try:
            yield from self._list(name)
        except Missing:
            return


def _must(sheets: Iterator[Sheet], what: str) -> Iterator[Sheet]:
    """The same; what is configured and not there is a mistake in the configuration."""
    try:
        yield from sheets
    except Missing as problem:
        raise sort_scope(problem, what) from problem


def _member_pages(api: Api) -> Iterator[Answer]:
    """The pages of an organisation's list of repositories."""
    path = f"/orgs/{api.settings.organization}/repos"
    try:
        yield from api.answers(path, {"type": "all", "sort": "full_name", "per_page": PER_PAGE})
    except Missing as problem:
        raise sort_scope(problem, f"the organisation {api.settings.organization}") from problem


def _members(api: Api, pages: Iterable[Answer]) -> Iterator[str]:
    """The repositories on these pages that have issues and are not configured by name."""
    seen = {name.lower() for name in api.settings.repositories}
    for answer in pages:
        for row in api.rows(answer):
            name = row.get("full_name") if isinstance(row, dict) else None
            if isinstance(name, str) and name.lower() not in seen and row.get("has_issues", True):
                seen.add(name.lower())
                yield name

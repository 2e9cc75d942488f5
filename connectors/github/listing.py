"""All issues in scope, by the lists of repositories or of an organisation; one that fails stops no other."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any

from connectors.errors import (
    BadConfiguration,
    InvalidResponse,
    Missing,
    Refused,
    TrackerDown,
    TrackerError,
    Unavailable,
)
from connectors.github.client import GitHubClient
from connectors.github.explain import sort_scope
from connectors.github.issue_keys import Spelling, repository_of_api
from connectors.github.issues import names_issue
from connectors.github.organisation import Organisation
from connectors.github.pagination import RawPage, changed, whole
from connectors.github.repositories import PER_PAGE, RepositoryNames, container, member_pages, members, row_id
from connectors.http.response import answer_time
from connectors.isolation import IN_ROW
from connectors.models import Container

__all__ = ["PER_PAGE", "Listing", "Plan"]

_MOST_IN_ROW = 10
"""Lists that do not answer in a row, although others did, until the tracker counts as down."""


@dataclass(frozen=True, slots=True)
class Plan:
    """From when on to read, by GitHub's own time; None for everything.

    `survey`: everything, by the list of each repository and never that of the organisation, and with the
    repository's row.
    """

    since: datetime | None = None
    behind: Mapping[str, datetime | None] = field(default_factory=dict)
    """The same for single repositories, by name in lower case, that could not be read before."""
    survey: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """A repository whose list is read: its name in the lists, and its row where that came already."""

    name: str
    configured: bool
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """The row of a repository came, before its list."""

    source: _Source


@dataclass(frozen=True, slots=True)
class _End:
    """A list was read to its end, or failed."""

    source: _Source
    error: TrackerError | None = None


_Part = RawPage | _Row | _End


class Listing:
    """One reading of all issues and pull requests in scope, by a Plan.

    Opening it sends the first request, whose answer tells GitHub's `moment`; a survey sends none. A list
    that cannot be read is in `failed`, and the others are read. Raises the first error, or BadConfiguration,
    where the tracker itself fails: no configured list can be read, an organisation's repositories cannot be
    listed, or three lists in a row do not answer before one did.
    """

    moment: datetime | None
    """GitHub's own time when the reading began; None if it did not tell."""

    def __init__(self, client: GitHubClient, names: RepositoryNames, spelling: Spelling, plan: Plan) -> None:
        self._client = client
        self._names = names
        self._spelling = spelling
        self._plan = plan
        self._organisation = Organisation(client)
        self._full = plan.since is None and client.settings.organization is not None
        self._again: dict[str, None] = {}
        self._repeats = 0
        self._silent = 0
        self._read_one = False
        self._failed: dict[str, tuple[_Source, TrackerError]] = {}
        self._ended: list[_Source] = []
        self._in_one = False
        self._described: dict[str, _Source] = {}
        self._by_path: dict[str, _Source] = {}
        self.latest: datetime | None = None
        """The last change that came, if it is not ahead of our clock."""
        self.moment = None
        self._streams = self._open_lists()

    def rows(self) -> Iterator[list[Any]]:
        """The rows by pages, in no order that means anything; some may come twice, none is lost."""
        if self._full:
            self._organisation.begin()
        for part in self._read(self._streams):
            rows = self._take(part)
            if rows:
                yield rows
        self._raise_if_nothing_read()
        for part in self._read(self._read_again(path) for path in self._again):
            rows = part.rows() if isinstance(part, RawPage) else self._take(part)
            self._note_latest(rows)
            yield rows
        self._names.keep()
        if self._full:
            certain = not (self._again or self._failed)
            began = self.moment or self._client.clock()
            self._organisation.end(self._repeats, began, certain=certain)

    @property
    def failed(self) -> tuple[Container, ...]:
        """Once the rows are in: the repositories that could not be read, each with its `error`."""
        result = (
            replace(self._container(source), error=str(error) or type(error).__name__)
            for source, error in self._failed.values()
        )
        return tuple(sorted(result, key=lambda item: item.name))

    @property
    def listed(self) -> frozenset[str] | None:
        """Once the rows are in: the casefolded names of those that were read by themselves; None: all."""
        if not self._in_one:
            return None
        return frozenset(self._container(source).name.casefold() for source in self._ended)

    @property
    def failed_names(self) -> tuple[str, ...]:
        """The names in lower case of the lists that failed."""
        return tuple(self._failed)

    @property
    def first_error(self) -> TrackerError | None:
        """Why the first of them could not be read; one of an organisation that is gone does not count."""
        errors = (
            error
            for source, error in self._failed.values()
            if source.configured or not isinstance(error, Missing)
        )
        return next(errors, None)

    @property
    def containers(self) -> tuple[Container, ...]:
        """Once the rows of a survey are in: every repository in scope."""
        failed = {item.id: item for item in self.failed}
        read = {item.id: item for item in map(self._container, self._described.values())}
        return tuple(sorted({**read, **failed}.values(), key=lambda element: element.name))

    def described(self) -> tuple[Container, ...]:
        """Once everything was read: the repositories of which GitHub tells more than their issues.

        Asks about those that are configured by name; one that it does not tell of is left out.
        """
        for name in self._names.configured():
            if name.lower() in self._described or name.lower() in self._failed:
                continue
            try:
                source = self._with_row(_Source(name, configured=True))
            except TrackerError:
                break
            if source.row:
                self._take(_Row(source))
        self._names.keep()
        return tuple(self._container(source) for source in self._described.values() if source.row)

    def _container(self, source: _Source) -> Container:
        name = self._spelling.repository(str(source.row.get("full_name") or self._names.today(source.name)))
        result = container(source.row, name, app=self._client.settings.app_id is not None)
        return result if row_id(source.row) else replace(result, id=self._names.id_of(source.name))

    def _take(self, part: _Part) -> list[Any]:
        if isinstance(part, RawPage):
            return self._rows_of(part)
        key = part.source.name.lower()
        if isinstance(part, _Row):
            self._described[key] = part.source
            now = part.source.row.get("full_name")
            self._names.rows[(now if isinstance(now, str) else key).lower()] = part.source.row
            if part.source.configured and isinstance(now, str):
                self._names.learn(part.source.name, now, row_id(part.source.row))
        elif part.error is None:
            if key not in self._failed:  # its pages may have come, and hold no rows
                self._silent, self._read_one = 0, True
                self._ended.append(part.source)
        else:
            self._failed.setdefault(key, (part.source, part.error))
            self._silent = self._silent + 1 if isinstance(part.error, Unavailable) else 0
            if self._silent >= (_MOST_IN_ROW if self._read_one else IN_ROW):
                raise part.error
        return []

    def _rows_of(self, page: RawPage) -> list[Any]:
        before = page.repeats
        try:
            rows = self._named(page, page.rows())
        except InvalidResponse as problem:
            source = self._by_path.get(page.path)
            if source is None:
                self._organisation.distrust()
                raise
            self._failed.setdefault(source.name.lower(), (source, problem))
            return []
        self._silent = 0
        self._organisation.count(page, rows)
        self._repeats += page.repeats - before
        if page.shifted:
            self._again[page.path] = None
        source = self._by_path.get(page.path)
        row = rows[0] if rows and isinstance(rows[0], dict) else {}
        now = repository_of_api(str(row.get("repository_url")))
        if source is not None and source.configured and now is not None:
            self._names.learn(source.name, now)
        self._note_latest(rows)
        return rows

    def _named(self, page: RawPage, rows: list[Any]) -> list[Any]:
        """The rows that say of which issue they are; with others, the list counts as not read to its end."""
        named = [row for row in rows if names_issue(row)]
        if len(named) < len(rows):
            message = (
                f"{len(rows) - len(named)} of {len(rows)} rows of this list say not of which issue they are"
            )
            problem = InvalidResponse(self._client.name, f"GET {page.path}", message)
            if page.path not in self._by_path:
                raise problem
            source = self._by_path[page.path]
            self._failed.setdefault(source.name.lower(), (source, problem))
        return named

    def _note_latest(self, rows: list[Any]) -> None:
        """Only where GitHub tells no time: its rows do."""
        if self.moment is not None or self._plan.survey:
            return
        present = self._client.clock()
        for row in rows:
            try:
                time = datetime.fromisoformat(row["updated_at"])
                late = time > present or (self.latest is not None and time <= self.latest)
            except (KeyError, TypeError, ValueError):
                continue
            self.latest = self.latest if late else time

    def _raise_if_nothing_read(self) -> None:
        """Raise where nothing was read, since then it is the tracker, or its configuration, that fails."""
        if self._read_one or not self._failed or self._plan.survey:
            return
        for source, error in self._failed.values():
            if source.configured or not isinstance(error, Missing | Refused):
                raise sort_scope(error, source.name) from error

    def _read(self, streams: Iterable[Iterable[_Part]]) -> Iterator[_Part]:
        """The parts of these lists, some lists at once; every rate limit that is met halves how many."""
        settings = self._client.settings
        many = settings.organization is not None or len(settings.repositories) > 1
        workers = settings.workers if many else 1
        with closing(self._client.transport.merged(streams, workers)) as parts:
            yield from parts

    def _open_lists(self) -> Iterator[Iterator[_Part]]:
        """A stream for each list. The first request is sent here, so that its answer tells the time."""
        client, organisation, plan = self._client, self._organisation, self._plan
        named = [_Source(name, configured=True) for name in self._names.configured()]
        if client.settings.organization is None:
            lists = map(self._list, named)
            return lists if plan.survey else self._with_first_request(lists)
        if plan.since is not None and organisation.listed and not plan.survey:
            begun = self._organisation_list(organisation, named)
            if begun is not None:
                return begun
        pages = member_pages(client)
        first = next(pages)
        self.moment = answer_time(first)
        result = members(client, chain([first], pages), self._names)
        sources = (_Source(name, configured=False, row=row) for name, row in result)
        return chain(map(self._list, named), map(self._list, sources))

    def _organisation_list(
        self, organisation: Organisation, named: list[_Source]
    ) -> Iterator[Iterator[_Part]] | None:
        """The organisation's own list, and those that are not in it; None if it does not answer well."""
        owner = f"{self._client.settings.organization}/".lower()
        inside = {source.name.lower(): source for source in named if source.name.lower().startswith(owner)}
        others = [source for source in named if source.name.lower() not in inside]
        late = [
            inside.get(name, _Source(name, configured=False))
            for name in self._plan.behind
            if name.startswith(owner)
        ]
        everything = changed(self._client, organisation.path, self._plan.since, {"filter": "all"})
        try:
            head = next(everything)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError:
            organisation.distrust()
            return None
        self.moment = answer_time(head.answer)
        self._in_one = True
        whole_list = self._or_distrust(chain([head], everything), organisation)
        return iter([whole_list, *map(self._list, [*others, *late])])

    def _or_distrust(self, sheets: Iterator[RawPage], organisation: Organisation) -> Iterator[_Part]:
        """The organisation's list; if it breaks off, the next run reads repository by repository."""
        try:
            yield from sheets
        except TrackerError as problem:
            if not isinstance(problem, TrackerDown | BadConfiguration):
                organisation.distrust()
            raise sort_scope(problem, f"the organisation {self._client.settings.organization}") from problem
        yield _End(_Source(organisation.path, configured=True))

    def _with_first_request(self, streams: Iterator[Iterator[_Part]]) -> Iterator[Iterator[_Part]]:
        for stream in streams:
            head = next(stream)
            if isinstance(head, RawPage):
                self.moment = answer_time(head.answer)
                return chain([chain([head], stream)], streams)
            self._take(head)
        self._raise_if_nothing_read()
        return iter(())

    def _list(self, source: _Source) -> Iterator[_Part]:
        """The sheets of one list, and how it ended."""
        try:
            if self._plan.survey or source.row:
                source = self._with_row(source)
                yield _Row(source)
                if source.row.get("has_issues") is False and not source.configured:
                    return
            yield from self._raw_pages(source)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as error:
            yield _End(source, error)
        else:
            yield _End(source)

    def _with_row(self, source: _Source) -> _Source:
        """The same with its row, or without one where GitHub gives none: the list's own error tells why."""
        if source.row:
            return source
        try:
            path = f"/repos/{self._names.today(source.name)}"
            return replace(source, row=self._client.get(path).json_object())
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError:
            return source

    def _raw_pages(self, source: _Source) -> Iterator[RawPage]:
        now = source.row.get("full_name")
        today = now if isinstance(now, str) and repository_of_api(f"/repos/{now}") else None
        today = today or self._names.today(source.name)
        began = False
        try:
            for page in self._pages(source, today):
                began = True
                yield page
        except Missing:
            # What was renamed once may be gone, and another be called as this one was.
            if began or today.lower() == source.name.lower():
                raise
            yield from self._pages(source, source.name)

    def _pages(self, source: _Source, today: str) -> Iterator[RawPage]:
        path = f"/repos/{today}/issues"
        self._by_path[path] = source
        since = self._plan.behind.get(source.name.lower(), self._plan.since)
        return whole(self._client, path) if since is None else changed(self._client, path, since)

    def _read_again(self, path: str) -> Iterator[_Part]:
        """A list that shifted while it was read, by changes."""
        source = self._by_path.get(path) or _Source(path, configured=True)
        try:
            yield from changed(self._client, path, None)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as error:
            yield _End(source, error)

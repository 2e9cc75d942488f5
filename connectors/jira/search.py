"""Every row that a JQL matches, complete or an error: tokens on Cloud, offsets on Data Center."""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial

from connectors.errors import BadConfiguration, InvalidResponse, Missing, Refused, TrackerError, Unavailable
from connectors.http.response import HttpResponse
from connectors.http.urls import path_segment
from connectors.isolation import read_apart
from connectors.jira.client import JiraClient
from connectors.jira.id_set import IdSet
from connectors.jira.jql import listed
from connectors.jira.json_answers import Json, rows

BULK = 100
"""The most issues of one bulk request, on Cloud by the vendor's limit."""

_RESTARTS = 5
_OMITTED = 50
"""Issues that a bulk fetch may leave out before it is not believed and all pages are read instead."""
_USUAL_CAP = 1_000
"""The longest page of most Data Centers (`jira.search.views.default.max`)."""
_TOO_LARGE = re.compile(
    r"HTTP 413|max_?\s?results|too (?:large|many|big)|number of issues|page size|response size|result window",
    re.IGNORECASE,
)
"""What a server says where it is asked for too much at once."""
_STABLE = "ORDER BY created ASC, key ASC"


class Search:
    """Searches one Jira; rows are plain JSON with `id`, `key` and the fields asked for."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._ended = False
        """Whether the latest page of a search by token was its last."""
        self._cap = 5_000
        """Rows of a page that this server has not refused in this run."""

    def rows(self, jql: str, fields: Sequence[str]) -> Iterator[list[Json]]:
        """Pages of rows, each issue once. An answer that is no page of issues is an error, never an end."""
        seen = IdSet()
        for page in self._pages(jql, fields):
            yield [row for row in page if not isinstance(row.get("id"), str) or seen.add(row["id"])]

    def everything(self, jql: str, fields: Sequence[str]) -> Iterator[tuple[list[Json], list[Json]]]:
        """Like `rows`, with the errors of issues that exist but did not come; in parallel where it is long.

        Cloud's pages are chained by their tokens. So beyond the first page only ids are listed, by the
        thousand, and the issues fetched by id beside one another. An issue that changes in between comes as
        it is then. One that the fetch leaves out is asked for by itself: it is gone, or it comes. What is
        new since the listing began was changed after the pull's cursor and comes with the next pull.
        """
        listing = self.rows(jql, fields)
        page = next(listing, [])
        yield page, []
        one_by_one = self._client.settings.workers == 1 or len(page) > BULK
        if one_by_one or not self._client.server().cloud or self._ended:
            yield from ((more, []) for more in listing)
            return
        try:
            yield from self._by_ids(jql, fields, IdSet(str(row.get("id")) for row in page))
        except _NoSuchSearch:  # a site without the bulk fetch
            yield from ((more, []) for more in listing)

    def _by_ids(
        self, jql: str, fields: Sequence[str], seen: IdSet
    ) -> Iterator[tuple[list[Json], list[Json]]]:
        def fetch(chunk: list[str]) -> tuple[list[str], list[Json], list[Json]]:
            return chunk, *self._bulk(chunk, fields)

        omitted: list[str] = []
        tasks = (partial(fetch, chunk) for chunk in _chunks(self._new_ids(jql, seen), self._size(fields)))
        transport, workers = self._client.transport, self._client.settings.workers
        with closing(transport.in_parallel(tasks, workers)) as results:
            for chunk, page, errors in results:
                came = {str(row.get("id")) for row in (*page, *errors)}
                omitted += [identity for identity in chunk if identity not in came]
                yield page, errors
                if len(omitted) > _OMITTED:  # rather a fetch that does not work than so many deletions
                    break
        if len(omitted) > _OMITTED:
            yield from ((more, []) for more in self.rows(jql, fields))
            return
        singles = transport.in_parallel((partial(self.one, one, fields) for one in omitted), workers)
        yield [row for row in singles if row is not None], []

    def _new_ids(self, jql: str, seen: IdSet) -> Iterator[str]:
        for page in self._pages(jql, ["id"]):
            for row in page:
                identity = row.get("id")
                if not isinstance(identity, str):
                    raise InvalidResponse(
                        self._client.name,
                        self._client.request("POST", self._path),
                        "an issue came without its id",
                    )
                if seen.add(identity):
                    yield identity

    def ids(self, jql: str) -> dict[str, str]:
        """The id and key of all issues that match."""
        result = {}
        for page in self.rows(jql, ["id"]):
            for row in page:
                identity, key = row.get("id"), row.get("key")
                if not isinstance(identity, str):
                    raise InvalidResponse(
                        self._client.name,
                        self._client.request("POST", self._path),
                        "an issue came without its id",
                    )
                result[identity] = key if isinstance(key, str) else identity
        return result

    def by_keys(
        self, keys: Iterable[str], fields: Sequence[str], *, fresh: bool = False
    ) -> Iterator[tuple[list[Json], list[Json]]]:
        """Issues by key or id, at most 100 at once, and the errors of those that exist but did not come.

        `fresh`: straight from the database, because an index may lag behind what was written just now.
        """
        requested = list(dict.fromkeys(keys))
        for start in range(0, len(requested), BULK):
            chunk = requested[start : start + BULK]
            if self._client.server().cloud:
                try:
                    yield self._bulk(chunk, fields)
                    continue
                except _NoSuchSearch:
                    self._ask_kind_again("issue/bulkfetch")
            yield self._one_by_one(chunk, fields) if fresh else self._listed(chunk, fields)

    def all_of(self, keys: Iterable[str], fields: Sequence[str], *, fresh: bool = False) -> Iterator[Json]:
        """Issues by key or id, those that are gone left out. Raises Unavailable if one did not come."""
        for page, errors in self.by_keys(keys, fields, fresh=fresh):
            if errors:
                message = f"Jira could not send {len(errors)} issues this time"
                raise Unavailable(self._client.name, self._client.request("POST", "issue/bulkfetch"), message)
            yield from page

    def one(self, key: str, fields: Sequence[str]) -> Json | None:
        """One issue by key or id, fresh from the database and by its former key too; None if it is gone."""
        try:
            return self.present(key, fields)
        except (Missing, Refused):
            return None

    def present(self, key: str, fields: Sequence[str]) -> Json:
        """The same; raises Missing if it is gone, Refused if the account may not see it."""
        answer = self._client.get(f"issue/{path_segment(key)}", {"fields": ",".join(fields)})
        return answer.json_object()

    def count(self, jql: str) -> int:
        """About how many issues match; proves that the JQL is understood."""
        cloud = self._client.server().cloud
        path, name = ("search/approximate-count", "count") if cloud else ("search", "total")
        more: Json = {} if cloud else {"maxResults": 0, "fields": ["id"]}
        try:
            answer = self._ask_many(path, {"jql": jql, **more})
        except _NoSuchSearch:
            self._ask_kind_again(path)
            return self.count(jql)
        number = answer.json_object().get(name)
        if not isinstance(number, int):
            raise InvalidResponse(self._client.name, answer.request, "the count is missing")
        return number

    def _one_by_one(self, chunk: Iterable[str], fields: Sequence[str]) -> tuple[list[Json], list[Json]]:
        """Issues asked for one by one; and those whose own address does not answer, by key or id."""
        answers = read_apart(chunk, lambda key: self.one(key, fields))
        rows = [row for row in answers.values() if not isinstance(row, TrackerError)]
        failed = [key for key, row in answers.items() if isinstance(row, TrackerError)]
        return rows, [{"id" if key.isdecimal() else "key": key} for key in failed]

    def _listed(self, chunk: list[str], fields: Sequence[str]) -> tuple[list[Json], list[Json]]:
        """Data Center: one search for those under their present key, then the rest one by one.

        Without `validateQuery: false` one unknown key would spoil the whole list.
        """
        ids, keys = [one for one in chunk if one.isdigit()], [one for one in chunk if not one.isdigit()]
        parts = [f"{name} in ({listed(some)})" for name, some in (("id", ids), ("key", keys)) if some]
        request = {
            "jql": " OR ".join(parts),
            "fields": list(fields),
            "maxResults": BULK,
            "validateQuery": False,
        }
        try:
            answer = self._ask_many("search", request)
            result = rows(answer, answer.json_object(), "issues")
        except (BadConfiguration, _NoSuchSearch):
            result = []
        came = {row.get(name) for row in result for name in ("id", "key")}
        others, failed = self._one_by_one((one for one in chunk if one not in came), fields)
        return result + others, failed

    def _bulk(self, chunk: list[str], fields: Sequence[str]) -> tuple[list[Json], list[Json]]:
        try:
            answer = self._ask_many("issue/bulkfetch", {"issueIdsOrKeys": chunk, "fields": list(fields)})
        except (BadConfiguration, Unavailable) as problem:
            if len(chunk) == 1 or not _TOO_LARGE.search(problem.reason):
                raise
            half = len(chunk) // 2
            halves = [self._bulk(part, fields) for part in (chunk[:half], chunk[half:])]
            return [row for result, _ in halves for row in result], [one for _, bad in halves for one in bad]
        body = answer.json_object()
        reported = body.get("issueErrors")
        errors = reported if isinstance(reported, list) else []
        return rows(answer, body, "issues"), [one for one in errors if isinstance(one, dict)]

    def _pages(self, jql: str, fields: Sequence[str]) -> Iterator[list[Json]]:
        for _ in range(2):
            pages = self._by_token if self._client.server().cloud else self._by_offset
            try:
                yield from pages(f"{jql} {_STABLE}", fields)
                return
            except _NoSuchSearch:
                self._ask_kind_again(self._path)

    def _ask_kind_again(self, path: str) -> None:
        """Ask again what kind of Jira this is; what was remembered is contradicted.

        Raises BadConfiguration if it is what was remembered, so that something else is wrong.
        """
        before = self._client.server().cloud
        if self._client.ask_server().cloud == before:
            message, hint = "there is no search at this address", "Check the url, its path included"
            raise BadConfiguration(self._client.name, self._client.request("POST", path), message, hint)

    @property
    def _path(self) -> str:
        """Where this kind of Jira is searched."""
        return "search/jql" if self._client.server().cloud else "search"

    def _size(self, fields: Sequence[str]) -> int:
        """Rows of a page: more where rows are without texts and so small."""
        settings = self._client.settings
        return settings.page_size if "summary" in fields else settings.id_page_size

    def _by_token(self, jql: str, fields: Sequence[str]) -> Iterator[list[Json]]:
        request: Json = {"jql": jql, "fields": list(fields), "maxResults": self._size(fields)}
        used: set[str] = set()
        empty, asked_again = 0, False
        while True:
            answer = self._page("search/jql", request)
            body = answer.json_object()
            page, token, last = rows(answer, body, "issues"), body.get("nextPageToken"), body.get("isLast")
            self._ended = last is True or (token is None and last is None)
            if not (page or self._ended or asked_again):
                asked_again = True  # a page that has a next one should have rows: perhaps it does now
                continue
            yield page
            if last is True or (token is None and last is None):
                return
            empty = 0 if page else empty + 1
            if not isinstance(token, str) or token in used or empty > 1:
                message = "the pages lead nowhere; nobody can tell whether all issues came"
                raise InvalidResponse(self._client.name, answer.request, message)
            used.add(token)
            request["nextPageToken"] = token

    def _by_offset(self, jql: str, fields: Sequence[str]) -> Iterator[list[Json]]:
        """Pages that overlap by one row: if that row is not there, rows have left and all is read again."""
        if self._client.settings.workers > 1 and (yield from self._side_by_side(jql, fields)):
            return
        for _ in range(_RESTARTS):
            whole = yield from self._read_on(jql, fields, 0, None)
            if whole:
                return
        message = f"the issues changed while they were read, {_RESTARTS} times over"
        raise Unavailable(self._client.name, self._client.request("POST", "search"), message)

    def _side_by_side(self, jql: str, fields: Sequence[str]) -> Generator[list[Json], None, bool]:
        """All pages beside one another, as soon as the first tells how many; whether they are whole.

        Whenever each page is read, the row where two of them meet proves that none is missing: it stood at
        the same place both times, and rows are in an order that no edit changes, so everything before it
        that stayed was in the pages before, and everything after it in those after. What did not stay in
        scope, or came into it, was changed after the pull's cursor.
        """
        size = self._size(fields)
        page, total = self._offset_page(jql, fields, 0, size)
        yield page
        if len(page) >= total:
            return True
        # One row more than the stride, for the one where pages meet, if the server allows it.
        stride = len(page) if len(page) == size < _USUAL_CAP else len(page) - 1
        if stride < 1:
            return False
        end, last = len(page), page[-1].get("id")
        starts = range(end - 1, total - 1, stride)
        tasks = (partial(self._offset_page, jql, fields, start, stride + 1) for start in starts)
        with closing(self._client.transport.in_parallel(tasks, self._client.settings.workers)) as results:
            for start, (page, now) in zip(starts, results, strict=True):
                if not page or page[0].get("id") != last:
                    return False
                yield page
                end, last, total = start + len(page), page[-1].get("id"), now
        return end >= total or (yield from self._read_on(jql, fields, end, last))

    def _read_on(
        self, jql: str, fields: Sequence[str], place: int, last: object
    ) -> Generator[list[Json], None, bool]:
        """Reading on from a place; whether nothing left the rows before the place that was read."""
        while True:
            start = max(0, place - 1)
            # Past the first page one row more, for the one that is read again.
            page, total = self._offset_page(jql, fields, start, self._size(fields) + place - start)
            if last is not None and last not in [row.get("id") for row in page]:
                return False
            yield page
            if start + len(page) >= total or len(page) <= place - start:
                return start + len(page) >= total
            place, last = start + len(page), page[-1].get("id")

    def _offset_page(self, jql: str, fields: Sequence[str], start: int, size: int) -> tuple[list[Json], int]:
        """The rows from `start` on, and how many there are in all."""
        request = {"jql": jql, "fields": list(fields), "startAt": start, "maxResults": size}
        answer = self._page("search", request)
        body = answer.json_object()
        page, total = rows(answer, body, "issues"), body.get("total")
        if not isinstance(total, int):
            raise InvalidResponse(self._client.name, answer.request, "the total is missing")
        return page, total

    def _page(self, path: str, request: Json) -> HttpResponse:
        """A page of a search, smaller by halves where the server says that it is too large.

        Two rows are the least: pages by offset overlap by one.
        """
        while True:
            size = min(request["maxResults"], self._cap)
            try:
                return self._ask_many(path, {**request, "maxResults": size})
            except (BadConfiguration, Unavailable) as problem:
                if size <= 2 or not _TOO_LARGE.search(problem.reason):
                    raise
                self._cap = min(self._cap, size // 2)

    def _ask_many(self, path: str, body: Json) -> HttpResponse:
        """Ask for many issues: a refusal of the whole is an error of its own, never an empty answer."""
        try:
            return self._client.ask(path, body)
        except Missing as gone:
            raise _NoSuchSearch from gone
        except Refused as refused:
            hint = "The account may not search here: check its permission to browse the projects"
            raise BadConfiguration(self._client.name, refused.request, refused.reason, hint) from refused


def _chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    for identity in ids:
        chunk.append(identity)
        if len(chunk) >= min(BULK, size):
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _NoSuchSearch(Exception):
    """This kind of search does not exist here."""

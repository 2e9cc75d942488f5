"""Lists of issues by pages, complete although issues change, go and come while they are read."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.github.client import GitHubClient
from connectors.http.response import HttpResponse

PER_PAGE = 100
_ALL: Mapping[str, str | int] = {"state": "all", "per_page": PER_PAGE}
LAG = timedelta(minutes=1)
"""How much GitHub's clocks may differ from one machine to the other."""

_Stamp = tuple[Any, Any]


class Watch:
    """Compares the pages of one list in the order in which they were read, oldest issue last.

    `shifted` tells that an issue came from elsewhere to an older place meanwhile and so pushed others on.
    """

    def __init__(self, began: datetime, *, backwards: bool) -> None:
        self.shifted = False
        self.repeats = 0
        """Rows that were fresh though their issue had come before, since it changed meanwhile."""
        self._since = began - LAG
        self._backwards = backwards
        self._lowest: int | None = None
        self._first: set[_Stamp] | None = None
        self._before: set[_Stamp] = set()

    def fresh(self, rows: list[Any]) -> list[Any]:
        """These rows without those that came with the page before, or with the first."""
        stamps = [_stamp(row) for row in rows]
        first = self._first or set()
        result = [
            (row, stamp[0])
            for row, stamp in zip(rows, stamps, strict=True)
            if stamp not in self._before and stamp not in first
        ]
        ids = {stamp[0] for stamp in chain(self._before, first)} - {None}
        self.repeats += sum(id_ in ids for _, id_ in result)
        if self._first is None:
            self._first = set(stamps)
            self._lowest = min(filter(None, map(_number, rows)), default=None)
        else:
            self._before = set(stamps)
            if self._backwards:
                self._note_order([row for row, id_ in result if id_ not in ids])
        return [row for row, _ in result]

    def _note_order(self, rows: list[Any]) -> None:
        """An issue that was created earlier and has a higher number came from another repository."""
        for row in reversed(rows):
            number = _number(row)
            if number is None:
                continue
            if self._lowest is not None and number > self._lowest:
                moved = _time(row, "updated_at")
                self.shifted = self.shifted or moved is None or moved >= self._since
            self._lowest = number if self._lowest is None else min(number, self._lowest)


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page of a list; whoever takes it parses its JSON, so that the thread that asks can go on."""

    path: str
    answer: HttpResponse
    parsed: list[Any] | None = None
    """Its rows, where they were needed for the next question."""
    watch: Watch | None = None

    def rows(self) -> list[Any]:
        """Its rows, without those that came before. To be taken in the order of reading."""
        result = self.answer.json_list() if self.parsed is None else self.parsed
        return result if self.watch is None else self.watch.fresh(result)

    @property
    def repeats(self) -> int:
        """Rows of its list so far that came again since they changed."""
        return self.watch.repeats if self.watch is not None else 0

    @property
    def shifted(self) -> bool:
        """Whether rows of this list may be lost; complete once its rows were taken."""
        return self.watch is not None and self.watch.shifted


def whole(client: GitHubClient, path: str) -> Iterator[RawPage]:
    """All issues and pull requests of a repository, in order of creation, which no edit changes.

    Each page is asked for once, which `changed` cannot promise: it reads a second in which more than a page
    changed again and again (measured: 5 requests in place of 2 for 150 issues that one script changed).
    The first question goes from the youngest issue on. Where GitHub pages by cursor, its links are followed:
    a cursor stands for an issue, not for a number.

    Where it pages by number, an issue that goes would pull the next one over to the page that was read. So
    only the youngest are taken from that end, and the others from the other end, where the oldest stand on
    page 1: there pages are read backwards, and what goes can only pull issues on to pages that are still to
    be read; at most a row comes twice. Of n pages the last holds none but the youngest, so n - 1 are left.
    An issue that comes to an older place meanwhile is noticed by its Watch; then, or where the links do not
    lead back, the list has to be read by `changed`.
    """
    first = client.get(path, {**_ALL, "sort": "created", "direction": "desc"})
    following, last = client.next_page(first), client.next_page(first, "last")
    by_cursor = following is not None and "after" in parse_qs(urlsplit(following).query)
    if following is None or by_cursor:
        watch = Watch(client.moment(first), backwards=False)
        yield RawPage(path, first, watch=watch)
        for answer in client.answers(following) if following is not None else ():
            yield RawPage(path, answer, watch=watch)
        return
    watch, youngest = Watch(client.moment(first), backwards=True), first.json_list()
    yield RawPage(path, first, youngest, watch)
    many = client.page_number(last) if last is not None else None
    if many is None or not (yield from _backwards(client, path, many, youngest, watch)):
        yield from changed(client, path, None)


def _backwards(
    client: GitHubClient, path: str, many: int, youngest: list[Any], watch: Watch
) -> Generator[RawPage, None, bool]:
    """All but the youngest issues, of so many pages; whether the links led through all of them.

    GitHub does not say in which order it lists issues that were created in one second, nor that this turns
    round with the direction. Where such a second may lie across the border to the youngest, the last page
    is read too.
    """
    asked = {**_ALL, "sort": "created", "direction": "asc"}
    number = many - 1
    if number < 1:
        return False
    answer = client.get(path, {**asked, "page": number})
    rows: list[Any] | None = answer.json_list()
    if not _parted(rows or [], youngest):
        number, rows = many, None
        answer = client.get(path, {**asked, "page": number})
    while True:
        client.next_page(answer)  # which tells of a page without rows that it should have
        yield RawPage(path, answer, rows, watch)
        if number == 1:
            return True
        before = client.next_page(answer, "prev")
        step = client.page_number(before) if before is not None else None
        if before is None or step is None or not 0 < step < number:
            return False
        if step < number - 1 and answer.body.strip() != b"[]":
            return False  # only where a page has become empty do its neighbours lie further off
        number, rows, answer = step, None, client.get(before)


def _parted(older: list[Any], youngest: list[Any]) -> bool:
    """Whether no second of creation can have issues that neither of these pages brought.

    `youngest` is the page from the young end, `older` the last that is left from the other one. An issue that
    both lack was created in the same second as the oldest of `youngest`, and then so was the youngest of
    `older`: where the two differ there is none.
    """
    if not older:
        return True
    ends = [_time(row, "created_at") for row in older], [_time(row, "created_at") for row in youngest]
    if any(time is None for time in chain(*ends)):
        return False
    return max(filter(None, ends[0])) != min(filter(None, ends[1]), default=None)


def changed(
    client: GitHubClient, path: str, since: datetime | None, more: Mapping[str, str | int] | None = None
) -> Iterator[RawPage]:
    """What changed at or after `since` (None: ever) in a list, oldest change first; none is lost.

    Paging by number would lose a row: one that changes meanwhile moves to the end, all behind it move up,
    and the first of the next page slips into the page that was read. So each page is asked for by time,
    from the last change of the page before (`since` is inclusive, and `updated_at` only grows): whatever
    changes meanwhile lies ahead. Only where more than a page changed within one second are the Link headers
    followed, and then again and again until such a second brings nothing new.
    """
    question = _Question(since)
    first = True
    while True:
        for answer in client.answers(path, _since(question.after, more)):
            rows = answer.json_list()
            new = question.take(rows, client.next_page(answer) is None)
            if new or first:
                yield RawPage(path, answer, new)
            first = False
            if question.done:
                break
        if not question.ask_again():
            return


@dataclass(slots=True)
class _Question:
    """One question by time, and the links that were followed from it."""

    after: datetime | None
    fresh: int = 0
    pages: int = 0
    last: datetime | None = None
    ended: bool = False
    seen: set[_Stamp] = field(default_factory=set)
    """What came with this question or the one before: later ones ask for later changes."""
    now: set[_Stamp] = field(default_factory=set)

    def take(self, rows: list[Any], ended: bool) -> list[Any]:
        """The rows that are new."""
        stamps = [_stamp(row) for row in rows]
        new = [row for row, stamp in zip(rows, stamps, strict=True) if stamp not in self.seen]
        self.seen.update(stamps)
        self.now.update(stamps)
        self.fresh, self.pages = self.fresh + len(new), self.pages + 1
        self.last, self.ended = _last_change(rows), ended
        return new

    @property
    def done(self) -> bool:
        """Whether the next question can begin at a later change, or there is nothing more."""
        return self.ended or _later(self.last, self.after)

    def ask_again(self) -> bool:
        """Whether another question is needed; `after` is then set for it."""
        again = self.pages > 1 and self.fresh > 0
        if self.ended and not again:
            return False
        if not again:
            self.after = self.last
            self.seen = self.now
        self.now, self.fresh, self.pages = set(), 0, 0
        return True


def _since(after: datetime | None, more: Mapping[str, str | int] | None) -> dict[str, str | int]:
    asked = {**_ALL, "sort": "updated", "direction": "asc", **(more or {})}
    if after is not None:
        asked["since"] = after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return asked


def _stamp(row: Any) -> _Stamp:
    """Id and time of change: equal for equal rows, and different for a row that changed meanwhile."""
    stamp = (row.get("id"), row.get("updated_at")) if isinstance(row, dict) else (None, None)
    return stamp if type(stamp[0]) is int and isinstance(stamp[1], str) else (None, repr(row))


def _last_change(rows: list[Any]) -> datetime | None:
    """The time of the last row; None if the rows are not in order or do not say, so that Links are used."""
    times = [_time(row, "updated_at") for row in rows]
    existing = [time for time in times if time is not None]
    return existing[-1] if existing and existing == sorted(existing) else None


def _time(row: Any, field: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(row[field])
    except (KeyError, TypeError, ValueError):
        return None
    return time if time.tzinfo else None


def _number(row: Any) -> int | None:
    number = row.get("number") if isinstance(row, dict) else None
    return number if type(number) is int else None


def _later(last: datetime | None, after: datetime | None) -> bool:
    return last is not None and (after is None or last > after)

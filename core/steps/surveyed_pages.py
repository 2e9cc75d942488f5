"""Turns a survey into the pages of a pull: fetches the issues that differ from the store or are due again.

A survey may list issues as outlines, which are compared with the store; only those that differ, and one share
of the others, are fetched whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from connectors.interface import Reader
from connectors.models import IssueOutline, Page, SurveyPage
from core.shutdown import Stop
from core.store.store_interface import RunStore

AT_ONCE = 100
"""Number of issues that are fetched together: the most that Jira Cloud's bulk fetch takes."""


class Listing:
    """Takes the pages of one survey, and counts what they listed.

    `share` is (number, parts): of the issues that came as outlines, those whose id falls into this share are
    read whole although their outline is as stored.
    """

    def __init__(self, tracker: str, reader: Reader, store: RunStore, share: tuple[int, int]) -> None:
        self._tracker = tracker
        self._reader = reader
        self._store = store
        self._share = share
        self._unread = {issue.id for issue in store.unread().get(tracker, ())}
        self.ids: set[str] = set()
        """Ids of all issues that were listed."""
        self.listed: Counter[str] = Counter()
        """By container, by its name of today: how many of its issues were listed."""
        self.unread_roots = False
        """Whether something that is no single issue, such as a tree, could not be read."""

    def pages(self, surveyed: Iterator[SurveyPage]) -> Iterator[Page]:
        """Yield whole issues that may differ from the store."""
        to_fetch: list[str] = []
        for page in surveyed:
            self._count(page)
            yield Page(page.issues, page.unread)
            to_fetch += self._ids_to_fetch(page.outlines)
            while len(to_fetch) >= AT_ONCE:
                yield self._reader.fetch(to_fetch[:AT_ONCE])
                del to_fetch[:AT_ONCE]
        if to_fetch:
            yield self._reader.fetch(to_fetch)

    def _count(self, page: SurveyPage) -> None:
        for issue in page.issues:
            self.ids.add(issue.ref.id)
            self.listed[issue.container] += 1
        for outline in page.outlines:
            self.ids.add(outline.ref.id)
            self.listed[outline.container] += 1
        for unread in page.unread:
            if unread.id is not None:
                self.ids.add(unread.id)
            self.unread_roots = self.unread_roots or unread.id is None

    def _ids_to_fetch(self, outlines: Sequence[IssueOutline]) -> list[str]:
        """Return the ids of issues that are not stored, differ, or are due to be read again."""
        stored = self._store.rollup().issues((self._tracker, outline.ref.id) for outline in outlines)
        # An issue that is stored as archived and listed again is read whole: its outline shows no difference.
        as_stored = {ref.id: IssueOutline.of(issue) for ref, issue in stored.items() if not issue.archived}
        # State and title of blocking issues are stored with the issue, but are no part of its outline.
        linked = {ref.id for ref, issue in stored.items() if issue.blocked_by}
        return [
            outline.ref.id
            for outline in outlines
            if (before := as_stored.get(outline.ref.id)) is None
            or before.differs(outline)
            or outline.ref.id in self._unread
            or outline.ref.id in linked
            or share_of(outline.ref.id, self._share[1]) == self._share[0]
        ]


def share_of(id_: str, parts: int) -> int:
    """Return to which share an issue belongs, from 0 to `parts` - 1; the same in every run and process."""
    return crc32(id_.encode("utf-8", "surrogatepass")) % parts


def interruptible(pages: Iterable[Page], stop: Stop) -> Iterator[Page]:
    """Yield the pages; a request to stop raises Stopped while one is awaited, not while one is stored."""
    ahead = iter(pages)
    while True:
        with stop.reading():
            page = next(ahead, None)
        if page is None:
            return
        yield page

"""A survey as the pages of a pull: what differs from the store, or is due to be read again, comes whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from connectors.interface import Reader
from connectors.models import IssueOutline, Page, SurveyPage
from core.shutdown import Stop
from core.store.store_interface import RunStore

AT_ONCE = 100
"""Issues that are fetched together: the most that Jira Cloud takes."""


class Listing:
    """What one survey listed, while its pages are taken.

    `share` is (number, of): of the issues of which only an outline came, those whose id falls into this share
    are read whole although their outline is as stored.
    """

    def __init__(self, tracker: str, reader: Reader, store: RunStore, share: tuple[int, int]) -> None:
        self._tracker = tracker
        self._reader = reader
        self._store = store
        self._share = share
        self._unread = {item.id for item in store.unread().get(tracker, ())}
        self.ids: set[str] = set()
        self.listed: Counter[str] = Counter()
        """By container as it is called today: how many of its issues were listed."""
        self.unread_roots = False
        """Whether something that is no single issue, such as a tree, could not be read."""

    def pages(self, surveyed: Iterator[SurveyPage]) -> Iterator[Page]:
        """The survey's issues that have to be compared with the store, whole."""
        waiting: list[str] = []
        for page in surveyed:
            self._count(page)
            yield Page(page.issues, page.unread)
            waiting += self._to_fetch(page.outlines)
            while len(waiting) >= AT_ONCE:
                yield self._reader.fetch(waiting[:AT_ONCE])
                del waiting[:AT_ONCE]
        if waiting:
            yield self._reader.fetch(waiting)

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

    def _to_fetch(self, outlines: Sequence[IssueOutline]) -> list[str]:
        """The ids of those that are not stored, or otherwise than they are now, or due to be read again."""
        stored = self._store.rollup().issues((self._tracker, outline.ref.id) for outline in outlines)
        # One that is listed again although it was archived is read whole: no outline says that it is back.
        as_stored = {ref.id: IssueOutline.of(issue) for ref, issue in stored.items() if not issue.archived}
        # How what blocks an issue stands and is called is told with it, and moves nothing of its outline.
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
    """Which of so many shares an issue belongs to: from 0 on, the same in every run and process."""
    return crc32(id_.encode("utf-8", "surrogatepass")) % parts


def interruptible(pages: Iterable[Page], stop: Stop) -> Iterator[Page]:
    """The same pages; a wish to stop is heard while the next one is awaited, not while one is saved."""
    ahead = iter(pages)
    while True:
        with stop.reading():
            page = next(ahead, None)
        if page is None:
            return
        yield page

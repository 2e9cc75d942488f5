"""What a connector's tests must be able to do with its tracker, and what they open it with."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from connectors.errors import TrackerError
from connectors.interface import ConnectorState, Reader, Tracker
from connectors.models import MARK_PREFIX, Capability, Interest, Issue, IssueRef, Page, Posted

NAME = "work"
"""What the harness names the tracker that it opens."""

MARK = f"{MARK_PREFIX}test:1:0123456789ab"


class Trouble(Enum):
    """What can go wrong with a request, whatever the tracker."""

    BAD_GATEWAY = auto()  # 502, not done
    RESET = auto()  # the connection is cut before anything is done
    LOST = auto()  # done, and the connection cut instead of an answer
    HTML = auto()  # 200 with a web page
    TRUNCATED = auto()  # half of the answer
    RATE_LIMIT = auto()  # 429 with Retry-After: 0
    PATIENCE = auto()  # 429 with Retry-After of a day
    FORBIDDEN = auto()  # 403, no rate limit
    GONE = auto()  # 404


@dataclass(frozen=True)
class Sent:
    """One request that reached the tracker; `reads` is False for whatever could change something."""

    method: str
    path: str
    reads: bool


class DictMemory(ConnectorState):
    """A memory that lasts as long as the test."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.facts.get(key)

    def set(self, key: str, value: str) -> None:
        self.facts[key] = value


class Harness(ABC):
    """A tracker that a test can move, and the connector opened on it.

    The scope holds one container and is empty at first. The policy waits for nothing: no back-off and no
    write spacing. `memory` outlives a tracker, so that opening again is the next run.
    """

    needs = frozenset({Capability.READ, Capability.COMMENT, Capability.LABEL})
    page = 100
    """One more issue than this needs a second page in a full pull."""
    has_moves = True
    unknown_key = ""
    """A well-formed key in scope of an issue that never existed."""

    def __init__(self) -> None:
        self.memory = DictMemory()
        self.notices: list[str] = []

    @abstractmethod
    def open(self, *, token: str | None = None) -> Tracker:
        """Open the connector on this tracker; with `token`, log in with that instead of the right one."""

    @abstractmethod
    def pass_time(self, by: timedelta) -> None:
        """Let the tracker's clock run ahead."""

    @abstractmethod
    def create(
        self,
        title: str,
        *,
        labels: Iterable[str] = (),
        parent: IssueRef | None = None,
        body: str = "",
        outside: bool = False,
    ) -> IssueRef:
        """Create an issue in scope, or in a container that the account can see but that is out of scope."""

    @abstractmethod
    def edit(self, ref: IssueRef, title: str) -> None:
        """Give an issue another title."""

    @abstractmethod
    def finish(self, ref: IssueRef) -> None:
        """Close an issue as done."""

    @abstractmethod
    def give_up(self, ref: IssueRef) -> None:
        """Close an issue as not to be done."""

    @abstractmethod
    def move(self, ref: IssueRef) -> IssueRef:
        """Move an issue to another container in scope of the account; the same id, and its new key."""

    @abstractmethod
    def delete(self, ref: IssueRef) -> None:
        """Delete an issue."""

    @abstractmethod
    def comment_by_other(self, ref: IssueRef, body: str) -> str:
        """Write a comment as another person; its id."""

    @abstractmethod
    def delete_comment(self, ref: IssueRef, comment_id: str) -> None:
        """Delete a comment, whoever wrote it."""

    @abstractmethod
    def add_label(self, ref: IssueRef, label: str) -> None:
        """Add a label as another person."""

    @abstractmethod
    def labels(self, ref: IssueRef) -> set[str]:
        """The labels that the issue truly bears."""

    @abstractmethod
    def comments(self, ref: IssueRef) -> list[str]:
        """The text of every comment that the issue truly bears, oldest first."""

    @abstractmethod
    def title_query(self, word: str) -> str:
        """A server-side query for issues with this word in the title."""

    @abstractmethod
    def trouble(self, what: Trouble, *, writes: bool, times: int | None = 1) -> None:
        """Let the next `times` (None: all) reads, or writes, go wrong, but not logging in."""

    @abstractmethod
    def spoil(self, ref: IssueRef) -> None:
        """From now on send this issue in a shape that nobody can read, in answers to searches and lists."""

    @abstractmethod
    def before_label_write(self, call: Callable[[], object]) -> None:
        """Run `call()` between the connector's next label request and its handling."""

    @abstractmethod
    def sent(self) -> list[Sent]:
        """Every request so far."""


def pull(
    tracker: Tracker, cursor: str | None = None, interest: Interest | None = None
) -> dict[IssueRef, Issue]:
    """One whole pull; fails if an issue came unreadable or twice."""
    pages: list[Page] = list(tracker.reader.changed_since(cursor, interest or Interest()).pages)
    assert [unread for page in pages for unread in page.unread] == []
    issues = [issue for page in pages for issue in page.issues]
    found = {issue.ref: issue for issue in issues}
    assert len(found) == len(issues)
    return found


def posted_on(reader: Reader, ref: IssueRef) -> Posted:
    """What stands on one issue; raises the error of that issue if it cannot be read."""
    found = reader.posted([ref])[ref]
    if isinstance(found, TrackerError):
        raise found
    return found


def body(text: str) -> str:
    """A comment as the core writes it: the text, and the mark at its end."""
    return f"{text}\n\n{MARK}"

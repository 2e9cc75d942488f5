"""Rows of the roll-up: what one issue contributes to one milestone or key result, and what follows."""

from typing import NamedTuple

from connectors.models import Issue, IssueRef
from core.engine.tally import Part

NOTHING_ABOVE = "[]"
"""`ContributionRow.above` where nothing stands above an issue."""
CANCELLED = "cancelled|"
"""How the part of a cancelled task begins; see `core.engine.tally.Part.text`."""


class ContributionRow(NamedTuple):
    """A row as it is stored. Whether it counts follows from all rows of its owner together."""

    owner: str
    tracker: str
    id: str
    position: int
    """Of the rule that tagged it; 0 for the label `milestone/<id>`."""
    part: str
    updated: int
    """Microseconds since 1970, as is `created`."""
    created: int
    above: str
    """Ids of the issues above it, nearest first, as JSON."""
    standing: int
    """0 in progress, 1 open, 2 closed."""
    rank: str
    needs_engine: int
    """1 if the row does not say by itself what the issue contributes: boxes, mirrors, a cycle above it."""

    @property
    def place(self) -> tuple[str, str, str]:
        """Owner, tracker and id."""
        return self[:3]


class Chain(NamedTuple):
    """What stands above some issues of one milestone or key result."""

    owner: str
    tracker: str
    above: str
    """Ids, nearest first, as JSON."""


class Sums(NamedTuple):
    """The rows of one milestone or key result, counted by what they say."""

    tasks: dict[Part, int]
    left_out: dict[Part, int]
    """Of issues that do not count, since tasks below them do."""
    latest: int | None
    """When the task that changed last did, in microseconds since 1970; None without tasks."""


class Moved(NamedTuple):
    """One task that nobody edited, and what it contributes to its owner otherwise than before."""

    owner: str
    before: str
    """What it contributed; see `core.engine.tally.Part.text`."""
    now: str | None
    """The same; None if it is no task any more."""


class LinkedIssue(NamedTuple):
    """An open issue of one milestone or key result that others block, or did when it was read."""

    owner: str
    issue: Issue
    counts: bool
    """Whether it counts as a task."""
    several: bool
    """Whether only all tasks of the owner together tell how many tasks it is, such as boxes of a list."""


class Mark(NamedTuple):
    """What the roll-up follows from, and up to which change of the issues."""

    basis: str
    """Digest of mapping, policies and everything else that decides about contributions."""
    seq: int
    answers: str
    """What the servers answered to the mapping's queries, as JSON."""


class Link(NamedTuple):
    """How a present issue is called, and what it calls its parent."""

    ref: IssueRef
    parent_id: str | None
    parent_key: str | None

"""One row of the tags: what one issue contributes to one milestone or key result."""

from typing import NamedTuple

from connectors.models import IssueRef

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
    hard: int
    """1 if one row cannot say what it contributes: boxes, mirrors, a cycle above it."""

    @property
    def live(self) -> bool:
        """Whether it is not cancelled, and so stands above or below other work."""
        return not self.part.startswith(CANCELLED)

    @property
    def place(self) -> tuple[str, str, str]:
        """Owner, tracker and id."""
        return self[:3]


class Standing(NamedTuple):
    """What of a row decides how estimates are shared."""

    tracker: str
    id: str
    part: str
    above: str
    counts: int
    """1 if it counts as a task."""


class Moved(NamedTuple):
    """One task that nobody edited, and what it contributes to its owner otherwise than before."""

    owner: str
    before: str
    """What it contributed; see `core.engine.tally.Part.text`."""
    now: str | None
    """The same; None if it is no task any more."""


class Mark(NamedTuple):
    """What the tags follow from, and up to which change of the issues."""

    basis: str
    """Digest of mapping, policies and everything else that decides about tags."""
    seq: int
    answers: str
    """What the servers answered to the mapping's queries, as JSON."""


class Link(NamedTuple):
    """How a present issue is called, and what it calls its parent."""

    ref: IssueRef
    parent_id: str | None
    parent_key: str | None

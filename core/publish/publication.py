"""The record of a comment that milepost wrote on an issue."""

from dataclasses import dataclass
from datetime import datetime

from connectors.models import IssueRef, PostedComment
from core.publish.visibility import Readers


@dataclass(frozen=True, slots=True)
class Publication:
    """Our comment on one issue, as the tracker returned it when it was last written.

    The snapshots from which the next comment computes its changes are stored with it, in the same write; if
    a write fails, both stay as they were, so that no change is lost. Snapshots are large and read for one
    comment at a time; a run reads the Publications of all comments.
    """

    ref: IssueRef
    """The issue that carries the comment; there is at most one Publication for each."""
    target: str
    """What the comment is about: ids of milestones and goals, sorted and joined by `+`."""
    comment: PostedComment
    """Id, body, visibility and URL as the tracker gave them back after the write."""
    digest: str
    """The digest of its meaning (`core.publish.comment.summary_digest`)."""
    body_hash: str
    """`mark.body_hash(comment.body)`."""
    run: str
    """The number of the run that wrote it."""
    seen: datetime | None = None
    """The issue's time of change when the comment was last verified; None: it has to be read again."""
    readers: Readers | None = None
    """The narrowest readers for whom it was ever written; None: not known."""

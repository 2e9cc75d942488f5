"""What milepost remembers of what it wrote: the comment on each issue, with the state that it told of."""

from dataclasses import dataclass
from datetime import datetime

from connectors.models import IssueRef, PostedComment
from core.publish.visibility import Readers


@dataclass(frozen=True, slots=True)
class Publication:
    """The one comment of ours on one issue, as the tracker gave it back when it was last written.

    The snapshots against which the change section of the next comment is computed are kept beside it, and
    moved together with it: a write that fails moves neither, so that no change is lost. They tell of every
    task and are read for one comment at a time; this is what a run reads of all comments.
    """

    ref: IssueRef
    """The issue that carries the comment; there is at most one Publication for each."""
    target: str
    """What the comment is about: ids of milestones and goals, sorted and joined by `+`."""
    comment: PostedComment
    """Id, body, visibility and URL as the tracker gave them back after the write."""
    digest: str
    """Of the meaning of the comment (`core.publish.comment.summary_digest`)."""
    body_hash: str
    """`mark.body_hash(comment.body)`: another one on the tracker means that somebody edited it."""
    run: str
    """The run that wrote it."""
    seen: datetime | None = None
    """The issue's time of change when the comment was last looked at and found as recorded; None: look."""
    readers: Readers | None = None
    """For whom it was written, of all that it ever said the narrowest; None: by a version that asked for
    nobody's audience, or not known."""

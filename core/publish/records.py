"""What milepost remembers of what it wrote: the comment on each issue, with the state that it told of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.contract import IssueRef, PostedComment
from core.engine.model import Snapshot


@dataclass(frozen=True, slots=True)
class Publication:
    """The one comment of ours on one issue, as the tracker gave it back when it was last written.

    The change section of the next comment is computed against `snapshots`, which are kept with this very
    comment: a write that fails moves neither, so that no change is lost.
    """

    ref: IssueRef
    """The issue that carries the comment; there is at most one Publication for each."""
    target: str
    """What the comment is about: ids of milestones and goals, sorted and joined by `+`."""
    comment: PostedComment
    """Id, body, visibility and URL as the tracker gave them back after the write."""
    digest: str
    """Of the meaning of the comment (`core.publish.summary.summary_digest`)."""
    body_hash: str
    """`core.publish.mark.body_hash(comment.body)`: another one on the tracker means somebody edited it."""
    run: str
    """The run that wrote it."""
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    """By milestone id: how the milestone stood when this comment was written."""
    seen: datetime | None = None
    """The issue's time of change when the comment was last looked at and found as recorded; None: look."""

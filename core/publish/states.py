"""What should stand on the trackers, and what was found there: the two sides that a plan compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connectors.interface import TrackerInfo
from connectors.models import IssueRef, LabelDefinition, Posted
from core.publish.actions import Fitted
from core.publish.comment import Heads, Summary, links_phrase, markdown, phrase, summary_digest, wiki
from core.publish.comment.mark import Mark, format_mark, text_check
from core.publish.labels import Labelled
from core.publish.places import Places
from core.publish.publication import Publication
from core.publish.untold import UntoldLabels
from core.publish.visibility import Readers


@dataclass(frozen=True, slots=True)
class DesiredComment:
    """The comment that one issue should carry."""

    ref: IssueRef
    target: str
    body: str
    mark: str
    digest: str
    phrase: str
    """One phrase about the numbers, for the plan."""
    links_phrase: str = ""
    """The same about the goals that the comment only leads to."""
    waiting: str | None = None
    links_waiting: bool = False
    readers: Readers | None = None
    """Who may read it; None: everybody who may read anything, or not known."""
    withheld: bool = False
    """Whether it leaves out what these may not know."""
    fitted: Fitted | None = field(default=None, compare=False, repr=False)
    """Gives its forms for servers that take less than their kind does."""


def desired_comment(
    summary: Summary,
    info: TrackerInfo,
    instance: str,
    before: Heads | None = None,
    installation: str = "",
) -> DesiredComment:
    """The comment in the markup and within the length of its tracker, with its mark.

    `before` is what it told of goals when it was last written, for the reason of an edit. `installation`
    stands in the mark, with a check of the text; without it the mark is that of older versions.
    """
    digest = summary_digest(summary)
    render = wiki.render if info.markup == "wiki" else markdown.render

    def fitted(limit: int) -> tuple[str, str]:
        mark = Mark(instance, summary.ref.id, digest, installation, "0" * 6 if installation else "")
        body = render(summary, mark, limit)
        if not installation:
            return body, format_mark(mark)
        checked = format_mark(replace(mark, check=text_check(body)))
        return body.replace(format_mark(mark), checked), checked

    body, mark = fitted(info.comment_limit)
    return DesiredComment(
        ref=summary.ref,
        target=summary.target,
        body=body,
        mark=mark,
        digest=digest,
        fitted=fitted,
        phrase=phrase(summary, before),
        links_phrase=links_phrase(summary, before or {}),
        waiting=summary.waiting,
        links_waiting=summary.links_waiting,
        readers=summary.readers,
        withheld=summary.withheld,
    )


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything that should stand."""

    comments: tuple[DesiredComment, ...] = ()
    labels: tuple[Labelled, ...] = ()
    untold: UntoldLabels | None = None
    """What label definitions must not tell; None: everything may be told."""


@dataclass(frozen=True, slots=True)
class ActualState:
    """What stands, as far as it could be read."""

    posted: Mapping[IssueRef, Posted] = field(default_factory=dict)
    """Of every issue that should carry a comment, and of every one that a record names."""
    labels: Mapping[IssueRef, tuple[str, ...]] = field(default_factory=dict)
    """Of every issue known from the last pull; where `posted` knows an issue, its labels are fresher."""
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]] = field(default_factory=dict)
    """By tracker and container; only where the tracker has label definitions."""
    records: Mapping[IssueRef, Publication] = field(default_factory=dict)
    down: Mapping[str, str] = field(default_factory=dict)
    """Trackers that could not be read, and why: nothing is planned for them."""
    unreadable: Mapping[IssueRef, str] = field(default_factory=dict)
    """Issues of which it could not be read what stands there, and why: nothing is planned for them."""
    closed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By tracker and container: why its label definitions could not be read; no label is added there."""
    installation: str = ""
    """The id of this installation, as it stands in the marks of what it wrote."""
    places: Places = field(default_factory=Places)
    """Where may be written; nothing is planned elsewhere."""

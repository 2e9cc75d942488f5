"""The desired and the actual state of the trackers, which a plan compares."""

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
    """One phrase about its own numbers, for the plan."""
    links_phrase: str = ""
    """One phrase about the goals and key results to which its milestones lead."""
    waiting: str | None = None
    """Why it must not be written in this run; None where it may."""
    links_waiting: bool = False
    """Whether only a change of its own numbers may be written, since those of `Leads to` were not read."""
    readers: Readers | None = None
    """Who may read it; None: everybody who may read anything, or not known."""
    withheld: bool = False
    """Whether it leaves out something that these readers may not see."""
    fitted: Fitted | None = field(default=None, compare=False, repr=False)
    """Makes its form for a server with a lower limit of length."""


def desired_comment(
    summary: Summary,
    info: TrackerInfo,
    instance: str,
    before: Heads | None = None,
    installation: str = "",
) -> DesiredComment:
    """Return the comment in the markup and within the length limit of its tracker, with its mark.

    `before`: the numbers of goals when it was last written, for the reason of an edit. `installation` is part
    of the mark, with a check of the text; without it, the mark has the form of older versions.
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
    """The comments and labels that should stand."""

    comments: tuple[DesiredComment, ...] = ()
    labels: tuple[Labelled, ...] = ()
    untold: UntoldLabels | None = None
    """Decides what label definitions must not show; None: they may show everything."""


@dataclass(frozen=True, slots=True)
class ActualState:
    """The comments and labels that stand on the trackers, as far as they could be read."""

    posted: Mapping[IssueRef, Posted] = field(default_factory=dict)
    """What stands on each issue that should carry a comment or has a recorded one."""
    labels: Mapping[IssueRef, tuple[str, ...]] = field(default_factory=dict)
    """The labels of issues as stored; those of `posted` are newer."""
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]] = field(default_factory=dict)
    """By tracker and container; only where the tracker has label definitions."""
    records: Mapping[IssueRef, Publication] = field(default_factory=dict)
    """The recorded comments."""
    down: Mapping[str, str] = field(default_factory=dict)
    """By tracker that could not be read: the reason; nothing is planned for it."""
    unreadable: Mapping[IssueRef, str] = field(default_factory=dict)
    """By issue whose comments could not be read: the reason; nothing is planned for it."""
    closed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By tracker and container: why its label definitions could not be read; no label is added there."""
    installation: str = ""
    """The id of this installation, as in the marks of its comments."""
    places: Places = field(default_factory=Places)
    """Where may be written; nothing is planned elsewhere."""

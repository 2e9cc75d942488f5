"""The actions of a plan (small frozen values, each with one sentence for a person), and their outcomes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from connectors.models import IssueRef, LabelDefinition, PostedComment
from core.publish.visibility import Readers


@dataclass(frozen=True, slots=True)
class DefineLabel:
    """Give a repository a label, or an existing one of ours another colour or description."""

    tracker: str
    container: str
    definition: LabelDefinition
    before: LabelDefinition | None = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        """One line for a person."""
        verb = "Define" if self.before is None else "Redefine"
        return f'{verb} the label "{self.definition.name}" in {self.container}'


@dataclass(frozen=True, slots=True)
class ChangeLabels:
    """Add and remove single labels of one issue; every one of them begins with the owned prefix."""

    ref: IssueRef
    add: tuple[str, ...]
    remove: tuple[str, ...]
    reason: str = ""

    @property
    def tracker(self) -> str:
        """The tracker that is written to."""
        return self.ref.tracker

    @property
    def sentence(self) -> str:
        """One line for a person."""
        changes = [f"+{name}" for name in self.add] + [f"-{name}" for name in self.remove]
        return f"Label {self.ref.key}: {', '.join(changes)}"


Fitted = Callable[[int], tuple[str, str]]
"""(limit) -> body and mark of a comment of at most this many characters, for a server with a lower limit."""


@dataclass(frozen=True, slots=True)
class WriteComment:
    """Create (`before` is None) or edit the one progress comment of an epic or tracking issue."""

    ref: IssueRef
    target: str
    """What the comment is about, as in its mark: ids of milestones and goals."""
    body: str
    mark: str
    digest: str
    """Of the meaning of `body`; equal meaning, equal digest."""
    before: PostedComment | None
    reason: str
    anew: bool = False
    """Remove `before` and create another comment, since the history of an edit would still show its text."""
    readers: Readers | None = field(default=None, compare=False)
    """For whom it is written; not stored in the ledger."""
    fitted: Fitted | None = field(default=None, compare=False, repr=False)
    """Makes shorter forms of it; not stored in the ledger."""

    def within(self, limit: int) -> "WriteComment | None":
        """Return the comment in a form of at most `limit` characters; None where there is no shorter one."""
        if self.fitted is None:
            return None
        body, mark = self.fitted(limit)
        return None if len(body) >= len(self.body) else replace(self, body=body, mark=mark, fitted=None)

    @property
    def tracker(self) -> str:
        """The tracker that is written to."""
        return self.ref.tracker

    @property
    def sentence(self) -> str:
        """One line for a person."""
        verb = "Write the progress comment on" if self.before is None else "Edit the progress comment on"
        if self.anew:
            verb = "Make anew the progress comment on"
        return f"{verb} {self.ref.key}: {self.reason}"


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """Remove a comment of ours: a duplicate, or one that no milestone or goal points to any more."""

    ref: IssueRef
    target: str
    before: PostedComment
    reason: str
    double: bool = field(default=False, compare=False)
    """It is a second comment of ours on the issue; the other one stays."""

    @property
    def tracker(self) -> str:
        """The tracker that is written to."""
        return self.ref.tracker

    @property
    def sentence(self) -> str:
        """One line for a person."""
        return f"Remove the progress comment on {self.ref.key}: {self.reason}"


@dataclass(frozen=True, slots=True)
class RemoveLabelDefinition:
    """Remove one of our labels from a repository: as an undo, or because its readers may not see the name."""

    tracker: str
    container: str
    name: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        """One line for a person."""
        return f'Remove the label "{self.name}" from {self.container}'


Action = DefineLabel | ChangeLabels | WriteComment | DeleteComment | RemoveLabelDefinition


def parts_of(target: str) -> list[str]:
    """Return the ids of the milestones and goals that a comment is about."""
    return target.split("+")


@dataclass(frozen=True, slots=True)
class Held:
    """Something that would be written but is held: what, why, and what releases it."""

    what: str
    why: str
    release: str
    group: str = ""
    """The name by which `--force` releases it; empty where no limit holds it."""
    action: "Action | None" = field(default=None, compare=False)
    """The action that is held, where it is one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one run would write, in the order in which it is written."""

    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()
    quarantined: tuple[Held, ...] = ()
    """Actions that failed in earlier runs and wait for their next try; no failure of this run."""
    closed: tuple[Held, ...] = ()
    """Comments that should stand where nothing may be written, such as on an archived issue; no failure."""

    def __bool__(self) -> bool:
        """Return whether there is any action."""
        return bool(self.actions)


Outcome = Literal["done", "failed", "unknown"]
Cause = Literal["", "refused", "unavailable", "tracker", "put off", "closed"]
"""Why a write failed: "refused" by the tracker; "unavailable": its own address did not answer; "tracker": the
tracker is down; "put off": not sent; "closed": not sent, because its container refused others of its kind."""


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of one action, as it is stored in the ledger."""

    action: Action
    outcome: Outcome
    reason: str = ""
    """Why it did not succeed; empty if it did, but for a create whose answer was lost."""
    comment: PostedComment | None = None
    """The comment as the tracker returned it."""
    labels: tuple[str, ...] | None = field(default=None)
    """The labels of the issue as the tracker returned them."""
    cause: Cause = field(default="", compare=False)
    """The kind of failure; not stored in the ledger, which has `reason`."""
    times: int = field(default=1, compare=False)
    """How often it happened: the same failure of the same action in several runs is one ledger entry."""

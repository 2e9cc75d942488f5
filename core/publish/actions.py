"""What a plan is made of: small, ordered, frozen changes, each with one sentence for a person."""

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
"""The body and mark of one comment within so many characters, for a server that takes less than others."""


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
    """Remove `before` and create another one: an edit would leave what it said in the history of edits."""
    readers: Readers | None = field(default=None, compare=False)
    """For whom it is written; only in the run itself."""
    fitted: Fitted | None = field(default=None, compare=False, repr=False)
    """Gives its forms for servers that take less; only in the run itself."""

    def within(self, limit: int) -> "WriteComment | None":
        """The same comment in a form of at most `limit` characters; None where there is no shorter one."""
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
    """Another comment of ours stays."""

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
    """Only `undo` does this, and only to a definition that milepost made."""

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
    """The milestones and goals that a comment is about."""
    return target.split("+")


@dataclass(frozen=True, slots=True)
class Held:
    """Something that would be written but is not, and what releases it."""

    what: str
    why: str
    release: str
    group: str = ""
    """What releases it by `--force GROUP` alone; empty for what no limit holds."""
    action: "Action | None" = field(default=None, compare=False)
    """What would be written, where that is one action."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one run would write, in the order in which it is written."""

    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()
    quarantined: tuple[Held, ...] = ()
    """What failed before and waits for its next try: no failure of this run."""
    closed: tuple[Held, ...] = ()
    """Comments that are wanted where nothing may be written, such as in an archive: no failure either."""

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.actions)


Outcome = Literal["done", "failed", "unknown"]
Cause = Literal["", "refused", "unavailable", "tracker", "put off", "closed"]
"""Why a write failed: it was refused, its own address did not answer, the tracker is down, or it was not
tried; "closed": not tried, because its container refused others like it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one action; goes into the ledger. `after` is what the tracker gave back."""

    action: Action
    outcome: Outcome
    reason: str = ""
    comment: PostedComment | None = None
    labels: tuple[str, ...] | None = field(default=None)
    cause: Cause = field(default="", compare=False)
    """Of what did not succeed; only in the run itself, the ledger keeps the sentence."""
    times: int = field(default=1, compare=False)
    """How often the ledger has it: the same failure of the same action, run after run, is one entry."""

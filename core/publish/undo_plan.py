"""Plans an undo: the inverse of entries of the ledger, as far as what they wrote still stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.models import IssueRef, LabelDefinition, Posted, PostedComment
from core.engine.key_order import issue_order
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Held,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.comment.mark import body_hash, mark_of
from core.publish.untold import SAYS_TOO_MUCH

REASON = "undo"
BY_HAND = "change it by hand, if it still should go"

InUse = Callable[[str, str, str], bool]
"""(tracker, container, label) -> whether any issue would still carry the label after the undo."""


def undo_plan(
    entries: Sequence[Written],
    posted: Mapping[IssueRef, Posted],
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]],
    in_use: InUse,
) -> Plan:
    """Return the plan that takes back these entries of the ledger: those of one run, or all, newest first.

    A comment that somebody edited, or that a later run wrote again, stays and is held. Labels are taken
    back by name: those that were added are removed where they still stand, those that were removed are
    added again, and labels of others stay. A definition that milepost made is removed only if no issue uses
    it. Several entries about one thing become one action; failed ones are ignored.
    """
    undo = _Undo(posted, definitions, in_use)
    for entry in entries:
        if entry.outcome != "failed":
            undo.take_back(entry)
    return undo.plan()


@dataclass
class _Comment:
    """One comment while entries are taken back; `body` is its text at that point, or None."""

    ref: IssueRef
    now: PostedComment | None
    body: str | None
    target: str
    like: PostedComment | None = None
    """The comment to which it goes back, for its mark and visibility."""
    stuck: bool = False
    """Others changed it, so that it stays as it is."""
    stepped: bool = False
    """A newer entry was taken back already, so that what stands now is not compared again."""


@dataclass
class _Undo:
    posted: Mapping[IssueRef, Posted]
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]]
    in_use: InUse
    comments: dict[tuple[IssueRef, str], _Comment] = field(default_factory=dict)
    labels: dict[IssueRef, set[str]] = field(default_factory=dict)
    defined: dict[tuple[str, str, str], LabelDefinition | None] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def take_back(self, entry: Written) -> None:
        """Take one entry back in the values of this object; `plan` has the actions that follow."""
        match entry.action:
            case WriteComment():
                self._write(entry, entry.action)
            case DeleteComment():
                self._delete(entry.action)
            case ChangeLabels():
                self._labels(entry.action)
            case DefineLabel():
                self._define(entry.action)
            case RemoveLabelDefinition():
                pass  # a removed definition is not restored

    # ---- comments

    def _write(self, entry: Written, action: WriteComment) -> None:
        after = entry.comment or self._comment_by_mark(action)
        if action.ref not in self.posted:
            self._hold(f"comment on {action.ref.key}", "the issue is gone")
            return
        if after is None:
            return  # the answer was lost, and nothing with its mark is there
        comment = self._comment(action.ref, after.id, action.target)
        if comment.stuck or not self._stands(comment, after):
            return
        # A comment that was replaced showed too much before: it is removed, and that text not restored.
        comment.body = action.before.body if action.before and not action.anew else None
        comment.like = None if action.anew else action.before
        comment.stepped = True

    def _stands(self, comment: _Comment, after: PostedComment) -> bool:
        """Return whether the comment is as its newest entry left it; if not, it is stuck.

        Older entries are not compared: an edit before the newest entry was overwritten by it.
        """
        if comment.stepped:
            return True
        if comment.body is not None and body_hash(comment.body) == body_hash(after.body):
            return True
        comment.stuck = True
        if comment.now is not None:
            self._hold(f"comment on {comment.ref.key}", "it was changed since")
        return False

    def _delete(self, action: DeleteComment) -> None:
        if action.ref not in self.posted:
            self._hold(f"comment on {action.ref.key}", "the issue is gone")
            return
        comment = self._comment(action.ref, action.before.id, action.target)
        if not comment.stuck and comment.body is None:
            comment.body, comment.like = action.before.body, action.before
            comment.stepped = True

    def _comment(self, ref: IssueRef, comment_id: str, target: str) -> _Comment:
        key = (ref, comment_id)
        if key not in self.comments:
            standing = (comment for comment in self.posted[ref].comments if comment.id == comment_id)
            now = next(standing, None)
            self.comments[key] = _Comment(self.posted[ref].ref, now, now.body if now else None, target)
            if now is not None and not now.mine:
                self.comments[key].stuck = True
                self._hold(f"comment on {ref.key}", "another account wrote it than the one that undoes")
        return self.comments[key]

    def _comment_by_mark(self, action: WriteComment) -> PostedComment | None:
        posted = self.posted.get(action.ref)
        mine = [comment for comment in (posted.comments if posted else ()) if comment.mine]
        return next((comment for comment in mine if str(mark_of(comment)) == action.mark), None)

    # ---- labels

    def _labels(self, action: ChangeLabels) -> None:
        posted = self.posted.get(action.ref)
        if posted is None:
            self._hold(f"labels of {action.ref.key}", "the issue is gone")
            return
        labels = self.labels.setdefault(action.ref, set(posted.labels))
        labels.difference_update(action.add)
        if action.reason != SAYS_TOO_MUCH:  # a label that showed too much is not added again
            labels.update(action.remove)

    def _define(self, action: DefineLabel) -> None:
        if action.reason == SAYS_TOO_MUCH:
            return
        key = (action.tracker, action.container, action.definition.name)
        if key not in self.defined:
            self.defined[key] = self._definition_now(*key)
        now = self.defined[key]
        if now is None:
            return
        if (now.colour.casefold(), now.description) == (
            action.definition.colour.casefold(),
            action.definition.description,
        ):
            self.defined[key] = action.before
        else:
            self._hold(f'label "{now.name}" in {action.container}', "its definition was changed since")

    def _definition_now(self, tracker: str, container: str, name: str) -> LabelDefinition | None:
        existing = self.definitions.get((tracker, container), ())
        return next((label for label in existing if label.name.casefold() == name.casefold()), None)

    # ---- the plan

    def _hold(self, what: str, why: str) -> None:
        self.held.append(Held(what, why, BY_HAND))

    def plan(self) -> Plan:
        """Return the plan: definitions that are restored, labels, comments, definitions that are removed."""
        back, gone = self._definition_actions()
        labels: list[Action] = [
            action for ref in sorted(self.labels, key=issue_order) for action in self._label_actions(ref)
        ]
        comments: list[Action] = []
        for key in sorted(self.comments, key=lambda item: (issue_order(item[0]), item[1])):
            comments += _comment_actions(self.comments[key])
        held = sorted(set(self.held), key=lambda item: (item.what, item.why))
        return Plan((*back, *labels, *comments, *gone), tuple(held))

    def _label_actions(self, ref: IssueRef) -> list[ChangeLabels]:
        now, then = set(self.posted[ref].labels), self.labels[ref]
        if now == then:
            return []
        add, remove = tuple(sorted(then - now)), tuple(sorted(now - then))
        return [ChangeLabels(self.posted[ref].ref, add, remove, REASON)]

    def _definition_actions(self) -> tuple[list[DefineLabel], list[RemoveLabelDefinition]]:
        back: list[DefineLabel] = []
        gone: list[RemoveLabelDefinition] = []
        for (tracker, container, name), then in sorted(self.defined.items(), key=lambda entry: entry[0]):
            now = self._definition_now(tracker, container, name)
            if now is None or now == then:
                continue
            if then is not None:
                back.append(DefineLabel(tracker, container, then, now, REASON))
            elif self.in_use(tracker, container, now.name):
                self._hold(f'label "{now.name}" in {container}', "issues still carry it")
            else:
                gone.append(RemoveLabelDefinition(tracker, container, now.name, REASON))
        return back, gone


def _comment_actions(comment: _Comment) -> list[Action]:
    """Return one action that leads back to the earlier text; none if the comment has it already."""
    if comment.now is None:
        if comment.body is None:
            return []
        return [_write(comment, comment.body, None)]
    if comment.body is None:
        return [DeleteComment(comment.ref, comment.target, comment.now, REASON)]
    if body_hash(comment.body) == body_hash(comment.now.body):
        return []
    return [_write(comment, comment.body, comment.now)]


def _write(comment: _Comment, body: str, before: PostedComment | None) -> WriteComment:
    """Return the write of the earlier text with the earlier mark, by which the next run recognises it."""
    mark = mark_of(comment.like) if comment.like else None
    text = str(mark) if mark else ""
    return WriteComment(comment.ref, comment.target, body, text, mark.digest if mark else "", before, REASON)

"""Other writers: finds conflicts with other installations, and what somebody sets back again and again."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connectors.interface import TrackerInfo
from connectors.models import IssueRef
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Held,
    Plan,
    WriteComment,
    Written,
)
from core.publish.comment import same_meaning
from core.publish.comment.mark import read_mark
from core.publish.own_comments import edited, rival_of, visibility_reason, writer
from core.publish.publication import Publication
from core.publish.publish_policy import PublishPolicy
from core.publish.quarantine import Target
from core.publish.states import ActualState, DesiredState

COMMENT, DOUBLE, LABELS, DEFINITION = "comment", "double", "labels", "definition"
"""The kinds of a target here; a comment is one target whether it is created or edited."""
ON_ISSUES = (COMMENT, DOUBLE, LABELS)
"""The kinds of targets that lie on an issue."""
RELEASE = "when other content is wanted there, or by `milepost adopt`"


@dataclass(frozen=True, slots=True)
class Contention:
    """What is stored about one target: what was written last, how often, and who else writes there."""

    target: Target
    wish: str = ""
    """12 hex digits: the digest of what was written last."""
    writes: int = 0
    """How often that was written: once, and once more for each time it was set back."""
    others: tuple[str, ...] = ()
    """Installations whose comment was overwritten here; if one writes again, that is a conflict."""
    against: str | None = None
    """The installation in conflict with this one: empty for one of an older version, None for none."""
    held: Held | None = None
    """What the last run held here."""


Contentions = Mapping[Target, Contention]


@dataclass(frozen=True, slots=True)
class ConflictCheck:
    """A plan without what other writers would set back again, and what is to be stored for the next runs."""

    plan: Plan
    book: Contentions
    """What was stored when the plan was made."""
    wishes: Mapping[Target, str]
    """By target of an action whose writes are counted: the digest of what is to be written."""
    rivals: Mapping[Target, str]
    """By comment that the plan overwrites: the other installation that wrote it."""
    set_backs: frozenset[Target]
    """Comments that are set back to the recorded text; this write is already the second of it."""
    held: Mapping[Target, Contention]
    """What is held, as it is to be stored."""
    ended: tuple[Contention, ...]
    """What is no longer held or in conflict, as it is to be stored."""

    @property
    def held_before(self) -> frozenset[Held]:
        """What the run before this one held and reported in the same words."""
        before = ((entry.held, self.book.get(target)) for target, entry in self.held.items())
        return frozenset(held for held, entry in before if held and entry is not None and entry.held == held)


def target_of(action: Action) -> Target | None:
    """Return the target for which the writes of this action are counted; None where they are not counted."""
    match action:
        case WriteComment():
            return Target(action.tracker, COMMENT, action.ref.id)
        case DeleteComment(double=True):
            return Target(action.tracker, DOUBLE, action.ref.id)
        case ChangeLabels():
            return Target(action.tracker, LABELS, action.ref.id)
        case DefineLabel():
            return Target(action.tracker, DEFINITION, action.container, action.definition.name.casefold())
    return None


def counted(plan: Plan) -> list[Target]:
    """Return the targets of a plan whose stored counts of writes are needed."""
    return [target for target in map(target_of, plan.actions) if target is not None]


def check_conflicts(
    whole: Plan,
    desired: DesiredState,
    actual: ActualState,
    policy: PublishPolicy,
    infos: Mapping[str, TrackerInfo],
    book: Contentions,
) -> ConflictCheck:
    """Hold what another installation would set back, and what was set back too often.

    `book`: what is stored about the plan's targets (`counted`), and about everything in conflict or held.
    Another installation's comment is overwritten once, since ours after a lost store looks the same. If that
    installation writes another meaning again although ours has not changed, this is a conflict, and nothing
    is written there until both agree, or until `milepost adopt`.
    """
    sorter = _Sorter(desired, actual, policy, infos, book)
    comments = [action for action in whole.actions if isinstance(action, WriteComment)]
    for comment in comments:
        if not comment.anew:  # a comment that shows too much is always replaced
            sorter.comment(comment)
    for action in whole.actions:
        if not isinstance(action, WriteComment):
            sorter.other(action)
    applied = (
        action
        for action in whole.actions
        if target_of(action) not in sorter.held or (isinstance(action, WriteComment) and action.anew)
    )
    actions = tuple(sorter.replaced.get(action, action) for action in applied)
    held = tuple(entry.held for entry in sorter.held.values() if entry.held is not None)
    return ConflictCheck(
        replace(whole, actions=actions, held=whole.held + held),
        book,
        sorter.wishes,
        sorter.rivals,
        frozenset(sorter.set_backs),
        sorter.held,
        tuple(_ended(book, sorter.held, comments, desired, actual, policy.instance)),
    )


class _Sorter:
    """Decides for each action whether it is held."""

    def __init__(
        self,
        desired: DesiredState,
        actual: ActualState,
        policy: PublishPolicy,
        infos: Mapping[str, TrackerInfo],
        book: Contentions,
    ) -> None:
        self._actual = actual
        self._policy = policy
        self._infos = infos
        self._book = book
        self._names = {label.ref: label.names for label in desired.labels}
        self._meant = {comment.ref: comment.digest for comment in desired.comments}
        self.wishes: dict[Target, str] = {}
        self.rivals: dict[Target, str] = {}
        self.set_backs: set[Target] = set()
        self.held: dict[Target, Contention] = {}
        self.replaced: dict[Action, Action] = {}
        """Edits of comments that have to be removed instead."""

    def comment(self, action: WriteComment) -> None:
        """Hold the write of a comment in a conflict, or one that was set back too often."""
        target = Target(action.tracker, COMMENT, action.ref.id)
        entry = self._count(target, self._comment_wish(action))
        record = self._actual.records.get(action.ref)
        instance, own = self._policy.instance, self._actual.installation
        rival = rival_of(action.before, record, instance, own) if action.before is not None else None
        if rival is not None:
            came_back = rival in entry.others and entry.wish == self.wishes[target]
            if entry.against == rival or came_back:
                held = Held(
                    f"comment on {action.ref.key}",
                    f'{writer(rival)} writes here too as instance "{instance}", and something else than '
                    f"this one ({own}) would",
                    "set [publish] instance in one of the two, or run "
                    f"`milepost adopt {action.ref.key}` to take the comment over for good",
                )
                self.held[target] = replace(entry, against=rival, held=held)
                return
            self.rivals[target] = rival
        elif _sets_back(action, record):
            self.set_backs.add(target)
        self._limit(target, f"comment on {action.ref.key}", self._policy.max_set_backs)
        if target not in self.held and action.before is not None and self._keeps_readers(action, entry):
            reason = f"{action.reason}, which no edit changes: removed now, and written anew by the next run"
            self.replaced[action] = DeleteComment(action.ref, action.target, action.before, reason)

    def _keeps_readers(self, action: WriteComment, entry: Contention) -> bool:
        """Return whether the same edit was made before, but did not change who may read the comment."""
        info, record = self._infos.get(action.tracker), self._actual.records.get(action.ref)
        if info is None or record is None or action.before is None or record.comment.id != action.before.id:
            return False
        again = entry.writes > 0 and entry.wish == self.wishes[entry.target]
        asked = action.reason and action.reason == visibility_reason(action.before, info)
        return bool(again and asked and visibility_reason(record.comment, info))

    def other(self, action: Action) -> None:
        """Hold labels, definitions and removals of doubles that were set back too often."""
        match action:
            case ChangeLabels():
                what, wish = f"labels of {action.ref.key}", repr(sorted(self._names.get(action.ref, ())))
            case DefineLabel():
                what, wish = (
                    f'label "{action.definition.name}" in {action.container}',
                    repr(action.definition),
                )
            case DeleteComment(double=True):
                what, wish = f"second comment on {action.ref.key}", self._meant.get(action.ref, "")
            case _:
                return
        target = target_of(action)
        if target is None:
            return
        self._count(target, _digest(wish))
        # Labels do not show who wrote them; on a tracker with a conflict, none is written a second time.
        conflict = action.tracker in {conflict.tracker for conflict in self._conflicts()}
        self._limit(target, what, 0 if conflict else self._policy.max_set_backs)

    def _conflicts(self) -> Iterable[Target]:
        entries = {**self._book, **self.held}
        return (target for target, entry in entries.items() if entry.against is not None)

    def _count(self, target: Target, wish: str) -> Contention:
        self.wishes[target] = wish
        return self._book.get(target) or Contention(target)

    def _limit(self, target: Target, what: str, most: int) -> None:
        entry = self._book.get(target)
        if entry is None or entry.wish != self.wishes[target] or entry.writes <= most:
            return
        times = entry.writes - 1
        often = "once" if times == 1 else f"{times} times"
        why = (
            f"it was set back {often} without a change of meaning, and is changed by somebody else again"
            if times
            else "somebody else changed it again, and another installation is in conflict with this one"
        )
        self.held[target] = replace(entry, held=Held(what, why, RELEASE))

    def _comment_wish(self, action: WriteComment) -> str:
        mark, info = read_mark(action.mark), self._infos.get(action.tracker)
        shown = (info.comment_visibility, info.internal_comments) if info is not None else None
        return _digest(repr((action.digest, mark.instance if mark is not None else "", shown)))


def _sets_back(action: WriteComment, record: Publication | None) -> bool:
    """Return whether the recorded comment has the same meaning, and was removed or edited since."""
    if record is None or not same_meaning(record.digest, action.digest, links_waiting=False):
        return False
    return action.before is None or edited(action.before, record.comment)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _ended(
    book: Contentions,
    held: Mapping[Target, Contention],
    comments: Iterable[WriteComment],
    desired: DesiredState,
    actual: ActualState,
    instance: str,
) -> Iterable[Contention]:
    """Yield the entries that are no longer held or in conflict, of those that could be read now."""
    writing = {(action.tracker, action.ref.id) for action in comments}
    waiting = {
        (comment.ref.tracker, comment.ref.id) for comment in desired.comments if comment.waiting is not None
    }
    unread = {(ref.tracker, ref.id) for ref in actual.unreadable}
    for target, entry in book.items():
        place = (target.tracker, target.place)
        if target in held or target.tracker in actual.down or place in waiting | unread:
            continue
        if target.kind == COMMENT and place not in writing and _accepted(target, actual, instance):
            if entry.others or entry.against is not None or entry.held:
                yield replace(entry, others=(), against=None, held=None)
        elif entry.held is not None or entry.against is not None:
            yield replace(entry, against=None, held=None)


def _accepted(target: Target, actual: ActualState, instance: str) -> bool:
    """Return whether a comment of another installation stands there; without a planned write, it agrees."""
    ref = IssueRef(target.tracker, target.place, "")
    posted, record = actual.posted.get(ref), actual.records.get(ref)
    comments = posted.comments if posted is not None else ()
    return any(
        comment.mine and rival_of(comment, record, instance, actual.installation) is not None
        for comment in comments
    )


def after(check: ConflictCheck, written: Iterable[Written]) -> tuple[Contention, ...]:
    """Return the entries to store after these writes: one for every target that changed."""
    entries = {entry.target: entry for entry in check.ended}
    done = [target_of(outcome.action) for outcome in written if outcome.outcome == "done"]
    for target in dict.fromkeys(done):  # several doubles of one issue count once
        if target is None or target not in check.wishes:
            continue
        entry = entries.get(target) or check.book.get(target) or Contention(target)
        wish = check.wishes[target]
        rival = check.rivals.get(target)
        others = entry.others if rival is None or rival in entry.others else (*entry.others, rival)
        first_count = 2 if target in check.set_backs else 1
        count = entry.writes + 1 if entry.wish == wish else first_count
        entries[target] = Contention(target, wish, count, others)
    entries.update(check.held)
    before = check.book
    return tuple(entries[target] for target in sorted(entries) if entries[target] != before.get(target))


def released(entry: Contention) -> Contention:
    """Return the entry without other writers and counts, so that the next run writes there again."""
    return Contention(entry.target, entry.wish)

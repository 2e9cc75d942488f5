"""Compacts old entries of the ledger: one entry for each thing that `undo` may still take back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.models import IssueRef, PostedComment
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)

Number = int
"""The number of an entry."""
Entry = tuple[Number, Written]
Thing = tuple[object, ...]
"""What an entry is about: the labels of an issue, one comment, or one label definition."""

Labels = Callable[[IssueRef], Iterable[str] | None]
"""(issue) -> its labels as last read; None where the issue is not stored."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """Which old entries are deleted and which are replaced."""

    drop: tuple[Number, ...] = ()
    change: Mapping[Number, Written] = field(default_factory=dict)
    """By number: the entry that replaces it and the dropped ones before it."""


def compact(old: Sequence[Entry], younger: Iterable[Written], labels: Labels) -> Compacted:
    """Return how to replace all old entries about one thing by a single entry.

    `old`: entries in the order in which they were written; `younger`: those that are not old yet. To undo the
    result and the younger entries has the same effect as to undo all, but single old runs can no longer be
    undone. Dropped are entries that failed, that later ones took back, or whose labels are gone.
    """
    younger_things = {thing for entry in younger if (thing := _thing(entry)) is not None}
    by_thing: dict[Thing, list[Entry]] = {}
    drop: list[Number] = []
    for number, written in old:
        thing = _thing(written)
        if thing is None:
            drop.append(number)
        else:
            by_thing.setdefault(thing, []).append((number, written))
    change: dict[Number, Written] = {}
    for thing, entries in by_thing.items():
        last, before = entries[-1], entries[:-1]
        drop += [number for number, _ in before]
        folded = _folded([written for _, written in entries])
        if folded is None or (thing not in younger_things and _is_gone(folded.action, labels)):
            drop.append(last[0])
        elif folded != last[1]:
            change[last[0]] = folded
    return Compacted(tuple(sorted(drop)), change)


def _thing(written: Written) -> Thing | None:
    """Return what an entry is about; None for one that failed, which `undo` ignores."""
    action = written.action
    if written.outcome == "failed":
        return None
    match action:
        case ChangeLabels():
            return "labels", action.tracker, action.ref.id
        case WriteComment():
            comment = written.comment or action.before
            # Where the answer to a create was lost, the comment has no id here, only its mark.
            return "comment", action.tracker, action.ref.id, comment.id if comment else action.mark
        case DeleteComment():
            return "comment", action.tracker, action.ref.id, action.before.id
        case DefineLabel():
            return "label", action.tracker, action.container, action.definition.name.casefold()
        case RemoveLabelDefinition():
            return "label", action.tracker, action.container, action.name.casefold()


def _folded(entries: Sequence[Written]) -> Written | None:
    """Return one entry with the effect of all of them; None if they have none together."""
    last = entries[-1]
    if isinstance(last.action, ChangeLabels):
        return _labels([entry.action for entry in entries if isinstance(entry.action, ChangeLabels)], last)
    first = entries[0].action
    match last.action:
        case WriteComment():
            return replace(last, action=replace(last.action, before=_comment_before(first)))
        case DeleteComment():
            before = _comment_before(first)
            return None if before is None else replace(last, action=replace(last.action, before=before))
        case DefineLabel():
            made = isinstance(first, DefineLabel)
            before_it = first.before if isinstance(first, DefineLabel) else None
            return replace(last, action=replace(last.action, before=before_it)) if made else last
    return None  # an undo does not restore a definition that was removed


def _comment_before(action: Action) -> PostedComment | None:
    return action.before if isinstance(action, WriteComment | DeleteComment) else None


def _labels(actions: Sequence[ChangeLabels], last: Written) -> Written | None:
    """Return one change of labels with the effect of all; None if they have none together.

    By label, the first change tells whether it was there before, and the last one whether it was left there.
    """
    first: dict[str, bool] = {}
    final: dict[str, bool] = {}
    for action in actions:
        for name, added in (
            *((label, False) for label in action.remove),
            *((label, True) for label in action.add),
        ):
            first.setdefault(name, added)
            final[name] = added
    add = tuple(sorted(name for name, added in final.items() if added and first[name]))
    remove = tuple(sorted(name for name, added in final.items() if not added and not first[name]))
    if not add and not remove:
        return None
    if (add, remove) == (actions[-1].add, actions[-1].remove):
        return last
    return replace(last, action=replace(actions[-1], add=add, remove=remove))


def _is_gone(action: Action, labels: Labels) -> bool:
    """Return whether a change of labels has no effect any more: it only added labels, and all are removed."""
    if not isinstance(action, ChangeLabels) or action.remove:
        return False
    now = labels(action.ref)
    return now is not None and not {name.casefold() for name in action.add} & {
        name.casefold() for name in now
    }

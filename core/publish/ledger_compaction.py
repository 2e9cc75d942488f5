"""Old entries of the ledger made few: what `undo` still needs of them stays, as one entry for each thing."""

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
"""Of an entry."""
Entry = tuple[Number, Written]
Thing = tuple[object, ...]

Labels = Callable[[IssueRef], Iterable[str] | None]
"""The labels of an issue as last read; None where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What becomes of old entries."""

    drop: tuple[Number, ...] = ()
    change: Mapping[Number, Written] = field(default_factory=dict)
    """Entries that stand for themselves and the dropped ones before them."""


def compact(old: Sequence[Entry], younger: Iterable[Written], labels: Labels) -> Compacted:
    """Let one entry stand for all old ones about one thing: the labels of an issue, a comment, a definition.

    `old` are in the order in which they were written, `younger` those that are not old yet. To take back
    the result and what is younger comes to the same as to take back all; single old runs are not told
    apart any more. Dropped is what failed, what later entries took back, and labels that went meanwhile.
    """
    after = {thing for item in younger if (thing := _thing(item)) is not None}
    several: dict[Thing, list[Entry]] = {}
    drop: list[Number] = []
    for number, written in old:
        thing = _thing(written)
        if thing is None:
            drop.append(number)
        else:
            several.setdefault(thing, []).append((number, written))
    change: dict[Number, Written] = {}
    for thing, entries in several.items():
        last, before = entries[-1], entries[:-1]
        drop += [number for number, _ in before]
        folded = _folded([written for _, written in entries])
        if folded is None or (thing not in after and _left(folded.action, labels)):
            drop.append(last[0])
        elif folded != last[1]:
            change[last[0]] = folded
    return Compacted(tuple(sorted(drop)), change)


def _thing(written: Written) -> Thing | None:
    """What an entry is about; None for one that `undo` passes over, or that stands alone for nothing."""
    action = written.action
    if written.outcome == "failed":
        return None
    match action:
        case ChangeLabels():
            return "labels", action.tracker, action.ref.id
        case WriteComment():
            comment = written.comment or action.before
            # The answer to a create was lost: it is found by its mark, if it is there at all.
            return "comment", action.tracker, action.ref.id, comment.id if comment else action.mark
        case DeleteComment():
            return "comment", action.tracker, action.ref.id, action.before.id
        case DefineLabel():
            return "label", action.tracker, action.container, action.definition.name.casefold()
        case RemoveLabelDefinition():
            return "label", action.tracker, action.container, action.name.casefold()


def _folded(entries: Sequence[Written]) -> Written | None:
    """One entry with the effect of all of them; None if they come to nothing."""
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
    return None  # a definition that was removed: only an undo does that


def _comment_before(action: Action) -> PostedComment | None:
    return action.before if isinstance(action, WriteComment | DeleteComment) else None


def _labels(actions: Sequence[ChangeLabels], last: Written) -> Written | None:
    """By label: what the first change says of the time before, and the last one of what was left."""
    first: dict[str, bool] = {}
    final: dict[str, bool] = {}
    for action in actions:
        for name, added in (
            *((item, False) for item in action.remove),
            *((item, True) for item in action.add),
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


def _left(action: Action, labels: Labels) -> bool:
    """Whether nothing of a change of labels stands any more: somebody took all of them away."""
    if not isinstance(action, ChangeLabels) or action.remove:
        return False
    now = labels(action.ref)
    return now is not None and not {name.casefold() for name in action.add} & {
        name.casefold() for name in now
    }

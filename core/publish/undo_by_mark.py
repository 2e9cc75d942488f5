"""What is ours by its looks, without the ledger: comments by mark and account, labels by prefix."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from connectors.models import MARK_PREFIX, IssueRef, LabelDefinition, Posted, PostedComment
from core.engine.key_order import issue_order
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.comment.mark import mark_of
from core.publish.labels import owned
from core.publish.publish_policy import PublishPolicy

BY_MARK = "undo: the ledger does not have it, its mark shows that it is ours"
BY_PREFIX = "undo: the ledger does not have it, its prefix shows that it is ours"

Carriers = Callable[[str, str, str], Collection[IssueRef]]
"""The issues of (tracker, container) that carry the label (name) now."""


def with_marked(
    plan: Plan,
    entries: Sequence[Written],
    posted: Mapping[IssueRef, Posted],
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]],
    carriers: Carriers,
    policy: PublishPolicy,
) -> Plan:
    """The plan that takes everything back, and with it what is ours although the ledger does not have it.

    Ours are comments by our account whose mark has our instance, and labels and definitions under our
    prefix. `entries`: the whole ledger, newest first. Where it is whole, it alone says what is ours, since it
    also knows what people did under our prefix, and the plan stays as it is.
    """
    if is_whole(entries, posted, policy.instance):
        return plan
    labels = _labels(plan, posted, policy.labels.prefix)
    comments = _comments(plan, posted, policy.instance)
    first = [action for action in plan.actions if isinstance(action, DefineLabel)]
    last = [action for action in plan.actions if isinstance(action, RemoveLabelDefinition)]
    gone = _definitions(last, definitions, labels, carriers, policy.labels.prefix)
    return replace(plan, actions=(*first, *labels, *comments, *last, *gone))


def is_whole(entries: Sequence[Written], posted: Mapping[IssueRef, Posted], instance: str) -> bool:
    """Whether the ledger, newest first, tells of every comment of ours from its beginning.

    An empty one does not: nothing is to be taken back by it, and what stands must have been lost from it.
    """
    made: set[tuple[IssueRef, str]] = set()
    for entry in reversed(entries):
        action = entry.action
        if isinstance(action, WriteComment | DeleteComment):
            before = action.before
            if before is not None and _marked(before, instance) and (action.ref, before.id) not in made:
                return False
            if isinstance(action, WriteComment) and entry.comment is not None:
                made.add((action.ref, entry.comment.id))
            elif isinstance(action, WriteComment) and entry.outcome == "unknown":
                made.update((action.ref, one.id) for one in _ours(posted, action.ref, instance))
    standing = {(ref, one.id) for ref in posted for one in _ours(posted, ref, instance)}
    return bool(entries) and standing <= made


def _ours(posted: Mapping[IssueRef, Posted], ref: IssueRef, instance: str) -> list[PostedComment]:
    return (
        [one for one in posted[ref].comments if one.mine and _marked(one, instance)] if ref in posted else []
    )


def _marked(comment: PostedComment, instance: str) -> bool:
    mark = mark_of(comment)
    return mark is not None and mark.instance == instance


def _labels(plan: Plan, posted: Mapping[IssueRef, Posted], prefix: str) -> list[ChangeLabels]:
    """The label changes of the plan, with all labels under our prefix gone, and none of them put back."""
    planned = {action.ref: action for action in plan.actions if isinstance(action, ChangeLabels)}
    for ref, now in posted.items():
        before = planned.get(ref, ChangeLabels(now.ref, (), (), BY_PREFIX))
        add = tuple(name for name in before.add if name not in owned(before.add, prefix))
        remove = tuple(sorted({*before.remove, *owned(now.labels, prefix)}))
        planned[ref] = replace(before, add=add, remove=remove)
    return sorted(
        (item for item in planned.values() if item.add or item.remove),
        key=lambda element: issue_order(element.ref),
    )


def _comments(plan: Plan, posted: Mapping[IssueRef, Posted], instance: str) -> list[Action]:
    """The comments that the plan changes or removes, with all that are ours gone, and none put back."""
    kept: list[Action] = []
    going: set[tuple[IssueRef, str]] = set()
    for action in plan.actions:
        if isinstance(action, DeleteComment):
            kept.append(action)
            going.add((action.ref, action.before.id))
        elif isinstance(action, WriteComment) and not action.mark.startswith(f"{MARK_PREFIX}{instance}:"):
            kept.append(action)
    marked = [
        DeleteComment(posted[ref].ref, "", one, BY_MARK)
        for ref in posted
        for one in _ours(posted, ref, instance)
        if (ref, one.id) not in going
    ]
    return [*kept, *sorted(marked, key=lambda item: (issue_order(item.ref), item.before.id))]


def _definitions(
    planned: Iterable[RemoveLabelDefinition],
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]],
    labels: Iterable[ChangeLabels],
    carriers: Carriers,
    prefix: str,
) -> list[Action]:
    """The other definitions under our prefix that no issue will carry any more."""
    named = {(item.tracker, item.container, item.name.casefold()) for item in planned}
    losing = {(label.ref, name.casefold()) for label in labels for name in label.remove}
    gone: list[Action] = []
    for (tracker, container), defined in sorted(definitions.items()):
        for name in sorted(owned((one.name for one in defined), prefix)):
            key = (tracker, container, name.casefold())
            left = [ref for ref in carriers(*key) if (ref, name.casefold()) not in losing]
            if key not in named and not left:
                gone.append(RemoveLabelDefinition(tracker, container, name, BY_PREFIX))
    return gone

"""Undo without the ledger: removes comments with our mark by our account, and labels with our prefix."""

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
"""(tracker, container, label) -> the issues that carry the label now."""


def with_marked(
    plan: Plan,
    entries: Sequence[Written],
    posted: Mapping[IssueRef, Posted],
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]],
    carriers: Carriers,
    policy: PublishPolicy,
) -> Plan:
    """Return the plan that takes everything back, completed by what is ours but not in the ledger.

    Ours are comments by our account whose mark has our instance, and labels and definitions under our
    prefix. `entries`: the whole ledger, newest first. Where nothing is missing from it, the plan stays as
    it is, since the ledger also shows which labels under our prefix people set themselves.
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
    """Return whether the ledger, newest first, has the creation of every comment of ours.

    An empty ledger is never whole: what stands must have been lost from it.
    """
    created: set[tuple[IssueRef, str]] = set()
    for entry in reversed(entries):
        action = entry.action
        if isinstance(action, WriteComment | DeleteComment):
            before = action.before
            if before is not None and _marked(before, instance) and (action.ref, before.id) not in created:
                return False
            if isinstance(action, WriteComment) and entry.comment is not None:
                created.add((action.ref, entry.comment.id))
            elif isinstance(action, WriteComment) and entry.outcome == "unknown":
                created.update((action.ref, comment.id) for comment in _ours(posted, action.ref, instance))
    standing = {(ref, comment.id) for ref in posted for comment in _ours(posted, ref, instance)}
    return bool(entries) and standing <= created


def _ours(posted: Mapping[IssueRef, Posted], ref: IssueRef, instance: str) -> list[PostedComment]:
    comments = posted[ref].comments if ref in posted else ()
    return [comment for comment in comments if comment.mine and _marked(comment, instance)]


def _marked(comment: PostedComment, instance: str) -> bool:
    mark = mark_of(comment)
    return mark is not None and mark.instance == instance


def _labels(plan: Plan, posted: Mapping[IssueRef, Posted], prefix: str) -> list[ChangeLabels]:
    """Return the plan's changes of labels, with all labels under our prefix removed and none added."""
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
    """Return the plan's actions on comments, with all comments of ours removed and none of them restored."""
    kept: list[Action] = []
    removed: set[tuple[IssueRef, str]] = set()
    for action in plan.actions:
        if isinstance(action, DeleteComment):
            kept.append(action)
            removed.add((action.ref, action.before.id))
        elif isinstance(action, WriteComment) and not action.mark.startswith(f"{MARK_PREFIX}{instance}:"):
            kept.append(action)
    marked = [
        DeleteComment(posted[ref].ref, "", comment, BY_MARK)
        for ref in posted
        for comment in _ours(posted, ref, instance)
        if (ref, comment.id) not in removed
    ]
    return [*kept, *sorted(marked, key=lambda item: (issue_order(item.ref), item.before.id))]


def _definitions(
    planned: Iterable[RemoveLabelDefinition],
    definitions: Mapping[tuple[str, str], tuple[LabelDefinition, ...]],
    labels: Iterable[ChangeLabels],
    carriers: Carriers,
    prefix: str,
) -> list[Action]:
    """Return the removal of the other definitions under our prefix that no issue will carry any more."""
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

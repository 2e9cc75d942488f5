"""Labels under an earlier prefix: those that milepost itself added are removed again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from connectors.models import IssueRef
from core.engine.key_order import issue_order
from core.publish.actions import Action, ChangeLabels, DefineLabel, Plan, Written

REASON = "the prefix of our labels is another one now"
Labels = Mapping[IssueRef, Collection[str]]


def left_behind(entries: Iterable[Written], prefix: str) -> dict[IssueRef, frozenset[str]]:
    """Return by issue the labels that our writes added and did not remove, without those under `prefix`.

    `entries`: the ledger, oldest first.
    """
    added: dict[IssueRef, set[str]] = {}
    for entry in entries:
        action = entry.action
        if isinstance(action, ChangeLabels) and entry.outcome != "failed":
            names = added.setdefault(action.ref, set())
            names.difference_update(action.remove)
            names.update(action.add)
    ours = prefix.casefold()
    left = {
        ref: frozenset(name for name in names if not name.casefold().startswith(ours))
        for ref, names in added.items()
    }
    return {ref: names for ref, names in left.items() if names}


def with_removals(plan: Plan, left: Labels, now: Labels) -> Plan:
    """Return the plan with the removal of those of these labels that still stand.

    `now`: by issue, all its labels. A removal is added to the planned change of the issue's labels if there
    is one; the others come after all changes of labels.
    """
    to_remove = {ref: {name for name in names if name in now.get(ref, ())} for ref, names in left.items()}
    actions: list[Action] = []
    for action in plan.actions:
        more = to_remove.pop(action.ref, None) if isinstance(action, ChangeLabels) else None
        if isinstance(action, ChangeLabels) and more:
            actions.append(replace(action, remove=tuple(sorted({*action.remove, *more}))))
        else:
            actions.append(action)
    others = [
        ChangeLabels(ref, (), tuple(sorted(names)), REASON) for ref, names in to_remove.items() if names
    ]
    position = next(
        (at for at, action in enumerate(actions) if not isinstance(action, DefineLabel | ChangeLabels)),
        len(actions),
    )
    others.sort(key=lambda change: issue_order(change.ref))
    actions[position:position] = others
    return replace(plan, actions=tuple(actions))

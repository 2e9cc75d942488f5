"""Labels under an earlier prefix: those that milepost itself put on issues are taken off again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from connectors.models import IssueRef
from core.engine.key_order import issue_order
from core.publish.actions import Action, ChangeLabels, DefineLabel, Plan, Written

REASON = "the prefix of our labels is another one now"
Labels = Mapping[IssueRef, Collection[str]]


def left_behind(entries: Iterable[Written], prefix: str) -> dict[IssueRef, frozenset[str]]:
    """The labels that our writes, oldest first, added and did not remove, but for those under `prefix`."""
    result: dict[IssueRef, set[str]] = {}
    for entry in entries:
        action = entry.action
        if isinstance(action, ChangeLabels) and entry.outcome != "failed":
            names = result.setdefault(action.ref, set())
            names.difference_update(action.remove)
            names.update(action.add)
    ours = prefix.casefold()
    left = {
        ref: frozenset(name for name in names if not name.casefold().startswith(ours))
        for ref, names in result.items()
    }
    return {ref: names for ref, names in left.items() if names}


def with_removals(plan: Plan, left: Labels, now: Labels) -> Plan:
    """The plan with these labels taken off wherever they still stand. `now`: all labels of these issues."""
    going = {ref: {name for name in names if name in now.get(ref, ())} for ref, names in left.items()}
    actions: list[Action] = []
    for action in plan.actions:
        more = going.pop(action.ref, None) if isinstance(action, ChangeLabels) else None
        if isinstance(action, ChangeLabels) and more:
            actions.append(replace(action, remove=tuple(sorted({*action.remove, *more}))))
        else:
            actions.append(action)
    alone = [ChangeLabels(ref, (), tuple(sorted(names)), REASON) for ref, names in going.items() if names]
    place = next(
        (at for at, value in enumerate(actions) if not isinstance(value, DefineLabel | ChangeLabels)),
        len(actions),
    )
    alone.sort(key=lambda item: issue_order(item.ref))
    actions[place:place] = alone
    return replace(plan, actions=tuple(actions))

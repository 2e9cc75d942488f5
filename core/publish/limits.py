"""What holds a plan back: too many changes, a tracker that lost issues, a goal that jumped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from connectors.contract import IssueRef
from core.engine.percent import percent
from core.publish.actions import Action, ChangeLabels, DefineLabel, DeleteComment, Held, Plan, WriteComment
from core.publish.policy import LimitPolicy

RELEASE = "look at it, then run `milepost sync --force`"


@dataclass(frozen=True, slots=True)
class Jump:
    """How far one number of a goal moved since the last run; shares from 0 to 1."""

    goal: str
    before: Fraction
    after: Fraction
    mapping_changed: bool = False
    """The user changed the mapping, so a jump is no surprise."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the run knows beyond the plan."""

    lost: Mapping[str, Fraction] = field(default_factory=dict)
    """By tracker: the share of its issues (0 to 1) that are gone since the last pull."""
    jumps: tuple[Jump, ...] = ()
    rests_on: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the trackers from which its numbers come."""
    goals: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the goals that its comment or labels tell of."""
    again: frozenset[Action] = frozenset()
    """Actions that failed before and are tried again: no limit counts them."""


def apply_limits(plan: Plan, facts: Facts, policy: LimitPolicy, *, force: bool = False) -> Plan:
    """The plan without what a limit holds back, with a reason for each limit; `force` lets all through.

    The number of changes is taken of what is left by the other limits: what is held anyway is no change.
    """
    if force or not plan:
        return plan
    actions, held = plan.actions, list(plan.held)
    for tracker, share in sorted(facts.lost.items()):
        if share * 100 > policy.max_lost_percent:
            why = (
                f"{tracker} has lost {percent(share)} of its issues since the last pull"
                f" (limit {policy.max_lost_percent}%)"
            )
            actions = _hold(actions, _resting_on(actions, tracker, facts), why, held)
    for jump in sorted(facts.jumps, key=lambda each: each.goal):
        moved = abs(jump.after - jump.before) * 100
        if moved > policy.max_jump_points and not jump.mapping_changed:
            why = (
                f"the goal {jump.goal} jumped from {percent(jump.before)} to {percent(jump.after)}"
                f" without a change of the mapping (limit {policy.max_jump_points} points)"
            )
            actions = _hold(actions, _telling_of(actions, jump.goal, facts), why, held)
    counted = len([action for action in actions if action not in facts.again])
    if counted > policy.max_changes:
        why = f"the plan has {counted:,} changes (limit {policy.max_changes:,})"
        actions = _hold(actions, set(actions), why, held)
    return replace(plan, actions=actions, held=tuple(held))


def _ref(action: Action) -> IssueRef | None:
    return action.ref if isinstance(action, ChangeLabels | WriteComment | DeleteComment) else None


def _resting_on(actions: Iterable[Action], tracker: str, facts: Facts) -> set[Action]:
    """Everything written to that tracker, and to issues whose numbers come from it."""
    chosen = set()
    for action in actions:
        ref = _ref(action)
        if action.tracker == tracker or (ref and tracker in facts.rests_on.get(ref, frozenset())):
            chosen.add(action)
    return chosen


def _telling_of(actions: Iterable[Action], goal: str, facts: Facts) -> set[Action]:
    chosen = set()
    for action in actions:
        ref = _ref(action)
        if ref and goal in facts.goals.get(ref, frozenset()):
            chosen.add(action)
    return chosen


def _hold(actions: tuple[Action, ...], chosen: set[Action], why: str, held: list[Held]) -> tuple[Action, ...]:
    """The other actions; label definitions that only held changes would have used go with them."""
    left = tuple(action for action in actions if action not in chosen)
    if len(left) == len(actions):
        return actions
    used, waiting = _added(left), _added(chosen)
    left = tuple(
        action
        for action in left
        if not (isinstance(action, DefineLabel) and action.definition.name.casefold() in waiting - used)
    )
    count = len(actions) - len(left)
    held.append(Held(_what(actions, left, count), why, RELEASE))
    return left


def _added(actions: Iterable[Action]) -> set[str]:
    return {name.casefold() for action in actions if isinstance(action, ChangeLabels) for name in action.add}


def _what(actions: tuple[Action, ...], left: tuple[Action, ...], count: int) -> str:
    """How many changes are held, and on what: up to three issues by key."""
    stay = set(left)
    gone = [action for action in actions if action not in stay]
    keys = list(dict.fromkeys(ref.key for ref in map(_ref, gone) if ref))
    named = ", ".join(keys[:3]) + (f" and {len(keys) - 3:,} more" if len(keys) > 3 else "")
    changes = f"{count:,} {'change' if count == 1 else 'changes'}"
    return f"{changes} on {named}" if named else changes

"""What holds a plan back: too many changes, a tracker that lost issues, a goal that jumped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from connectors.contract import IssueRef
from core.engine.percent import percent
from core.publish.actions import Action, ChangeLabels, DefineLabel, DeleteComment, Held, Plan, WriteComment
from core.publish.circuit import container_of
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
    owners: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the milestones, key results and goals for which it is."""
    first: frozenset[tuple[str, str]] = frozenset()
    """Tracker and milestone, key result or goal that was not published there to its end yet."""
    again: frozenset[Action] = frozenset()
    """Actions that failed before and are tried again: no limit counts them."""


def apply_limits(plan: Plan, facts: Facts, policy: LimitPolicy, *, force: bool = False) -> Plan:
    """The plan without what a limit holds back, each action with the reason; `force` lets all through.

    The number of changes is taken of what is left by the other limits: what is held anyway is no change.
    It is counted for each milestone, key result and goal on each tracker, where only that one's changes are
    held, and then for each tracker. What was never published to its end has a limit of its own.
    """
    if force or not plan:
        return plan
    # What tells too much is made anew whatever else is held.
    anew = tuple(each for each in plan.actions if isinstance(each, WriteComment) and each.anew)
    held = Holding(tuple(each for each in plan.actions if each not in anew))
    for tracker, share in sorted(facts.lost.items()):
        if share * 100 > policy.max_lost_percent:
            why = (
                f"{tracker} has lost {percent(share)} of its issues since the last pull"
                f" (limit {policy.max_lost_percent}%)"
            )
            held.add(_resting_on(held.left, tracker, facts), why)
    for jump in too_far(facts.jumps, policy):
        why = (
            f"the goal {jump.goal} jumped from {percent(jump.before)} to {percent(jump.after)}"
            f" without a change of the mapping (limit {policy.max_jump_points} points)"
        )
        held.add(_telling_of(held.left, jump.goal, facts), why)
    hold_too_many(held, facts, policy)
    return replace(plan, actions=(*anew, *held.left), held=(*plan.held, *held.reasons))


def too_far(jumps: Iterable[Jump], policy: LimitPolicy) -> tuple[Jump, ...]:
    """The jumps that hold what tells of their goals, in order of the goals."""
    return tuple(
        jump
        for jump in sorted(jumps, key=lambda each: each.goal)
        if abs(jump.after - jump.before) * 100 > policy.max_jump_points and not jump.mapping_changed
    )


def held_goals(plan: Plan, facts: Facts, policy: LimitPolicy, *, force: bool = False) -> frozenset[str]:
    """The goals of which `apply_limits` holds something of this plan because they jumped."""
    jumped = () if force else too_far(facts.jumps, policy)
    return frozenset(jump.goal for jump in jumped if _telling_of(plan.actions, jump.goal, facts))


class Holding:
    """The actions of a plan, and those that were taken out of it, each with its reason."""

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.left = actions
        self.reasons: list[Held] = []

    def add(self, chosen: Iterable[Action], why: str, release: str = RELEASE) -> None:
        """Hold these; label definitions that nothing else would have used go with them."""
        gone = set(chosen)
        if not gone:
            return
        used = uses(action for action in self.left if action not in gone)
        idle = uses(gone) - used
        gone.update(
            action
            for action in self.left
            if isinstance(action, DefineLabel) and definition_place(action) in idle
        )
        self.reasons += [Held(action.sentence, why, release) for action in self.left if action in gone]
        self.left = tuple(action for action in self.left if action not in gone)


def owners_of(action: Action, owners: Mapping[IssueRef, frozenset[str]]) -> frozenset[str]:
    """The milestones, key results and goals for which an action is; empty for a definition."""
    ref = _ref(action)
    return owners.get(ref, frozenset()) if ref is not None else frozenset()


Place = tuple[str, str, str]
"""Tracker, container and name of a label, the last two in lower case."""


def definition_place(action: DefineLabel) -> Place:
    """Where a label is defined."""
    return action.tracker, action.container.casefold(), action.definition.name.casefold()


def uses(actions: Iterable[Action]) -> set[Place]:
    """The definitions that these actions need."""
    return {
        (action.tracker, container_of(action).casefold(), name.casefold())
        for action in actions
        if isinstance(action, ChangeLabels)
        for name in action.add
    }


def hold_too_many(held: Holding, facts: Facts, policy: LimitPolicy) -> None:
    """Hold what is more than a milestone, key result or goal may change on a tracker, then the tracker."""
    counted = [action for action in held.left if action not in facts.again]
    for limit in (_First(policy), _Usual(policy)):
        groups = limit.groups(counted, facts)
        while (largest := _largest(groups, limit.number)) is not None:
            chosen = groups[largest]
            held.add(chosen, limit.reason(*largest, len(chosen)), limit.release)
            groups = {name: members - chosen for name, members in groups.items()}
    left = set(held.left)
    counted = [action for action in counted if action in left]
    for limit in (_First(policy), _Usual(policy)):
        for tracker, members in sorted(limit.by_tracker(counted, facts).items()):
            if len(members) > limit.number:
                held.add(members, limit.reason(tracker, None, len(members)), limit.release)


class _Limit:
    """One limit of the number of changes, and which changes it counts."""

    setting = ""
    what = ""

    def __init__(self, policy: LimitPolicy) -> None:
        self.number: int = getattr(policy, self.setting)
        self.release = f"{RELEASE}, or raise {self.setting}"

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        """For which owners it counts an action; None for those that it leaves to the other limit."""
        raise NotImplementedError

    def groups(self, actions: Iterable[Action], facts: Facts) -> dict[tuple[str, str], set[Action]]:
        """By tracker and owner; under the empty name what no milestone, key result or goal wants any more."""
        found: dict[tuple[str, str], set[Action]] = {}
        for action in actions:
            owners = None if isinstance(action, DefineLabel) else self.counts(action, facts)
            for owner in () if owners is None else (owners or {""}):
                found.setdefault((action.tracker, owner), set()).add(action)
        return found

    def by_tracker(self, actions: list[Action], facts: Facts) -> dict[str, set[Action]]:
        """The same by tracker alone, with the definitions that these changes use."""
        found: dict[str, set[Action]] = {}
        for action in actions:
            if not isinstance(action, DefineLabel) and self.counts(action, facts) is not None:
                found.setdefault(action.tracker, set()).add(action)
        return found

    def reason(self, tracker: str, owner: str | None, count: int) -> str:
        """Why a group is held; `owner` is None for a tracker as a whole."""
        whose = tracker if owner is None else f"{owner or 'what no milestone counts any more'} on {tracker}"
        return f"{self.what} of {whose} has {count:,} changes (limit {self.number:,})"


class _First(_Limit):
    setting = "max_first_changes"
    what = "the first publication"

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        owners = owners_of(action, facts.owners)
        new = frozenset(owner for owner in owners if (action.tracker, owner) in facts.first)
        return new or None


class _Usual(_Limit):
    setting = "max_changes"
    what = "the plan"

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        owners = owners_of(action, facts.owners)
        return None if any((action.tracker, owner) in facts.first for owner in owners) else owners

    def by_tracker(self, actions: list[Action], facts: Facts) -> dict[str, set[Action]]:
        found = super().by_tracker(actions, facts)
        first = uses(action for action in actions if self.counts(action, facts) is None)
        for action in actions:
            if isinstance(action, DefineLabel) and definition_place(action) not in first:
                found.setdefault(action.tracker, set()).add(action)
        return found


def _largest(groups: Mapping[tuple[str, str], set[Action]], limit: int) -> tuple[str, str] | None:
    """The group that exceeds the limit most."""
    over = [(-len(members), name) for name, members in groups.items() if len(members) > limit]
    return min(over)[1] if over else None


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

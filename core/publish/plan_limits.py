"""What holds a plan back: too many changes or removals, a goal that jumped though nobody edited anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from connectors.models import IssueRef
from core.engine.formatting import percent
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Held,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
)
from core.publish.circuit_breaker import container_of
from core.publish.publish_policy import LimitPolicy
from core.publish.release import NOBODY, NOTHING, TOTAL, Group, Release
from core.publish.untold import SAYS_TOO_MUCH


@dataclass(frozen=True, slots=True)
class Jump:
    """How far one number of a goal moved since it was published last; shares from 0 to 1."""

    goal: str
    before: Fraction
    after: Fraction
    explained: Fraction
    """What it would be by finished, re-opened, cancelled, added and otherwise edited tasks alone."""
    tasks: int
    """How many tasks went or count otherwise although nobody edited them."""
    mapping_changed: bool = False
    """The user changed the mapping, so a jump is no surprise."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the run knows beyond the plan."""

    jumps: tuple[Jump, ...] = ()
    goals: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the goals that its comment or labels tell of."""
    owners: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the milestones, key results and goals for which it is."""
    first: frozenset[tuple[str, str]] = frozenset()
    """Tracker and milestone, key result or goal that was not published there to its end yet."""
    again: frozenset[Action] = frozenset()
    """Actions that failed before and are tried again: no limit counts them."""
    standing: Mapping[str, int] = field(default_factory=dict)
    """By tracker: how many comments of ours stand there, and how many issues carry labels for what counts."""


def apply_limits(plan: Plan, facts: Facts, policy: LimitPolicy, release: Release = NOTHING) -> Plan:
    """The plan without what a limit holds back, each action with the reason; `release` lets some through.

    Each limit takes of what the ones before it left: what is held anyway is no change. Their number is
    counted for each milestone, key result and goal on each tracker, where only that one's changes are
    held, and then for each tracker. What was never published to its end has a limit of its own, and so have
    removals.
    """
    if release.everything or not plan:
        return plan
    # What tells too much is made anew whatever else is held.
    anew = tuple(action for action in plan.actions if _tells_too_much(action))
    held = Holding(tuple(action for action in plan.actions if action not in anew))
    for jump in held_jumps(facts.jumps, policy, release):
        # A guardrail or metric moves by the mapping alone, so what jumped is what is delivered.
        why = (
            f"the goal {jump.goal} jumped from {percent(jump.before)} to {percent(jump.after)}, and no edit "
            f"explains it: {jump.tasks} tasks that nobody edited are gone or count otherwise, without which "
            f"it is at {percent(jump.explained)} (limit {policy.max_jump_points} points)"
        )
        held.add(_telling_of(held.left, jump.goal, facts), why, Group("goal", owner=jump.goal))
    released = _hold_removals(held, facts, policy, release)
    hold_too_many(held, replace(facts, again=facts.again | released), policy, release)
    return replace(plan, actions=(*anew, *held.left), held=(*plan.held, *held.reasons))


def _tells_too_much(action: Action) -> bool:
    """Whether an action takes back what more people may read than it was written for."""
    if isinstance(action, WriteComment):
        return action.anew
    if isinstance(action, DeleteComment):
        return False
    return isinstance(action, RemoveLabelDefinition) or action.reason == SAYS_TOO_MUCH


def held_jumps(jumps: Iterable[Jump], policy: LimitPolicy, release: Release = NOTHING) -> tuple[Jump, ...]:
    """The jumps that hold what tells of their goals, in order of the goals."""
    return tuple(
        jump
        for jump in sorted(jumps, key=lambda jump: (jump.goal, -abs(jump.after - jump.explained)))
        if abs(jump.after - jump.explained) * 100 > policy.max_jump_points
        and jump.tasks > policy.never_held
        and not jump.mapping_changed
        and not release.frees(Group("goal", owner=jump.goal))
    )


def held_goals(plan: Plan, facts: Facts, policy: LimitPolicy, release: Release = NOTHING) -> frozenset[str]:
    """The goals of which `apply_limits` holds something of this plan because they jumped."""
    jumped = held_jumps(facts.jumps, policy, release)
    return frozenset(jump.goal for jump in jumped if _telling_of(plan.actions, jump.goal, facts))


def removals(actions: Iterable[Action]) -> dict[str, set[Action]]:
    """By tracker: what takes away a comment of ours that no other replaces, or labels without adding any."""
    result: dict[str, set[Action]] = {}
    for action in actions:
        takes = isinstance(action, ChangeLabels) and action.remove and not action.add
        if takes or (isinstance(action, DeleteComment) and not action.double):
            result.setdefault(action.tracker, set()).add(action)
    return result


def _hold_removals(held: "Holding", facts: Facts, policy: LimitPolicy, release: Release) -> frozenset[Action]:
    """Hold the removals on each tracker that has too many; gives those that were released instead."""
    released: set[Action] = set()
    for tracker, chosen in sorted(removals(held.left).items()):
        counted = chosen - facts.again
        standing = max(facts.standing.get(tracker, 0), len(counted))
        if len(counted) <= policy.never_held or len(counted) * 100 <= policy.max_removed_percent * standing:
            continue
        group = Group("removals", tracker)
        if release.frees(group):
            released |= chosen
            continue
        why = (
            f"{len(counted):,} of {standing:,} comments and labelled issues on {tracker} would lose what "
            f"milepost wrote there (limit {policy.max_removed_percent}%)"
        )
        held.add(counted, why, group, "max_removed_percent")
    return frozenset(released)


class Holding:
    """The actions of a plan, and those that were taken out of it, each with its reason."""

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.left = actions
        self.reasons: list[Held] = []

    def add(self, chosen: Iterable[Action], why: str, group: Group, setting: str = "") -> None:
        """Hold these; label definitions that nothing else would have used go with them.

        `setting`: the limit that would have to be larger to let them through.
        """
        gone = set(chosen)
        release = f"look at it, then run `milepost sync --force {group.name}`"
        release += f", or raise {setting}" if setting else ""
        if not gone:
            return
        used = uses(action for action in self.left if action not in gone)
        idle = uses(gone) - used
        gone.update(
            action
            for action in self.left
            if isinstance(action, DefineLabel) and definition_place(action) in idle
        )
        self.reasons += [
            Held(action.sentence, why, release, group.name, action) for action in self.left if action in gone
        ]
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


def hold_too_many(held: Holding, facts: Facts, policy: LimitPolicy, release: Release = NOTHING) -> None:
    """Hold what is more than a milestone, key result or goal may change on a tracker, then the tracker.

    What is released in a milestone is not held again in its tracker.
    """
    counted = [action for action in held.left if action not in facts.again]
    for limit in (_First(policy), _Usual(policy)):
        groups = limit.groups(counted, facts)
        while (largest := _largest(groups, limit.number)) is not None:
            chosen = groups[largest]
            group = limit.group(*largest)
            if release.frees(group):
                counted = [action for action in counted if action not in chosen]
            else:
                held.add(chosen, limit.reason(*largest, len(chosen)), group, limit.setting)
            groups = {name: members - chosen for name, members in groups.items()}
    left = set(held.left)
    counted = [action for action in counted if action in left]
    for limit in (_First(policy), _Usual(policy)):
        for tracker, members in sorted(limit.by_tracker(counted, facts).items()):
            group = limit.group(tracker, None)
            if len(members) > limit.number and not release.frees(group):
                held.add(members, limit.reason(tracker, None, len(members)), group, limit.setting)


class _Limit:
    """One limit of the number of changes, and which changes it counts."""

    kind = ""
    setting = ""
    what = ""

    def __init__(self, policy: LimitPolicy) -> None:
        self.number: int = getattr(policy, self.setting)

    def group(self, tracker: str, owner: str | None) -> Group:
        """What is held together; `owner` as in `reason`."""
        return Group(self.kind, tracker, TOTAL if owner is None else owner or NOBODY)

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        """For which owners it counts an action; None for those that it leaves to the other limit."""
        raise NotImplementedError

    def groups(self, actions: Iterable[Action], facts: Facts) -> dict[tuple[str, str], set[Action]]:
        """By tracker and owner; under the empty name what no milestone, key result or goal wants any more."""
        result: dict[tuple[str, str], set[Action]] = {}
        for action in actions:
            owners = None if isinstance(action, DefineLabel) else self.counts(action, facts)
            for owner in () if owners is None else (owners or {""}):
                result.setdefault((action.tracker, owner), set()).add(action)
        return result

    def by_tracker(self, actions: list[Action], facts: Facts) -> dict[str, set[Action]]:
        """The same by tracker alone, with the definitions that these changes use."""
        result: dict[str, set[Action]] = {}
        for action in actions:
            if not isinstance(action, DefineLabel) and self.counts(action, facts) is not None:
                result.setdefault(action.tracker, set()).add(action)
        return result

    def reason(self, tracker: str, owner: str | None, count: int) -> str:
        """Why a group is held; `owner` is None for a tracker as a whole."""
        whose = tracker if owner is None else f"{owner or 'what no milestone counts any more'} on {tracker}"
        return f"{self.what} of {whose} has {count:,} changes (limit {self.number:,})"


class _First(_Limit):
    kind = "first"
    setting = "max_first_changes"
    what = "the first publication"

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        owners = owners_of(action, facts.owners)
        new = frozenset(owner for owner in owners if (action.tracker, owner) in facts.first)
        return new or None


class _Usual(_Limit):
    kind = "changes"
    setting = "max_changes"
    what = "the plan"

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        owners = owners_of(action, facts.owners)
        return None if any((action.tracker, owner) in facts.first for owner in owners) else owners

    def by_tracker(self, actions: list[Action], facts: Facts) -> dict[str, set[Action]]:
        result = super().by_tracker(actions, facts)
        first = uses(action for action in actions if self.counts(action, facts) is None)
        for action in actions:
            if isinstance(action, DefineLabel) and definition_place(action) not in first:
                result.setdefault(action.tracker, set()).add(action)
        return result


def _largest(groups: Mapping[tuple[str, str], set[Action]], limit: int) -> tuple[str, str] | None:
    """The group that exceeds the limit most."""
    over = [(-len(members), name) for name, members in groups.items() if len(members) > limit]
    return min(over)[1] if over else None


def _ref(action: Action) -> IssueRef | None:
    return action.ref if isinstance(action, ChangeLabels | WriteComment | DeleteComment) else None


def _telling_of(actions: Iterable[Action], goal: str, facts: Facts) -> set[Action]:
    chosen = set()
    for action in actions:
        ref = _ref(action)
        if ref and goal in facts.goals.get(ref, frozenset()):
            chosen.add(action)
    return chosen

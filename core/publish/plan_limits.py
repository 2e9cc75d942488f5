"""The limits of a plan: holds too many changes or removals, and goals that jumped without an edit."""

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
    """The number as it would be by the edits of tasks alone: finished, re-opened, cancelled, added."""
    tasks: int
    """Number of tasks that are gone or count otherwise although nobody edited them."""
    mapping_changed: bool = False
    """The user changed what the mapping has about this goal: then its jump is never held."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the limits need beside the plan."""

    jumps: tuple[Jump, ...] = ()
    goals: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the goals of which its comment or labels tell."""
    owners: Mapping[IssueRef, frozenset[str]] = field(default_factory=dict)
    """By issue that is written to: the milestones, key results and goals for which it is."""
    first: frozenset[tuple[str, str]] = frozenset()
    """Tracker and id of each milestone, key result or goal whose first publication there is not complete."""
    again: frozenset[Action] = frozenset()
    """Actions that failed before and are tried again: no limit counts them."""
    standing: Mapping[str, int] = field(default_factory=dict)
    """By tracker: the number of our comments and of labelled issues."""


def apply_limits(plan: Plan, facts: Facts, policy: LimitPolicy, release: Release = NOTHING) -> Plan:
    """Return the plan without the actions that a limit holds; `release`: what `--force` lets through.

    The limits apply in turn, each to what the ones before it left: jumps of goals, removals, numbers of
    changes. Changes are counted by milestone, key result and goal on each tracker, where only those of the
    one are held, and then by tracker. First publications have a limit of their own.
    """
    if release.everything or not plan:
        return plan
    # What shows too much to its readers is never held.
    anew = tuple(action for action in plan.actions if _tells_too_much(action))
    held = Holding(tuple(action for action in plan.actions if action not in anew))
    for jump in held_jumps(facts.jumps, policy, release):
        # Metrics and guardrails change with the mapping only, so that only what is delivered can jump.
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
    """Return whether an action removes what more people may read than those for whom it was written."""
    if isinstance(action, WriteComment):
        return action.anew
    if isinstance(action, DeleteComment):
        return False
    return isinstance(action, RemoveLabelDefinition) or action.reason == SAYS_TOO_MUCH


def held_jumps(jumps: Iterable[Jump], policy: LimitPolicy, release: Release = NOTHING) -> tuple[Jump, ...]:
    """Return the jumps beyond the limit, sorted by goal."""
    return tuple(
        jump
        for jump in sorted(jumps, key=lambda jump: (jump.goal, -abs(jump.after - jump.explained)))
        if abs(jump.after - jump.explained) * 100 > policy.max_jump_points
        and jump.tasks > policy.never_held
        and not jump.mapping_changed
        and not release.frees(Group("goal", owner=jump.goal))
    )


def held_goals(plan: Plan, facts: Facts, policy: LimitPolicy, release: Release = NOTHING) -> frozenset[str]:
    """Return the goals because of whose jump `apply_limits` holds an action of this plan."""
    jumped = held_jumps(facts.jumps, policy, release)
    return frozenset(jump.goal for jump in jumped if _telling_of(plan.actions, jump.goal, facts))


def removals(actions: Iterable[Action]) -> dict[str, set[Action]]:
    """Return by tracker the actions that remove the last comment of ours, or labels without adding any."""
    by_tracker: dict[str, set[Action]] = {}
    for action in actions:
        removes_labels = isinstance(action, ChangeLabels) and action.remove and not action.add
        if removes_labels or (isinstance(action, DeleteComment) and not action.double):
            by_tracker.setdefault(action.tracker, set()).add(action)
    return by_tracker


def _hold_removals(held: "Holding", facts: Facts, policy: LimitPolicy, release: Release) -> frozenset[Action]:
    """Hold the removals on each tracker with too many, and return those that `release` lets through."""
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
    """The actions of a plan that are left, and those that are held, each with its reason."""

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.left = actions
        self.reasons: list[Held] = []

    def add(self, chosen: Iterable[Action], why: str, group: Group, setting: str = "") -> None:
        """Hold these actions, and the label definitions that nothing else needs.

        `setting`: the limit that would let them through if it were higher.
        """
        held = set(chosen)
        release = f"look at it, then run `milepost sync --force {group.name}`"
        release += f", or raise {setting}" if setting else ""
        if not held:
            return
        used = uses(action for action in self.left if action not in held)
        unused = uses(held) - used
        held.update(
            action
            for action in self.left
            if isinstance(action, DefineLabel) and definition_place(action) in unused
        )
        self.reasons += [
            Held(action.sentence, why, release, group.name, action) for action in self.left if action in held
        ]
        self.left = tuple(action for action in self.left if action not in held)


def owners_of(action: Action, owners: Mapping[IssueRef, frozenset[str]]) -> frozenset[str]:
    """Return the milestones, key results and goals for which an action is; none for a definition."""
    ref = _ref(action)
    return owners.get(ref, frozenset()) if ref is not None else frozenset()


Place = tuple[str, str, str]
"""Tracker, container and name of a label, the last two in lower case."""


def definition_place(action: DefineLabel) -> Place:
    """Return tracker, container and name of the label that an action defines."""
    return action.tracker, action.container.casefold(), action.definition.name.casefold()


def uses(actions: Iterable[Action]) -> set[Place]:
    """Return the label definitions that these actions need."""
    return {
        (action.tracker, container_of(action).casefold(), name.casefold())
        for action in actions
        if isinstance(action, ChangeLabels)
        for name in action.add
    }


def hold_too_many(held: Holding, facts: Facts, policy: LimitPolicy, release: Release = NOTHING) -> None:
    """Hold the changes of each milestone, key result or goal with too many, then of each tracker.

    What is released for a milestone is not counted for its tracker again.
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
        """Return the group of what is held together; `owner` as in `reason`."""
        return Group(self.kind, tracker, TOTAL if owner is None else owner or NOBODY)

    def counts(self, action: Action, facts: Facts) -> frozenset[str] | None:
        """Return for which owners it counts an action; None for an action that the other limit counts."""
        raise NotImplementedError

    def groups(self, actions: Iterable[Action], facts: Facts) -> dict[tuple[str, str], set[Action]]:
        """Return the actions by tracker and owner; owner "" has what no item of the mapping needs."""
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
        """Return why a group is held; `owner` is None for a tracker as a whole."""
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
    """Return the group that exceeds the limit most; None where none does."""
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

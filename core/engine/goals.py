"""Measures goals: delivered, achieved, their health, and the gap between the two numbers."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from core.engine.averages import INCOMPLETE, Element, weighted_mean
from core.engine.formatting import percent
from core.engine.health import Course, Work, pace_health, with_override, worst
from core.engine.key_results import Milestones, begun, delivery, delivery_elements
from core.engine.model import GoalState, Health, KeyResultKind, KeyResultState, Measure, Unmeasured, Why
from core.engine.policy import HealthPolicy
from mappings.goal_tree import Goal, GoalTree, HealthName, KeyResult

NOTHING = Fraction(0)
ALL = Fraction(1)
HARDLY = Fraction(1, 10)
"""The gap's sentence calls metrics below this share not moving."""

KeyResults = MappingABC[str, KeyResultState]
Members = list[tuple[KeyResult, KeyResultState]]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The values on which a goal's health depends."""

    members: Members
    delivered: Measure
    achieved: Measure
    missing: tuple[str, ...]
    begun: bool

    @property
    def sides(self) -> tuple[tuple[str, Measure], ...]:
        return (("delivered", self.delivered), ("achieved", self.achieved))


def measure_goal(
    goal: Goal,
    mapping: GoalTree,
    milestones: Milestones,
    results: KeyResults,
    policy: HealthPolicy,
    now: datetime,
) -> GoalState:
    """Return the state of one goal.

    Delivered is the weighted mean of its milestones, each once, however many key results it leads to.
    Achieved is that of its key results with a metric or guardrail; one that is measured by delivery is left
    out, since it would mix the two numbers.
    """
    members = [(result, results[result.id]) for result in mapping.key_results_of(goal.id)]
    leading = list(mapping.milestones_of_goal(goal.id))
    own = [state.own for _, state in members if state.own is not None]
    delivered = delivery(delivery_elements(leading, own, milestones))
    achieved = weighted_mean(
        achievement_elements(members),
        Unmeasured(Why.NO_PARTS, "no key result has a metric or guardrail"),
    )
    moved = weighted_mean(
        _elements(members, KeyResultKind.METRIC), Unmeasured(Why.NO_PARTS, "no key result has a metric")
    ).measure
    unmeasured = [state.id for _, state in members if isinstance(state.measure, Unmeasured)]
    parts = [milestones[milestone.id] for milestone in leading] + own
    evidence = _Evidence(
        members=members,
        delivered=delivered.measure,
        achieved=achieved.measure,
        missing=tuple(dict.fromkeys((*delivered.missing, *unmeasured))),
        begun=any(begun(part) for part in parts) or (not isinstance(moved, Unmeasured) and moved > 0),
    )
    return GoalState(
        id=goal.id,
        delivered=evidence.delivered,
        achieved=evidence.achieved,
        health=with_override(_health(evidence, Course.of(goal, now), policy, now), goal.override, now),
        gap=gap(evidence.delivered, evidence.achieved, moved, policy),
        missing=evidence.missing,
    )


def gap(delivered: Measure, achieved: Measure, moved: Measure, policy: HealthPolicy) -> str | None:
    """Return the sentence about work that is delivered without the key results moving; None without a gap.

    There is a gap if `delivered` is at least `policy.gap_from` above `moved`, the mean of the metrics without
    guardrails: a guardrail that is met counts as achieved from the first day on.
    """
    if isinstance(delivered, Unmeasured) or isinstance(moved, Unmeasured):
        return None
    if delivered - moved < Fraction(policy.gap_from) or delivered <= moved:
        return None
    where = f"achieved {percent(moved)}" if moved == achieved else f"their metrics stand at {percent(moved)}"
    if moved < HARDLY:
        return f"delivered {percent(delivered)} without its key results moving ({where})"
    return f"delivered {percent(delivered)}, but its key results lag behind ({where})"


def achievement_elements(members: Members) -> list[Element]:
    """Return the key results with a metric or guardrail, whose mean is what the goal achieved."""
    return _elements(members, KeyResultKind.METRIC, KeyResultKind.GUARDRAIL)


def _elements(members: Members, *kinds: KeyResultKind) -> list[Element]:
    return [
        Element(result.id, Fraction(result.weight), state.measure)
        for result, state in members
        if state.kind in kinds
    ]


def _health(evidence: _Evidence, course: Course, policy: HealthPolicy, now: datetime) -> Health:
    """Return the worse health of delivery and achievement, at least at risk if a guardrail is not met.

    Where a side is unmeasured for a reason of `INCOMPLETE`, health is off track if the other side is, and
    else unmeasured.
    """
    if _reached(evidence, course.past(now)):
        return Health(HealthName.DONE, "all key results are reached", "every key result is at 100%")
    work = Work(begun=evidence.begun, finished=False, still="not every key result is reached")
    healths = [_side(name, side, course, work, policy, now) for name, side in evidence.sides]
    broken = [state.id for _, state in evidence.members if state.met is False]
    if broken:
        reason = f"guardrail not met: {', '.join(broken)}"
        healths.append(Health(HealthName.AT_RISK, reason, reason))
    arithmetic = "; ".join(health.arithmetic for health in healths)
    gravest = worst(healths)
    incomplete = any(_is_incomplete(side) for _, side in evidence.sides)
    if gravest is None or (incomplete and gravest.name is not HealthName.OFF_TRACK):
        reason = "; ".join(health.reason for health in healths if health.name is HealthName.UNMEASURED)
        return Health(HealthName.UNMEASURED, reason, arithmetic)
    return replace(gravest, arithmetic=arithmetic)


def _side(
    name: str, side: Measure, course: Course, work: Work, policy: HealthPolicy, now: datetime
) -> Health:
    health = pace_health(side, course, work, policy, now)
    return replace(health, reason=f"{name}: {health.reason}", arithmetic=f"{name}: {health.arithmetic}")


def _is_incomplete(side: Measure) -> bool:
    return isinstance(side, Unmeasured) and side.why in INCOMPLETE


def _reached(evidence: _Evidence, past: bool) -> bool:
    """Return whether every key result is at 1 and none unmeasured; with guardrails only, after the end."""
    members = evidence.members
    if not members or evidence.missing or any(state.measure != ALL for _, state in members):
        return False
    return past or any(state.kind is not KeyResultKind.GUARDRAIL for _, state in members)

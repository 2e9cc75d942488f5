"""Measures key results: what was achieved by metric or guardrail, and what was delivered for them."""

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from core.engine.averages import Element, Mean, weighted_mean
from core.engine.health import Course, Work, pace_health, with_override
from core.engine.model import Health, KeyResultKind, KeyResultState, Measure, MilestoneState, Unmeasured, Why
from core.engine.policy import HealthPolicy
from mappings.goal_tree import GoalTree, Guardrail, HealthName, KeyResult, Metric, Milestone

NOTHING = Fraction(0)
ALL = Fraction(1)
OWN_WEIGHT = Fraction(1)
"""Weight, beside its milestones, of the issues that rules tag straight to a key result."""

Milestones = MappingABC[str, MilestoneState]


def kind_of(result: KeyResult) -> KeyResultKind:
    """Return how a key result is measured."""
    if result.metric is not None:
        return KeyResultKind.METRIC
    return KeyResultKind.DELIVERY if result.guardrail is None else KeyResultKind.GUARDRAIL


def metric_share(metric: Metric) -> Measure:
    """Return (current - start) / (target - start), limited to 0 to 1; Unmeasured without a check-in.

    A target below the start makes the divisor negative, so that a falling number counts as progress. The
    mapping refuses a metric whose start is its target.
    """
    if metric.current is None:
        return Unmeasured(Why.NO_CHECK_IN, "no check-in yet")
    start, target, current = Fraction(metric.start), Fraction(metric.target), Fraction(metric.current)
    return min(ALL, max(NOTHING, (current - start) / (target - start)))


def guardrail_share(guardrail: Guardrail) -> Measure:
    """Return 1 if the number is strictly below `keep_below` and strictly above `keep_above`, else 0.

    Unmeasured without a check-in.
    """
    current = guardrail.current
    if current is None:
        return Unmeasured(Why.NO_CHECK_IN, "no check-in yet")
    if guardrail.keep_below is not None and current >= guardrail.keep_below:
        return NOTHING
    if guardrail.keep_above is not None and current <= guardrail.keep_above:
        return NOTHING
    return ALL


def measure_key_result(
    result: KeyResult,
    mapping: GoalTree,
    milestones: Milestones,
    own: MilestoneState | None,
    policy: HealthPolicy,
    now: datetime,
) -> KeyResultState:
    """Return the state of one key result; `own`: of the issues that rules tag straight to it, or None."""
    kind = kind_of(result)
    leading = list(mapping.milestones_of(result.id))
    own_parts = [] if own is None else [own]
    delivered = delivery(delivery_elements(leading, own_parts, milestones))
    measure = _measure(result, delivered)
    course = Course.of(result, now, mapping.goals.get(result.goal))
    if kind is KeyResultKind.GUARDRAIL:
        health = _guardrail_health(measure, course, now)
    else:
        parts = [milestones[milestone.id] for milestone in leading] + own_parts
        work = _work(kind, measure, delivered, parts)
        health = pace_health(measure, course, work, policy, now)
    guarded = kind is KeyResultKind.GUARDRAIL and not isinstance(measure, Unmeasured)
    stale = own is not None and own.health.stale
    return KeyResultState(
        id=result.id,
        kind=kind,
        measure=measure,
        delivered=delivered.measure,
        met=measure == ALL if guarded else None,
        health=replace(with_override(health, result.override, now), stale=stale),
        own=own,
        missing=delivered.missing,
    )


def delivery_elements(
    leading: Iterable[Milestone], own: Iterable[MilestoneState], milestones: Milestones
) -> list[Element]:
    """Return milestones with their weights, and the issues that are tagged straight to key results."""
    elements = [
        Element(milestone.id, Fraction(milestone.weight), milestones[milestone.id].measure)
        for milestone in leading
    ]
    return elements + [Element(state.id, OWN_WEIGHT, state.measure) for state in own]


def delivery(elements: list[Element]) -> Mean:
    """Return the weighted mean of what leads to a key result or goal."""
    return weighted_mean(elements, Unmeasured(Why.NO_PARTS, "no milestone leads to it"))


def begun(part: MilestoneState) -> bool:
    """Return whether any of its tasks is in progress, done, or has credit."""
    return bool(part.counts.done or part.counts.in_progress or part.earned)


def _measure(result: KeyResult, delivered: Mean) -> Measure:
    if result.metric is not None:
        return metric_share(result.metric)
    return delivered.measure if result.guardrail is None else guardrail_share(result.guardrail)


def _work(kind: KeyResultKind, measure: Measure, delivered: Mean, parts: list[MilestoneState]) -> Work:
    if kind is KeyResultKind.METRIC:
        return Work(begun=measure != NOTHING, finished=measure == ALL)
    still_open = any(part.counts.todo or part.counts.in_progress for part in parts)
    return Work(
        begun=any(begun(part) for part in parts),
        finished=measure == ALL and not delivered.missing and not still_open,
    )


def _guardrail_health(measure: Measure, course: Course, now: datetime) -> Health:
    if isinstance(measure, Unmeasured):
        return Health(HealthName.UNMEASURED, measure.reason, measure.reason)
    if measure == NOTHING:
        return Health(HealthName.OFF_TRACK, "the guardrail is not met", "the guardrail is not met")
    if course.past(now):
        return Health(HealthName.DONE, "the guardrail was met to the end", "met, and the due date is over")
    return Health(HealthName.ON_TRACK, "the guardrail is met", "the guardrail is met")

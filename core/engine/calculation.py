"""Writes out how each number is calculated, as lines of text for `milepost why`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.models import IssueRef, StatusCategory
from connectors.names import JOINERS, without_unseen
from core.engine.averages import Element
from core.engine.formatting import exact_percent, number, percent
from core.engine.goals import achievement_elements
from core.engine.hierarchy import WORDS
from core.engine.key_results import delivery_elements
from core.engine.model import (
    Blocked,
    Health,
    KeyResultKind,
    KeyResultState,
    LeftOut,
    Measure,
    MilestoneState,
    State,
    Task,
    Unmeasured,
)
from core.engine.weights import COUNT
from mappings.goal_tree import GoalTree, Guardrail, KeyResult, Metric


@dataclass(frozen=True, slots=True)
class Explanation:
    """Indented lines of text, without control characters."""

    lines: tuple[str, ...]


def explain_milestone(name: str, mapping: GoalTree, state: State) -> Explanation:
    """Return which tasks count for a milestone, how much and by which rule, and which issues are left out."""
    planned, measured = mapping.milestones[name], state.milestones[name]
    lines = [f"Milestone {name}: {_plain(planned.title)}", *_work(measured), *_health(measured.health)]
    if planned.leads_to:
        lines.append(f"  leads to: {', '.join(planned.leads_to)}")
    return Explanation(tuple(lines))


def explain_key_result(name: str, mapping: GoalTree, state: State) -> Explanation:
    """Return how a key result is measured, and what was delivered for it."""
    planned, measured = mapping.key_results[name], state.key_results[name]
    leading = delivery_elements(
        mapping.milestones_of(name), [measured.own] if measured.own else [], state.milestones
    )
    lines = [f"Key result {name}: {_plain(planned.title)}", *_achieved(planned, measured)]
    if leading or measured.kind is KeyResultKind.DELIVERY:
        lines += _mean("delivered", leading, measured.delivered)
    if measured.own is not None:
        lines += ["  issues tagged straight to it:", *(f"  {line}" for line in _work(measured.own))]
    lines += [*_health(measured.health), f"  goal: {planned.goal}"]
    return Explanation(tuple(lines))


def explain_goal(name: str, mapping: GoalTree, state: State) -> Explanation:
    """Return the calculation of both numbers of a goal, and the gap between them."""
    planned, measured = mapping.goals[name], state.goals[name]
    members = [(result, state.key_results[result.id]) for result in mapping.key_results_of(name)]
    own = [result.own for _, result in members if result.own is not None]
    leading = delivery_elements(mapping.milestones_of_goal(name), own, state.milestones)
    lines = [
        f"Goal {name}: {_plain(planned.title)}",
        *_mean("delivered", leading, measured.delivered),
        *_mean("achieved", achievement_elements(members), measured.achieved),
    ]
    if measured.gap is not None:
        lines.append(f"  gap: {measured.gap}")
    if measured.missing:
        lines.append(f"  unmeasured: {', '.join(measured.missing)}")
    return Explanation((*lines, *_health(measured.health)))


def explain_issue(ref: IssueRef, mapping: GoalTree, state: State) -> Explanation:
    """Return where one issue counts, or why it does not; no lines where no rule tags it.

    Only milestones and key results with `detail` in the state are searched.
    """
    lines: list[str] = []
    for kind, owner in _owners(state):
        if owner.detail is None:
            continue
        tasks = [task for task in owner.tasks if task.ref == ref]
        left_out = [left for left in owner.left_out if left.ref == ref]
        if tasks or left_out:
            title = (mapping.milestones.get(owner.id) or mapping.key_results[owner.id]).title
            lines.append(f"{kind} {owner.id}: {_plain(title)}")
            lines += [f"  {line}" for line in (*map(_task, tasks), *map(_left, left_out))]
            lines.append(f"  {owner.id}: {_fraction(owner)}")
    return Explanation(tuple(lines))


def _owners(state: State) -> Iterator[tuple[str, MilestoneState]]:
    yield from (("Milestone", milestone) for milestone in state.milestones.values())
    yield from (("Key result", result.own) for result in state.key_results.values() if result.own)


def _work(owner: MilestoneState) -> Iterator[str]:
    yield f"  {owner.id}: {_fraction(owner)}"
    if owner.weighed_by == COUNT:
        yield "  every task weighs 1, unless its rule fixes a weight"
    else:
        without = f"{owner.counts.unestimated} without estimate"
        median = "no estimates" if owner.median is None else f"median {number(owner.median)}"
        yield f"  weighed by {_plain(owner.weighed_by)}: {median}, {without}"
    counted = [task for task in owner.tasks if task.state is not StatusCategory.CANCELLED]
    cancelled = [task for task in owner.tasks if task.state is StatusCategory.CANCELLED]
    yield from _section("counted", map(_task, counted))
    yield from _section("cancelled, not counted", map(_task, cancelled))
    yield from _section("left out", map(_left, owner.left_out))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    section = list(lines)
    if section:
        yield f"  {title}:"
        yield from (f"    {line}" for line in section)


def _fraction(owner: MilestoneState) -> str:
    if isinstance(owner.measure, Unmeasured):
        return _measure(owner.measure)
    return f"{number(owner.earned)} / {number(owner.total)} = {percent(owner.measure)}"


def _measure(measure: Measure) -> str:
    return f"unmeasured: {_plain(measure.reason)}" if isinstance(measure, Unmeasured) else percent(measure)


def _task(task: Task) -> str:
    name = task.ref.key if task.box is None else f"{task.ref.key} box {task.box}"
    head = f"{_plain(name)} {WORDS[task.state]}"
    rule = f"[{_plain(task.rule.name)}] {_plain(task.title)}"
    if task.state is StatusCategory.CANCELLED:
        because = (
            f" ({_plain(task.credit_reason)})" if task.credit_reason not in ("", WORDS[task.state]) else ""
        )
        return f"{head}{because}  {rule}"
    earned = (
        f"weight {number(task.weight)} × credit {number(task.credit)} = {number(task.weight * task.credit)}"
    )
    reasons = (task.credit_reason, task.weight_reason, blocked_words(task.blocked) if task.blocked else "")
    because = "; ".join(_plain(reason) for reason in reasons if reason)
    return f"{head}: {earned} ({because})  {rule}" if because else f"{head}: {earned}  {rule}"


def blocked_words(blocked: Blocked) -> str:
    """Return a phrase: `blocked by BLOG-7 (in progress) and MKT-2 (to do, not read by milepost)`."""
    named = [f"{blocker.ref.key} ({WORDS[blocker.category]})" for blocker in blocked.by]
    named += [f"{other.ref.key} ({WORDS[other.category]}, not read by milepost)" for other in blocked.others]
    if blocked.unnamed:
        named.append(f"{blocked.unnamed} of which no more is told")
    return f"blocked by {', '.join(named[:-1])} and {named[-1]}" if named[1:] else f"blocked by {named[0]}"


def _left(left: LeftOut) -> str:
    return f"{_plain(left.ref.key)}: {_plain(left.why)}  [{_plain(left.rule.name)}] {_plain(left.title)}"


def _achieved(planned: KeyResult, measured: KeyResultState) -> list[str]:
    if planned.metric is not None:
        return [f"  metric: {_metric(planned.metric, measured.measure)}", *_as_of(planned.metric)]
    if planned.guardrail is not None:
        return [f"  guardrail: {_guardrail(planned.guardrail, measured)}", *_as_of(planned.guardrail)]
    return ["  measured by delivery: it has neither metric nor guardrail"]


def _metric(metric: Metric, measure: Measure) -> str:
    if isinstance(measure, Unmeasured):
        return _measure(measure)
    start, target, current = metric.start, metric.target, metric.current
    unit = f" {_plain(metric.unit)}" if metric.unit else ""
    return (
        f"({current} - {start}) / ({target} - {start}) = {percent(measure)} (from {start} to {target}{unit}"
        f"{', held between 0% and 100%' if measure in (0, 1) and current not in (start, target) else ''})"
    )


def _guardrail(guardrail: Guardrail, measured: KeyResultState) -> str:
    if isinstance(measured.measure, Unmeasured):
        return _measure(measured.measure)
    bounds = [("below", guardrail.keep_below), ("above", guardrail.keep_above)]
    limits = " and ".join(f"{side} {bound}" for side, bound in bounds if bound is not None)
    return f"{guardrail.current} has to be {limits}: {'met' if measured.met else 'not met'}"


def _as_of(checked: Metric | Guardrail) -> list[str]:
    return [] if checked.as_of is None else [f"  checked in on {checked.as_of.isoformat()}"]


def _mean(title: str, elements: Sequence[Element], measure: Measure) -> Iterator[str]:
    measured = [
        (element.weight, element.measure)
        for element in elements
        if not isinstance(element.measure, Unmeasured)
    ]
    if isinstance(measure, Unmeasured):
        yield f"  {title}: {_measure(measure)}"
    else:
        terms = " + ".join(f"{number(weight)} × {exact_percent(share)}" for weight, share in measured)
        weights = " + ".join(number(weight) for weight, _ in measured)
        yield f"  {title}: ({terms}) / ({weights}) = {percent(measure)}"
    for element in elements:
        share = element.measure
        progress = _measure(share) if isinstance(share, Unmeasured) else exact_percent(share)
        yield f"    {element.id} (weight {number(element.weight)}): {progress}"


def _health(health: Health) -> Iterator[str]:
    yield f"  health: {health.name.value.replace('_', ' ')} ({_plain(health.reason)})"
    if health.arithmetic != health.reason:
        yield f"    {_plain(health.arithmetic)}"
    if health.stale:
        yield "    stale: no task was touched lately"


def _plain(text: str) -> str:
    """Return text from a tracker on one line, without control sequences and invisible characters."""
    visible = without_unseen(" ".join(text.split()))
    return "".join(
        letter if letter.isprintable() or letter in JOINERS else "\N{REPLACEMENT CHARACTER}"
        for letter in visible
    )

"""Numbers and short phrases of a summary, in words of our own."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from core.engine.formatting import percent
from core.engine.model import Counts, Measure, Unmeasured
from core.publish.comment.summary import GoalPart, MilestonePart, Summary

BAR_CELLS = 20


Heads = Mapping[str, tuple[Measure, Measure]]
"""By goal: delivered and achieved, as a comment told them when it was last written."""


def phrase(summary: Summary, before: Heads | None = None) -> str:
    """One phrase for the plan: `4 of 5 tasks done, 60% → 80%`. Numbers of our own only, no outside text."""
    parts = [_milestone_phrase(part) for part in summary.milestones]
    parts += [_goal_phrase(part, (before or {}).get(part.id)) for part in summary.goals]
    return _few(parts)


def links_phrase(summary: Summary, before: Heads) -> str:
    """One phrase on what moved of the goals that the comment only leads to."""
    moved = [
        f"goal {part.id}: {_numbers_phrase(part, before[part.id])}"
        for part in summary.leads_to
        if part.id in before and before[part.id] != (part.delivered, part.achieved)
    ]
    return _few(moved) or "a goal or key result that it leads to changed"


def _few(reason: list[str]) -> str:
    if len(reason) > 2:
        return f"{'; '.join(reason[:2])}; and {len(reason) - 2} more"
    return "; ".join(reason)


def _goal_phrase(part: GoalPart, before: tuple[Measure, Measure] | None) -> str:
    now = (part.delivered, part.achieved)
    if before == now:
        return f"{_numbers_phrase(part, now)}; what stands below it changed"
    return _numbers_phrase(part, before or now)


def _numbers_phrase(part: GoalPart, before: tuple[Measure, Measure]) -> str:
    delivered, achieved = before
    return f"delivered {_moved(delivered, part.delivered)}, achieved {_moved(achieved, part.achieved)}"


def _moved(before: Measure, now: Measure) -> str:
    old, new = _short(before), _short(now)
    return new if old == new else f"{old} → {new}"


def _milestone_phrase(part: MilestonePart) -> str:
    before = part.change.before if part.change else part.measure
    total = in_scope(part.counts)
    tasks = "task" if total == 1 else "tasks"
    return f"{part.counts.done} of {total} {tasks} done, {_moved(before, part.measure)}"


def _short(measure: Measure) -> str:
    return "not measurable" if isinstance(measure, Unmeasured) else percent(measure)


def in_scope(counts: Counts) -> int:
    """How many tasks count: all but the cancelled ones."""
    return counts.done + counts.in_progress + counts.todo + counts.unknown


def still_open(counts: Counts) -> int:
    """How many tasks are neither done nor cancelled."""
    return counts.in_progress + counts.todo + counts.unknown


def not_shown(count: int, noun: str = "") -> str:
    """`3 that are not shown here`, `1 goal that is not shown here`."""
    named = f"{noun} " if count == 1 or not noun else f"{noun}s "
    return f"{count:,} {named.lstrip()}that {'is' if count == 1 else 'are'} not shown here"


def plain_number(value: Decimal) -> str:
    """A number as people write it, with thousands separated: `3,000`, `0.5`, `1.2E+20`."""
    if value and abs(value.adjusted()) > 15:
        return f"{value:.3g}"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def bar(share: Fraction) -> str:
    """A bar of text; full only at 100%, and never empty above 0."""
    cells = int(share * BAR_CELLS)
    cells = max(cells, 1) if share else 0
    return "▓" * cells + "░" * (BAR_CELLS - cells)

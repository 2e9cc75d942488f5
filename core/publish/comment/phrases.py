"""Numbers and short phrases in our own words, for comments and for the reasons of a plan."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from core.engine.formatting import percent
from core.engine.model import Counts, Measure, Unmeasured
from core.publish.comment.summary import GoalPart, MilestonePart, Summary

BAR_CELLS = 20
"""Length of a progress bar in characters."""

Heads = Mapping[str, tuple[Measure, Measure]]
"""By goal: delivered and achieved, as they were when a comment was last written."""


def phrase(summary: Summary, before: Heads | None = None) -> str:
    """Return a phrase for the plan, `4 of 5 tasks done, 60% → 80%`; it has no text from outside."""
    parts = [_milestone_phrase(part) for part in summary.milestones]
    parts += [_goal_phrase(part, (before or {}).get(part.id)) for part in summary.goals]
    return _few(parts)


def links_phrase(summary: Summary, before: Heads) -> str:
    """Return a phrase for the plan on the goals under `Leads to` whose numbers changed."""
    moved = [
        f"goal {part.id}: {_numbers_phrase(part, before[part.id])}"
        for part in summary.leads_to
        if part.id in before and before[part.id] != (part.delivered, part.achieved)
    ]
    return _few(moved) or "a goal or key result that it leads to changed"


def _few(phrases: list[str]) -> str:
    if len(phrases) > 2:
        return f"{'; '.join(phrases[:2])}; and {len(phrases) - 2} more"
    return "; ".join(phrases)


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
    """Return the number of tasks that count: all but the cancelled ones."""
    return counts.done + counts.in_progress + counts.todo + counts.unknown


def still_open(counts: Counts) -> int:
    """Return the number of tasks that are neither done nor cancelled."""
    return counts.in_progress + counts.todo + counts.unknown


def not_shown(count: int, noun: str = "") -> str:
    """Return `3 that are not shown here`, or `1 goal that is not shown here`."""
    named = f"{noun} " if count == 1 or not noun else f"{noun}s "
    return f"{count:,} {named.lstrip()}that {'is' if count == 1 else 'are'} not shown here"


def plain_number(value: Decimal) -> str:
    """Return a number with thousands separated: `3,000`, `0.5`; beyond 16 digits, `1.2E+20`."""
    if value and abs(value.adjusted()) > 15:
        return f"{value:.3g}"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def bar(share: Fraction) -> str:
    """Return a progress bar for a share from 0 to 1; full only at 1, and never empty above 0."""
    cells = int(share * BAR_CELLS)
    cells = max(cells, 1) if share else 0
    return "▓" * cells + "░" * (BAR_CELLS - cells)

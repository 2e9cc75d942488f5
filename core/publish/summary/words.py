"""Numbers and short phrases of a summary, in words of our own."""

from decimal import Decimal
from fractions import Fraction

from core.engine.model import Counts, Measure, Unmeasured
from core.engine.percent import percent
from core.publish.summary.model import MilestonePart, Summary

BAR_CELLS = 20


def news(summary: Summary) -> str:
    """One phrase for the plan: `4 of 5 tasks done, 60% → 80%`. Numbers of our own only, no outside text."""
    said = [_milestone_news(part) for part in summary.milestones]
    said += [
        f"delivered {_short(part.delivered)}, achieved {_short(part.achieved)}" for part in summary.goals
    ]
    if len(said) > 2:
        return f"{'; '.join(said[:2])}; and {len(said) - 2} more"
    return "; ".join(said)


def _milestone_news(part: MilestonePart) -> str:
    now = _short(part.measure)
    before = _short(part.change.before) if part.change else now
    moved = now if before == now else f"{before} → {now}"
    return f"{part.counts.done} of {in_scope(part.counts)} tasks done, {moved}"


def _short(measure: Measure) -> str:
    return "not measurable" if isinstance(measure, Unmeasured) else percent(measure)


def in_scope(counts: Counts) -> int:
    """How many tasks count: all but the cancelled ones."""
    return counts.done + counts.in_progress + counts.todo + counts.unknown


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

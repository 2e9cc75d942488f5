"""The layout of a comment: turns a Summary into a Document, and folds its lists until it fits the limit."""

from collections.abc import Callable, Sequence

from core.engine.formatting import percent, whole_percent
from core.engine.model import Counts, Health, Measure, Unmeasured
from core.publish.comment.document import (
    REASON_LENGTH,
    Block,
    Bullets,
    Code,
    Document,
    Foreign,
    Heading,
    Keys,
    Link,
    Own,
    Paragraph,
    Rule,
    Span,
    Spans,
)
from core.publish.comment.escape import length
from core.publish.comment.goal_layout import about_goal, goal_line, key_result_line
from core.publish.comment.phrases import bar, in_scope, not_shown, still_open
from core.publish.comment.rounding import whole_points
from core.publish.comment.summary import MilestonePart, Summary, WaitsFor
from mappings.goal_tree import HealthName

FOLDS = (None, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1, 0)
"""Numbers of entries that each list shows at most, tried in turn until the comment fits its tracker."""

_BLOCKERS = 3
"""Number of issues that are named of those for which an open task waits."""
_BARE_TITLE = 40
"""Longest title in the shortest form of a comment, in characters."""


def fit(summary: Summary, limit: int, text_of: Callable[[Document], str]) -> str:
    """Return the fullest comment that fits: lists are cut more and more, each with the count of the rest.

    `limit` is in characters as `escape.length` counts them. The headline and what `text_of` appends (the
    mark) always stay, even where both are longer than the limit.
    """
    for fold in FOLDS:
        text = text_of(compose(summary, fold))
        if length(text) <= limit:
            return text
    return text_of(bare(summary))


def compose(summary: Summary, fold: int | None = None) -> Document:
    """Return the whole comment, with at most `fold` entries in each list (None: all)."""
    most = None if fold is None else max(fold, 1)
    milestones = summary.milestones[:most]
    goals = summary.goals[: None if most is None else most - len(milestones)]
    subjects = [_milestone(part, summary.open_tasks, fold) for part in milestones]
    subjects += [about_goal(part, fold) for part in goals]
    blocks: list[Block] = []
    for position, subject in enumerate(subjects):
        blocks += [Rule(), *subject] if position else subject
    more = len(summary.milestones) + len(summary.goals) - len(subjects)
    if more:
        things = "milestone or goal" if more == 1 else "milestones and goals"
        blocks.append(Paragraph(((Own(f"This issue tracks {more:,} more {things}."),),)))
    blocks += _leads_to(summary, fold)
    return (*blocks, _footer(summary))


def bare(summary: Summary) -> Document:
    """Return the shortest form of a comment: the headline of the first subject and the last line."""
    for part in summary.milestones:
        return (_headline(part, _BARE_TITLE), _footer(summary))
    for goal in summary.goals:
        return (about_goal(goal, 0, _BARE_TITLE)[0], _footer(summary))
    return (_footer(summary),)


def folded(items: Sequence[Spans], fold: int | None) -> tuple[Spans, ...]:
    """Return the first `fold` entries of a list, and a line with the number of the others."""
    if fold is None or len(items) <= fold:
        return tuple(items)
    return (*items[:fold], (Own(f"and {len(items) - fold:,} more"),))


def _milestone(part: MilestonePart, listed: int, fold: int | None) -> list[Block]:
    blocks: list[Block] = [_headline(part), Paragraph(tuple(_numbers(part)))]
    blocks += _change(part, fold)
    blocks += _open_tasks(part, listed if fold is None else min(listed, fold))
    return blocks


def _headline(part: MilestonePart, limit: int = 120) -> Heading:
    if not part.shown:
        progress = "cannot measure" if isinstance(part.measure, Unmeasured) else percent(part.measure)
        return Heading((Own(f"A milestone that is not named here: {progress}"),))
    if isinstance(part.measure, Unmeasured):
        return Heading((Foreign(part.title, limit), Own(": cannot measure")))
    return Heading(
        (Foreign(part.title, limit), Own(f": {percent(part.measure)}, {health_words(part.health)}"))
    )


def health_words(health: Health) -> str:
    """Return the health in words, such as `on track`, with `stale` where no task was touched for long."""
    return f"{_health_name(health)}, stale" if health.stale else _health_name(health)


def _health_name(health: Health) -> str:
    """Return the name of the health; "unmeasured" alone would seem to contradict the percentage beside it."""
    if health.name is HealthName.UNMEASURED:
        return "health not measured"
    return health.name.value.replace("_", " ")


def _numbers(part: MilestonePart) -> list[Spans]:
    lines: list[Spans] = []
    if isinstance(part.measure, Unmeasured):
        lines.append((Own("Cannot measure: "), Foreign(part.measure.reason, REASON_LENGTH)))
    else:
        lines.append((Own(f"{bar(part.measure)} {percent(part.measure)}"),))
    lines.append((Own(counts_words(part.counts)),))
    if part.health.reason and not isinstance(part.measure, Unmeasured):
        lines.append(
            (Own(f"{_health_name(part.health).capitalize()}: "), Foreign(part.health.reason, REASON_LENGTH))
        )
    about: list[Spans] = []
    if part.due:
        about.append((Own(f"Due {part.due.isoformat()}"),))
    if part.owner:
        about.append((Own("Owner: "), Foreign(part.owner)))
    if about:
        lines.append(about[0] if len(about) == 1 else (*about[0], Own(" · "), *about[1]))
    return lines


def counts_words(counts: Counts) -> str:
    """Return the counts, such as `3 of 5 tasks done · 1 in progress · 1 to do`, without those that are 0."""
    total = in_scope(counts)
    parts = [f"{counts.done:,} of {total:,} {'task' if total == 1 else 'tasks'} done"]
    rest = (
        (counts.in_progress, "in progress"),
        (counts.todo, "to do"),
        (counts.unknown, "with a status of no known category"),
        (counts.cancelled, "cancelled"),
        (counts.unestimated, "without an estimate"),
        (counts.blocked, "open task is blocked" if counts.blocked == 1 else "open tasks are blocked"),
    )
    return " · ".join(parts + [f"{count:,} {words}" for count, words in rest if count])


def _change(part: MilestonePart, fold: int | None) -> list[Block]:
    change = part.change
    if change is None or not (change.parts or change.difference):
        return []
    moved, parts = whole_points(change)
    now = f"{_measure(change.before)} → {_measure(change.after)}"
    gained = "" if moved is None else f" ({signed(moved)})"
    title: Spans = (Own(f"Since {change.since.date().isoformat()}: {now}{gained}"),)
    items: list[Spans] = []
    for part_of_change, points in zip(change.parts, parts, strict=True):
        cause = part_of_change.part.value
        lead = cause if points is None else f"{signed(points)} · {cause}"
        items.append((Own(lead), *_keys(part_of_change.keys, part_of_change.hidden, fold)))
    return [Bullets(title, tuple(items))] if fold is None or fold > 0 else [Paragraph((title,))]


def _keys(keys: Sequence[str], hidden: int, fold: int | None) -> Spans:
    """Return the keys of the tasks behind a part of a change: ten at most, and the number of the others."""
    shown = keys[: min(10, fold if fold is not None else 10)]
    more = [f"{len(keys) - len(shown):,} more"] if len(keys) > len(shown) else []
    more += [not_shown(hidden)] if hidden else []
    if not shown:
        return (Own(f": {more[-1]}"),) if hidden else ()
    named: Spans = (Own(": "), Keys(tuple(shown)))
    return (*named, Own("".join(f" and {count}" for count in more))) if more else named


def signed(points: int) -> str:
    """Return percent points as text: `+20 points`, `−1 point`, `less than 1 point`."""
    if points == 0:
        return "less than 1 point"
    return f"{'+' if points > 0 else '−'}{abs(points)} {'point' if abs(points) == 1 else 'points'}"


def _measure(measure: Measure) -> str:
    return "not measurable" if whole_percent(measure) is None else percent(measure)


def _aside(text: str, limit: int) -> Spans:
    return (Own(" · "), Foreign(text, limit)) if text else ()


def _open_tasks(part: MilestonePart, listed: int) -> list[Block]:
    if not (part.open_tasks or part.hidden_open) or listed == 0:
        return []  # the counts already say how many are open
    items: list[Spans] = []
    for task in part.open_tasks[:listed]:
        status = task.status if task.status.casefold() not in ("open", "closed", "") else ""
        link = Link(task.key, task.title, task.url)
        waits = _waits_for(task.waits_for) if task.waits_for else ()
        items.append((link, *_aside(status, 40), *_aside(task.partly, 80), *waits))
    more = still_open(part.counts) - len(items) - part.hidden_open
    if more > 0:
        items.append((Own(f"and {more:,} more"),))
    if part.hidden_open:
        items.append((Own(f"{'and ' if items else ''}{not_shown(part.hidden_open)}"),))
    return [Bullets((Own("Open tasks"),), tuple(items))]


def _waits_for(waits: WaitsFor) -> Spans:
    """Return ` · blocked by Write the API`, with a link; `_BLOCKERS` are named, and the others counted."""
    spans: list[Span] = [Own(" · blocked by ")]
    for position, blocking in enumerate(waits.named[:_BLOCKERS]):
        spans += [Own(", ")] if position else []
        spans.append(Link(blocking.key, blocking.title, blocking.url))
    left = len(waits.named[_BLOCKERS:])
    more = [f"{left:,} more"] if left else []
    more += [not_shown(waits.hidden, "issue")] if waits.hidden else []
    joined = " and ".join(more)
    if joined:
        spans.append(Own(f" and {joined}" if waits.named else joined))
    return tuple(spans)


def _leads_to(summary: Summary, fold: int | None) -> list[Block]:
    items: list[Spans] = []
    for goal in summary.leads_to:
        items += [key_result_line(result) for result in goal.key_results]
        items += [goal_line(goal)] if goal.shown else []
    shown = list(folded(items, fold))
    if summary.hidden_links:
        shown.append((Own(f"{'and ' if shown else ''}{not_shown(summary.hidden_links)}"),))
    return [Bullets((Own("Leads to"),), tuple(shown))] if shown else []


def _footer(summary: Summary) -> Paragraph:
    ids = [part.id for part in summary.milestones if part.shown]
    ids += [part.id for part in summary.goals if part.shown]
    keeps = Own("milepost keeps this comment; changes made to it by hand are set back. ")
    if not ids:
        return Paragraph(((keeps,),))
    return Paragraph(((keeps, Own("Why these numbers: "), Code(f"milepost why {ids[0]}")),))

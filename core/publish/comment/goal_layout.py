"""The layout of goals and key results: a line under `Leads to`, and the tables of a goal's own comment."""

from decimal import Decimal

from core.engine.formatting import percent
from core.engine.model import Measure, Unmeasured
from core.publish.comment.document import (
    REASON_LENGTH,
    Block,
    Foreign,
    Heading,
    Link,
    Own,
    Paragraph,
    Spans,
    Table,
)
from core.publish.comment.phrases import bar, in_scope, not_shown, plain_number
from core.publish.comment.summary import GoalPart, KeyResultPart, MilestoneLine
from core.publish.visibility import WITHHELD
from mappings.goal_tree import Guardrail, HealthName, Metric


def key_result_line(part: KeyResultPart) -> Spans:
    """`Reach 3,000 visitors on the site: 40%, 1,200 of 3,000 visitors`."""
    return (Foreign(part.title), Own(": "), *_achieved(part))


def goal_line(part: GoalPart) -> Spans:
    """`Goal "Show people …": delivered 60%, achieved 13%.` and the gap between the two, if there is one."""
    spans: Spans = (Own('Goal "'), Foreign(part.title), Own('": '), *_two_numbers(part))
    return (*spans, Own(". "), Foreign(part.gap, REASON_LENGTH)) if part.gap else spans


def about_goal(part: GoalPart, fold: int | None, title_limit: int = 120) -> list[Block]:
    """Return the blocks of a goal's own comment: both numbers, its key results and its milestones.

    `fold`: how many entries each table has at most; None: all. `title_limit`: in characters.
    """
    health = part.health.name.value.replace("_", " ")
    tail = "" if part.health.name is HealthName.UNMEASURED else f", {health}"
    named: Spans = (Own("Goal: "), Foreign(part.title, title_limit))
    if not part.shown:
        named = (Own("A goal that is not named here"),)
    head = Heading((*named, Own(": "), *_heads(part), Own(tail)))
    lines = [_barred("delivered", part.delivered), _barred("achieved", part.achieved)]
    if part.gap:
        lines.append((Foreign(part.gap, REASON_LENGTH),))
    if part.due:
        lines.append((Own(f"Due {part.due.isoformat()}"),))
    if part.owner:
        lines.append((Own("Owner: "), Foreign(part.owner)))
    return [head, Paragraph(tuple(lines)), *_key_results(part, fold), *_milestones(part, fold)]


def _barred(word: str, measure: Measure) -> Spans:
    if measure is WITHHELD:
        return (Own(f"{word.capitalize()}: {WITHHELD.reason}"),)
    if isinstance(measure, Unmeasured):
        return (Own(f"{word.capitalize()}: "), *_measure_words(measure))
    return (Own(f"{bar(measure)} {percent(measure)} {word}"),)


def _heads(part: GoalPart) -> Spans:
    return (Own(f"delivered {_short(part.delivered)}, achieved {_short(part.achieved)}"),)


def _short(measure: Measure) -> str:
    if measure is WITHHELD:
        return WITHHELD.reason
    return "not measurable" if isinstance(measure, Unmeasured) else percent(measure)


def _two_numbers(part: GoalPart) -> Spans:
    return (
        Own("delivered "),
        *_measure_words(part.delivered),
        Own(", achieved "),
        *_measure_words(part.achieved),
    )


def _measure_words(measure: Measure) -> Spans:
    if measure is WITHHELD:
        return (Own(WITHHELD.reason),)
    if isinstance(measure, Unmeasured):
        return (Own("cannot measure: "), Foreign(measure.reason, REASON_LENGTH))
    return (Own(percent(measure)),)


def _key_results(part: GoalPart, fold: int | None) -> list[Block]:
    hidden = _hidden(part.hidden_key_results, "key result", alone=not part.key_results)
    if not part.key_results:
        return hidden
    if fold == 0:
        return [_count(len(part.key_results), "key result"), *hidden]
    rows: list[tuple[Spans, ...]] = [
        ((Foreign(result.title),), _achieved(result), _measure_words(result.delivered))
        for result in part.key_results[:fold]
    ]
    more = len(part.key_results) - len(rows)
    table = Table(("Key result", "Achieved", "Delivered"), tuple(rows))
    rest = [Paragraph(((Own(f"and {more:,} more {_plural(more, 'key result')}"),),))] if more else []
    return [table, *rest, *hidden]


def _milestones(part: GoalPart, fold: int | None) -> list[Block]:
    hidden = _hidden(part.hidden_milestones, "milestone", alone=not part.milestones)
    if not part.milestones:
        return hidden
    if fold == 0:
        return [_count(len(part.milestones), "milestone"), *hidden]
    rows = tuple(_milestone_row(line) for line in part.milestones[:fold])
    more = len(part.milestones) - len(rows)
    table = Table(("Milestone", "Progress", "Tasks done", "Health"), rows)
    rest = [Paragraph(((Own(f"and {more:,} more {_plural(more, 'milestone')}"),),))] if more else []
    return [table, *rest, *hidden]


def _hidden(number: int, noun: str, *, alone: bool) -> list[Block]:
    """Return a line with the number of hidden entries; an empty list where there are none."""
    words = not_shown(number, noun)
    return [Paragraph(((Own(words if alone else f"and {words}"),),))] if number else []


def _count(number: int, noun: str) -> Paragraph:
    return Paragraph(((Own(f"{number:,} {_plural(number, noun)}, not listed here"),),))


def _more(number: int, noun: str) -> Paragraph:
    return Paragraph(((Own(f"and {number:,} more {_plural(number, noun)}"),),))


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _milestone_row(line: MilestoneLine) -> tuple[Spans, ...]:
    title: Spans = (Link(line.page.key, line.title, line.page.url),) if line.page else (Foreign(line.title),)
    done = f"{line.counts.done:,} of {in_scope(line.counts):,}"
    return title, _measure_words(line.measure), (Own(done),), (Own(line.health.value.replace("_", " ")),)


def _achieved(part: KeyResultPart) -> Spans:
    """Return the figure behind a key result and how much is achieved, or why that is not measured."""
    if part.metric is not None:
        return _metric(part.metric, part.measure)
    if part.guardrail is not None:
        return _guardrail(part.guardrail, part.met, part.measure)
    return _measure_words(part.measure)


def _amount(text: str, unit: str) -> Spans:
    if not unit.strip():
        return (Own(text),)
    return (Own(text if unit.strip() == "%" else f"{text} "), Foreign(unit, 40))


def _metric(metric: Metric, measure: Measure) -> Spans:
    target = plain_number(metric.target)
    if metric.current is None or isinstance(measure, Unmeasured):
        return (Own("target "), *_amount(target, metric.unit), Own("; "), *_measure_words(measure))
    current, start = plain_number(metric.current), plain_number(metric.start)
    sign = "%" if metric.unit.strip() == "%" else ""
    if metric.start == 0 and metric.target > 0:
        spans: Spans = (Own(f"{current}{sign} of "), *_amount(target, metric.unit))
    else:
        spans = (Own(f"now {current}{sign}, from {start}{sign} to "), *_amount(target, metric.unit))
    return (Own(f"{percent(measure)}, "), *spans, Own(_as_of(metric)))


def _guardrail(rail: Guardrail, met: bool | None, measure: Measure) -> Spans:
    spans: Spans = (Own("must stay "), *_bounds(rail))
    if met is None or rail.current is None:
        return (*spans, Own("; "), *_measure_words(measure))
    verdict = "met" if met else "not met"
    return (
        *spans,
        Own("; now "),
        *_amount(plain_number(rail.current), rail.unit),
        Own(f", {verdict}{_as_of(rail)}"),
    )


def _bounds(rail: Guardrail) -> Spans:
    bounds: list[tuple[str, Decimal]] = []
    if rail.keep_above is not None:
        bounds.append(("above", rail.keep_above))
    if rail.keep_below is not None:
        bounds.append(("below", rail.keep_below))
    spans: Spans = ()
    for word, bound in bounds:
        joint = " and " if spans else ""
        spans = (*spans, Own(f"{joint}{word} "), *_amount(plain_number(bound), rail.unit))
    return spans


def _as_of(measured: Metric | Guardrail) -> str:
    return f" ({measured.as_of.isoformat()})" if measured.as_of else ""

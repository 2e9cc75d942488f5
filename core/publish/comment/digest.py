"""The meaning of a comment in twelve digits: equal meaning, equal digest, and no edit."""

import hashlib
import json
import re

from core.engine.formatting import percent
from core.engine.model import Counts, Health, Measure, Unmeasured, Why
from core.publish.comment.summary import (
    GoalPart,
    KeyResultPart,
    MilestoneLine,
    MilestonePart,
    OpenTask,
    Summary,
)

LAYOUT = 1
"""Raised when comments shall be written anew because milepost says something else than before."""

_NUMBERS = re.compile(r"\d+")


def summary_digest(summary: Summary) -> str:
    """12 hex digits of what the comment means: 6 of its own numbers, then 6 of what it leads to.

    Left out are the change since last time and everything that moves by itself with the clock, so that an
    unchanged world gives an equal digest. The halves can be compared alone (`same_meaning`).
    """
    own = [
        LAYOUT,
        summary.open_tasks,
        [_milestone_meaning(part, summary.open_tasks) for part in summary.milestones],
        [_goal_meaning(part) for part in summary.goals],
    ]
    links = [_goal_meaning(part) for part in summary.leads_to]
    return _half(own) + _half([*links, *_hidden(summary.hidden_links)])


def same_meaning(before: str, after: str, *, links_waiting: bool) -> bool:
    """Whether two digests mean the same; with `links_waiting` only its own half counts."""
    return before[:6] == after[:6] if links_waiting else before == after


def _hidden(*counts: int) -> list[object]:
    """Counts of what is not shown; nothing where all is, so that the digest is that of older versions."""
    return [{"hidden": counts}] if any(counts) else []


def _half(meaning: object) -> str:
    text = json.dumps(meaning, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:6]


def _measure_meaning(measure: Measure) -> str:
    if isinstance(measure, Unmeasured):
        return (
            measure.why.value if measure.why is Why.SOURCE_DOWN else f"{measure.why.value}: {measure.reason}"
        )
    return percent(measure)


def _health_meaning(health: Health) -> list[str]:
    """Numbers in the reason are left out: days without movement would edit every comment every day."""
    return [
        health.name.value,
        str(health.stale),
        str(health.overridden_until),
        _NUMBERS.sub("#", health.reason),
    ]


def _counts_meaning(counts: Counts) -> list[int]:
    return [
        counts.done,
        counts.in_progress,
        counts.todo,
        counts.cancelled,
        counts.unknown,
        counts.unestimated,
        *([counts.blocked] if counts.blocked else []),
    ]


def _milestone_meaning(part: MilestonePart, listed: int) -> list[object]:
    return [
        part.id,
        part.title,
        part.owner,
        str(part.due),
        _measure_meaning(part.measure),
        _health_meaning(part.health),
        _counts_meaning(part.counts),
        [_task_meaning(task) for task in part.open_tasks[:listed]],
        *_hidden(part.hidden_open, not part.shown),
    ]


def _task_meaning(task: OpenTask) -> list[object]:
    """Without what it waits for where that is nothing, so that the digest is that of older versions."""
    meaning: list[object] = [task.key, task.url, task.title, task.status, task.partly]
    waits = task.waits_for
    if waits is not None:
        meaning.append([[[item.key, item.url, item.title] for item in waits.named], waits.hidden])
    return meaning


def _goal_meaning(part: GoalPart) -> list[object]:
    return [
        part.id,
        part.title,
        part.owner,
        str(part.due),
        _measure_meaning(part.delivered),
        _measure_meaning(part.achieved),
        _health_meaning(part.health),
        part.gap,
        [_key_result_meaning(result) for result in part.key_results],
        [_line_meaning(line) for line in part.milestones],
        *_hidden(part.hidden_key_results, part.hidden_milestones, not part.shown),
    ]


def _key_result_meaning(part: KeyResultPart) -> list[object]:
    return [
        part.id,
        part.title,
        _measure_meaning(part.measure),
        _measure_meaning(part.delivered),
        str(part.met),
        part.health.value,
        part.metric.model_dump_json() if part.metric else "",
        part.guardrail.model_dump_json() if part.guardrail else "",
    ]


def _line_meaning(line: MilestoneLine) -> list[object]:
    page = [line.page.key, line.page.url] if line.page else []
    return [
        line.id,
        line.title,
        _measure_meaning(line.measure),
        line.health.value,
        _counts_meaning(line.counts),
        page,
    ]

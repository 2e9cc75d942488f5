"""The digest of a comment's meaning; while it stays equal, the comment is not edited."""

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
"""Part of every digest; raised when all comments have to be written again because their layout changed."""

_NUMBERS = re.compile(r"\d+")


def summary_digest(summary: Summary) -> str:
    """Return 12 hex digits: 6 of the comment's own subjects, then 6 of the goals to which these lead.

    Left out are the change since last time and everything that changes with the clock alone, so that
    without a change on the trackers the digest stays equal. The halves can be compared separately
    (`same_meaning`).
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
    """Return whether two digests are equal; with `links_waiting`, only their first halves are compared."""
    return before[:6] == after[:6] if links_waiting else before == after


def _hidden(*counts: int) -> list[object]:
    """Return the counts of what is hidden; an empty list without any, so that older digests stay valid."""
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
    """Return the health without the numbers in its reason: a count of days would change every day."""
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
    """Return the task; what it waits for only where there is anything, so that older digests stay valid."""
    meaning: list[object] = [task.key, task.url, task.title, task.status, task.partly]
    waits = task.waits_for
    if waits is not None:
        named = [[blocking.key, blocking.url, blocking.title] for blocking in waits.named]
        meaning.append([named, waits.hidden])
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

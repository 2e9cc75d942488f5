"""The text of a comment and the digest of its meaning; pure functions of values."""

from core.publish.comment.build_summary import (
    first_open,
    open_task,
    summarise,
    visible_open,
    waits_for,
)
from core.publish.comment.digest import same_meaning, summary_digest
from core.publish.comment.phrases import Heads, links_phrase, phrase
from core.publish.comment.summary import (
    Blocking,
    GoalPart,
    KeyResultPart,
    Listed,
    MilestoneLine,
    MilestonePart,
    OpenTask,
    Page,
    Summary,
    WaitsFor,
)

__all__ = [
    "Blocking",
    "GoalPart",
    "Heads",
    "KeyResultPart",
    "Listed",
    "MilestoneLine",
    "MilestonePart",
    "OpenTask",
    "Page",
    "Summary",
    "WaitsFor",
    "first_open",
    "links_phrase",
    "open_task",
    "phrase",
    "same_meaning",
    "summarise",
    "summary_digest",
    "visible_open",
    "waits_for",
]

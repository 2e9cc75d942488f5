"""What to say on an issue, and the digest of what it means; pure functions of values."""

from core.publish.summary.build import first_open, key_rank, open_task, summarise, visible_open, waits_for
from core.publish.summary.digest import same_meaning, summary_digest
from core.publish.summary.model import (
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
from core.publish.summary.words import Heads, links_news, news

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
    "key_rank",
    "links_news",
    "news",
    "open_task",
    "same_meaning",
    "summarise",
    "summary_digest",
    "visible_open",
    "waits_for",
]

"""What to say on an issue, and the digest of what it means; pure functions of values."""

from core.publish.summary.build import summarise
from core.publish.summary.digest import same_meaning, summary_digest
from core.publish.summary.model import (
    GoalPart,
    KeyResultPart,
    MilestoneLine,
    MilestonePart,
    OpenTask,
    Page,
    Summary,
)
from core.publish.summary.words import Heads, links_news, news

__all__ = [
    "GoalPart",
    "Heads",
    "KeyResultPart",
    "MilestoneLine",
    "MilestonePart",
    "OpenTask",
    "Page",
    "Summary",
    "links_news",
    "news",
    "same_meaning",
    "summarise",
    "summary_digest",
]

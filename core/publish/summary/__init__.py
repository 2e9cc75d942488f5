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
from core.publish.summary.words import news

__all__ = [
    "GoalPart",
    "KeyResultPart",
    "MilestoneLine",
    "MilestonePart",
    "OpenTask",
    "Page",
    "Summary",
    "news",
    "same_meaning",
    "summarise",
    "summary_digest",
]

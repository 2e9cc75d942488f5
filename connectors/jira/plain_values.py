"""Remembered and received texts as plain numbers, times and steps of a path."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

_NAMES = (str, int, type(None))


def number(text: str | None) -> float:
    """A number that was remembered as text; 0 for anything else."""
    try:
        result = float(text or 0)
    except ValueError:
        return 0.0
    return result if math.isfinite(result) else 0.0


def whole_seconds(value: object) -> datetime | None:
    """A time as Jira writes it, in UTC without fractions; None for anything else."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
        return when.astimezone(UTC).replace(microsecond=0) if when is not None and when.tzinfo else None
    except (ValueError, OverflowError):
        return None


def step(text: str) -> str:
    """An id or key as one step of a path."""
    return quote(text, safe="")


def named(row: Mapping[str, object]) -> bool:
    """Whether what stands as a row's id and key can be one, or is not there at all."""
    return isinstance(row.get("id"), _NAMES) and isinstance(row.get("key"), _NAMES)

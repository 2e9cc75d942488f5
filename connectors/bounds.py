"""What a value of a header, a clock, a payload or the store may be; whatever is beyond counts as unset.

| value | bound | why |
|---|---|---|
| reset of a quota | 2 h ahead, 1 min past | GitHub's windows last an hour, Jira's at most an hour |
| limit of a quota | 1 to 10,000,000 requests | far above any quota that a vendor grants |
| requests that are left | 0 to the limit | more than the limit is no remainder |
| requests that were used | 0 to 10,000,000 | as the limit |
| a moment that was stored | 10 min ahead of our clock | nothing is remembered of the future |
| writes that are counted | as a stored moment, or in the rate's window | see `connectors.http.write_rate` |
| difference of the clocks | a day | beyond that one of the two clocks is set wrong |
| a server's time (`Date`, `serverTime`) | years 2000 to 2199 | no tracker is older |
| `Retry-After` | `max_wait` of the settings; beyond, the run goes on without the tracker | RFC 9110, 10.2.3 |
| number of a page | below 10^9 | as `connectors.github.client` |
| id of an issue | GitHub: 1 to 2^63 - 1; Jira: 1 to 19 digits | what the vendors' databases hold |
| time of an issue | years 1 to 9999, in UTC | what `datetime` holds; imports bring any of them |
| number of story points | 0 and up, finite | see `connectors.jira.issues` |
| title | 1,000 characters, beyond that cut off | Jira takes 255 (field Summary), GitHub 256 |
| one answer | 64 MiB, `connectors.http.response.MAX_BODY` | memory |

All times are epoch seconds or seconds. Everything here is a function of its arguments and never raises.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.names import without_unseen

LONGEST_WINDOW: Final = 7_200.0
"""Seconds until a quota may begin anew."""
SHORTEST_WINDOW: Final = -60.0
"""Seconds by which a reset may seem to be past: clocks are cut to seconds, and answers take their time."""
LARGEST_QUOTA: Final = 10_000_000
"""Requests in one window."""
LARGEST_SKEW: Final = 86_400.0
"""Seconds by which the tracker's clock may differ from ours to be remembered."""
AHEAD: Final = timedelta(minutes=10)
"""By how much a stored moment may be ahead of our clock: machines that share a store differ a little."""
LARGEST_ID: Final = 2**63 - 1
"""Of an issue, where ids are numbers: what a database's 64-bit integer holds."""
LONGEST_TITLE: Final = 1_000
"""Characters."""
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2199


def whole(value: object, low: int, high: int) -> int | None:
    """A whole number between `low` and `high`, both included; None for anything else, `True` too."""
    return value if type(value) is int and low <= value <= high else None


def finite(value: object) -> float | None:
    """A number that is neither infinite nor NaN, as a float; None for anything else, `True` too."""
    if type(value) is int:
        return float(value) if abs(value) <= LARGEST_ID else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def window(seconds: float | None) -> float | None:
    """Seconds until a quota begins anew; None outside of `SHORTEST_WINDOW` to `LONGEST_WINDOW`."""
    if seconds is None or not SHORTEST_WINDOW <= seconds <= LONGEST_WINDOW:
        return None
    return seconds


def skew(seconds: float | None) -> float:
    """The difference of two clocks in seconds; 0 where it is larger than `LARGEST_SKEW`."""
    return seconds if seconds is not None and abs(seconds) <= LARGEST_SKEW else 0.0


def server_time(when: datetime | None) -> datetime | None:
    """A server's own time in UTC; None without a zone, and outside of the years 2000 to 2199."""
    if when is None or when.tzinfo is None or not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        return None
    return when.astimezone(UTC)


def past(when: datetime | None, now: datetime) -> datetime | None:
    """A moment that was remembered; None where it has no zone or is ahead of `now`."""
    if when is None or when.tzinfo is None or when > now + AHEAD:
        return None
    return when


def moment(text: object) -> datetime | None:
    """A remembered ISO 8601 time in UTC; None for anything else."""
    try:
        when = datetime.fromisoformat(text) if isinstance(text, str) else None
        return when.astimezone(UTC) if when is not None and when.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def title(text: str) -> str:
    """A title without invisible characters, cut to `LONGEST_TITLE` characters."""
    text = without_unseen(text)
    return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1]}…"

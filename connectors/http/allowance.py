"""What a tracker grants of requests and what milepost used of it: kept between runs, shown to people."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import orjson

from connectors import bounds
from connectors.connector_state import ConnectorState

_KEY = "api.budget"
_COUNTS = ("limit", "remaining", "allowed", "used", "run")
_LAST = 7_000_000_000.0
"""Epoch seconds, in the year 2191: what is later is no time at which a quota begins anew."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """One quota of a tracker in its present window, and milepost's part of it. All counts are requests."""

    resource: str
    """The tracker's name of the quota: `core`, `search`, `graphql`."""
    limit: int
    """What the tracker grants to everybody who uses the same account, in one window."""
    remaining: int
    """What is left of that, by the tracker's latest word."""
    allowed: int
    """Milepost's share of the limit: at least 1."""
    used: int
    """Milepost's own in this window, of this run and of those before."""
    run: int
    """Milepost's own in its latest run."""
    reset: float
    """When a new window begins, in epoch seconds by the local clock."""
    put_off: str = ""
    """The request that the latest run put off because the share was spent; empty if there was none."""

    @property
    def until(self) -> datetime:
        """When a new window begins; the year 1970 for a number that is no time."""
        if not 0 <= self.reset <= _LAST:
            return datetime.fromtimestamp(0, UTC)
        return datetime.fromtimestamp(self.reset, UTC)

    def over(self, now: datetime) -> bool:
        """Whether the window has ended, or can be none, so that nothing of it counts any more."""
        return not 0 < self.reset - now.timestamp() <= bounds.LONGEST_WINDOW


@runtime_checkable
class Budgeted(Protocol):
    """A tracker that counts what it used of its quotas."""

    def allowances(self) -> tuple[Allowance, ...]:
        """The quotas that the tracker reported, as they stand now; sends nothing."""
        ...


def allowances_of(tracker: object) -> tuple[Allowance, ...]:
    """What an opened tracker tells; nothing where its connector keeps no count."""
    return tracker.allowances() if isinstance(tracker, Budgeted) else ()


def as_text(allowances: Iterable[Allowance]) -> str:
    """These as JSON."""
    return orjson.dumps([asdict(allowance) for allowance in allowances]).decode()


def from_text(text: str | None) -> tuple[Allowance, ...]:
    """What `as_text` wrote, without what is impossible; a fresh count does no harm."""
    try:
        result = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return ()
    read = (_allowance(item) for item in result) if isinstance(result, list) else ()
    return tuple(item for item in read if item is not None)


def _allowance(value: object) -> Allowance | None:
    if not isinstance(value, dict):
        return None
    resource, put_off = value.get("resource"), value.get("put_off")
    counts = [bounds.whole(value.get(name), 0, bounds.LARGEST_QUOTA) for name in _COUNTS]
    reset = bounds.finite(value.get("reset"))
    limit, remaining, allowed, used, run = counts
    if not isinstance(resource, str) or not isinstance(put_off, str) or reset is None:
        return None
    if limit is None or remaining is None or allowed is None or used is None or run is None:
        return None
    if not 1 <= allowed <= limit or remaining > limit or not 0 <= reset <= _LAST:
        return None
    return Allowance(resource, limit, remaining, allowed, used, run, reset, put_off)


def keep(memory: ConnectorState, allowances: Iterable[Allowance]) -> None:
    """Remember them for the next run and for `milepost status`; writes only what differs."""
    text = as_text(allowances)
    if text not in ("[]", memory.get(_KEY)):
        memory.set(_KEY, text)


def kept(memory: ConnectorState) -> str:
    """What was remembered, for `Budget` and `from_text`."""
    return memory.get(_KEY) or ""

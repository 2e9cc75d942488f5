"""Rates of writes: waits until one is allowed, what is remembered of them between runs, and a forecast."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import orjson

from connectors import bounds
from connectors.connector_state import ConnectorState

_KEY = "api.writes"
_ROUNDED = 2.0
"""Seconds by which a remembered write may be of the future: `text` cuts to seconds and adds one."""
_LONG = 60.0
"""Seconds: what is counted over no more than this is over before another run begins."""


@dataclass(frozen=True, slots=True)
class WriteRate:
    """At most `writes` in any `seconds`; with `per_issue`, to one issue."""

    writes: int
    seconds: float
    per_issue: bool = False

    def __str__(self) -> str:
        usual = {60.0: "a minute", 3600.0: "an hour"}
        window = usual.get(self.seconds, f"in {self.seconds:g} s")
        return f"{self.writes} writes {window}{' to one issue' if self.per_issue else ''}"

    @property
    def window(self) -> float:
        """Seconds that are kept: a little more, since requests may arrive closer together than they left."""
        return self.seconds + min(1.0, self.seconds / 20)


class WriteRates:
    """The latest writes, compared with what a tracker allows. For one thread at a time.

    `existing` is the `text` of an earlier run. All times are in epoch seconds.
    """

    def __init__(self, rates: Iterable[WriteRate] = (), spacing: float = 0.0, existing: str = "") -> None:
        self._rates = tuple(rates)
        self._spacing = spacing
        self._longest = max((rate.window for rate in self._rates), default=0.0)
        longest = max((rate.writes for rate in self._rates if not rate.per_issue), default=0)
        self._all: deque[float] = deque(_times(existing)[-longest:] if longest else (), maxlen=longest)
        self._of: dict[str, deque[float]] = {}
        self._most = max((rate.writes for rate in self._rates if rate.per_issue), default=0)

    def wait(self, subject: str, now: float) -> tuple[float, WriteRate | None]:
        """Seconds until a write to `subject` (an issue, or empty) is allowed, and the rate that asks so."""
        self._settle(now)
        waits = [(self._left(rate, subject, now), rate) for rate in self._rates]
        left, rate = max(waits, key=lambda item: item[0], default=(0.0, None))
        return (left, rate) if left > 0 else (0.0, None)

    def note(self, subject: str, now: float) -> None:
        """A write went out, whatever came of it."""
        self._settle(now)
        self._all.append(now)
        if subject and self._most:
            self._of.setdefault(subject, deque(maxlen=self._most)).append(now)

    def forecast(self, writes: int, now: float) -> float:
        """Seconds until as many writes are done, each to another issue, if only the limits hold up."""
        self._settle(now)
        ahead = WriteRates(self._rates, self._spacing)
        ahead._all.extend(self._all)
        time = now
        for _ in range(writes):
            time += ahead.wait("", time)[0]
            ahead.note("", time)
            time += self._spacing
        return max(0.0, time - now)

    def text(self, now: float) -> str:
        """What the next run has to go on from; empty if that is nothing."""
        self._settle(now)
        longest = max((rate.window for rate in self._rates if rate.seconds > _LONG), default=0.0)
        late = [round(time) + 1 for time in self._all if now - time < longest]
        return orjson.dumps(late).decode() if late else ""

    def _settle(self, now: float) -> None:
        """Correct writes that are of the future, since the clock was set back after them.

        By less than the longest rate: they count as written now. By more: they count no more.
        """
        for times in (self._all, *self._of.values()):
            if times and times[-1] > now + _ROUNDED:
                late = [min(time, now) for time in times if time - now < self._longest]
                times.clear()
                times.extend(late)

    def _left(self, rate: WriteRate, subject: str, now: float) -> float:
        times = self._of.get(subject, ()) if rate.per_issue else self._all
        if len(times) < rate.writes:
            return 0.0
        # A clock set back must not make the wait longer than the window is.
        return min(times[-rate.writes] + rate.window - now, rate.window)


@runtime_checkable
class Paced(Protocol):
    """A tracker that forecasts how long its limits make writing take."""

    def writing_seconds(self, writes: int) -> float:
        """About how many seconds as many writes take; sends nothing."""
        ...


def writing_seconds(tracker: object, writes: int) -> float:
    """What an opened tracker tells; 0 where its connector keeps to no rates."""
    return tracker.writing_seconds(writes) if isinstance(tracker, Paced) else 0.0


def keep(memory: ConnectorState, text: str) -> None:
    """Remember the writes for the next run; writes only what differs."""
    if text != kept(memory):
        memory.set(_KEY, text)


def kept(memory: ConnectorState) -> str:
    """What was remembered, for `WriteRates`."""
    return memory.get(_KEY) or ""


def _times(existing: str) -> list[float]:
    try:
        result = orjson.loads(existing or "[]")
    except orjson.JSONDecodeError:
        return []
    times = (bounds.finite(item) for item in result) if isinstance(result, list) else ()
    return sorted(time for time in times if time is not None)

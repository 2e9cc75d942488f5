"""How much of a tracker's request quota is milepost's own, and how much of that is used."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors import bounds
from connectors.http.allowance import Allowance, as_text, from_text
from connectors.http.response import HttpResponse, answer_date


@dataclass(frozen=True, slots=True)
class Quota:
    """What a tracker grants in one window: `limit` requests, `remaining` of them, all anew at `reset`.

    `reset` is in epoch seconds by the local clock, whatever the tracker's clock says.
    """

    limit: int
    remaining: int
    reset: float


@dataclass(slots=True)
class _Window:
    """A quota as it was reported last, and the requests of milepost's own in its window."""

    quota: Quota
    used: int


class QuotaBudget:
    """Milepost's `share` (above 0, up to 1) of each quota that a tracker reports, counted per window.

    Only requests of its own are counted, not those of others who use the same account. Where a tracker
    reports no quota the share is never spent. `existing` is the `text` of an earlier run in the same window.
    A window that ends later than `bounds.LONGEST_WINDOW` from now is ignored: a clock was set wrong when it
    was noted. Safe for several threads. Raises ValueError for a share outside of its range.
    """

    def __init__(self, share: float = 0.5, existing: str = "") -> None:
        if not 0 < share <= 1:
            raise ValueError(f"the share of the API quota is above 0 and at most 1, not {share}")
        self.share = share
        self._lock = threading.Lock()
        self._windows = {
            item.resource: _Window(Quota(item.limit, item.remaining, item.reset), item.used)
            for item in from_text(existing)
        }
        self._run: dict[str, int] = {}
        self._put_off: dict[str, str] = {}

    def note(self, resource: str, answer: HttpResponse, now: float) -> None:
        """Count one answered request, and take over what its X-RateLimit headers say.

        A 304 counts too, although it is free on GitHub: better to leave more to others.
        """
        quota = _quota(answer.headers, answer, now)
        if quota is None:
            return
        with self._lock:
            self._run[resource] = self._run.get(resource, 0) + 1
            window = self._windows.get(resource)
            if window is None or not _lasts(window, now):
                self._windows[resource] = _Window(quota, 1)
                return
            # A reset that slides with every answer must not begin a new window with each.
            window.quota = Quota(quota.limit, quota.remaining, window.quota.reset)
            window.used += 1

    def put_off(self, resource: str, request: str) -> None:
        """Remember the first request of this run that was not sent because the share is spent."""
        with self._lock:
            self._put_off.setdefault(resource, request)

    def allowances(self) -> tuple[Allowance, ...]:
        """Each quota that the tracker reported, and milepost's part of it."""
        with self._lock:
            return tuple(
                Allowance(
                    name,
                    window.quota.limit,
                    window.quota.remaining,
                    self._allowed(window.quota),
                    window.used,
                    self._run.get(name, 0),
                    window.quota.reset,
                    self._put_off.get(name, ""),
                )
                for name, window in sorted(self._windows.items())
            )

    def quota(self, resource: str = "core") -> Quota | None:
        """The tracker's latest word on this quota; None if there was none."""
        with self._lock:
            window = self._windows.get(resource)
            return window.quota if window is not None else None

    def used(self, resource: str = "core") -> int:
        """Requests of milepost's own in the present window."""
        with self._lock:
            window = self._windows.get(resource)
            return window.used if window is not None else 0

    def spent(self, resource: str, now: float) -> Quota | None:
        """The quota whose share is used up, or None while there is some left.

        At a share of 1 nothing is held back: the tracker itself says when it is enough.
        """
        if self.share >= 1:
            return None
        with self._lock:
            window = self._windows.get(resource)
            if window is None or not _lasts(window, now):
                return None
            return window.quota if window.used >= self._allowed(window.quota) else None

    def text(self) -> str:
        """What the next run needs to go on counting."""
        return as_text(self.allowances())

    def _allowed(self, quota: Quota) -> int:
        # One request is always allowed, or a quota of 1 would stop everything for good.
        return max(1, int(self.share * quota.limit))


def _quota(headers: Mapping[str, str], answer: HttpResponse, now: float) -> Quota | None:
    limit, remaining = _whole(headers, "x-ratelimit-limit"), _whole(headers, "x-ratelimit-remaining")
    reset = _reset(headers.get("x-ratelimit-reset", ""))
    if limit is None or remaining is None or reset is None:
        return None
    date = answer_date(answer)
    left = bounds.window(reset - (date if date is not None else now))
    if left is None or not 1 <= limit <= bounds.LARGEST_QUOTA or remaining > limit:
        return None
    return Quota(limit, remaining, now + left)


def _lasts(window: _Window, now: float) -> bool:
    """Whether a window has not ended yet, and can be one."""
    return 0 < window.quota.reset - now <= bounds.LONGEST_WINDOW


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _reset(text: str) -> float | None:
    """Epoch seconds as GitHub says it, or ISO 8601 as Jira does; None for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 16:
        return float(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.timestamp() if when.tzinfo is not None else None

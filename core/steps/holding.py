"""A loss of issues that is held: stored, so that not every run reconciles the tracker to find it again."""

from datetime import datetime, timedelta

import orjson

from connectors import bounds
from connectors.interface import ConnectorState
from core.publish.actions import Held
from core.publish.release import Group

_FACT = "reconcile.held"
AT_ONCE = 3
"""Number of runs in a row that reconcile although a loss is held."""
_FIRST = timedelta(minutes=15)
"""Time until the next reconciliation after these runs; it doubles each time."""
_MOST = 20
"""Number of times that is stored at most; the wait has reached its maximum by then."""


def too_much(tracker: str, lost: int, stored: int, max_lost_percent: int) -> Held:
    """Return the Held for a tracker of which more issues are gone than `max_lost_percent` allows."""
    return _held(
        tracker,
        f"everything that rests on {tracker}",
        f"{lost} of its {stored} issues are gone since the last reading, more than "
        f"max_lost_percent = {max_lost_percent} allows; a filter, a permission or a fault may hide them",
    )


def group(tracker: str) -> Group:
    """Return the group by which `--force` releases the lost issues of a tracker."""
    return Group("lost", tracker)


def _held(tracker: str, what: str, why: str) -> Held:
    name = group(tracker).name
    return Held(what, why, f"look into it, then run once with --force {name}", name)


def hold(memory: ConnectorState, held: Held, every: timedelta, now: datetime) -> None:
    """Store what is held, and until when no run reconciles again: at most for a quarter of `every`."""
    times = (bounds.whole(_stored(memory).get("times"), 1, _MOST) or 0) + 1
    wait = min(_FIRST * 2 ** max(0, times - AT_ONCE), every / 4) if times >= AT_ONCE else timedelta(0)
    fact = {"what": held.what, "why": held.why, "times": min(times, _MOST), "again": (now + wait).isoformat()}
    memory.set(_FACT, orjson.dumps(fact).decode())


def release(memory: ConnectorState) -> None:
    """Delete what is stored as held."""
    if memory.get(_FACT):
        memory.set(_FACT, "")


def held_until(tracker: str, memory: ConnectorState, every: timedelta, now: datetime) -> Held | None:
    """Return what is held if no reconciliation is due yet; None where everything has to be compared."""
    fact = _stored(memory)
    again, what, why = bounds.moment(fact.get("again")), fact.get("what"), fact.get("why")
    # A moment farther ahead than the longest wait was stored while the clock was wrong.
    if again is None or not now < again <= now + every / 4:
        return None
    return _held(tracker, what, why) if isinstance(what, str) and isinstance(why, str) else None


def _stored(memory: ConnectorState) -> dict[str, object]:
    try:
        fact = orjson.loads(memory.get(_FACT) or "{}")
    except orjson.JSONDecodeError:
        return {}
    return fact if isinstance(fact, dict) else {}

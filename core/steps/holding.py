"""A loss that is held: remembered, so that not every run compares everything to find the same again."""

from datetime import datetime, timedelta

import orjson

from connectors import bounds
from connectors.interface import ConnectorState
from core.publish.actions import Held
from core.publish.release import Group

_FACT = "reconcile.held"
AT_ONCE = 3
"""So many runs in a row look at a loss that is held."""
_FIRST = timedelta(minutes=15)
"""Then so long passes until it is looked at again, and twice as long each time."""
_MOST = 20
"""Times that are counted; by then no wait grows any more."""


def too_much(tracker: str, lost: int, stored: int, max_lost_percent: int) -> Held:
    """What is held where more of a tracker's issues are gone than may be believed."""
    return _held(
        tracker,
        f"everything that rests on {tracker}",
        f"{lost} of its {stored} issues are gone since the last reading, more than "
        f"max_lost_percent = {max_lost_percent} allows; a filter, a permission or a fault may hide them",
    )


def group(tracker: str) -> Group:
    """What releases it."""
    return Group("lost", tracker)


def _held(tracker: str, what: str, why: str) -> Held:
    name = group(tracker).name
    return Held(what, why, f"look into it, then run once with --force {name}", name)


def hold(memory: ConnectorState, held: Held, every: timedelta, now: datetime) -> None:
    """Remember that it is held, and until when that stands: at most a quarter of the period `every`."""
    times = (bounds.whole(_remembered(memory).get("times"), 1, _MOST) or 0) + 1
    wait = min(_FIRST * 2 ** max(0, times - AT_ONCE), every / 4) if times >= AT_ONCE else timedelta(0)
    fact = {"what": held.what, "why": held.why, "times": min(times, _MOST), "again": (now + wait).isoformat()}
    memory.set(_FACT, orjson.dumps(fact).decode())


def release(memory: ConnectorState) -> None:
    """Nothing is held any more."""
    if memory.get(_FACT):
        memory.set(_FACT, "")


def held_until(tracker: str, memory: ConnectorState, every: timedelta, now: datetime) -> Held | None:
    """What is held and need not be looked at again yet; None where everything has to be compared."""
    fact = _remembered(memory)
    again, what, why = bounds.moment(fact.get("again")), fact.get("what"), fact.get("why")
    # A moment further ahead than is ever waited is of a clock that was wrong.
    if again is None or not now < again <= now + every / 4:
        return None
    return _held(tracker, what, why) if isinstance(what, str) and isinstance(why, str) else None


def _remembered(memory: ConnectorState) -> dict[str, object]:
    try:
        fact = orjson.loads(memory.get(_FACT) or "{}")
    except orjson.JSONDecodeError:
        return {}
    return fact if isinstance(fact, dict) else {}

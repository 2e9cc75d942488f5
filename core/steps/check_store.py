"""Repairs the store: once in each period, and after a run that failed on an invalid value in it."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from connectors import bounds
from core.shutdown import Stop
from core.store.store_interface import RunStore

log = logging.getLogger("milepost")

T = TypeVar("T")

REPAIRED: Final = "repaired_at"
"""The fact with the time of the last repair, as ISO 8601 in UTC."""


def with_repair(
    run: Callable[[], T],
    store: RunStore,
    every: timedelta,
    now: datetime,
    stop: Stop,
) -> T:
    """Return what `run` returns; where it fails and the store was damaged, repair that and call it once more.

    A run may always be repeated: the second one finds what the first one wrote. The store is also checked
    before the run if that was last done `every` ago or longer. Raises what `run` raises where the store was
    not damaged.
    """
    if _due(store, every, now):
        _repair(store, now, stop)
    try:
        return run()
    except Exception as error:
        if not _repair(store, now, stop):
            raise
        log.warning("the run is begun once more, now that the store is in order; it had met: %s", error)
    return run()


def _due(store: RunStore, every: timedelta, now: datetime) -> bool:
    repaired = bounds.past(bounds.moment(store.fact(REPAIRED)), now)
    return repaired is None or now - repaired >= every


def _repair(store: RunStore, now: datetime, stop: Stop) -> bool:
    """Unset every invalid value of the store, log each, and return whether there was any."""
    damages = store.repair(stop.check)
    store.save_fact(REPAIRED, now.astimezone(UTC).isoformat())
    for damage in damages:
        log.warning("the store is damaged: %s; it is read again", damage)
    return bool(damages)

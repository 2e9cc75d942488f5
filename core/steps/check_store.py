"""Looks through the store once in a while, and where a run met something in it that cannot be."""

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
"""The fact that says when the store was last looked through, as ISO 8601 in UTC."""


def with_repair(
    run: Callable[[], T],
    store: RunStore,
    every: timedelta,
    now: datetime,
    stop: Stop,
) -> T:
    """What `run` returns; it is begun once more if it fails on something in the store that cannot be.

    A run may always be begun once more: it finds what the first one wrote. The store is also looked through
    where that was not done for the time `every`. Raises what `run` raises, where the store is not at fault.
    """
    if _due(store, every, now):
        _repaired(store, now, stop)
    try:
        return run()
    except Exception as error:
        if not _repaired(store, now, stop):
            raise
        log.warning("the run is begun once more, now that the store is in order; it had met: %s", error)
    return run()


def _due(store: RunStore, every: timedelta, now: datetime) -> bool:
    repaired = bounds.past(bounds.moment(store.fact(REPAIRED)), now)
    return repaired is None or now - repaired >= every


def _repaired(store: RunStore, now: datetime, stop: Stop) -> bool:
    """Whether anything in the store had to be unset; each is told."""
    result = store.repair(stop.check)
    store.save_fact(REPAIRED, now.astimezone(UTC).isoformat())
    for item in result:
        log.warning("the store is damaged: %s; it is read again", item)
    return bool(result)

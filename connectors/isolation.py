"""Several places of one tracker read one after the other: what fails of one is its own."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from connectors.errors import BadConfiguration, TrackerDown, TrackerError, Unavailable

IN_ROW = 3
"""Different places that do not answer one after the other, until the tracker counts as down."""

P = TypeVar("P")
V = TypeVar("V")


def read_apart(places: Iterable[P], read: Callable[[P], V | None]) -> dict[P, V | TrackerError]:
    """By place: what `read` gives, or the error of that place alone; without the places that give None.

    Raises TrackerError where it is the tracker that fails: no connection, a refused login, a spent quota,
    or `IN_ROW` places in a row that do not answer.
    """
    found: dict[P, V | TrackerError] = {}
    silent = 0
    for place in places:
        try:
            value = read(place)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as error:
            silent = silent + 1 if isinstance(error, Unavailable) else 0
            if silent == IN_ROW:
                raise
            found[place] = error
            continue
        silent = 0
        if value is not None:
            found[place] = value
    return found

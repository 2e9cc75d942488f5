"""Several places of one tracker, read one after the other: an error of one place does not stop the others."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from connectors.errors import BadConfiguration, TrackerDown, TrackerError, Unavailable

IN_ROW = 3
"""Different places that do not answer one after the other, until their container or the tracker is down."""
MOST_IN_ROW = 10
"""The same for a tracker that answered about another place."""

P = TypeVar("P")
V = TypeVar("V")


def read_apart(
    places: Iterable[P], read: Callable[[P], V | None], container: Callable[[P], str] = lambda _place: ""
) -> dict[P, V | TrackerError]:
    """By place: what `read` gives, or the error of that place alone; without the places that give None.

    Containers take turns. After `IN_ROW` places in a row of one container did not answer, its others are not
    asked and have the same error. Raises TrackerError where it is the tracker that fails: no connection, a
    refused login, a spent quota, or `IN_ROW` places in a row that do not answer; `MOST_IN_ROW` once any did.
    """
    result: dict[P, V | TrackerError] = {}
    silent_in: dict[str, int] = {}
    silent, answered = 0, False
    order = list(dict.fromkeys(places))
    last: dict[str, TrackerError] = {}
    for place in _by_turns(order, container):
        home = container(place)
        if silent_in.get(home, 0) >= IN_ROW:
            result[place] = last[home]
            continue
        try:
            value = read(place)
        except (TrackerDown, BadConfiguration):
            raise
        except Unavailable as error:
            silent, silent_in[home], last[home] = silent + 1, silent_in.get(home, 0) + 1, error
            if silent >= (MOST_IN_ROW if answered else IN_ROW):
                raise
            result[place] = error
            continue
        except TrackerError as error:
            result[place] = error
            value = None
        silent, silent_in[home], answered = 0, 0, True
        if value is not None:
            result[place] = value
    return {place: result[place] for place in order if place in result}


def _by_turns(places: Iterable[P], container: Callable[[P], str]) -> Iterator[P]:
    """One place of each container, then the second of each, and so on."""
    several: dict[str, list[P]] = {}
    for place in places:
        several.setdefault(container(place), []).append(place)
    waiting = list(several.values())
    for turn in range(max(map(len, waiting), default=0)):
        yield from (places[turn] for places in waiting if turn < len(places))

"""Learns who may read a tracker's projects and repositories: new ones at once, all with a reconciliation."""

from collections.abc import Mapping

from connectors.audience import Audience, TellsAudiences
from connectors.errors import TrackerError
from connectors.interface import Tracker, TrackerInfo
from core.shutdown import Stop
from core.store.store_interface import RunStore
from core.store.stored_values import StoredAudience

_UP_TO = "audiences"
"""Fact: the number of the last change of issues up to which the audience of every place is stored."""


def learn_audiences(
    tracker: Tracker, info: TrackerInfo, store: RunStore, stop: Stop, *, reconciled: bool
) -> str:
    """Ask the tracker for the audience of places without a stored one, or of all if it was `reconciled`.

    Where no issue changed, only places that did not answer before are asked for. Places with an audience in
    the settings (`info`) are never asked for. Where the tracker does not answer, the stored audiences stay.
    Returns why it did not if there are places without any, to which nothing is written until it answers; else
    an empty string.
    """
    name = info.name
    if not isinstance(tracker, TellsAudiences) or info.audience is not None:
        return ""
    stored, memory = store.audiences().get(name, {}), store.memory(name)
    change = str(store.rollup().last_change())
    if not reconciled and memory.get(_UP_TO) == change and not any(map(_is_open, stored.values())):
        return ""
    present = store.issue_containers(name)
    asked = [
        place
        for place in sorted(present - info.audiences.keys())
        if reconciled or place not in stored or _is_open(stored[place])
    ]
    answers: Mapping[str, Audience | TrackerError | None] = {}
    if asked:
        try:
            with stop.reading():
                answers = tracker.audiences(asked)
        except TrackerError as error:  # asked again by the next run
            answers = dict.fromkeys(asked, error)
    failed = {place: answer for place, answer in answers.items() if isinstance(answer, TrackerError)}
    received = {place: answer for place, answer in answers.items() if not isinstance(answer, TrackerError)}
    waiting = [place for place in failed if place not in stored or _is_open(stored[place])]
    now = {place: StoredAudience(audience, audience is None) for place, audience in received.items()}
    changed = any(stored.get(place) != audience for place, audience in now.items())
    # While a place without an audience is stored, no reader may see every place (`View.whole`): one that is
    # gone has to be deleted.
    gone = any(value.audience is None for place, value in stored.items() if place not in present)
    if changed or gone or not present <= stored.keys():
        store.save_audiences(name, received, present)
    if memory.get(_UP_TO) != change:
        memory.set(_UP_TO, change)
    return str(failed[waiting[0]]) if waiting else ""


def _is_open(stored: StoredAudience) -> bool:
    """Return whether the tracker has not answered yet; a refusal is an answer."""
    return stored.audience is None and not stored.refused

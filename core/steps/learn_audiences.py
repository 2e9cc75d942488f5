"""Learn who may read a tracker's projects and repositories: with the daily comparison, and of new ones."""

from collections.abc import Mapping

from connectors.audience import Audience, TellsAudiences
from connectors.errors import TrackerError
from connectors.interface import Tracker, TrackerInfo
from core.shutdown import Stop
from core.store.store_interface import RunStore
from core.store.stored_values import StoredAudience

_UP_TO = "audiences"
"""Fact: the change of issues up to which all their places are known."""


def learn_audiences(tracker: Tracker, info: TrackerInfo, store: RunStore, stop: Stop, *, swept: bool) -> str:
    """Ask who may read the places of which that is not known, or all of them after a comparison (`swept`).

    Where no issue changed nothing is asked but what did not answer before. What the settings say is never
    asked. `info`: with the settings. A tracker that does not answer leaves what was known; why it did not is
    given back where nothing can be written in some place until it does.
    """
    name = info.name
    if not isinstance(tracker, TellsAudiences) or info.audience is not None:
        return ""
    existing, memory = store.audiences().get(name, {}), store.memory(name)
    change = str(store.rollup().last_change())
    if not swept and memory.get(_UP_TO) == change and not any(map(_open, existing.values())):
        return ""
    present = store.issue_containers(name)
    asked = [
        place
        for place in sorted(present - info.audiences.keys())
        if swept or place not in existing or _open(existing[place])
    ]
    answers: Mapping[str, Audience | TrackerError | None] = {}
    if asked:
        try:
            with stop.reading():
                answers = tracker.audiences(asked)
        except TrackerError as error:  # asked again by the next run
            answers = dict.fromkeys(asked, error)
    failed = {place: answer for place, answer in answers.items() if isinstance(answer, TrackerError)}
    reported = {place: answer for place, answer in answers.items() if not isinstance(answer, TrackerError)}
    waiting = [place for place in failed if place not in existing or _open(existing[place])]
    now = {place: StoredAudience(audience, audience is None) for place, audience in reported.items()}
    changed = any(existing.get(place) != audience for place, audience in now.items())
    # A place that is gone and of which nothing was ever told would keep reasons vague for ever.
    gone = any(stored.audience is None for place, stored in existing.items() if place not in present)
    if changed or gone or not present <= existing.keys():
        store.save_audiences(name, reported, present)
    if memory.get(_UP_TO) != change:
        memory.set(_UP_TO, change)
    return str(failed[waiting[0]]) if waiting else ""


def _open(stored: StoredAudience) -> bool:
    return stored.audience is None and not stored.refused

"""Repositories whose label definitions have to be read again, because more people may read them now.

What was defined for fewer readers may name goals and milestones that the others are not meant to know. For
whom each repository's definitions were made is remembered, so that nothing is asked while that stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.audience import Audience
from connectors.interface import TrackerInfo
from core.publish.actions import DefineLabel, RemoveLabelDefinition, Written
from core.publish.plan import definition_key
from core.publish.states import ActualState
from core.publish.untold import UntoldLabels
from core.publish.visibility import Audiences, Readers
from core.store.store_interface import RunStore

FACT = "label definitions"
Place = tuple[str, str]
"""Tracker, and casefolded name of a repository."""


@dataclass(frozen=True)
class Definitions:
    """For whom definitions were made, for whom they have to be now, and what has to be read for that."""

    now: Mapping[Place, Readers]
    items: Mapping[str, Readers]
    """By id of goal, key result or milestone: whom it is meant for."""
    before: Mapping[Place, Readers]
    items_before: Mapping[str, Readers]
    suspect: frozenset[Place] = frozenset()
    """Where something may be told to more people than it was defined for."""

    def on(self, tracker: str) -> list[str]:
        """The repositories of one tracker whose definitions have to be read."""
        return sorted(container for name, container in self.suspect if name == tracker)

    def keep(
        self, store: RunStore, untold: UntoldLabels, actual: ActualState, written: Iterable[Written]
    ) -> None:
        """Remember for whom the definitions are made that stand now."""
        done = {
            definition_key(outcome.action)
            for outcome in written
            if outcome.outcome == "done" and isinstance(outcome.action, DefineLabel | RemoveLabelDefinition)
        }
        read = {
            (name, container.casefold()): labels for (name, container), labels in actual.definitions.items()
        }
        left = {
            place
            for place in self.suspect
            if place not in read
            or any(definition_key(action) not in done for action in untold.actions(*place, read[place]))
        }
        places = {place: self.before[place] if place in left else now for place, now in self.now.items()}
        items = {**self.items, **{name: self.items_before[name] for name in self.items_before if left}}
        message = _written(places, items)
        if store.fact(FACT) != message:
            store.save_fact(FACT, message)


def definitions_of(
    store: RunStore, infos: Mapping[str, TrackerInfo], audiences: Audiences, untold: UntoldLabels
) -> Definitions:
    """Compare who may read each repository, and whom all is meant for, with what is remembered."""
    before, items_before = _read(store.fact(FACT))
    stored = store.containers()
    now = {
        (name, container): readers
        for name, info in infos.items()
        if info.has_label_definitions
        # Both are small tables; asking the issues would go through all of them in every run.
        for container in {
            *(item.container.name.casefold() for item in stored.get(name, ())),
            *(audiences.trackers[name].places if name in audiences.trackers else ()),
        }
        if (readers := untold.readers(name, container)) is not None
    }
    narrowed = any(
        name in items_before and not items_before[name].may_read(meant)
        for name, meant in audiences.items.items()
    )
    suspect = {
        place
        for place, readers in now.items()
        if place in before and (narrowed or not readers.may_read(before[place])) and untold.of(*place)
    }
    return Definitions(now, audiences.items, before, items_before, frozenset(suspect))


def _written(places: Mapping[Place, Readers], items: Mapping[str, Readers]) -> str:
    by_tracker: dict[str, dict[str, list[str]]] = {}
    for (tracker, container), readers in places.items():
        by_tracker.setdefault(tracker, {})[container] = _plain(readers)
    message = {"places": by_tracker, "items": {name: _plain(readers) for name, readers in items.items()}}
    return orjson.dumps(message, option=orjson.OPT_SORT_KEYS).decode()


def _plain(readers: Readers) -> list[str]:
    return [readers.audience.value, readers.circle]


def _read(text: str | None) -> tuple[dict[Place, Readers], dict[str, Readers]]:
    """What was remembered; what is damaged counts as unset."""
    try:
        result: Any = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}, {}
    result = result if isinstance(result, dict) else {}
    places = {
        (tracker, container): readers
        for tracker, several in _mapping(result.get("places"))
        for container, readers in _all_readers(several)
    }
    return places, dict(_all_readers(result.get("items")))


def _mapping(value: object) -> Iterator[tuple[str, Any]]:
    return iter(value.items() if isinstance(value, dict) else ())


def _all_readers(value: object) -> Iterator[tuple[str, Readers]]:
    for name, message in _mapping(value):
        match message:
            case [str(audience), str(circle)] if audience in set(Audience):
                yield name, Readers(Audience(audience), circle)

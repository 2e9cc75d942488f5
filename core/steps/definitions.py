"""Finds repositories whose label definitions have to be read again, because more people may read them now.

A label that was defined for fewer readers may name goals and milestones that the others may not see. The
readers for whom each repository's definitions were made are stored, so that nothing is asked while they stay
the same.
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
"""The fact that stores for whom definitions were made."""
Place = tuple[str, str]
"""Tracker, and casefolded name of a repository."""


@dataclass(frozen=True)
class Definitions:
    """Who may read each repository's label definitions, now and when they were made."""

    now: Mapping[Place, Readers]
    """The readers of each repository now."""
    items: Mapping[str, Readers]
    """By id of goal, key result or milestone: whom it is meant for now."""
    before: Mapping[Place, Readers]
    """The readers for whom the definitions of each repository were made."""
    items_before: Mapping[str, Readers]
    """By id: whom each was meant for when the definitions were made."""
    suspect: frozenset[Place] = frozenset()
    """Repositories whose definitions may show more than their readers may see."""

    def on(self, tracker: str) -> list[str]:
        """Return the repositories of one tracker whose definitions have to be read, sorted."""
        return sorted(container for name, container in self.suspect if name == tracker)

    def keep(
        self, store: RunStore, untold: UntoldLabels, actual: ActualState, written: Iterable[Written]
    ) -> None:
        """Store for whom the definitions are made that stand now.

        A suspect repository keeps its earlier readers until all its definitions could be corrected.
        """
        done = {
            definition_key(outcome.action)
            for outcome in written
            if outcome.outcome == "done" and isinstance(outcome.action, DefineLabel | RemoveLabelDefinition)
        }
        read = {
            (name, container.casefold()): labels for (name, container), labels in actual.definitions.items()
        }
        uncorrected = {
            place
            for place in self.suspect
            if place not in read
            or any(definition_key(action) not in done for action in untold.actions(*place, read[place]))
        }
        places = {
            place: self.before[place] if place in uncorrected else now for place, now in self.now.items()
        }
        items = {**self.items, **(self.items_before if uncorrected else {})}
        document = _encoded(places, items)
        if store.fact(FACT) != document:
            store.save_fact(FACT, document)


def definitions_of(
    store: RunStore, infos: Mapping[str, TrackerInfo], audiences: Audiences, untold: UntoldLabels
) -> Definitions:
    """Return who may read each repository and whom each item is meant for, beside what is stored of both."""
    before, items_before = _decoded(store.fact(FACT))
    stored = store.containers()
    now = {
        (name, container): readers
        for name, info in infos.items()
        if info.has_label_definitions
        # Both are small tables; to derive the containers from the issues would read all issues in every run.
        for container in {
            *(row.container.name.casefold() for row in stored.get(name, ())),
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


def _encoded(places: Mapping[Place, Readers], items: Mapping[str, Readers]) -> str:
    by_tracker: dict[str, dict[str, list[str]]] = {}
    for (tracker, container), readers in places.items():
        by_tracker.setdefault(tracker, {})[container] = _as_list(readers)
    document = {"places": by_tracker, "items": {name: _as_list(readers) for name, readers in items.items()}}
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def _as_list(readers: Readers) -> list[str]:
    return [readers.audience.value, readers.circle]


def _decoded(text: str | None) -> tuple[dict[Place, Readers], dict[str, Readers]]:
    """Return the stored readers of places and of items; a damaged value counts as not stored."""
    try:
        loaded: Any = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}, {}
    document = loaded if isinstance(loaded, dict) else {}
    places = {
        (tracker, container): readers
        for tracker, containers in _items(document.get("places"))
        for container, readers in _valid_readers(containers)
    }
    return places, dict(_valid_readers(document.get("items")))


def _items(value: object) -> Iterator[tuple[str, Any]]:
    return iter(value.items() if isinstance(value, dict) else ())


def _valid_readers(value: object) -> Iterator[tuple[str, Readers]]:
    for name, pair in _items(value):
        match pair:
            case [str(audience), str(circle)] if audience in set(Audience):
                yield name, Readers(Audience(audience), circle)

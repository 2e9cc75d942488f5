"""Custom fields that the mapping names and a tracker does not have: what depends on them is unmeasured."""

from collections.abc import Iterable, Mapping

import orjson

from core.store.store_interface import RunStore
from mappings.rules.ruleset import RuleSet

_KEY = "missing fields"
"""Key in the memory of a tracker."""


def keep(store: RunStore, tracker: str, missing: Mapping[str, str]) -> None:
    """Store which fields a tracker does not have, with a sentence about each."""
    memory = store.memory(tracker)
    text = orjson.dumps(missing, option=orjson.OPT_SORT_KEYS).decode()
    if (memory.get(_KEY) or "{}") != text:
        memory.set(_KEY, text)


def problems(store: RunStore, trackers: Iterable[str], compiled: RuleSet) -> Mapping[str, str]:
    """Return by id of milestone or key result the missing field that its rules or weights need."""
    return {
        owner: f"{tracker}: {sentence}"
        for tracker in sorted(trackers)
        for field, sentence in _kept(store, tracker).items()
        for owner in compiled.field_owners(tracker, field)
    }


def _kept(store: RunStore, tracker: str) -> Mapping[str, str]:
    """Return the stored sentence about each missing field; nothing where the value is damaged."""
    try:
        kept = orjson.loads(store.memory(tracker).get(_KEY) or "{}")
    except orjson.JSONDecodeError:
        return {}
    return {str(name): str(sentence) for name, sentence in kept.items()} if isinstance(kept, dict) else {}

"""What the fields mean, remembered between runs, so that a run in which nothing changed need not ask."""

from collections.abc import Iterable
from dataclasses import asdict

from connectors.connector_state import digest, recall, remember
from connectors.jira.client import JiraClient
from connectors.jira.fields import FieldMap, find_fields, read_fields
from connectors.jira.json_answers import Json
from connectors.models import Interest

_KEY = "jira.fields"
_FRESH = 86_400.0
"""Seconds that a remembered answer is believed."""
_LISTS = ("epic_link", "sprint", "points", "team_points", "team", "mirror", "wrong")
_PAIRS = ("points_of", "asked")
_SLACK = 300.0
"""Seconds by which it may seem to be of the future: the clocks' difference is accurate to a second or so."""


class FieldCache:
    """The field map of each interest: remembered for a day, or asked for.

    It is asked for again where the settings or the mapping name other fields, and after a row came
    without a field that rows used to have: the field may have been deleted and made anew. Where one that the
    mapping asks for is missing, nothing is believed: it may be there by now.
    """

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._absent: frozenset[str] = frozenset()

    def remembered(self, interest: Interest) -> FieldMap | None:
        """What an earlier run read, if it is less than a day old and nothing is missing in it."""
        existing = recall(self._client.memory, _KEY)
        age = self._client.now().timestamp() - _number(existing.get("at"))
        if existing.get("for") != self._purpose(interest) or not -_SLACK <= age <= _FRESH:
            return None
        try:
            result = _field_map(existing["map"])
            self._absent = frozenset(str(one) for one in existing["absent"])
        except (KeyError, TypeError, ValueError):
            return None
        return None if result.missing else result

    def ask(self, interest: Interest) -> FieldMap:
        """What the fields mean now; remembered."""
        client = self._client
        before = recall(client.memory, _KEY)
        before_ids = _ids_before(before) if before.get("for") == self._purpose(interest) else {}
        result = find_fields(client.name, client.settings, read_fields(client), interest.fields, before_ids)
        absent = before.get("absent") if before.get("for") == self._purpose(interest) else []
        self._absent = frozenset(str(one) for one in absent) if isinstance(absent, list) else frozenset()
        at = client.now().timestamp()
        self._write({"for": self._purpose(interest), "at": at, "map": asdict(result)}, self._absent)
        return result

    def came_without(self, missing: Iterable[str]) -> None:
        """Rows came without these fields: if they used to have them, the next run asks for all fields."""
        changed = frozenset(missing) - self._absent
        if changed:
            self._absent |= changed
            self._write({**recall(self._client.memory, _KEY), "at": 0}, self._absent)

    def _purpose(self, interest: Interest) -> str:
        one = self._client.settings
        chosen = [one.url, one.epic_link, one.story_points, one.sprint, one.team, one.mirror_field]
        return digest([chosen, sorted(interest.fields)])

    def _write(self, existing: Json, absent: frozenset[str]) -> None:
        remember(self._client.memory, _KEY, {**existing, "absent": sorted(absent)})


def _field_map(existing: Json) -> FieldMap:
    """The map that was remembered. Raises KeyError, TypeError or ValueError for anything else."""
    lists = {name: _texts(existing[name]) for name in _LISTS}
    points_of, asked = (tuple((str(name), _texts(ids)) for name, ids in existing[pairs]) for pairs in _PAIRS)
    missing = tuple((str(name), str(hint)) for name, hint in existing["missing"])
    return FieldMap(**lists, points_of=points_of, asked=asked, missing=missing)


def _ids_before(existing: Json) -> dict[str, tuple[str, ...]]:
    """The ids that names in the mapping led to, as remembered; nothing where that is damaged."""
    try:
        return {str(name): _texts(ids) for name, ids in existing["map"]["asked"]}
    except (KeyError, TypeError, ValueError):
        return {}


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("expected a list of texts")
    return tuple(value)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

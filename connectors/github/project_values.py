"""The values of projects' fields in one reading: what is read now, what was read before, what differs."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors import bounds
from connectors.connector_state import recall, remember
from connectors.errors import BadConfiguration, QuotaExhausted, TrackerDown, TrackerError
from connectors.github.client import GitHubClient, Unsupported
from connectors.github.cursor import Cursor
from connectors.github.project_items import (
    PER_PAGE,
    Chosen,
    Field,
    Item,
    read_head,
    read_items,
    what_is_missing,
)
from connectors.github.project_names import Project, split_field
from connectors.models import Issue

_PROJECTS = "github.projects"
_VALUES = "github.project."
"""With the name of a project after it."""
PER_PAGE_SECONDS = 15
"""A project of n full pages is read at most every 15 n seconds: 240 requests an hour, however large it is."""
MOST_CHANGED = 200
"""With more changed issues than that, all lists are read anew instead of each issue by itself."""


@dataclass(frozen=True, slots=True)
class ProjectReading:
    """One project as it was read last. `items` are as `read_items` gives them."""

    names: tuple[str, ...]
    """The fields that were asked for, as the settings and the mapping write them."""
    items: Mapping[str, Item]
    at: datetime | None = None
    """When that was; None: never, or it has to be read again."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """By name of a field: why its values are not there."""
    kept_as: str = ""
    """Under which name the items are remembered; empty if they are not yet."""

    @property
    def wait(self) -> timedelta:
        """How long it is good for."""
        return timedelta(seconds=PER_PAGE_SECONDS * (len(self.items) // PER_PAGE))


class ProjectValues:
    """What the fields of projects say of issues; empty, and without a request, where nothing asks for them.

    A project that cannot be read is a failure of its own: its fields are `missing`, what was read of it
    before stays, and the others go on.
    """

    def __init__(self, client: GitHubClient, names: Collection[str]) -> None:
        """`names` are fields of any kind; those of projects are picked out."""
        self._client = client
        self._asked: dict[Project, dict[str, str]] = {}
        self._of_name: dict[str, tuple[Project, int]] = {}
        for name in sorted(names):
            result = split_field(name, client.settings.project_names)
            if result is not None:
                project, called = result
                fields = self._asked.setdefault(project, {})
                fields[name] = called
                self._of_name[name] = (project, len(fields) - 1)
        self._readings: dict[Project, ProjectReading] = {}
        self._read_now: set[Project] = set()
        self.changed: dict[str, str] = {}
        """Keys of issues whose values differ from those of the reading before, by id."""

    @property
    def missing(self) -> Mapping[str, str]:
        """By name as it was asked for: why values of that field are not there."""
        return {
            name: reading.missing[called]
            for project, reading in self._readings.items()
            for name, called in self._asked[project].items()
            if called in reading.missing
        }

    def of(self, name: str, id_: str, key: str) -> Chosen | None:
        """The value of a field for an issue, empty if it is not on the project; None: no project's field."""
        result = self._of_name.get(name)
        if result is None:
            return None
        project, place = result
        reading = self._readings.get(project)
        item = None if reading is None else reading.items.get(id_) or reading.items.get(key.lower())
        return item.values[place] if item is not None and place < len(item.values) else Chosen()

    def begin(self, base: Cursor | None, now: datetime) -> bool:
        """Read what is due, and compare it with what stood at `base`; without a `base` everything is due.

        False if that is not remembered, or so much changed that everything has to be read anew.
        """
        before = self._remembered(base) if base is not None else {}
        latest = before or self._latest()
        for project in self._asked:
            kept = before.get(project)
            if kept is not None and kept.at is not None and kept.at <= now < kept.at + kept.wait:
                self._readings[project] = kept
                continue
            reading = self._read(project, kept or latest.get(project), now)
            self._readings[project] = reading
            if kept is not None:
                self.changed.update(_differences(kept.items, reading.items))
        existing = base is not None and before.keys() >= self._asked.keys()
        if existing and len(self.changed) <= MOST_CHANGED:
            return True
        self.changed.clear()
        return not self._asked

    def came(self, issue: Issue) -> None:
        """An issue came by the lists; it need not be fetched for what projects say of it."""
        if self.changed:
            self.changed.pop(issue.ref.id, None)
            self.changed.pop(issue.ref.key.lower(), None)

    def left(self, pull_requests: bool) -> dict[str, str]:
        """By id, the keys of the changed issues that did not come, for their time of change did not move."""
        return {id_: key for id_, key in self.changed.items() if pull_requests or id_.isdigit()}

    def read_all(self, now: datetime) -> None:
        """Read every project that this run has not read yet, for a comparison with everything."""
        latest = self._latest() if self._asked.keys() - self._readings.keys() else {}
        for project in self._asked:
            if project not in self._read_now:
                kept = self._readings.get(project) or latest.get(project)
                self._readings[project] = self._read(project, kept, now)

    def recall(self) -> None:
        """Take what was read last, for issues that are asked for by themselves."""
        for project, reading in self._latest().items():
            self._readings.setdefault(project, reading)

    def keep(self, base: Cursor | None, now: Cursor) -> None:
        """Remember what stands now beside what stood at `base`: if this is not stored, the next starts there.

        Items, which may be many, are written only where they changed.
        """
        if not self._asked:
            return
        kept = recall(self._client.memory, _PROJECTS)
        stands = {base.name: kept[base.name]} if base is not None and base.name in kept else {}
        message = {}
        for project, reading in self._readings.items():
            if not reading.kept_as:
                reading = replace(reading, kept_as=now.name)
                self._readings[project] = reading
            message[project.name] = {
                "at": reading.at.isoformat() if reading.at else "",
                "missing": dict(reading.missing),
                "items": reading.kept_as,
            }
        stands[now.name] = message
        for project, reading in self._readings.items():
            self._keep_items(project, reading, stands)
        remember(self._client.memory, _PROJECTS, stands)

    def _keep_items(self, project: Project, reading: ProjectReading, stands: Mapping[str, Any]) -> None:
        fact = f"{_VALUES}{project.name}"
        kept = recall(self._client.memory, fact)
        if reading.kept_as in kept:
            return
        used = {stand[project.name]["items"] for stand in stands.values() if project.name in stand}
        held = {name: items for name, items in kept.items() if name in used}
        held[reading.kept_as] = {
            "of": f"{project.owner}/{project.number}".lower(),
            "names": reading.names,
            "items": {
                id_: [item.key, [[value.value, value.id] for value in item.values]]
                for id_, item in reading.items.items()
            },
        }
        remember(self._client.memory, fact, held)

    def _read(self, project: Project, kept: ProjectReading | None, now: datetime) -> ProjectReading:
        """The project as it is now; where that fails, as it was, with all its fields missing."""
        names = tuple(self._asked[project].values())
        before = kept or ProjectReading(names, {})
        try:
            reading = self._whole(project, before, names, now)
        except QuotaExhausted:
            if kept is None or kept.at is None:
                raise
            return kept
        except (TrackerDown, BadConfiguration):
            raise
        except Unsupported:
            return replace(before, at=None, missing=dict.fromkeys(names, "this GitHub has no projects"))
        except TrackerError as problem:
            self._client.notify(f"{self._client.name}: the project {project} was not read: {problem}")
            message = f"the project {project.name} could not be read; `milepost check` tells why"
            return replace(before, at=None, missing=dict.fromkeys(names, message))
        self._read_now.add(project)
        same = before.items == reading.items
        return replace(reading, kept_as=before.kept_as if same else "")

    def _whole(
        self, project: Project, before: ProjectReading, names: tuple[str, ...], now: datetime
    ) -> ProjectReading:
        head = read_head(self._client, project)
        missing = what_is_missing(project, head, names)
        fields: dict[str, Field] = {
            name: result for name in names if name not in missing and (result := head.field(name)) is not None
        }
        if not fields:
            return ProjectReading(names, {}, now, missing)
        requested = list({entry.name: entry for entry in fields.values()}.values())
        items = dict(read_items(self._client, project, head, requested))
        gone = before.items.keys() - items.keys()
        if gone and len(items) >= PER_PAGE:
            # An item that moves while the pages are read may be on none of them.
            again = read_items(self._client, project, head, requested)
            items.update(again)
        places = {item.name: place for place, item in enumerate(requested)}
        columns = [places[fields[name].name] if name in fields else None for name in names]
        return ProjectReading(
            names, {id_: _picked(item, columns) for id_, item in items.items()}, now, missing
        )

    def _latest(self) -> dict[Project, ProjectReading]:
        """What was read last, whatever cursor that was for."""
        stands = list(recall(self._client.memory, _PROJECTS).values())
        return dict(self._readings_of(stands[-1])) if stands else {}

    def _remembered(self, base: Cursor) -> dict[Project, ProjectReading]:
        return dict(self._readings_of(recall(self._client.memory, _PROJECTS).get(base.name)))

    def _readings_of(self, stand: Any) -> Iterator[tuple[Project, ProjectReading]]:
        """What is remembered of each project that is asked for; nothing of one where that is impossible."""
        for project, asked in self._asked.items():
            try:
                result = stand[project.name]
                held = recall(self._client.memory, f"{_VALUES}{project.name}")[result["items"]]
                names = tuple(asked.values())
                if tuple(held["names"]) != names or held["of"] != f"{project.owner}/{project.number}".lower():
                    continue
                items = {str(id_): _remembered_item(*row) for id_, row in held["items"].items()}
                missing = {str(name): str(message) for name, message in result["missing"].items()}
                at = bounds.server_time(bounds.moment(result["at"]))
                yield project, ProjectReading(names, items, at, missing, str(result["items"]))
            except (AttributeError, KeyError, TypeError, ValueError):
                continue


def _picked(item: Item, columns: list[int | None]) -> Item:
    """The item with a value for each name that was asked for, those of fields that are missing empty."""
    return Item(item.key, tuple(Chosen() if one is None else item.values[one] for one in columns))


def _differences(before: Mapping[str, Item], now: Mapping[str, Item]) -> Iterator[tuple[str, str]]:
    for id_ in before.keys() | now.keys():
        if _set(before.get(id_)) != _set(now.get(id_)):
            yield id_, (now.get(id_) or before[id_]).key


def _set(item: Item | None) -> tuple[tuple[int, Chosen], ...]:
    """The values that are set, with their places; none for an item that is not on the project."""
    values = item.values if item is not None else ()
    return tuple((place, value) for place, value in enumerate(values) if value.value is not None)


def _remembered_item(key: str, row: list[list[Any]]) -> Item:
    """Raises ValueError for what is no item."""
    if not all(value is None or isinstance(value, str | int | float) for value, _ in row):
        raise ValueError(key)
    return Item(str(key), tuple(Chosen(value, str(chosen)) for value, chosen in row))

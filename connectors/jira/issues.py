"""One row of Jira's JSON -> one Issue, or why it cannot be read."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TypeGuard, TypeVar

from connectors import bounds
from connectors.errors import InvalidResponse
from connectors.jira.blockers import category_of, parse_blockers
from connectors.jira.client import JiraClient
from connectors.jira.descriptions import parse_description
from connectors.jira.fields import FieldMap
from connectors.jira.json_answers import Json
from connectors.jira.settings import normal_key
from connectors.models import Blocker, FieldValue, Issue, IssueOutline, IssueRef, StatusCategory, Unread
from connectors.names import fold_name

_T = TypeVar("_T")

_URL = re.compile(r"https?://[^\s<>\"|\]}]+")
# Data Center prints sprints: `…Sprint@1f[id=1,rapidViewId=2,state=ACTIVE,name=Sprint 1,startDate=…]`.
_OLD_SPRINT = re.compile(r"[\[,]name=(.*?)(?:,[a-zA-Z]+=|\]$)", re.DOTALL)
_ID = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,9})?")


@dataclass(frozen=True, slots=True)
class IssueParser:
    """What is needed to read rows: whose they are, where people open them, which field means what."""

    tracker: str
    site: str
    fields: FieldMap
    checklists: bool
    blocked_by: frozenset[str] = frozenset()
    """By `fold_name`: what links to blocking issues are called."""

    @classmethod
    def of(cls, client: JiraClient, fields: FieldMap, checklists: bool) -> "IssueParser":
        """How rows of this Jira are read."""
        return cls(client.name, client.server().site, fields, checklists, client.settings.blocking_links)

    def requested(self) -> list[str]:
        """The `fields` of a search that brings all that is read of an issue, and nothing else."""
        return self.fields.requested(self.checklists)

    def issue(self, row: Json) -> Issue | Unread:
        """The issue, or why this row makes none; never an exception."""
        return _attempt(row, self._whole)

    def outline(self, row: Json) -> IssueOutline | Unread:
        """What `IssueOutline.of` it would be, from the fields of `FieldMap.outlined` alone; never raises."""
        return _attempt(row, self._outline)

    def _outline(self, row: Json) -> IssueOutline:
        key = _text(row, "key")
        if normal_key(key) is None:
            raise _Unreadable("its key is no issue key")
        fields = _object(row, "fields")
        status = _object(fields, "status")
        parent = _object_or_empty(fields, "parent")
        parent_id, parent_key = _text_or_none(parent, "id"), _text_or_none(parent, "key")
        if parent_id is None and parent_key is None:
            parent_key = self._epic(fields)
        return IssueOutline(
            ref=IssueRef(self.tracker, _id(row), key),
            container=_text_or_none(_object_or_empty(fields, "project"), "key") or key.rpartition("-")[0],
            updated=_time(fields, "updated"),
            status=_text(status, "name"),
            category=_category(status),
            resolution=_name_or_none(fields.get("resolution")),
            type=_text_or_none(_object_or_empty(fields, "issuetype"), "name") or "",
            priority=_name_or_none(fields.get("priority")),
            labels=_names(fields, "labels"),
            components=_names(fields, "components"),
            versions=_names(fields, "fixVersions"),
            parent_id=parent_id,
            parent_key=parent_key,
            security=_security(fields.get("security")),
        )

    def _whole(self, row: Json) -> Issue:
        outline = self._outline(row)
        fields = _object(row, "fields")
        return Issue(
            ref=outline.ref,
            url=f"{self.site}/browse/{outline.ref.key}",
            title=bounds.title(_text(fields, "summary")),
            container=outline.container,
            status=outline.status,
            status_id=_id_or_empty(fields.get("status")),
            category=outline.category,
            resolution=outline.resolution,
            resolution_id=_id_or_empty(fields.get("resolution")),
            type=outline.type,
            level=_level(_object_or_empty(fields, "issuetype")),
            priority=outline.priority,
            labels=outline.labels,
            components=outline.components,
            versions=outline.versions,
            sprints=self._sprints(fields),
            assignees=_people(fields.get("assignee")),
            team=self._first(fields, self.fields.team, _name_or_none),
            points=self._first(fields, self._points_in(fields), _points),
            fields=tuple((name, self._asked(fields, ids)) for name, ids in self.fields.asked),
            parent_id=outline.parent_id,
            parent_key=outline.parent_key,
            created=_time(fields, "created"),
            updated=outline.updated,
            resolved=_time(fields, "resolutiondate") if fields.get("resolutiondate") else None,
            checklist=parse_description(fields.get("description")) if self.checklists else (),
            mirrors=self._mirrors(fields),
            blocked_by=self._blockers(fields, outline.category),
            security=outline.security,
        )

    def _points_in(self, fields: Json) -> Iterable[str]:
        """The fields in which this issue's project keeps story points; others hold left-overs.

        Jira Cloud says of each issue whether its project is team-managed (`simplified`). Where nothing says
        so, as on Data Center, it is company-managed.
        """
        result = self.fields
        project = _object_or_empty(fields, "project")
        for name, ids in result.points_of:
            if name in (project.get("key"), project.get("id")):
                return ids
        if not (result.points and result.team_points):
            return result.points or result.team_points
        managed = project.get("simplified") is True or project.get("style") == "next-gen"
        return result.team_points if managed else result.points

    def _epic(self, fields: Json) -> str | None:
        for field_id in self.fields.epic_link:
            value = fields.get(field_id)
            if isinstance(value, dict):  # Parent Link of Advanced Roadmaps
                value = value.get("key")
            if isinstance(value, str) and normal_key(value):
                return normal_key(value)
        return None

    def _sprints(self, fields: Json) -> tuple[str, ...]:
        for field_id in self.fields.sprint:
            value = fields.get(field_id)
            if value:
                result = (_sprint(one) for one in (value if isinstance(value, list) else [value]))
                return tuple(dict.fromkeys(name for name in result if name))
        return ()

    def _asked(self, fields: Json, ids: Iterable[str]) -> FieldValue:
        values = (_value(fields.get(field_id)) for field_id in ids)
        return next((value for value in values if value is not None), None)

    def _mirrors(self, fields: Json) -> tuple[str, ...]:
        if not self.fields.mirror:
            return ()
        texts = [fields[field_id] for field_id in self.fields.mirror if isinstance(fields.get(field_id), str)]
        return tuple(dict.fromkeys(url.rstrip(".,;:!?)") for text in texts for url in _URL.findall(text)))

    def _blockers(self, fields: Json, category: StatusCategory) -> tuple[Blocker, ...]:
        if category is StatusCategory.DONE:
            return ()
        return parse_blockers(fields.get("issuelinks"), self.blocked_by, self.tracker, self.site)

    @staticmethod
    def _first(fields: Json, ids: Iterable[str], read: Callable[[object], _T | None]) -> _T | None:
        for field_id in ids:
            value = read(fields.get(field_id))
            if value is not None:
                return value
        return None


def container_of(ref: IssueRef) -> str:
    """The project that an issue is in, by its key."""
    return ref.key.rpartition("-")[0]


def read_labels(tracker: str, row: Json) -> tuple[str, ...]:
    """The labels of a row that was asked for them. Raises InvalidResponse if it does not tell them."""
    try:
        return _names(_object(row, "fields"), "labels")
    except _Unreadable as problem:
        raise InvalidResponse(tracker, f"labels of {row.get('key')}", str(problem)) from problem


class _Unreadable(ValueError):
    """Why a row makes no issue."""


def _attempt(row: Json, read: Callable[[Json], _T]) -> _T | Unread:
    try:
        return read(row)
    except _Unreadable as problem:
        identity, key = row.get("id"), row.get("key")
        return Unread(
            identity if _is_id(identity) else None,
            normal_key(key) if isinstance(key, str) else None,
            str(problem),
        )


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _id(row: Json) -> str:
    """The immutable number of an issue, as text; only digits, since URLs are made of it."""
    value = row.get("id")
    if not _is_id(value):
        raise _Unreadable("id: expected digits, got something else")
    return value


def _id_or_empty(value: object) -> str:
    """The id of a status or a resolution, as text; empty where there is none."""
    identity = value.get("id") if isinstance(value, dict) else None
    return identity if _is_id(identity) else ""


def _security(value: object) -> str | None:
    """The id of a security level, or its name; whatever stands there restricts who may see the issue."""
    if value is None or value == "":
        return None
    level = value.get("id") or value.get("name") if isinstance(value, dict) else value
    return str(level or "unnamed")


def _category(status: Json) -> StatusCategory:
    _object_or_empty(status, "statusCategory")  # one of another kind makes the issue unreadable
    return category_of(status)


def _level(kind: Json) -> int | None:
    """Cloud sends it; on Data Center sub-tasks have a flag, and epics only their name."""
    level = kind.get("hierarchyLevel")
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    if kind.get("subtask") is True:
        return -1
    if not kind:
        return None
    return 1 if fold_name(str(kind.get("name"))) == "epic" else 0


def _people(assignee: object) -> tuple[str, ...]:
    if not isinstance(assignee, dict):
        return ()
    stable = assignee.get("accountId") or assignee.get("name") or assignee.get("key")
    names = [name for name in (stable, assignee.get("displayName")) if isinstance(name, str) and name]
    return tuple(dict.fromkeys(names))


def _sprint(value: object) -> str | None:
    if isinstance(value, str):
        result = _OLD_SPRINT.search(value)
        return result[1] if result else None
    return _name_or_none(value)


def _points(value: object) -> Fraction | None:
    """Story points of at least 0; anything else is no estimate."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value.strip().replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value):
        return None
    points = Fraction(str(value))
    return points if points >= 0 else None


def _value(value: object) -> FieldValue:
    """A custom field for rules: a scalar, or the names of what was chosen."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    chosen = value if isinstance(value, list) else [value]
    names: list[str] = []
    for one in chosen:
        while isinstance(one, dict):  # a cascading select nests its second choice in `child`
            names.append(_name_or_none(one) or "")
            one = one.get("child")
        if isinstance(one, str | int | float):
            names.append(str(one))
    return tuple(name for name in names if name)


def _name_or_none(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, dict):
        for key in ("name", "value", "title", "displayName", "key"):
            if isinstance(value.get(key), str) and value[key]:
                return str(value[key])
    return None


def _names(fields: Json, name: str) -> tuple[str, ...]:
    """The names in a list; none where the field is left out, as of an issue type that does not have it.

    A field that is there and null tells nothing: taken for an empty list, the issue would silently count
    for less than it should.
    """
    if name not in fields:
        return ()
    value = fields[name]
    if not isinstance(value, list):
        raise _Unreadable(f"{name}: expected a list, got {_kind(value)}")
    if not value:
        return ()
    result = [_name_or_none(one) for one in value]
    if None in result:
        raise _Unreadable(f"{name}: expected names, got something else")
    return tuple([one for one in result if one is not None])


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise _Unreadable(f"{name}: expected an object, got {_kind(value)}")
    return value


def _object_or_empty(body: Json, name: str) -> Json:
    value = body.get(name)
    return value if isinstance(value, dict) else {} if value is None else _object(body, name)


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise _Unreadable(f"{name}: expected text, got {_kind(value)}")
    return value


def _text_or_none(body: Json, name: str) -> str | None:
    value = body.get(name)
    return value if value is None or isinstance(value, str) else _text(body, name)


def _time(fields: Json, name: str) -> datetime:
    text = _text(fields, name)
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is not None:
            return when if when.tzinfo is UTC else when.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _Unreadable(f"{name}: expected a time with its zone, got something else")


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"

"""Under which ids this Jira has the custom fields that milepost reads."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType

from connectors.errors import BadConfiguration, InvalidResponse
from connectors.jira.client import JiraClient
from connectors.jira.json_answers import Json
from connectors.jira.settings import JiraSettings
from connectors.names import fold_name

_BUILT_IN = (
    "summary", "status", "resolution", "issuetype", "priority", "labels", "components", "fixVersions",
    "assignee", "parent", "project", "created", "updated", "resolutiondate", "security", "issuelinks",
)  # fmt: skip

_OUTLINE = (
    "updated", "status", "resolution", "issuetype", "priority", "labels", "components", "fixVersions",
    "project", "parent", "security",
)  # fmt: skip

_EPIC_LINK = ("com.pyxis.greenhopper.jira:gh-epic-link",)
_PARENT_LINK = ("com.atlassian.jpo:jpo-custom-field-parent",)
_SPRINT = ("com.pyxis.greenhopper.jira:gh-sprint",)
_POINTS = ("com.pyxis.greenhopper.jira:jsw-story-points",)
_TEAM = (
    "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
    "com.atlassian.teams:rm-teams-custom-field-team",
)
_COMPANY_POINTS = "story points"
_TEAM_POINTS = "story point estimate"


@dataclass(frozen=True, slots=True)
class Field:
    """One field as `GET /field` tells it."""

    id: str
    name: str
    custom_type: str
    """`schema.custom`, the one thing about a custom field that no administrator renames."""
    number: bool


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which field ids mean what; where several fit, a value is taken from the first that has one."""

    epic_link: tuple[str, ...] = ()
    """Epic Link and, with Advanced Roadmaps, Parent Link."""
    sprint: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    """Story points of company-managed projects, and of all where `team_points` is empty."""
    team_points: tuple[str, ...] = ()
    """Story points of team-managed projects, and of all where `points` is empty."""
    points_of: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By key or id of a project: what the settings say that its story points are."""
    team: tuple[str, ...] = ()
    mirror: tuple[str, ...] = ()
    asked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What the mapping asked for and is there: its own spelling, and the ids."""
    missing: tuple[tuple[str, str], ...] = ()
    """What rules or weights ask for and is not there: a field in the mapping's spelling, or the key that
    means it (`story_points`, `sprint`, `team`); and a sentence that says so."""
    wrong: tuple[str, ...] = ()
    """A message for each setting that names a field which is not there; issues come without that field."""

    def outlined(self) -> list[str]:
        """The `fields` of a search that brings what an `IssueOutline` holds and nothing else."""
        return list(dict.fromkeys([*_OUTLINE, *self.epic_link]))

    def requested(self, description: bool) -> list[str]:
        """The `fields` of a search that brings all of this and nothing else."""
        extra = [*self.epic_link, *self.sprint, *self.points, *self.team_points, *self.team, *self.mirror]
        extra += [field_id for _, ids in self.points_of for field_id in ids]
        extra += [field_id for _, ids in self.asked for field_id in ids]
        return list(dict.fromkeys([*_BUILT_IN, *(["description"] if description else []), *extra]))


def read_fields(client: JiraClient) -> tuple[Field, ...]:
    """All fields of this Jira."""
    answer = client.first_contact("field")
    body = answer.json()
    if not isinstance(body, list) or not body:
        raise InvalidResponse(client.name, answer.request, "expected a list of fields, got something else")
    return tuple(sorted(_fields(body), key=lambda field: (_number(field.id), field.id)))


def find_fields(
    name: str,
    settings: JiraSettings,
    fields: tuple[Field, ...],
    asked: Iterable[str],
    before: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> FieldMap:
    """What the fields mean: overrides first, then by custom type; story points by name, then by type.

    `asked`: custom fields that the mapping names; one that does not exist is in `missing`. `before`: the ids
    that these names led to; a field that is called otherwise since then goes on being meant, which is in
    `wrong`. So is a setting that names no field, and what asks for that field is in `missing`; but Epic Link
    is then taken by its type.
    """
    return _Finder(name, settings, fields, before).find(sorted(set(asked)))


class _Finder:
    """One search for the meaning of fields, with what it has to report."""

    def __init__(
        self,
        name: str,
        settings: JiraSettings,
        fields: tuple[Field, ...],
        before: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._name = name
        self._settings = settings
        self._all = fields
        self._before = before
        self._wrong: list[str] = []
        self._missing: list[tuple[str, str]] = []

    def find(self, asked: Iterable[str]) -> FieldMap:
        """The map; `asked` in the order of its messages."""
        settings = self._settings
        points, team_points, points_of = self._story_points()
        result = FieldMap(
            epic_link=self._chosen(settings.epic_link, _EPIC_LINK + _PARENT_LINK, "epic_link"),
            sprint=self._chosen(settings.sprint, _SPRINT, "sprint"),
            points=points,
            team_points=team_points,
            points_of=points_of,
            team=self._chosen(settings.team, _TEAM, "team"),
            mirror=self._chosen(settings.mirror_field, (), "mirror_field"),
            asked=tuple((text, ids) for text in asked if (ids := self._meant(text))),
        )
        return replace(result, wrong=tuple(self._wrong), missing=tuple(self._missing))

    def _story_points(
        self,
    ) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
        """The fields of company-managed and of team-managed projects, and of single projects by key."""
        override = self._settings.story_points
        if isinstance(override, str):
            return self._chosen(override, (), "story_points"), (), ()
        company = self._numbers(_COMPANY_POINTS)
        team = dict.fromkeys((*self._by_type(_POINTS), *self._numbers(_TEAM_POINTS)))
        single = tuple(
            (project, self._chosen(field, (), "story_points", project))
            for project, field in (override or {}).items()
        )
        return company, tuple(id_ for id_ in team if id_ not in company), single

    def _numbers(self, name: str) -> tuple[str, ...]:
        """The fields of numbers with this folded name."""
        return tuple(field.id for field in self._all if field.number and fold_name(field.name) == name)

    def _by_type(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """The fields of these custom types, in the order of the types."""
        return tuple(field.id for kind in types for field in self._all if field.custom_type == kind)

    def _chosen(
        self, override: str | None, types: tuple[str, ...], setting: str, project: str = ""
    ) -> tuple[str, ...]:
        """What a setting names; without it, the fields of these types."""
        if override is None:
            return self._by_type(types)
        value = f"{{ {project} = {override!r} }}" if project else repr(override)
        try:
            return _named(self._name, f"{setting} = {value}", override, self._all)
        except BadConfiguration as problem:
            message = f"{problem.reason}. {problem.hint}"
            self._wrong.append(message)
            if setting in ("story_points", "sprint", "team"):
                self._missing.append((setting, message))
            return self._by_type(types) if setting == "epic_link" else ()

    def _meant(self, text: str) -> tuple[str, ...]:
        """What the mapping asks for; where no field is called so, the fields that were."""
        try:
            return _named(self._name, f"the mapping asks for {text!r}", text, self._all)
        except BadConfiguration as problem:
            renamed = [field for field in self._all if field.id in self._before.get(text, ())]
            if not renamed:
                self._missing.append((text, f"{problem.reason}. {problem.hint}"))
                return self._before.get(
                    text, ()
                )  # so that one odd list of fields takes no value from any row
            today = " and ".join(f"{field.name!r} ({field.id})" for field in renamed)
            self._wrong.append(f"the mapping asks for {text!r}, which is called {today} today. Write that")
            return tuple(field.id for field in renamed)


def _named(tracker: str, where: str, text: str, fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The ids of the field with this id, or of all fields with this name."""
    if any(field.id == text for field in fields):
        return (text,)
    result = tuple(field.id for field in fields if fold_name(field.name) == fold_name(text))
    if result:
        return result
    by_id = re.fullmatch(r"customfield_\d+", text) is not None
    existing = {fold_name(one.id if by_id else one.name): f"{one.name!r} ({one.id})" for one in fields}
    near = [existing[name] for name in get_close_matches(fold_name(text), existing, n=3, cutoff=0.6)]
    hint = "Take its name or id from GET /rest/api/2/field; perhaps the account may not see it"
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    raise BadConfiguration(tracker, "GET field", f"{where}, and this Jira has no such field", hint)


def _fields(body: list[object]) -> Iterable[Field]:
    for one in body:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            continue
        schema: Json = one["schema"] if isinstance(one.get("schema"), dict) else {}
        kind = schema.get("custom")
        yield Field(
            one["id"],
            str(one.get("name") or one["id"]),
            kind if isinstance(kind, str) else "",
            schema.get("type") == "number",
        )


def _number(field_id: str) -> int:
    digits = field_id.removeprefix("customfield_")
    return int(digits) if digits.isdecimal() and len(digits) < 19 else -1

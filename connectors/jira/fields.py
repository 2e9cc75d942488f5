"""Finds out under which ids this Jira keeps what is no built-in field."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from connectors.contract import BadConfiguration, Garbled
from connectors.jira.session import JiraSession, Json
from connectors.jira.settings import JiraSettings

_BUILT_IN = (
    "summary", "status", "resolution", "issuetype", "priority", "labels", "components", "fixVersions",
    "assignee", "parent", "project", "created", "updated", "resolutiondate",
)  # fmt: skip

_OUTLINE = (
    "updated", "status", "resolution", "issuetype", "priority", "labels", "components", "fixVersions",
    "project", "parent",
)  # fmt: skip

_EPIC_LINK = ("com.pyxis.greenhopper.jira:gh-epic-link",)
_PARENT_LINK = ("com.atlassian.jpo:jpo-custom-field-parent",)
_SPRINT = ("com.pyxis.greenhopper.jira:gh-sprint",)
_POINTS = ("com.pyxis.greenhopper.jira:jsw-story-points",)
_TEAM = (
    "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
    "com.atlassian.teams:rm-teams-custom-field-team",
)
_POINT_NAMES = ("story point estimate", "story points")


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
    team: tuple[str, ...] = ()
    mirror: tuple[str, ...] = ()
    asked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What the mapping asked for: its own spelling, and the ids."""

    def outlined(self) -> list[str]:
        """The `fields` of a search that brings what an `IssueOutline` holds and nothing else."""
        return list(dict.fromkeys([*_OUTLINE, *self.epic_link]))

    def wanted(self, description: bool) -> list[str]:
        """The `fields` of a search that brings all of this and nothing else."""
        extra = [*self.epic_link, *self.sprint, *self.points, *self.team, *self.mirror]
        extra += [field_id for _, ids in self.asked for field_id in ids]
        return list(dict.fromkeys([*_BUILT_IN, *(["description"] if description else []), *extra]))


def read_fields(session: JiraSession) -> tuple[Field, ...]:
    """All fields of this Jira."""
    answer = session.first_contact("field")
    body = answer.json()
    if not isinstance(body, list) or not body:
        raise Garbled(session.name, answer.request, "expected a list of fields, got something else")
    return tuple(sorted(_fields(body), key=lambda field: (_number(field.id), field.id)))


def find_fields(
    name: str, settings: JiraSettings, fields: tuple[Field, ...], asked: Iterable[str]
) -> FieldMap:
    """What the fields mean: overrides first, then by custom type, story points also by name.

    Raises BadConfiguration for an override or an asked field that does not exist, naming near misses.
    """

    def chosen(override: str | None, types: tuple[str, ...], setting: str) -> tuple[str, ...]:
        if override is not None:
            return _named(name, f"{setting} = {override!r}", override, fields)
        return tuple(field.id for kind in types for field in fields if field.custom_type == kind)

    names = sorted(set(asked))
    points = chosen(settings.story_points, _POINTS, "story_points")
    if settings.story_points is None:
        by_name = [field.id for field in fields if field.number and field.name.casefold() in _POINT_NAMES]
        points = tuple(dict.fromkeys([*points, *by_name]))
    return FieldMap(
        epic_link=chosen(settings.epic_link, _EPIC_LINK + _PARENT_LINK, "epic_link"),
        sprint=chosen(settings.sprint, _SPRINT, "sprint"),
        points=points,
        team=chosen(settings.team, _TEAM, "team"),
        mirror=chosen(settings.mirror_field, (), "mirror_field"),
        asked=tuple((text, _named(name, f"the mapping asks for {text!r}", text, fields)) for text in names),
    )


def _named(tracker: str, where: str, text: str, fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The ids of the field with this id, or of all fields with this name."""
    if any(field.id == text for field in fields):
        return (text,)
    found = tuple(field.id for field in fields if field.name.casefold() == text.casefold())
    if found:
        return found
    known = {field.name.casefold(): field.name for field in fields}
    near = [known[name] for name in get_close_matches(text.casefold(), known, n=3, cutoff=0.6)]
    hint = f"Did you mean {' or '.join(repr(one) for one in near)}?" if near else "Name it by its id"
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

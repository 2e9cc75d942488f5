"""The fields of a sandbox Jira: what `GET /field` lists, and how a custom field's value looks."""

from dataclasses import dataclass
from typing import Any

GREENHOPPER = "com.pyxis.greenhopper.jira"
PLAIN = "com.atlassian.jira.plugin.system.customfieldtypes"

KINDS: dict[str, tuple[str, str | None, str]] = {
    "epic_link": ("any", None, f"{GREENHOPPER}:gh-epic-link"),
    "sprint": ("array", "json", f"{GREENHOPPER}:gh-sprint"),
    "points": ("number", None, f"{GREENHOPPER}:jsw-story-points"),
    "team": ("team", None, f"{PLAIN}:atlassian-team"),
    "number": ("number", None, f"{PLAIN}:float"),
    "text": ("string", None, f"{PLAIN}:textfield"),
    "select": ("option", None, f"{PLAIN}:select"),
    "multiselect": ("array", "option", f"{PLAIN}:multiselect"),
    "labels": ("array", "string", f"{PLAIN}:labels"),
}
"""Kinds of custom fields: (schema type, type of the items, custom type key)."""

SYSTEM: dict[str, tuple[str, str, str | None, tuple[str, ...]]] = {
    "issuekey": ("Key", "", None, ("id", "issue", "issuekey", "key")),
    "summary": ("Summary", "string", None, ("summary",)),
    "description": ("Description", "string", None, ("description",)),
    "project": ("Project", "project", None, ("project",)),
    "issuetype": ("Issue Type", "issuetype", None, ("issuetype", "type")),
    "status": ("Status", "status", None, ("status",)),
    "statusCategory": ("Status Category", "statusCategory", None, ("statusCategory",)),
    "resolution": ("Resolution", "resolution", None, ("resolution",)),
    "resolutiondate": ("Resolved", "datetime", None, ("resolutiondate", "resolved")),
    "priority": ("Priority", "priority", None, ("priority",)),
    "labels": ("Labels", "array", "string", ("labels",)),
    "components": ("Components", "array", "component", ("component",)),
    "fixVersions": ("Fix versions", "array", "version", ("fixVersion",)),
    "assignee": ("Assignee", "user", None, ("assignee",)),
    "reporter": ("Reporter", "user", None, ("reporter",)),
    "creator": ("Creator", "user", None, ("creator",)),
    "created": ("Created", "datetime", None, ("created", "createdDate")),
    "updated": ("Updated", "datetime", None, ("updated", "updatedDate")),
    "parent": ("Parent", "", None, ("parent",)),
    "subtasks": ("Sub-tasks", "array", "issuelinks", ("subtasks",)),
    "comment": ("Comment", "comments-page", None, ("comment",)),
}
"""System fields: id -> (name, schema type, type of the items, names in JQL); without a type, no schema."""


@dataclass(slots=True)
class CustomField:
    """A custom field; `kind` is a key of `KINDS`."""

    id: str
    name: str
    kind: str

    @property
    def number(self) -> int:
        """The number in `customfield_10016` and `cf[10016]`."""
        return int(self.id.partition("_")[2])

    def accepts(self, value: Any) -> bool:
        """Whether a stored value of this kind may look like this."""
        if value is None:
            return True
        if self.kind in ("points", "number"):
            return isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind in ("multiselect", "labels"):
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        return isinstance(value, str)


def default_fields(face: str) -> list[CustomField]:
    """The custom fields that a new site has; the ids differ between the faces, as they do between sites."""
    if face == "cloud":
        return [
            CustomField("customfield_10001", "Team", "team"),
            CustomField("customfield_10016", "Story point estimate", "points"),
            CustomField("customfield_10020", "Sprint", "sprint"),
        ]
    return [
        CustomField("customfield_10100", "Sprint", "sprint"),
        CustomField("customfield_10101", "Epic Link", "epic_link"),
        CustomField("customfield_10106", "Story Points", "number"),
        CustomField("customfield_10200", "Team", "select"),
    ]


def describe(fields: list[CustomField], face: str) -> list[dict[str, Any]]:
    """What `GET /field` answers."""
    return [_system(id_, face) for id_ in SYSTEM] + [_custom(field, face) for field in fields]


def _system(id_: str, face: str) -> dict[str, Any]:
    name, type_, items, clauses = SYSTEM[id_]
    row: dict[str, Any] = {
        "id": id_,
        "key": id_,
        "name": name,
        "custom": False,
        "orderable": id_ not in ("created", "updated", "resolutiondate", "status"),
        "navigable": True,
        "searchable": True,
        "clauseNames": list(clauses),
    }
    if type_:
        row["schema"] = _schema(type_, items) | {"system": id_}
    return row if face == "cloud" else {name: value for name, value in row.items() if name != "key"}


def _custom(field: CustomField, face: str) -> dict[str, Any]:
    type_, items, custom = KINDS[field.kind]
    row = {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "custom": True,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [f"cf[{field.number}]", field.name],
        "schema": _schema(type_, items) | {"custom": custom, "customId": field.number},
    }
    return row if face == "cloud" else {name: value for name, value in row.items() if name != "key"}


def _schema(type_: str, items: str | None) -> dict[str, Any]:
    return {"type": type_} | ({"items": items} if items else {})

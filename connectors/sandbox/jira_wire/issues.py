"""Reading and changing issues, their labels, statuses and properties."""

from typing import Any

from werkzeug import Response

from connectors.sandbox.jira_truth.model import JiraIssue
from connectors.sandbox.jira_wire.call import Call, Refusal, answer, check_editable, check_open, invalid
from connectors.sandbox.jira_wire.changes import changes_of
from connectors.sandbox.jira_wire.comments import write_comment
from connectors.sandbox.jira_wire.render import field_names, issue, status
from connectors.sandbox.jira_wire.rewriting import check_characters

NOT_QUIET = "To discard the user notification either admin or project admin permissions are required."
PROPERTY_KEY = 255
PROPERTY_VALUE = 32_768
"""Characters in an entity property's key, and bytes in its value."""


def read(call: Call, key: str) -> Response:
    """`GET /issue/{key}`."""
    names = field_names(call, [name for name in call.many("fields") if name not in ("id", "key")], "*all")
    return answer(issue(call, call.issue(key), names, call.many("properties")))


def create(call: Call) -> Response:
    """`POST /issue`."""
    call.need("CREATE_ISSUES", "You do not have permission to create issues in this project.")
    fields = dict(call.body.get("fields") or {})
    project = _project(call, fields.pop("project", None))
    kind = fields.pop("issuetype", None) or {}
    if not fields.get("summary"):
        raise invalid("summary", "You must specify a summary of the issue.")
    requested = changes_of(call, fields, call.body.get("update") or {}).fields
    summary = requested.pop("summary")
    try:
        record = call.site.create_issue(
            project, summary, type=str(kind.get("id") or kind.get("name") or ""), by=call.account, **requested
        )
    except (KeyError, ValueError) as error:
        raise Refusal(400, str(error.args[0])) from error
    _set_properties(call, record, call.body.get("properties") or [])
    shown = {"id": str(record.id), "key": record.key, "self": call.url(f"issue/{record.id}")}
    return answer(shown, 201)


def edit(call: Call, key: str) -> Response:
    """`PUT /issue/{key}`: `fields`, `update` and `properties` together, all or nothing."""
    record = call.issue(key)
    check_open(record)
    call.need("EDIT_ISSUES", "You do not have permission to edit this issue.")
    check_editable(record)
    check_characters(call.request.get_data(as_text=True), bmp_only=call.site.quirks.bmp_only)
    changes = changes_of(call, call.body.get("fields") or {}, call.body.get("update") or {}, record)
    properties = call.body.get("properties") or []
    for item in properties:
        check_property(item.get("key", ""), item.get("value"))
    quiet = call.request.args.get("notifyUsers", "true").lower() == "false"
    if quiet and {"ADMINISTER", "ADMINISTER_PROJECTS"}.isdisjoint(call.account.permissions):
        if call.site.quirks.quiet_refusal is not None:
            raise Refusal(call.site.quirks.quiet_refusal, NOT_QUIET)
        return answer(None, 204)  # documented: without admin rights the whole request is ignored
    _apply(call, record, changes.fields)
    for comment in changes.comments:
        write_comment(call, record, comment)
    _set_properties(call, record, properties)
    return answer(None, 204)


def _apply(call: Call, record: JiraIssue, fields: dict[str, Any]) -> None:
    try:
        call.site.edit(record.key, **fields)
    except (KeyError, ValueError) as error:
        raise Refusal(400, str(error.args[0])) from error


def delete(call: Call, key: str) -> Response:
    """`DELETE /issue/{key}`."""
    record = call.issue(key)
    call.need("DELETE_ISSUES", "You do not have permission to delete issues in this project.")
    subtasks = [child for child in call.site.children(record) if call.site.type_of(child).level < 0]
    if subtasks and call.request.args.get("deleteSubtasks", "").lower() != "true":
        raise Refusal(
            400,
            f"The issue '{record.key}' has subtasks. You must specify the 'deleteSubtasks' parameter "
            "to delete this issue and all its subtasks.",
        )
    call.site.delete(record.key)
    return answer(None, 204)


def transitions(call: Call, key: str) -> Response:
    """`GET /issue/{key}/transitions`."""
    call.issue(key)
    rows = [
        {
            "id": id_,
            "name": one.name,
            "to": status(call, one),
            "hasScreen": False,
            "isGlobal": True,
            "isInitial": False,
            "isConditional": False,
        }
        for id_, one in _transitions(call).items()
    ]
    return answer({"expand": "transitions", "transitions": rows})


def transit(call: Call, key: str) -> Response:
    """`POST /issue/{key}/transitions`."""
    record = call.issue(key)
    check_open(record)
    call.need("TRANSITION_ISSUES", "You do not have permission to transition this issue.")
    requested = str((call.body.get("transition") or {}).get("id"))
    target = _transitions(call).get(requested)
    if target is None:
        raise Refusal(400, f"Transition id '{requested}' is not valid for this issue.")
    fields = dict(call.body.get("fields") or {})
    resolution = (fields.pop("resolution", None) or {}).get("name")
    if fields:
        raise invalid(
            next(iter(fields)), "Field cannot be set. It is not on the appropriate screen, or unknown."
        )
    changes = changes_of(call, {}, call.body.get("update") or {}, record)
    try:
        call.site.transition(record.key, target.name, resolution)
    except (KeyError, ValueError) as error:
        raise invalid("resolution", str(error.args[0])) from error
    for comment in changes.comments:
        write_comment(call, record, comment)
    return answer(None, 204)


def _transitions(call: Call) -> dict[str, Any]:
    return {str(11 + 10 * place): one for place, one in enumerate(call.site.statuses)}


def _project(call: Call, given: Any) -> str:
    requested = given if isinstance(given, dict) else {}
    for project in call.site.projects.values():
        if requested.get("key") in (project.key, *project.old_keys) or str(requested.get("id")) == project.id:
            return project.key
    raise invalid("project", "valid project is required")


def _set_properties(call: Call, record: JiraIssue, properties: list[dict[str, Any]]) -> None:
    for item in properties:
        check_property(item["key"], item.get("value"))
        call.site.set_property(record, item["key"], item.get("value"))


def check_property(key: Any, value: Any) -> None:
    """Refuse a property whose key or value Jira does not store."""
    if not isinstance(key, str) or not 0 < len(key) <= PROPERTY_KEY:
        raise Refusal(400, f"The property key must be 1 to {PROPERTY_KEY} characters long.")
    if value is None:
        raise Refusal(400, "The property value must be a valid, non-empty JSON.")
    if len(answer(value).get_data()) > PROPERTY_VALUE:
        raise Refusal(400, f"The property value is longer than {PROPERTY_VALUE} bytes.")


def property_keys(call: Call, key: str) -> Response:
    """`GET /issue/{key}/properties`."""
    record = call.issue(key)
    names = [{"self": _property_url(call, record, name), "key": name} for name in record.properties]
    return answer({"keys": names})


def read_property(call: Call, key: str, name: str) -> Response:
    """`GET /issue/{key}/properties/{name}`."""
    record = call.issue(key)
    if name not in record.properties:
        raise Refusal(404, f"The property with key '{name}' does not exist.")
    return answer({"key": name, "value": record.properties[name]})


def write_property(call: Call, key: str, name: str) -> Response:
    """`PUT /issue/{key}/properties/{name}`: 201 for a new one, 200 for another value."""
    record = call.issue(key)
    check_open(record)
    call.need("EDIT_ISSUES", "You do not have permission to edit this issue.")
    value = call.json()
    check_property(name, value)
    existing = name in record.properties
    call.site.set_property(record, name, value)
    return answer({}, 200 if existing else 201)


def delete_property(call: Call, key: str, name: str) -> Response:
    """`DELETE /issue/{key}/properties/{name}`."""
    record = call.issue(key)
    call.need("EDIT_ISSUES", "You do not have permission to edit this issue.")
    if record.properties.pop(name, None) is None:
        raise Refusal(404, f"The property with key '{name}' does not exist.")
    call.site.changes += 1
    return answer(None, 204)


def _property_url(call: Call, record: JiraIssue, name: str) -> str:
    return call.url(f"issue/{record.id}/properties/{name}")

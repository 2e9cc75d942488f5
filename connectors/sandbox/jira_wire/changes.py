"""Jira's `fields` and `update` of an issue, read into the verbs of the sandbox."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.jira_truth.model import JiraIssue
from connectors.sandbox.jira_wire.call import Call, Refusal, invalid

LISTS = {"labels": "labels", "components": "components", "fixVersions": "versions"}
"""Fields that `update` may add to and remove from: id -> what the sandbox calls it."""
NO_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."


@dataclass
class Changes:
    """What a request wants: fields as `JiraMoves.edit` takes them, and comments to write."""

    fields: dict[str, Any] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)


def changes_of(
    call: Call, fields: dict[str, Any], update: dict[str, Any], record: JiraIssue | None = None
) -> Changes:
    """Read both; refuses with 400 what Jira refuses. `record` is the issue as it stands, if it exists."""
    for name in update:
        if name in fields:
            raise invalid(name, f"Field '{name}' cannot appear in both 'fields' and 'update'")
    for name in (*fields, *update):
        if record is not None and call.site.lacks(record, name):
            raise invalid(name, NO_SCREEN.format(name))
    requested = Changes()
    for name, value in fields.items():
        _set(call, requested, name, value)
    for name, operations in update.items():
        _update(call, requested, name, operations, record)
    for label in requested.fields.get("labels", ()):
        if not isinstance(label, str) or any(character.isspace() for character in label):
            raise invalid("labels", f"The label '{label}' contains spaces which is invalid.")
    return requested


def _set(call: Call, requested: Changes, name: str, value: Any) -> None:
    if name in LISTS:
        requested.fields[LISTS[name]] = [_item(name, one) for one in _list(name, value)]
    elif name in READERS:
        key, read = READERS[name]
        requested.fields[key] = read(call, value)
    else:
        requested.fields.setdefault("custom", {}).update(_custom(call, name, value))


def _update(call: Call, requested: Changes, name: str, operations: Any, record: JiraIssue | None) -> None:
    for operation in _list(name, operations):
        if not isinstance(operation, dict) or len(operation) != 1:
            raise invalid(name, "An update is a list of objects with one operation each.")
        ((verb, value),) = operation.items()
        if name == "comment" and verb == "add":
            requested.comments.append(value)
        elif verb == "set":
            _set(call, requested, name, value)
        elif name in LISTS and verb in ("add", "remove"):
            _step(requested, name, verb, _item(name, value), record)
        else:
            raise invalid(name, f"Field does not support the operation '{verb}'.")


def _step(requested: Changes, name: str, verb: str, item: str, record: JiraIssue | None) -> None:
    key = LISTS[name]
    values = requested.fields.setdefault(key, list(getattr(record, key)) if record else [])
    if verb == "remove":
        requested.fields[key] = [value for value in values if value != item]
    elif item not in values:
        values.append(item)


def _item(name: str, value: Any) -> str:
    result = value if name == "labels" else value.get("name") if isinstance(value, dict) else None
    if not isinstance(result, str):
        raise invalid(
            name, "data was not an array of texts" if name == "labels" else "expected an object with a name"
        )
    return result


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(name, "data was not an array")
    return value


def _custom(call: Call, name: str, value: Any) -> dict[str, Any]:
    for custom in call.site.fields:
        if custom.id == name and custom.kind not in ("sprint", "epic_link"):
            return {custom.id: _options(custom.kind, value)}
    raise invalid(name, NO_SCREEN.format(name))


def _options(kind: str, value: Any) -> Any:
    if kind == "select" and isinstance(value, dict):
        return value.get("value")
    if kind == "multiselect" and isinstance(value, list):
        return [one.get("value") if isinstance(one, dict) else one for one in value]
    return value


def _line(_call: Call, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise invalid("summary", "The summary is invalid because it is empty or contains newline characters.")
    return value


def _prose(_call: Call, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Refusal(400, "The sandbox takes wiki markup only: write through /rest/api/2.")
    return value


def _name(_call: Call, value: Any) -> str:
    result = value.get("name") or value.get("id") if isinstance(value, dict) else None
    if not isinstance(result, str):
        raise Refusal(400, "Expected an object with a name or an id.")
    return result


def _person(call: Call, value: Any) -> str | None:
    if value is None:
        return None
    requested = (value.get("accountId") or value.get("id")) if call.cloud else value.get("name")
    for account in call.site.accounts.values():
        if requested in (account.id, account.name):
            return account.id
    raise invalid("assignee", f"User '{requested}' does not exist.")


def _issue(call: Call, value: Any) -> str | None:
    if value is None:
        return None
    return call.issue(str(value.get("id") or value.get("key"))).key


READERS: dict[str, tuple[str, Callable[[Call, Any], Any]]] = {
    "summary": ("summary", _line),
    "description": ("description", _prose),
    "issuetype": ("type", _name),
    "priority": ("priority", _name),
    "assignee": ("assignee", _person),
    "parent": ("parent", _issue),
}
"""Single-valued system fields that may be set: id -> (the sandbox's name, how to read it)."""

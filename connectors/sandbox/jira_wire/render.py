"""Issues, comments and people as Jira prints them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from connectors.sandbox.jira_truth.fields import CustomField
from connectors.sandbox.jira_truth.model import CATEGORIES, Comment, JiraIssue, Project, Status
from connectors.sandbox.jira_wire.call import Call

SUMMARY_FIELDS = ("summary", "status", "priority", "issuetype")
"""What an issue shows of its parent and its sub-tasks."""


def time(call: Call, moment: datetime | None) -> str | None:
    """A moment in the caller's zone, the way Jira prints it: `2026-03-02T10:00:00.000+0100`."""
    if moment is None:
        return None
    local = moment.astimezone(call.zone)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"


def user(call: Call, id_: str | None) -> dict[str, Any] | None:
    """A person; Cloud tells the accountId, Data Center name and key."""
    if id_ is None:
        return None
    account = call.site.accounts[id_]
    shown = {"displayName": account.display, "active": True, "timeZone": account.time_zone}
    if call.cloud:
        return {
            "self": call.url(f"user?accountId={account.id}"),
            "accountId": account.id,
            "accountType": "atlassian",
            **shown,
        }
    return {
        "self": call.url(f"user?username={account.name}"),
        "name": account.name,
        "key": account.id,
        "emailAddress": account.email,
        **shown,
    }


def status(call: Call, record: Status) -> dict[str, Any]:
    """A status with its category."""
    id_, name, colour = CATEGORIES[record.category]
    return {
        "self": call.url(f"status/{record.id}"),
        "description": "",
        "iconUrl": f"{call.base}/images/icons/status.png",
        "name": record.name,
        "id": record.id,
        "statusCategory": {
            "self": call.url(f"statuscategory/{id_}"),
            "id": id_,
            "key": record.category,
            "colorName": colour,
            "name": name,
        },
    }


def project(call: Call, record: Project) -> dict[str, Any]:
    """A project as issues and lists show it."""
    shown: dict[str, Any] = {
        "self": call.url(f"project/{record.id}"),
        "id": record.id,
        "key": record.key,
        "name": record.name,
        "projectTypeKey": record.type,
        "avatarUrls": {"48x48": f"{call.base}/secure/projectavatar"},
    }
    shown["archived"] = record.archived
    if record.category:
        id_ = str(30000 + sum(record.category.encode()))
        category = {"self": call.url(f"projectCategory/{id_}"), "id": id_, "name": record.category}
        shown["projectCategory"] = category | {"description": ""}
    return shown | {"simplified": record.team_managed} if call.cloud else shown


def comment(call: Call, record: Comment, *, properties: bool) -> dict[str, Any]:
    """A comment; its properties only where they were asked for."""
    shown: dict[str, Any] = {
        "self": call.url(f"issue/{record.issue}/comment/{record.id}"),
        "id": str(record.id),
        "author": user(call, record.author),
        "body": rich(call, record.body),
        "updateAuthor": user(call, record.editor),
        "created": time(call, record.created),
        "updated": time(call, record.updated),
    }
    if call.cloud:
        shown["jsdPublic"] = True
    if record.visibility:
        shown["visibility"] = record.visibility
    if properties:
        shown["properties"] = [{"key": key, "value": value} for key, value in record.properties.items()]
    return shown


def rich(call: Call, text: str | None) -> Any:
    """Text as version 2 gives it (wiki markup) or, unformatted, as version 3 does (Atlassian document)."""
    if text is None or call.version == 2:
        return text
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}] if text else []}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def issue(
    call: Call, record: JiraIssue, fields: Iterable[str], properties: Iterable[str] = ()
) -> dict[str, Any]:
    """An issue with these fields, by id, and those of these properties that it has."""
    shown: dict[str, Any] = {
        "expand": "",
        "id": str(record.id),
        "self": call.url(f"issue/{record.id}"),
        "key": record.key,
    }
    values = {name: field_value(call, record, name) for name in fields}
    if values:
        shown["fields"] = values
    requested = [name for name in properties if name in record.properties]
    if properties:
        shown["properties"] = {name: record.properties[name] for name in requested}
    return shown


def field_names(call: Call, asked: list[str], default: str) -> list[str]:
    """The ids of the fields that a request wants; names that do not exist are passed over, as Jira does."""
    everything = [name for name in FIELDS if name != "parent"] + [field.id for field in call.site.fields]
    chosen: dict[str, None] = {}
    for name in asked or [default]:
        if name in ("*all", "*navigable"):
            kept = everything if name == "*all" else [one for one in everything if one != "comment"]
            chosen |= dict.fromkeys([*kept, "parent"])
        elif name.startswith("-"):
            chosen = (chosen or dict.fromkeys([*everything, "parent"])) | {}
            chosen.pop(name[1:], None)
        elif name in FIELDS or name in everything:
            chosen[name] = None
    return list(chosen)


def field_value(call: Call, record: JiraIssue, name: str) -> Any:
    """The value of one field, by id."""
    builder = FIELDS.get(name)
    return builder(call, record) if builder else _custom(call, record, call.site.field(name))


def _brief(call: Call, record: JiraIssue) -> dict[str, Any]:
    fields = {name: FIELDS[name](call, record) for name in SUMMARY_FIELDS}
    return {
        "id": str(record.id),
        "key": record.key,
        "self": call.url(f"issue/{record.id}"),
        "fields": fields,
    }


def _parent(call: Call, record: JiraIssue) -> dict[str, Any] | None:
    if record.parent is None or not (call.cloud or call.site.type_of(record).level < 0):
        return None
    return _brief(call, call.site.issues[record.parent])


def _subtasks(call: Call, record: JiraIssue) -> list[dict[str, Any]]:
    children = call.site.children(record)
    return [_brief(call, child) for child in children if call.site.type_of(child).level < 0]


def _type(call: Call, record: JiraIssue) -> dict[str, Any]:
    kind = call.site.type_of(record)
    shown: dict[str, Any] = {
        "self": call.url(f"issuetype/{kind.id}"),
        "id": kind.id,
        "description": "",
        "iconUrl": f"{call.base}/images/icons/issuetype.png",
        "name": kind.name,
        "subtask": kind.level < 0,
    }
    return shown | {"hierarchyLevel": kind.level} if call.cloud else shown


def _resolution(call: Call, record: JiraIssue) -> dict[str, Any] | None:
    for one in call.site.resolutions:
        if one.name == record.resolution:
            return {
                "self": call.url(f"resolution/{one.id}"),
                "id": one.id,
                "description": "",
                "name": one.name,
            }
    return None


def _priority(call: Call, record: JiraIssue) -> dict[str, Any]:
    id_ = next(one.id for one in call.site.priorities if one.name == record.priority)
    icon = f"{call.base}/images/icons/priority.png"
    return {"self": call.url(f"priority/{id_}"), "iconUrl": icon, "name": record.priority, "id": id_}


def _security(call: Call, record: JiraIssue) -> dict[str, Any] | None:
    if record.security is None:
        return None
    id_ = str(30000 + sum(record.security.encode()))
    return {"self": call.url(f"securitylevel/{id_}"), "id": id_, "name": record.security, "description": ""}


def _components(call: Call, record: JiraIssue) -> list[dict[str, Any]]:
    existing = {one.name: one.id for one in call.site.projects[record.project].components}
    return [
        {"self": call.url(f"component/{existing[name]}"), "id": existing[name], "name": name}
        for name in record.components
    ]


def _versions(call: Call, record: JiraIssue) -> list[dict[str, Any]]:
    existing = {one.name: one for one in call.site.projects[record.project].versions}
    return [
        {
            "self": call.url(f"version/{existing[name].id}"),
            "id": existing[name].id,
            "name": name,
            "archived": existing[name].archived,
            "released": existing[name].released,
        }
        for name in record.versions
    ]


def _links(call: Call, record: JiraIssue) -> list[dict[str, Any]]:
    """The links of both sides, those to issues that the caller does not see left out."""
    site = call.site
    sides = [("inwardIssue", blocker) for blocker in record.blockers]
    sides += [("outwardIssue", item) for item in record.blocking]
    quirks = site.quirks
    kind = {"id": "10000", "name": "Blocks", "inward": quirks.blocked_by, "outward": quirks.blocks}
    return [
        {
            "id": f"{record.id}{other}",
            "self": call.url(f"issueLink/{record.id}{other}"),
            "type": {**kind, "self": call.url("issueLinkType/10000")},
            side: _brief(call, site.issues[other]),
        }
        for side, other in sides
        if other in site.issues and site.sees(call.account, site.issues[other])
    ]


def _comments(call: Call, record: JiraIssue) -> dict[str, Any]:
    thread = call.site.threads.get(record.id, [])
    seen = [one for one in thread if one.id not in call.site.hidden_comments]
    shown = [comment(call, one, properties=False) for one in seen]
    return {"comments": shown, "maxResults": len(shown), "total": len(thread), "startAt": 0}


def _custom(call: Call, record: JiraIssue, field: CustomField) -> Any:
    value = record.custom.get(field.id)
    if field.kind == "sprint":
        return [_sprint(call, id_) for id_ in record.sprints] or None
    if field.kind == "epic_link":
        subtask = call.site.type_of(record).level < 0
        return None if subtask or record.parent is None else call.site.issues[record.parent].key
    if value is None:
        return None
    if field.kind == "select":
        return _option(call, value)
    if field.kind == "multiselect":
        return [_option(call, one) for one in value]
    if field.kind == "team":
        return {"id": f"team-{value}", "name": value, "title": value, "isVisible": True, "isVerified": False}
    return value


def _option(call: Call, value: str) -> dict[str, Any]:
    id_ = str(20000 + sum(value.encode()))
    return {"self": call.url(f"customFieldOption/{id_}"), "value": value, "id": id_}


def _sprint(call: Call, id_: int) -> Any:
    sprint = call.site.sprints[id_]
    if call.cloud:
        return {"id": id_, "name": sprint.name, "state": sprint.state, "boardId": 1, "goal": ""}
    return (
        f"com.atlassian.greenhopper.service.sprint.Sprint@{id_:x}[id={id_},rapidViewId=1,"
        f"state={sprint.state.upper()},name={sprint.name},startDate=<null>,endDate=<null>,"
        f"completeDate=<null>,activatedDate=<null>,sequence={id_},goal=<null>]"
    )


FIELDS: dict[str, Callable[[Call, JiraIssue], Any]] = {
    "summary": lambda _call, record: record.summary,
    "description": lambda call, record: rich(call, record.description),
    "project": lambda call, record: project(call, call.site.projects[record.project]),
    "issuetype": _type,
    "status": lambda call, record: status(call, call.site.status(record.status)),
    "statusCategory": lambda call, record: status(call, call.site.status(record.status))["statusCategory"],
    "resolution": _resolution,
    "resolutiondate": lambda call, record: time(call, record.resolved),
    "priority": _priority,
    "labels": lambda _call, record: list(record.labels),
    "components": _components,
    "fixVersions": _versions,
    "assignee": lambda call, record: user(call, record.assignee),
    "reporter": lambda call, record: user(call, record.reporter),
    "creator": lambda call, record: user(call, record.reporter),
    "created": lambda call, record: time(call, record.created),
    "updated": lambda call, record: time(call, record.updated),
    "subtasks": _subtasks,
    "parent": _parent,
    "security": _security,
    "comment": _comments,
    "issuelinks": _links,
}
"""How the system fields look, by id."""

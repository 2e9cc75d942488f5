"""What a Jira tells about itself: the server, the caller, permissions, fields, projects, statuses."""

from typing import Any

from werkzeug import Response

from connectors.sandbox.jira_truth.fields import describe
from connectors.sandbox.jira_truth.model import PERMISSIONS
from connectors.sandbox.jira_wire.call import Call, Refusal, answer
from connectors.sandbox.jira_wire.render import project, status, time, user

VERSIONS = {
    "cloud": ("1001.0.0-SNAPSHOT", [1001, 0, 0], "Cloud"),
    "datacenter": ("10.3.1", [10, 3, 1], "Server"),
}
"""What `serverInfo` says; Data Center calls itself Server."""
GLOBAL = ("ADMINISTER",)


def server_info(call: Call) -> Response:
    """`/serverInfo`: the only resource that needs no credentials."""
    version, numbers, deployment = VERSIONS[call.site.face]
    shown = {
        "baseUrl": call.home,
        "version": version,
        "versionNumbers": numbers,
        "deploymentType": deployment,
        "buildNumber": 100300,
        "buildDate": "2026-01-15T00:00:00.000+0000",
        "serverTime": time(call, call.site.clock.now()),
        "scmInfo": "0" * 40,
        "serverTitle": f"Sandbox {call.site.name}",
    }
    return answer(shown | {"serverTimeZone": "Etc/UTC"} if call.cloud else shown)


def tenant_info(call: Call) -> Response:
    """`/_edge/tenant_info` (Cloud): the id that gateway URLs hold."""
    return answer({"cloudId": cloud_id(call.site.name)})


def cloud_id(name: str) -> str:
    """The cloudId of the site with this name."""
    return f"00000000-0000-4000-8000-{name.encode().hex()[:12]:0>12}"


def myself(call: Call) -> Response:
    """`/myself`: the caller."""
    if call.account.id not in call.site.accounts:
        raise Refusal(401, "Client must be authenticated to access this resource.")
    shown = user(call, call.account.id) or {}
    return answer(shown | {"emailAddress": call.account.email})


def my_permissions(call: Call) -> Response:
    """`/mypermissions`: Cloud wants to be told which; Data Center gives all."""
    asked = call.many("permissions")
    if call.cloud and not asked:
        raise Refusal(400, "The 'permissions' query parameter is required.")
    if unknown := [name for name in asked if name not in PERMISSIONS]:
        raise Refusal(400, f"Unrecognized permissions: {', '.join(unknown)}.")
    for name in ("issueKey", "issueId"):
        if name in call.request.args:
            call.issue(call.request.args[name])
    for name in ("projectKey", "projectId"):
        if name in call.request.args:
            _find_project(call, call.request.args[name])
    return answer({"permissions": {name: _permission(call, name) for name in asked or sorted(PERMISSIONS)}})


def _permission(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": str(sorted(PERMISSIONS).index(name) + 10),
        "key": name,
        "name": name.replace("_", " ").capitalize(),
        "type": "GLOBAL" if name in GLOBAL else "PROJECT",
        "description": "",
        "havePermission": name in call.account.permissions,
    }


def fields(call: Call) -> Response:
    """`/field`: every field with its schema."""
    return answer(describe(call.site.fields, call.site.face))


def statuses(call: Call) -> Response:
    """`/status`: every status with its category."""
    return answer([status(call, one) for one in call.site.statuses])


def projects(call: Call) -> Response:
    """`/project`: all projects that the caller may see."""
    return answer([project(call, one) for one in _listed(call)])


def project_search(call: Call) -> Response:
    """`/project/search` (Cloud): a page of projects, all of them or those with `keys`."""
    if not call.cloud:
        raise Refusal(404, "No project could be found with key 'search'.")
    keys = call.many("keys")
    result = [one for one in _listed(call) if not keys or one.key in keys]
    start, size = call.number("startAt", 0), min(call.number("maxResults", 50), 100)
    page = {
        "self": call.url("project/search"),
        "startAt": start,
        "maxResults": size,
        "total": len(result),
        "isLast": start + size >= len(result),
        "values": [project(call, one) for one in result[start : start + size]],
    }
    return answer(page)


def one_project(call: Call, key: str) -> Response:
    """`/project/{key}`: one project."""
    result = _find_project(call, key)
    lead = {"lead": user(call, result.lead or call.site.bot.id), "description": ""}
    return answer(project(call, result) | lead)


def _visible(call: Call) -> list[Any]:
    seen = [one for one in call.site.projects.values() if not one.hidden]
    if "BROWSE_PROJECTS" not in call.account.permissions:
        seen = [one for one in seen if one.public]
    return sorted(seen, key=lambda one: one.key)


def _listed(call: Call) -> list[Any]:
    """What the lists have: archived projects are left out unless asked for, which the sandbox does not do."""
    return [one for one in _visible(call) if not one.archived]


def _find_project(call: Call, key: str) -> Any:
    for one in _visible(call):
        if key in (one.key, one.id, *one.old_keys):
            return one
    raise Refusal(404, f"No project could be found with key '{key}'.")

"""What `milepost check` finds out about one Jira, without writing."""

from collections.abc import Callable, Iterator

from connectors.errors import BadConfiguration, TrackerError
from connectors.findings import failed
from connectors.jira import jql
from connectors.jira.audiences import shows_customers
from connectors.jira.client import JiraClient
from connectors.jira.fields import FieldMap, find_fields, read_fields
from connectors.jira.json_answers import Json, mapping
from connectors.jira.known_refusals import NEEDS_MAIL, ONLY_BMP, KnownRefusals
from connectors.jira.projects import Projects
from connectors.jira.search import Search
from connectors.models import Capability, Finding

SCOPED_HOST = "api.atlassian.com"
"""Where alone tokens with scopes work."""
_PERMISSIONS = {
    Capability.READ: ("BROWSE_PROJECTS",),
    Capability.COMMENT: ("ADD_COMMENTS", "EDIT_OWN_COMMENTS", "DELETE_OWN_COMMENTS"),
    Capability.LABEL: ("EDIT_ISSUES",),
    Capability.DEFINE_LABELS: (),
}
_SCOPES = {
    Capability.READ: "read:jira-work",
    Capability.COMMENT: "write:jira-work",
    Capability.LABEL: "write:jira-work",
    Capability.DEFINE_LABELS: "",
}


def check(client: JiraClient, needs: frozenset[Capability]) -> tuple[Finding, ...]:
    """Every finding; where the login or the server fails, the others are left out. Raises nothing."""
    findings = [_attempted("login", lambda: _login(client))]
    if findings[0].ok:
        findings.append(_attempted("server", lambda: _server(client)))
    if all(finding.ok for finding in findings):
        findings.append(_attempted("scope", lambda: _scope(client)))
        findings += _projects(client)
        findings += _customers(client)
        findings += _refusals(client)
        findings += _fields(client)
        findings += _permissions(client, needs)
        findings += _unproven(client, needs)
    return tuple(findings)


def _login(client: JiraClient) -> Finding:
    account = client.account()
    return Finding("login", True, f"as {account.name or account.id}")


def _server(client: JiraClient) -> Finding:
    server = client.ask_server()
    kind = "Jira Cloud" if server.cloud else "Jira Data Center"
    return Finding("server", True, f"{kind} {server.version} at {client.settings.url}")


def _scope(client: JiraClient) -> Finding:
    scope = jql.scope_of(client)
    try:
        count = Search(client).count(scope)
    except BadConfiguration:
        readable = Projects(client).readable()
        if not readable.keys or not (readable.failed or readable.archived):
            raise
        scope = Projects(client).condition(readable.keys.values())
        count = Search(client).count(scope)
    hint = "" if count else "Nothing is in scope: check projects and jql, and what the account may see"
    return Finding("scope", True, f"{count} issues match {scope}", hint)


def _projects(client: JiraClient) -> Iterator[Finding]:
    """Configured projects that are called otherwise today, are archived or cannot be read."""
    projects = Projects(client)
    for key in client.settings.projects:
        try:
            project = projects.ask(key)
        except TrackerError as problem:
            yield failed(f"project {key}", problem)
            continue
        if isinstance(project, TrackerError):
            yield failed(f"project {key}", project)
        elif project.archived:
            hint = "Its issues keep their last state; take it out of projects once nothing rests on it"
            yield Finding(f"project {key}", True, "archived", hint)
        elif project.name != key:
            hint = f"Write {project.name} in projects and in the rules; {key} goes on meaning it"
            yield Finding(f"project {key}", True, f"called {project.name} today", hint)


def _customers(client: JiraClient) -> Iterator[Finding]:
    """Configured projects whose customers see comments."""
    settings = client.settings
    configured = {name.casefold() for name in settings.audiences}
    for key in settings.projects if settings.audience is None else ():
        if key.casefold() in configured:
            continue
        try:
            shown = shows_customers(client, key)
        except TrackerError:
            continue  # reported with the projects
        if shown:
            message = "a service management project, whose customers see comments: it counts as public"
            hint = "Set internal_comments = true to hide them from customers, or audiences for this project"
            yield Finding(f"project {key}", True, message, hint)


def _refusals(client: JiraClient) -> Iterator[Finding]:
    refusals = KnownRefusals(client)
    if refusals.has(NEEDS_MAIL) and not client.settings.notify_watchers:
        reason = "the account may not change issues without mails to their watchers"
        hint = "Let it administer the projects, or set notify_watchers = true"
        yield Finding("watchers", True, reason, hint)
    if refusals.has(ONLY_BMP):
        reason = "this Jira does not store emoji and the like; comments are written without them"
        yield Finding("characters", True, reason)


def _fields(client: JiraClient) -> Iterator[Finding]:
    try:
        fields = read_fields(client)
        names = {field.id: field.name for field in fields}
        result = find_fields(client.name, client.settings, fields, ())
    except TrackerError as problem:
        yield failed("fields", problem)
        return
    for message in result.wrong:
        yield Finding("fields", False, message, "Until then issues are read without it")
    for what, ids, override in _meanings(result, client.server().cloud):
        if not ids:
            yield Finding(what, True, "this Jira has no such field", f"If it has, name it: {override} = …")
            continue
        used = ", then ".join(f"{names[one]} ({one})" for one in ids)
        hint = f"To use one alone, name it: {override} = …" if len(ids) > 1 else ""
        yield Finding(what, True, used, hint)


def _meanings(result: FieldMap, cloud: bool) -> Iterator[tuple[str, tuple[str, ...], str]]:
    if not cloud:
        yield "epic link", result.epic_link, "epic_link"
    if result.points and result.team_points:
        yield "story points of company-managed projects", result.points, "story_points"
        yield "story points of team-managed projects", result.team_points, "story_points"
    else:
        yield "story points", result.points or result.team_points, "story_points"
    for project, ids in result.points_of:
        yield f"story points of {project}", ids, f"story_points = {{ {project} = … }}, now"
    yield "sprint", result.sprint, "sprint"
    yield "team", result.team, "team"


def _permissions(client: JiraClient, needs: frozenset[Capability]) -> Iterator[Finding]:
    """One finding per project and capability, or for the whole site where no project is named."""
    requested = sorted(needs, key=list(Capability).index)
    asked = ",".join(one for need in requested for one in _PERMISSIONS[need])
    for project in client.settings.projects or ("",) if asked else ():
        place = f" in {project}" if project else " in at least one project"
        params = {"permissions": asked, **({"projectKey": project} if project else {})}
        try:
            answer = client.get("mypermissions", params)
            granted: Json = mapping(answer, answer.json_object().get("permissions"))
        except TrackerError as problem:
            yield failed(f"permissions{place}", problem)
            continue
        for need in requested:
            missing = [one for one in _PERMISSIONS[need] if not _has(granted, one)]
            message = f"missing: {', '.join(missing)}" if missing else "granted to the account"
            yield Finding(f"{need}{place}", not missing, message, _hint(client, need) if missing else "")


def _unproven(client: JiraClient, needs: frozenset[Capability]) -> Iterator[Finding]:
    """What no answer of Jira proves beforehand, because `mypermissions` does not tell it."""
    if not needs - {Capability.READ}:
        return
    message = (
        "states of a workflow that cannot be edited, and screens without labels, show only when it is written"
    )
    yield Finding("single issues", True, message, "What is refused goes into quarantine and is reported")
    if client.settings.host == SCOPED_HOST:
        scopes = sorted({_SCOPES[need] for need in needs} - {""})
        message = "a token with scopes does not tell them; what is missing shows only when it is used"
        yield Finding("token scopes", True, message, f"It needs {' and '.join(scopes)}")


def _has(granted: Json, permission: str) -> bool:
    one = granted.get(permission)
    return isinstance(one, dict) and one.get("havePermission") is True


def _hint(client: JiraClient, need: Capability) -> str:
    scope = f"; a scoped token also needs {_SCOPES[need]}" if client.server().cloud else ""
    return f"Grant it to {client.account().name or 'the account'} in the permission scheme{scope}"


def _attempted(what: str, step: Callable[[], Finding]) -> Finding:
    try:
        return step()
    except TrackerError as problem:
        return failed(what, problem)

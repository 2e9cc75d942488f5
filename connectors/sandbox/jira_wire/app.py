"""From a request to an answer: who calls, which resource, and the headers that every answer bears."""

from collections.abc import Callable

from werkzeug import Request, Response
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from connectors.sandbox.jira_truth.admin import JiraAdminMoves
from connectors.sandbox.jira_wire import about, comments, issues, search
from connectors.sandbox.jira_wire.call import Behind, Call, Refusal, answer
from connectors.sandbox.world import Account, Credentials, credentials, holder

ROUTES: dict[tuple[str, str], Callable[..., Response]] = {
    ("GET", "/serverInfo"): about.server_info,
    ("GET", "/myself"): about.myself,
    ("GET", "/mypermissions"): about.my_permissions,
    ("GET", "/field"): about.fields,
    ("GET", "/status"): about.statuses,
    ("GET", "/project"): about.projects,
    ("GET", "/project/search"): about.project_search,
    ("GET", "/project/<key>"): about.one_project,
    ("GET", "/search"): search.classic,
    ("POST", "/search"): search.classic,
    ("GET", "/search/jql"): search.enhanced,
    ("POST", "/search/jql"): search.enhanced,
    ("POST", "/search/approximate-count"): search.count,
    ("POST", "/issue/bulkfetch"): search.bulk_fetch,
    ("POST", "/issue"): issues.create,
    ("GET", "/issue/<key>"): issues.read,
    ("PUT", "/issue/<key>"): issues.edit,
    ("DELETE", "/issue/<key>"): issues.delete,
    ("GET", "/issue/<key>/transitions"): issues.transitions,
    ("POST", "/issue/<key>/transitions"): issues.transit,
    ("GET", "/issue/<key>/properties"): issues.property_keys,
    ("GET", "/issue/<key>/properties/<name>"): issues.read_property,
    ("PUT", "/issue/<key>/properties/<name>"): issues.write_property,
    ("DELETE", "/issue/<key>/properties/<name>"): issues.delete_property,
    ("GET", "/issue/<key>/comment"): comments.listing,
    ("POST", "/issue/<key>/comment"): comments.create,
    ("GET", "/issue/<key>/comment/<id_>"): comments.read,
    ("PUT", "/issue/<key>/comment/<id_>"): comments.edit,
    ("DELETE", "/issue/<key>/comment/<id_>"): comments.delete,
    ("POST", "/comment/list"): comments.bulk,
    ("GET", "/comment/<id_>/properties/<name>"): comments.read_property,
    ("PUT", "/comment/<id_>/properties/<name>"): comments.write_property,
}
"""Method and path under `/rest/api/2` or `/rest/api/3` -> who answers."""

URLS = Map(
    [
        Rule(f"{gateway}/rest/api/<any('2','3','latest'):version>{path}", methods=[method], endpoint=handler)
        for (method, path), handler in ROUTES.items()
        for gateway in ("", "/ex/jira/<cloud>")
    ]
    + [Rule("/_edge/tenant_info", methods=["GET"], endpoint=about.tenant_info)],
    strict_slashes=False,
    merge_slashes=False,
)
PUBLIC = (about.server_info, about.tenant_info)
"""What answers without credentials."""
VISITED = (about.one_project,)
"""What answers to everybody about what is open to everybody."""

NOBODY = Account(id="anonymous", name="anonymous", display="Anonymous")
LIMITS = {
    "cloud": {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99", "X-RateLimit-NearLimit": "false"},
    "datacenter": {
        "X-RateLimit-Limit": "500",
        "X-RateLimit-Remaining": "499",
        "X-RateLimit-FillRate": "10",
        "X-RateLimit-Interval-Seconds": "1",
    },
}
"""What every answer says of rate limits: the sandbox has none of its own, a planned fault makes them."""


def respond(site: JiraAdminMoves, request: Request, base_url: str, behind: Behind) -> Response:
    """Answer one request to the site; `behind` gives the site as it was some seconds ago."""
    given = credentials(request)
    caller = None if given is None else _owner(site, given, gateway=request.path.startswith("/ex/jira/"))
    try:
        response = _answer(site, request, base_url, caller, behind)
    except Refusal as refusal:
        response = answer(refusal.body, refusal.status)
    response.headers.update(LIMITS[site.face])
    if given is not None:
        response.headers["X-Seraph-LoginReason"] = "OK" if caller else "AUTHENTICATED_FAILED"
    if site.face == "datacenter":
        response.headers["X-AUSERNAME"] = (caller or NOBODY).name
    elif caller is not None:
        response.headers["X-AACCOUNTID"] = caller.id
    return response


def _answer(
    site: JiraAdminMoves, request: Request, base_url: str, caller: Account | None, behind: Behind
) -> Response:
    try:
        handler, matched = URLS.bind("sandbox").match(request.path, request.method)
    except MethodNotAllowed:
        raise Refusal(405, "Method Not Allowed") from None
    except (NotFound, RequestRedirect):
        raise Refusal(404, f"null for uri: {base_url}{request.path}") from None
    values = dict(matched)
    cloud = values.pop("cloud", None)
    version = values.pop("version", "2")
    if site.face == "datacenter" and (cloud is not None or version == "3" or handler is about.tenant_info):
        raise Refusal(404, f"null for uri: {base_url}{request.path}")
    if cloud is not None and cloud != about.cloud_id(site.name):
        raise Refusal(404, "No message available")
    public = handler in PUBLIC + VISITED and "Authorization" not in request.headers
    if caller is None and not (public or site.anonymous):
        raise Refusal(401, "Client must be authenticated to access this resource.")
    base = base_url if cloud is None else f"{base_url}/ex/jira/{cloud}"
    call = Call(site, request, caller or NOBODY, base, base_url, 3 if version == "3" else 2, behind)
    response: Response = handler(call, **values)
    return response


def _owner(site: JiraAdminMoves, given: Credentials, *, gateway: bool) -> Account | None:
    """Whose credentials these are, if they fit the face.

    Cloud takes e-mail and token, and through its gateway also a bearer token; Data Center a bearer token,
    or user name and token.
    """
    account = holder(site.accounts.values(), given.secret)
    if account is None:
        return None
    if site.face == "datacenter":
        fits = given.scheme == "bearer" or given.user == account.name
    elif given.scheme == "bearer":
        fits = gateway
    else:
        fits = given.user == account.email and (gateway or account.id not in site.scoped)
    return account if fits else None

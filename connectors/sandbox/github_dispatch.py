"""From an HTTP request to its answer: whose it is, which route, what headers GitHub adds."""

import hashlib
from collections.abc import Mapping

import orjson
from werkzeug import Request, Response
from werkzeug.http import http_date

from connectors.sandbox.github_graphql.endpoint import answer_query
from connectors.sandbox.github_truth.model import Credential
from connectors.sandbox.github_truth.moves import Moves
from connectors.sandbox.github_wire.answers import ApiError, Reply
from connectors.sandbox.github_wire.call import Behind, Call
from connectors.sandbox.github_wire.limits import RESOURCES, Limits, exhausted
from connectors.sandbox.github_wire.render import NEW_VERSION, OLD_VERSION
from connectors.sandbox.github_wire.routes import find_route

_JSON = "application/json; charset=utf-8"


class Wire:
    """One site's HTTP face. github.com has REST at the root, Enterprise Server under /api/v3."""

    def __init__(self, site: Moves, behind: Behind) -> None:
        self.site = site
        self.behind = behind
        self.limits = Limits()

    def respond(self, request: Request, base_url: str) -> Response:
        """Answer a request whose path is relative to the site."""
        path = _raw_path(request)
        enterprise = self.site.enterprise is not None
        rest = "/api/v3" if enterprise else ""
        try:
            credential = self._credential(request)
            if path == ("/api/graphql" if enterprise else "/graphql"):
                return self._graphql(request, credential)
            if not path.startswith(f"{rest}/"):
                raise ApiError(404, "Not Found")
            return self._rest(request, base_url + rest, path.removeprefix(rest), credential)
        except ApiError as error:
            return self._error(request, error)

    # -- REST

    def _rest(self, request: Request, base: str, path: str, credential: Credential | None) -> Response:
        version = self._version(request)
        method = "GET" if request.method == "HEAD" else request.method
        result = find_route(method, path)
        if result is None:
            raise ApiError(404, "Not Found")
        handler, args = result
        resource = "search" if path.startswith("/search/") else "core"
        self._spend(request, credential, resource, free=path == "/rate_limit")
        below = 4 if "owner" in args else 3
        tail = path
        if "owner" in args or "repository_id" in args:
            segments = path.split("/")[below:]
            tail = "/" + "/".join(segments) if segments else ""
        states = self._states(request)
        call = Call(self.site, request, base, args, tail, credential, version, states, self.behind)
        headers = {"X-GitHub-Api-Version-Selected": version, **self._scopes(credential)}
        try:
            reply = handler(call)
        except ApiError as error:
            return self._error(request, error, resource, headers)
        return self._reply(request, reply, resource, headers)

    def _reply(self, request: Request, reply: Reply, resource: str, headers: Mapping[str, str]) -> Response:
        body = b"" if reply.data is None else orjson.dumps(reply.data)
        extra = {**headers, **reply.headers}
        if request.method in ("GET", "HEAD") and reply.status == 200:
            tag = hashlib.sha256(_token(request).encode() + b"\0" + body).hexdigest()
            extra |= {"ETag": f'W/"{tag}"', "Cache-Control": "private, max-age=60, s-maxage=60"}
            if tag in request.headers.get("If-None-Match", ""):
                self.limits.give_back(_token(request), resource, self.site.now())
                return self._response(request, 304, b"", resource, extra)
        return self._response(request, reply.status, body, resource, extra)

    def _error(
        self,
        request: Request,
        error: ApiError,
        resource: str = "core",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        body = orjson.dumps(error.body())
        return self._response(request, error.status, body, resource, {**(headers or {}), **error.headers})

    def _response(
        self, request: Request, status: int, body: bytes, resource: str, headers: Mapping[str, str]
    ) -> Response:
        response = Response(body, status, content_type=_JSON if body else None)
        limits = self.limits.headers(self.site.settings, _token(request), resource, self.site.now())
        for name, value in {**self._common(), **limits, **headers}.items():
            response.headers[name] = value
        return response

    def _common(self) -> dict[str, str]:
        common = {
            "Date": http_date(self.site.clock.now()),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "Vary": "Accept, Authorization",
        }
        return (
            common
            if self.site.enterprise is None
            else {
                **common,
                "X-GitHub-Enterprise-Version": self.site.enterprise,
            }
        )

    # -- GraphQL

    def _graphql(self, request: Request, credential: Credential | None) -> Response:
        if request.method != "POST" or credential is None:
            raise ApiError(401, "This endpoint requires you to be authenticated.")
        site, token, now = self.site, _token(request), self.site.now()

        def pay(points: int) -> dict[str, int] | None:
            spent = site.settings.graphql_exhausted
            if spent or not self.limits.spend(site.settings, token, "graphql", now, points):
                return None
            return self.limits.state(site.settings, token, "graphql", now)

        body = answer_query(site, credential, request.get_data(), pay)
        return self._response(request, 200, orjson.dumps(body), "graphql", self._scopes(credential))

    # -- who asks, and how often

    def _credential(self, request: Request) -> Credential | None:
        """Whose token it is; None without one, and for an App's assertion, which its routes check."""
        token = _token(request)
        if not token or token.count(".") == 2:
            return None
        result = self.site.tokens.get(token)
        if result is None or (result.expires_at is not None and result.expires_at <= self.site.now()):
            raise ApiError(401, "Bad credentials")
        return result

    @staticmethod
    def _scopes(credential: Credential | None) -> dict[str, str]:
        if credential is None or not credential.scopes:
            return {}
        return {"X-OAuth-Scopes": ", ".join(credential.scopes), "X-Accepted-OAuth-Scopes": "repo"}

    def _version(self, request: Request) -> str:
        asked = request.headers.get("X-GitHub-Api-Version", OLD_VERSION)
        existing = (OLD_VERSION, NEW_VERSION) if self.site.enterprise is None else (OLD_VERSION,)
        if asked not in existing:
            raise ApiError(400, f"{asked} is not a supported version. Supported: {', '.join(existing)}.")
        return asked

    def _spend(self, request: Request, credential: Credential | None, resource: str, *, free: bool) -> None:
        site = self.site
        if free or self.limits.spend(site.settings, _token(request), resource, site.now()):
            return
        raise exhausted(site.account(credential.login).id if credential else 0)

    def _states(self, request: Request) -> dict[str, dict[str, int]]:
        token, now = _token(request), self.site.now()
        return {item: self.limits.state(self.site.settings, token, item, now) for item in RESOURCES}


def _token(request: Request) -> str:
    """What comes after `token` or `Bearer` in the Authorization header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.casefold() in ("token", "bearer") else ""


def _raw_path(request: Request) -> str:
    """The path within the site as it was sent, so that an encoded slash stays apart from a plain one."""
    raw = str(request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path)
    path = raw.partition("?")[0].removeprefix(request.environ.get("SCRIPT_NAME", ""))
    return path.rstrip("/") or "/"

"""Requests to one GitHub: authentication, redirects, pages, GraphQL; all under the one transport policy."""

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

import orjson
import requests
from github import Auth
from requests.utils import parse_header_links

from connectors.connector_state import ConnectorState
from connectors.errors import BadConfiguration, InvalidResponse, Missing, Refused
from connectors.github.app import app_auth
from connectors.github.explain import Explain
from connectors.github.limits import WRITE_RATES, RateLimits, graphql_errors, graphql_limited
from connectors.github.settings import GitHubSettings
from connectors.http.client import HttpClient
from connectors.http.response import HttpResponse, answer_time, explain_status
from connectors.http.session import HttpSession
from connectors.http.settings import variable

REDIRECTS = frozenset({301, 302, 307, 308})
_HEADERS = {"Accept": "application/vnd.github+json", "User-Agent": "milepost"}
_MOST_HOPS = 5
_NOT_SEEN = frozenset({"NOT_FOUND", "FORBIDDEN"})
"""Errors about one node of a GraphQL query; the others come all the same."""
_TOO_MUCH = frozenset({"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"})
_NO_FIELD = re.compile(r"doesn't exist on type|^Cannot query field|^No such type|^Unknown type")
_TOKEN_MARGIN = timedelta(minutes=10)
"""An installation's token lives for an hour; a request may have to wait for minutes before it goes out."""


class TooMuch(Refused):
    """GraphQL gives up a query that asks for too much at once; the same in smaller parts may be answered."""

    advice = "GitHub did not answer a query within its resource limits, however small its parts were"


class Unsupported(Exception):
    """This GitHub's GraphQL schema lacks a field of the query: an Enterprise Server too old for it."""


@dataclass(frozen=True, slots=True)
class _Token:
    """The token of an App's installation, and until when it is good."""

    auth: Auth.Token
    until: datetime


class GitHubClient(HttpClient):
    """One GitHub as JSON. Every method may raise a TrackerError."""

    def __init__(
        self,
        name: str,
        settings: GitHubSettings,
        memory: ConnectorState,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
        *,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.settings = settings
        self.variable = variable(name, "PRIVATE_KEY" if settings.app_id else "TOKEN")
        super().__init__(
            name,
            settings,
            memory,
            clock,
            notify,
            write_rates=WRITE_RATES,
            rate_limit=RateLimits(),
            explain=Explain(name, self.variable),
            sleep=sleep,
        )
        self._base = urlsplit(settings.url)
        self._graphql_url = f"{settings.url.removesuffix('/v3')}/graphql"
        self._app: Auth.AppAuth | None = None
        self._token: _Token | None = None
        self._signing = threading.Lock()
        token = settings.token
        self._fixed = Auth.Token(token.get_secret_value()) if token is not None else None

    def open_session(self) -> HttpSession:
        """See HttpClient."""
        return HttpSession(requests.Session(), self.settings.url, self.policy.timeout, self.settings.verify)

    def get(
        self,
        url: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        accept: Collection[int] = (),
        as_app: bool = False,
        resource: str = "core",
    ) -> HttpResponse:
        """GET a path, or a whole URL of this GitHub; moved places on the same host are followed.

        `resource` names the quota that it counts against: "core" or "search".
        """
        request = f"GET {urlsplit(url).path}"
        asked = dict(parameters or {})
        for _ in range(_MOST_HOPS):
            auth = self._app_auth() if as_app else self._auth()
            send = partial(self._send, auth, "GET", url, asked, None)
            answer = self.transport.read(request, send, accept={*accept, *REDIRECTS}, resource=resource)
            if answer.status not in REDIRECTS:
                return answer
            url, asked = self._follow(answer)
        raise BadConfiguration(self.name, request, f"moved more than {_MOST_HOPS} times in a row")

    def pages(self, url: str, parameters: Mapping[str, str | int] | None = None) -> Iterator[list[Any]]:
        """Every page of a list, along the Link headers."""
        return (answer.json_list() for answer in self.answers(url, parameters))

    def answers(
        self, url: str, parameters: Mapping[str, str | int] | None = None, *, resource: str = "core"
    ) -> Iterator[HttpResponse]:
        """The answer that holds each page, along the Link headers; InvalidResponse if they go in a circle."""
        seen: set[str] = set()
        following: str | None = url
        while following is not None:
            answer = self.get(following, parameters, resource=resource)
            seen.update((following, answer.url))  # the first is asked for by its path, and linked by its URL
            yield answer
            parameters, following = None, self.next_page(answer)
            if following in seen:
                raise InvalidResponse(self.name, answer.request, "the next page is one that came before")

    def next_page(self, answer: HttpResponse, relation: str = "next") -> str | None:
        """The next page by the Link header, None after the last.

        Raises InvalidResponse if it leads elsewhere, or if this page has a next one and yet no rows.

        `relation` is "next", or "prev", "first" or "last" for another page than the next.
        """
        for link in parse_header_links(answer.headers.get("link", "")):
            if link.get("rel") == relation:
                url = urljoin(answer.url, link.get("url", ""))
                if not self._ours(url):
                    message = f"the {relation} page is said to be on another server or path"
                    raise InvalidResponse(self.name, answer.request, message, "Check the url of this tracker")
                if relation == "next" and answer.body.strip() == b"[]":
                    message = "an empty page is followed by another, so rows are missing"
                    raise InvalidResponse(self.name, answer.request, message, "The next run reads it again")
                return url
        return None

    def page_number(self, url: str) -> int | None:
        """Which page a link leads to; None if it does not say."""
        text = parse_qs(urlsplit(url).query).get("page", [""])[0]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def moment(self, answer: HttpResponse) -> datetime:
        """The server's time when it answered; ours where it does not say."""
        return answer_time(answer) or self.clock()

    def write(
        self,
        verb: str,
        path: str,
        body: Any = None,
        *,
        repeatable: bool,
        accept: Collection[int] = (),
    ) -> HttpResponse:
        """Send a change once (or again, if `repeatable`). A redirect is given back, never followed."""
        send = partial(self._send, self._auth(), verb, path, None, body)
        return self.send_write(f"{verb} {path}", send, repeatable=repeatable, accept={*accept, *REDIRECTS})

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of a GraphQL query; what does not exist, or may not be seen, is null in it.

        Raises Unsupported where the server's schema lacks a field, a TrackerError for all else.
        """
        request = f"POST {urlsplit(self._graphql_url).path}"
        auth = self._auth()

        def send() -> HttpResponse:
            body = {"query": query, "variables": dict(variables)}
            answer = self._send(auth, "POST", self._graphql_url, None, body)
            # GraphQL says with HTTP 200 what REST says with 403, and so the transport shall see it.
            return replace(answer, status=403) if graphql_limited(answer) else answer

        answer = self.transport.read(request, send, resource="graphql")
        body = answer.json_object()
        data = body.get("data")
        tolerable = _NOT_SEEN if data else frozenset[str]()
        errors = [error for error in graphql_errors(body) if error.get("type") not in tolerable]
        if errors:
            raise self._sort_graphql(request, errors)
        if not isinstance(data, dict):
            raise InvalidResponse(self.name, request, "expected data in a GraphQL answer")
        return data

    def _send(
        self,
        auth: Auth.Auth,
        verb: str,
        url: str,
        parameters: Mapping[str, str | int] | None = None,
        body: Any = None,
    ) -> HttpResponse:
        """One request; `url` is a path below the base URL, or whole and on the same server.

        By our own session, with the authentication of PyGithub. Its requester (2.10, `__requestRaw`) follows
        a 301 without the query, and sends a change again there, and it sleeps where GitHub answers 202.
        """
        url = f"{self.settings.url}{url}" if url.startswith("/") else url
        headers = {**_HEADERS, "X-GitHub-Api-Version": self.settings.api_version}
        auth.authentication(headers)
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = orjson.dumps(body)
        with self.sessions.session() as session:
            return session.send(verb, url, headers, content, parameters)

    def _sort_graphql(self, request: str, errors: list[dict[str, Any]]) -> Exception:
        codes = {
            extensions.get("code") for e in errors if isinstance(extensions := e.get("extensions"), dict)
        }
        message = str(errors[0].get("message"))
        text = "".join(c if c.isprintable() else " " for c in message)[:300]
        if codes & {"undefinedField", "undefinedType"} or _NO_FIELD.search(message):
            return Unsupported(text)
        kinds = {error.get("type") for error in errors}
        if kinds & _TOO_MUCH:
            return TooMuch(self.name, request, text)
        if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            return Refused(self.name, request, text, "The account lacks the permission to read this")
        return InvalidResponse(self.name, request, f"GraphQL answered with an error: {text}")

    def _follow(self, answer: HttpResponse) -> tuple[str, dict[str, str | int]]:
        """Where a redirect leads on the same server, with the query that was asked; else raises."""
        url = urljoin(answer.url, answer.headers.get("location", ""))
        if "location" not in answer.headers or not self._ours(url):
            raise explain_status(self.name, answer.request, answer)
        asked = urlsplit(answer.url).query
        if asked and not urlsplit(url).query:
            url = f"{url}?{asked}"
        return url, {}

    def _ours(self, url: str) -> bool:
        """Whether a URL keeps scheme, host, port and prefix of the base URL, where the token may go."""
        try:
            parts = urlsplit(url)
            same = _origin(parts) == _origin(self._base)
        except ValueError:
            return False
        prefix = self._base.path.rstrip("/")
        return same and (parts.path == prefix or parts.path.startswith(f"{prefix}/"))

    def _auth(self) -> Auth.Auth:
        if self.settings.app_id is not None:
            return self._installation_token()
        if self._fixed is None:
            raise BadConfiguration(self.name, "", "no token is set", f"Set {self.variable}")
        return self._fixed

    def _app_auth(self) -> Auth.AppAuth:
        if self._app is None:
            self._app = app_auth(self.name, self.settings)
        return self._app

    def _installation_token(self) -> Auth.Token:
        with self._signing:
            if self._token is None or self._token.until - _TOKEN_MARGIN < self.clock():
                self._token = self._ask_for_token()
            return self._token.auth

    def _ask_for_token(self) -> _Token:
        """An installation's token; asking twice only gives two, so this may be repeated."""
        path = f"/app/installations/{self.settings.installation_id}/access_tokens"
        app = self._app_auth()
        try:
            answer = self.transport.read(f"POST {path}", lambda: self._send(app, "POST", path, None, {}))
        except Missing as problem:
            hint = "Check app_id and installation_id, and that the App is still installed"
            raise BadConfiguration(self.name, problem.request, problem.reason, hint) from problem
        result = answer.json_object()
        try:
            until = datetime.fromisoformat(result["expires_at"])
            return _Token(Auth.Token(result["token"]), until.astimezone(UTC))
        except (KeyError, TypeError, ValueError, OverflowError, AssertionError) as problem:
            message = "expected a token and the time when it expires"
            raise InvalidResponse(self.name, answer.request, message) from problem


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.scheme, parts.hostname, parts.port or usual)

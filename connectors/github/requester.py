"""PyGithub's requester over one HTTP exchange at a time, as plain JSON, with nothing done behind our back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from github import Auth, Github
from github.Requester import HTTPSRequestsConnectionClass, Requester, RequestsResponse
from requests import Response

from connectors.errors import BadConfiguration
from connectors.github.settings import GitHubSettings
from connectors.http.response import HttpResponse
from connectors.http.session import HttpSession
from connectors.http.transport import RetryPolicy

USER_AGENT = "milepost"
_ACCEPT = "application/vnd.github+json"


class _Done(RequestsResponse):
    """What the requester sees of every answer: a plain success, so that it neither redirects nor waits."""

    def __init__(self) -> None:
        super().__init__(Response())
        self.status = 200

    def read(self) -> str:
        return ""


class _Wire(HTTPSRequestsConnectionClass):
    """One exchange with two time-outs and a bounded body; keeps the answer for us.

    The requester builds URL, headers, authentication and body, which is what the library is good at. Its
    own way with answers is not wanted: it follows a 301 and drops the query (and sends a POST again), takes
    a 307 for success, and sleeps on a 202. `requestJson` takes a connection as its argument, so this
    one answers it with an empty 200.
    """

    def __init__(
        self, requester: Requester, port: int | None, policy: RetryPolicy, verify: bool | str
    ) -> None:
        port = port or (443 if requester.scheme == "https" else 80)
        super().__init__(requester.hostname, port, retry=None, verify=verify)
        self.protocol = requester.scheme
        host = f"[{self.host}]" if ":" in self.host else self.host
        self._place = f"{self.protocol}://{host}:{self.port}"
        self._exchange = HttpSession(self.session, self._place, policy.timeout, verify)
        self._answers: list[HttpResponse] = []

    def getresponse(self) -> RequestsResponse:
        url = f"{self._place}{self.url}"
        self._answers = [self._exchange.send(self.verb, url, self.headers, self.input)]
        return _Done()

    def take(self) -> HttpResponse:
        """The answer to the request that just went out."""
        return self._answers.pop()


class _Line:
    """One connection with the requester that speaks on it; for one thread at a time."""

    def __init__(self, plain: Requester, policy: RetryPolicy, verify: bool | str) -> None:
        port = plain.hostname_and_port.removeprefix(plain.hostname).removeprefix(":")
        self.wire = _Wire(plain, int(port) if port else None, policy, verify)
        self._plain = plain
        self._auth: Auth.Auth | None = None
        self._signed = plain

    def requester(self, auth: Auth.Auth | None) -> Requester:
        """The requester that signs as `auth`, made anew only for another one."""
        if auth is not self._auth:
            self._signed = self._plain.withAuth(auth)
            self._auth = auth
        return self._signed


class GitHubRequester:
    """Sends requests to one GitHub, from as many threads as want to: one connection for each at a time."""

    def __init__(self, tracker: str, settings: GitHubSettings, policy: RetryPolicy) -> None:
        self._tracker = tracker
        self._ca_file = settings.ca_file
        self._policy = policy
        self._verify: bool | str = str(settings.ca_file) if settings.ca_file else True
        github = Github(
            base_url=settings.url,
            timeout=max(1, round(policy.read_timeout)),
            user_agent=USER_AGENT,
            per_page=100,
            verify=self._verify,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
            api_version=settings.api_version,
        )
        self._plain = github.requester
        self._lock = threading.Lock()
        self._idle: list[_Line] = []
        self._closed = False
        self.graphql_url = self._plain.graphql_url

    def send(
        self,
        auth: Auth.Auth | None,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        body: Any = None,
    ) -> HttpResponse:
        """One HTTP request; `url` is a path below the base URL, or whole and on the same host."""
        if self._ca_file is not None and not self._ca_file.is_file():
            message = f"there is no file {self._ca_file}"
            raise BadConfiguration(self._tracker, "", message, "Let ca_file name certificates in PEM format")
        sent = {"Accept": _ACCEPT}
        with self._line() as line:
            line.requester(auth).requestJson(verb, url, parameters, sent, body, line.wire)
            return line.wire.take()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for line in idle:
            line.wire.close()

    @contextmanager
    def _line(self) -> Iterator[_Line]:
        with self._lock:
            line = self._idle.pop() if self._idle else None
        line = line or _Line(self._plain, self._policy, self._verify)
        try:
            yield line
        finally:
            with self._lock:
                kept = not self._closed
                if kept:
                    self._idle.append(line)
            if not kept:
                line.wire.close()  # a thread that was still speaking when everything was closed


def app_auth(tracker: str, settings: GitHubSettings) -> Auth.AppAuth:
    """The App's own identity, which signs for an installation's token. Raises BadConfiguration."""
    if settings.private_key is not None:
        key = settings.private_key.get_secret_value()
    else:
        key = _key_file(tracker, settings.private_key_file)
    auth = Auth.AppAuth(settings.app_id or 0, key)
    try:
        auth.create_jwt()
    except Exception as problem:  # PyJWT and cryptography each have errors of their own for a bad key
        message = f"the App's private key cannot sign ({type(problem).__name__})"
        hint = "Expected the PEM file that GitHub made, with its BEGIN and END lines"
        raise BadConfiguration(tracker, "", message, hint) from None
    return auth


def _key_file(tracker: str, file: Path | None) -> str:
    if file is None:
        raise BadConfiguration(tracker, "", "the App has no private key", "Set private_key_file")
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as problem:
        message = f"cannot read private_key_file {file} ({type(problem).__name__})"
        raise BadConfiguration(
            tracker, "", message, "Expected a PEM file that this user may read"
        ) from problem

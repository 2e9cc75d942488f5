"""PyGithub's requester over one HTTP exchange at a time, as plain JSON, with nothing done behind our back."""

from pathlib import Path
from typing import Any

from github import Auth, Github
from github.Requester import HTTPSRequestsConnectionClass, Requester, RequestsResponse
from requests import Response

from connectors.answer import Answer, read_answer
from connectors.contract import BadConfiguration
from connectors.github.settings import GitHubSettings
from connectors.transport import Policy

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

    def __init__(self, requester: Requester, port: int | None, policy: Policy, verify: bool | str) -> None:
        port = port or (443 if requester.scheme == "https" else 80)
        super().__init__(requester.hostname, port, retry=None, verify=verify)
        self.protocol = requester.scheme
        self.policy = policy
        self._answers: list[Answer] = []

    def getresponse(self) -> RequestsResponse:
        host = f"[{self.host}]" if ":" in self.host else self.host
        response = self.session.request(
            self.verb,
            f"{self.protocol}://{host}:{self.port}{self.url}",
            headers=self.headers,
            data=self.input,
            timeout=self.policy.timeout,
            verify=self.verify,
            allow_redirects=False,
            stream=True,
        )
        self._answers = [read_answer(response)]
        return _Done()

    def take(self) -> Answer:
        """The answer to the request that just went out."""
        return self._answers.pop()


class Wire:
    """Sends requests to one GitHub, one at a time."""

    def __init__(self, tracker: str, settings: GitHubSettings, policy: Policy) -> None:
        self._tracker = tracker
        self._ca_file = settings.ca_file
        verify: bool | str = str(settings.ca_file) if settings.ca_file else True
        github = Github(
            base_url=settings.url,
            timeout=max(1, round(policy.read_timeout)),
            user_agent=USER_AGENT,
            per_page=100,
            verify=verify,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
            api_version=settings.api_version,
        )
        self._plain = github.requester
        port = self._plain.hostname_and_port.removeprefix(self._plain.hostname).removeprefix(":")
        self._wire = _Wire(self._plain, int(port) if port else None, policy, verify)
        self.graphql_url = self._plain.graphql_url

    def send(
        self,
        auth: Auth.Auth | None,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        body: Any = None,
    ) -> Answer:
        """One HTTP request; `url` is a path below the base URL, or whole and on the same host."""
        if self._ca_file is not None and not self._ca_file.is_file():
            said = f"there is no file {self._ca_file}"
            raise BadConfiguration(self._tracker, "", said, "Let ca_file name certificates in PEM format")
        requester = self._plain.withAuth(auth) if auth else self._plain
        requester.requestJson(verb, url, parameters, {"Accept": _ACCEPT}, body, self._wire)
        return self._wire.take()

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


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
        said = f"the App's private key cannot sign ({type(problem).__name__})"
        hint = "Expected the PEM file that GitHub made, with its BEGIN and END lines"
        raise BadConfiguration(tracker, "", said, hint) from None
    return auth


def _key_file(tracker: str, file: Path | None) -> str:
    if file is None:
        raise BadConfiguration(tracker, "", "the App has no private key", "Set private_key_file")
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as problem:
        said = f"cannot read private_key_file {file} ({type(problem).__name__})"
        raise BadConfiguration(tracker, "", said, "Expected a PEM file that this user may read") from problem

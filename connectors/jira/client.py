"""Requests to one Jira through the `jira` library's session; what kind of Jira it is, and whose login."""

import math
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import orjson
from jira import JIRA

from connectors import bounds
from connectors.connector_state import ConnectorState, recall, remember
from connectors.errors import BadConfiguration, InvalidResponse, Missing, TrackerError
from connectors.http.client import HttpClient
from connectors.http.response import HttpResponse, answer_time, explain_status
from connectors.http.session import HttpSession
from connectors.http.urls import SANDBOX, base_url
from connectors.jira.account import Account, Server
from connectors.jira.explain import Explain
from connectors.jira.json_answers import Json
from connectors.jira.limits import WRITE_RATES, login_failed, names_caller, pace, rate_limit, says_cloud
from connectors.jira.settings import GATEWAY_HOST, JiraSettings

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
_SERVER = "jira.server"
_SKEW = "jira.skew"
_SKEW_STEP = 30.0
"""Seconds by which the clocks' difference must have changed to be worth remembering anew."""


class JiraClient(HttpClient):
    """One run's requests, from any thread. No answer is believed before one has proved the login.

    Jira answers wrong credentials with what anybody may see; so either the headers of an answer say whose
    it is, or `/myself` is asked.
    """

    def __init__(
        self,
        name: str,
        settings: JiraSettings,
        memory: ConnectorState,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
    ) -> None:
        self.settings = settings
        super().__init__(
            name, settings, memory, clock, notify, write_rates=WRITE_RATES, rate_limit=rate_limit, pace=pace
        )
        self._explain = Explain(name, settings)
        self._proved = False
        self._account: Account | None = None
        self._server: Server | None = None
        self._server_time: datetime | None = None
        self._skew = bounds.skew(_number(memory.get(_SKEW)))
        self.asked_at: datetime | None = None
        """When the latest request was sent, by the server's clock; None if the answer had no Date."""

    def close(self) -> None:
        """Close the connections, and remember how much of the quota is used and how the clocks differ."""
        super().close()
        skew = bounds.skew(self._skew)
        if abs(skew - _number(self.memory.get(_SKEW))) > _SKEW_STEP:
            self.memory.set(_SKEW, f"{skew:.0f}")

    def open_session(self) -> HttpSession:
        """See HttpClient. The `jira` library logs in, and sends the headers that Jira asks of a script.

        Only its session is used, which has no public name (jira 3.10, client.py): its own `request` raises
        for each refusal, waits by itself where Jira asks to, and reads an answer whole, however long.
        """
        missing = self.settings.secrets_missing(self.name)
        if missing:
            raise BadConfiguration(self.name, "", "no credentials", f"Set {' and '.join(missing)}")
        if self.settings.url == SANDBOX:
            raise BadConfiguration(self.name, "", "the sandbox is not running", "Give a real url")
        token = self.settings.token.get_secret_value() if self.settings.token else ""
        basic = self.settings.login == "basic"
        library = JIRA(
            options={"server": self.settings.url},
            basic_auth=(self.settings.email or "", token) if basic else None,
            token_auth=None if basic else token,
            get_server_info=False,
            max_retries=0,
            logging=False,
        )
        return HttpSession(library._session, self.settings.url, self.policy.timeout, self.settings.verify)

    # Requests

    def get(
        self, path: str, params: Mapping[str, object] | None = None, *, accept: Collection[int] = ()
    ) -> HttpResponse:
        """GET below `/rest/api/2/`."""
        return self._read("GET", path, params, None, accept)

    def ask(self, path: str, body: Json, *, accept: Collection[int] = ()) -> HttpResponse:
        """A POST that only reads."""
        return self._read("POST", path, None, body, accept)

    def change(
        self,
        method: str,
        path: str,
        body: Json | None,
        *,
        repeatable: bool,
        accept: Collection[int] = (),
        params: Mapping[str, object] | None = None,
    ) -> HttpResponse:
        """A request that changes something; it is proved first who sends it."""
        self.account()
        return self.send_write(
            self.request(method, path),
            lambda: self._send(method, path, params, body),
            repeatable=repeatable,
            accept=accept,
            explain=self._explain.write,
            subject="/".join(path.split("/")[:2]),
        )

    def _read(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None,
        body: Json | None,
        accept: Collection[int],
    ) -> HttpResponse:
        """One answer that is proved to be the account's own."""
        if not self._proved and self._server is None and not self._recall():
            self.account()  # a first contact: say what is wrong with the login before all else
        answer = self._read_unproved(method, path, params, body, accept)
        self._prove()
        return answer

    def _prove(self) -> None:
        if not self._proved:
            asked_at = self.asked_at
            self.account()
            self.asked_at = asked_at

    def _read_unproved(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None = None,
        body: Json | None = None,
        accept: Collection[int] = (),
    ) -> HttpResponse:
        request = self.request(method, path)
        try:
            answer = self.transport.read(
                request,
                lambda: self._send(method, path, params, body),
                accept=accept,
                explain=self._explain.read,
            )
        except Missing as gone:
            if path not in ("myself", "serverInfo"):
                raise
            hint = "Check the url, its path included"
            raise BadConfiguration(self.name, request, f"no Jira here ({gone.reason})", hint) from gone
        if answer.headers.get("x-ausername", "").lower() == "anonymous" or login_failed(answer):
            raise self._explain.refused_login(request, "answered, but to nobody: the login failed")
        self._proved = self._proved or names_caller(answer)
        return answer

    def first_contact(self, path: str) -> HttpResponse:
        """GET something that every Jira has; its headers may tell what kind of Jira it is."""
        answer = self._read_unproved("GET", path)
        self._prove()
        if self._server is None and self._recall() is None:
            cloud = says_cloud(answer)
            if cloud is not None and self.settings.host != GATEWAY_HOST:
                self._remember(Server(cloud, "?", self._site(None)))
        return answer

    def _send(
        self, method: str, path: str, params: Mapping[str, object] | None, body: Json | None
    ) -> HttpResponse:
        url = f"{self.settings.url}/rest/api/2/{path}"
        content = None if body is None else orjson.dumps(body)
        texts = {name: str(value) for name, value in (params or {}).items()}
        with self.sessions.session() as session:
            began = time.monotonic()
            answer = session.send(method, url, _HEADERS, content, texts)
            took = int(time.monotonic() - began)
        self._note_time(answer, timedelta(seconds=took))
        return answer

    def _note_time(self, answer: HttpResponse, took: timedelta) -> None:
        date = answer_time(answer)
        self.asked_at = date - took if date is not None else None
        if date is not None:
            self._skew = date.timestamp() - self.clock().timestamp()

    def request(self, method: str, path: str) -> str:
        """How errors name a request below `/rest/api/2/`."""
        return f"{method} {urlsplit(self.settings.url).path}/rest/api/2/{path}"

    # The server and the account

    def account(self) -> Account:
        """Who the credentials belong to; asked once a run. Raises BadConfiguration if to nobody."""
        if self._account is None:
            answer = self._read_unproved("GET", "myself")
            body = answer.json_object()
            result = body.get("accountId") or body.get("key") or body.get("name")
            if not isinstance(result, str):
                raise InvalidResponse(self.name, answer.request, "says not whose the credentials are")
            name = body.get("name") if "accountId" not in body else body.get("displayName")
            self._account = Account(result, name if isinstance(name, str) else "")
            self._proved = True
        return self._account

    def server(self) -> Server:
        """What kind of Jira this is, from memory where it was asked before."""
        if self._server is None:
            self._server = self._recall() or self.ask_server()
        return self._server

    def ask_server(self) -> Server:
        """What kind of Jira this is now; remembered."""
        answer = self.get("serverInfo")
        body = answer.json_object()
        self._server_time = _whole_seconds(bounds.server_time(bounds.moment(body.get("serverTime"))))
        if self.asked_at is None and self._server_time is not None:
            self._skew = self._server_time.timestamp() - self.clock().timestamp()
        kind, version = body.get("deploymentType"), body.get("version")
        if kind is None and not isinstance(version, str):
            raise InvalidResponse(self.name, answer.request, "this is no answer of a Jira", "Check the url")
        return self._remember(Server(kind == "Cloud", str(version or "?"), self._site(body.get("baseUrl"))))

    def _remember(self, server: Server) -> Server:
        self._server = server
        existing = {"url": self.settings.url, "cloud": server.cloud, "version": server.version}
        remember(self.memory, _SERVER, {**existing, "site": server.site})
        return server

    def ask_time(self) -> datetime:
        """The server's time now, in whole seconds: its own word, or the Date header of its answer."""
        self.ask_server()
        return self._server_time or self.now()

    def ask_server_time(self) -> datetime | None:
        """The same, by the server alone; None if it sends no time, since our clock may be wrong."""
        self.ask_server()
        return self.asked_at or self._server_time

    def now(self) -> datetime:
        """The tracker's own time, in whole seconds: by its latest answer, else as far as it is remembered."""
        return datetime.fromtimestamp(math.floor(self.clock().timestamp() + self._skew), UTC)

    def _recall(self) -> Server | None:
        existing = recall(self.memory, _SERVER)
        if existing.get("url") != self.settings.url:
            return None
        cloud, version, site = existing.get("cloud"), existing.get("version"), existing.get("site")
        if not (isinstance(cloud, bool) and isinstance(version, str) and isinstance(site, str)):
            return None
        return Server(cloud, version, site)

    def _site(self, reported_url: object) -> str:
        """Where people open issues. Behind the gateway only the server tells; else the settings do."""
        if self.settings.site_url is not None:
            return self.settings.site_url
        if self.settings.host == GATEWAY_HOST and isinstance(reported_url, str):
            try:
                return base_url(reported_url)
            except ValueError:
                return self.settings.url
        return self.settings.url

    def refused(self, answer: HttpResponse) -> TrackerError:
        """The error for a write that was accepted for closer inspection and is refused after all."""
        explained = self._explain.write(answer.request, answer)
        return explained or explain_status(self.name, answer.request, answer)


def _number(text: str | None) -> float:
    """A number that was remembered as text; 0 for anything else."""
    try:
        result = float(text or 0)
    except ValueError:
        return 0.0
    return result if math.isfinite(result) else 0.0


def _whole_seconds(when: datetime | None) -> datetime | None:
    return when.replace(microsecond=0) if when is not None else None

"""Sends requests to one Jira through the `jira` library's session, and remembers what kind of Jira it is."""

import math
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import orjson
from jira import JIRA

from connectors import bounds
from connectors.connector_state import recall, remember
from connectors.errors import BadConfiguration, InvalidResponse, Missing, TrackerError
from connectors.http.allowance import keep, kept
from connectors.http.session import HttpSession
from connectors.http.settings import variable
from connectors.http.transport import (
    HttpResponse,
    QuotaBudget,
    RetryPolicy,
    Transport,
    explain_status,
    message_in,
)
from connectors.http.urls import SANDBOX, base_url
from connectors.http.write_rate import JIRA_WRITES, WriteRates
from connectors.interface import ConnectorState
from connectors.jira.account import Account, Server
from connectors.jira.json_answers import Json
from connectors.jira.limits import heard_at, login_failed, names_caller, pace, rate_limit, says_cloud
from connectors.jira.plain_values import number, whole_seconds
from connectors.jira.settings import CLOUD_DOMAIN, GATEWAY_HOST, JiraSettings

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
_SERVER = "jira.server"
_SKEW = "jira.skew"
_SKEW_NEWS = 30.0
"""Seconds by which the clocks' difference must have changed to be worth remembering anew."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One client of the library, and the exchange over its session."""

    client: JIRA
    exchange: HttpSession

    def close(self) -> None:
        """Close the connections."""
        self.client._session.close()


class JiraClient:
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
        self.name = name
        self.settings = settings
        self.memory = memory
        self.notify = notify
        self._clock = clock
        self._policy = RetryPolicy(
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            attempts=settings.attempts,
            max_wait=settings.max_wait,
            write_spacing=settings.write_spacing,
            backoff=settings.backoff,
        )
        self.transport = Transport(
            name,
            self._policy,
            clock=lambda: self._clock().timestamp(),
            notify=notify,
            rate_limit=rate_limit,
            pace=pace,
            budget=QuotaBudget(settings.api_share, kept(memory)),
            rates=WriteRates(JIRA_WRITES if settings.write_spacing else (), settings.write_spacing),
            secrets=settings.secrets(),
        )
        self._lock = threading.Lock()
        self._idle: list[_Line] = []
        self._closed = False
        self._proved = False
        self._account: Account | None = None
        self._server: Server | None = None
        self._server_time: datetime | None = None
        self._skew = bounds.skew(number(memory.get(_SKEW)))
        self.asked_at: datetime | None = None
        """When the latest request was sent, by the server's clock; None if the answer told no time."""

    def close(self) -> None:
        """Drop the connections, and remember how much of the API quota is used."""
        with self._lock:
            self._closed = True
        while self._idle:
            self._idle.pop().close()
        keep(self.memory, self.transport.budget.allowances())
        skew = bounds.skew(self._skew)
        if abs(skew - number(self.memory.get(_SKEW))) > _SKEW_NEWS:
            self.memory.set(_SKEW, f"{skew:.0f}")

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
        return self.transport.write(
            self.request(method, path),
            lambda: self._send(method, path, params, body),
            repeatable=repeatable,
            accept=accept,
            explain=self._explain_write,
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
        """One answer that is known to be the account's own; whatever does not prove it is not believed."""
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
                explain=self._explain_read,
            )
        except Missing as gone:
            if path not in ("myself", "serverInfo"):
                raise
            hint = "Check the url, its path included"
            raise BadConfiguration(self.name, request, f"no Jira here ({gone.reason})", hint) from gone
        if answer.headers.get("x-ausername", "").lower() == "anonymous" or login_failed(answer):
            raise self.refused_login(request, "answered, but to nobody: the login failed")
        self._proved = self._proved or names_caller(answer)
        return answer

    def first_contact(self, path: str) -> HttpResponse:
        """GET something that every Jira has; its headers may tell all that is to be known beforehand."""
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
        line = self._take()
        began = time.monotonic()
        try:
            answer = line.exchange.send(
                method,
                line.client._get_url(path),
                _HEADERS,
                None if body is None else orjson.dumps(body),
                {name: str(value) for name, value in (params or {}).items()},
            )
        except BaseException:
            line.close()  # a connection that failed is not used again
            raise
        self._give_back(line)
        self._note_time(answer, timedelta(seconds=int(time.monotonic() - began)))
        return answer

    def _note_time(self, answer: HttpResponse, took: timedelta) -> None:
        date = heard_at(answer)
        self.asked_at = date - took if date is not None else None
        if date is not None:
            self._skew = date.timestamp() - self._clock().timestamp()

    def _take(self) -> "_Line":
        """A client that no other thread uses now: the library's sessions are not made for sharing."""
        with self._lock:
            return self._idle.pop() if self._idle else self._open()

    def _give_back(self, line: "_Line") -> None:
        """Keep it for the next request; or end it, if everything was closed while it was speaking."""
        with self._lock:
            if not self._closed:
                self._idle.append(line)
                return
        line.close()

    def _open(self) -> "_Line":
        """A new client of the library; making it sends nothing."""
        missing = self.settings.secrets_missing(self.name)
        if missing:
            raise BadConfiguration(self.name, "", "no credentials", f"Set {' and '.join(missing)}")
        if self.settings.url == SANDBOX:
            raise BadConfiguration(self.name, "", "the sandbox is not running", "Give a real url")
        token = self.settings.token.get_secret_value().strip() if self.settings.token else ""
        basic = self.settings.login == "basic"
        client = JIRA(
            options={"server": self.settings.url},
            basic_auth=(self.settings.email or "", token) if basic else None,
            token_auth=None if basic else token,
            get_server_info=False,
            max_retries=0,
            timeout=self._policy.timeout,
            logging=False,
        )
        verify: bool | str = str(self.settings.ca_file) if self.settings.ca_file else True
        exchange = HttpSession(client._session, self.settings.url, self._policy.timeout, verify)
        return _Line(client, exchange)

    def request(self, method: str, path: str) -> str:
        """How errors name a request below `/rest/api/2/`."""
        return f"{method} {urlsplit(self.settings.url).path}/rest/api/2/{path}"

    # What is known of the server and the account

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
        self._server_time = bounds.server_time(whole_seconds(body.get("serverTime")))
        if self.asked_at is None and self._server_time is not None:
            self._skew = self._server_time.timestamp() - self._clock().timestamp()
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

    def ask_told_time(self) -> datetime | None:
        """The same, by the server alone; None if it tells no time at all, since our clock may be wrong."""
        self.ask_server()
        return self.asked_at or self._server_time

    def now(self) -> datetime:
        """The tracker's own time, in whole seconds: by its latest answer, else as far as it is remembered."""
        return datetime.fromtimestamp(math.floor(self._clock().timestamp() + self._skew), UTC)

    def _recall(self) -> Server | None:
        existing = recall(self.memory, _SERVER)
        if existing.get("url") != self.settings.url:
            return None
        cloud, version, site = existing.get("cloud"), existing.get("version"), existing.get("site")
        if not (isinstance(cloud, bool) and isinstance(version, str) and isinstance(site, str)):
            return None
        return Server(cloud, version, site)

    def _site(self, told_url: object) -> str:
        """Where people open issues. Behind the gateway only the server knows; else the user knows better."""
        if self.settings.site_url is not None:
            return self.settings.site_url
        if self.settings.host == GATEWAY_HOST and isinstance(told_url, str):
            try:
                return base_url(told_url)
            except ValueError:
                return self.settings.url
        return self.settings.url

    # Errors

    def refused_login(self, request: str, reason: str) -> BadConfiguration:
        """The error for credentials that Jira does not take, with what usually is wrong."""
        hint = f"Check {variable(self.name, 'TOKEN')}: wrong, expired or revoked"
        if self.settings.login == "basic":
            hint += f"; and {variable(self.name, 'EMAIL')}: the address of the token's owner"
        if self.settings.host.endswith(CLOUD_DOMAIN):
            hint += f"; scoped tokens need read:jira-user and url = https://{GATEWAY_HOST}/ex/jira/<cloudId>"
        return BadConfiguration(self.name, request, reason, hint)

    def refused(self, answer: HttpResponse) -> TrackerError:
        """The error for a write that was accepted for closer inspection and is refused after all."""
        explained = self._explain_write(answer.request, answer)
        return explained or explain_status(self.name, answer.request, answer)

    def _explain_read(self, request: str, answer: HttpResponse) -> TrackerError | None:
        if answer.status == 400:
            hint = "Check the jql, the projects and the queries of this tracker"
            return BadConfiguration(self.name, request, message_in(answer), hint)
        return self._explain_write(request, answer)

    def _explain_write(self, request: str, answer: HttpResponse) -> TrackerError | None:
        denied = answer.headers.get("x-authentication-denied-reason", "")
        if "CAPTCHA" in denied.upper():
            hint = "Log in once through the browser as this account, then try again"
            return BadConfiguration(self.name, request, "Jira wants a CAPTCHA from this account", hint)
        if answer.status == 401 or (answer.status == 403 and login_failed(answer)):
            return self.refused_login(request, message_in(answer))
        if answer.status in (301, 302, 303, 307, 308):
            error = explain_status(self.name, request, answer)
            return BadConfiguration(
                self.name, request, error.reason, f"{error.hint}; a login page means that the login failed"
            )
        return None

"""Requests over a client's session: what the environment and the server say is honoured, once and for all."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests
from urllib3 import HTTPConnectionPool, PoolManager

from connectors.errors import BadConfiguration
from connectors.http.deadline import bound
from connectors.http.session import HttpSession
from tests.loopback import Loopback, without_environment

TIMEOUT = (5.0, 5.0)


class _Handler(BaseHTTPRequestHandler):
    """Notes every request and answers it with a cookie; as a proxy it refuses."""

    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append((self.requestline, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Set-Cookie", "node=three")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_CONNECT(self) -> None:
        self.asked.append((self.requestline, {}))
        self.send_error(502)


class _Server(Loopback):
    """A server on loopback that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(type("Handler", (_Handler,), {"asked": self.asked}))


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    without_environment(monkeypatch)


@pytest.fixture
def server() -> Iterator[_Server]:
    found = _Server()
    yield found
    found.close()


def test_a_proxy_of_the_environment_is_used(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "elsewhere.invalid")
    with requests.Session() as session:
        exchange = HttpSession(session, "https://tracker.invalid", TIMEOUT, True)
        with pytest.raises(requests.exceptions.ProxyError):
            exchange.send("GET", "https://tracker.invalid/x", {}, None)
    assert [line.rpartition(" ")[0] for line, _ in server.asked] == ["CONNECT tracker.invalid:443"]


def test_a_managers_own_connections_stay_its_own() -> None:
    """Those through a SOCKS proxy, say: others would go past it."""

    class Own(HTTPConnectionPool):
        pass

    manager = PoolManager()
    manager.pool_classes_by_scheme = {"http": Own}
    bound(manager)
    assert isinstance(manager.connection_from_url("http://tracker.invalid"), Own)


def test_this_machine_is_asked_without_a_proxy(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with requests.Session() as session:
        answer = HttpSession(session, server.url, TIMEOUT, True).send("GET", f"{server.url}/x", {}, None)
    assert answer.json() == {}


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_the_environment_names_are_the_ones_that_count(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "company.pem"))
    with requests.Session() as session:
        exchange = HttpSession(session, "https://127.0.0.1:9", TIMEOUT, True)
        with pytest.raises(BadConfiguration, match=r"company\.pem"):
            exchange.send("GET", "https://127.0.0.1:9/x", {}, None)


def test_the_sessions_headers_and_login_go_out_and_no_netrc_file_is_read(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    with requests.Session() as session:
        session.headers["X-Client"] = "milepost"
        exchange = HttpSession(session, server.url, TIMEOUT, True)
        exchange.send("GET", f"{server.url}/x", {"Accept": "a/b"}, None, {"q": "a b"})
        session.auth = ("ana", "secret")
        exchange.send("GET", f"{server.url}/x", {}, None)
    (line, plain), (_, signed) = server.asked
    assert line == "GET /x?q=a+b HTTP/1.1"
    assert (plain["x-client"], plain["accept"]) == ("milepost", "a/b")
    assert "authorization" not in plain
    assert signed["authorization"].startswith("Basic ")


def test_a_cookie_comes_back_with_the_next_request_of_the_same_session(server: _Server) -> None:
    with requests.Session() as session:
        exchange = HttpSession(session, server.url, TIMEOUT, True)
        for _ in range(2):
            exchange.send("GET", f"{server.url}/x", {}, None)
    first, second = (headers for _, headers in server.asked)
    assert "cookie" not in first
    assert second["cookie"] == "node=three"


def test_a_redirect_is_given_back_and_not_followed(server: _Server) -> None:
    with requests.Session() as session:
        answer = HttpSession(session, server.url, TIMEOUT, True).send("GET", f"{server.url}/moved", {}, None)
    assert (answer.status, len(server.asked)) == (302, 1)

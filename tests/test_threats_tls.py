"""TLS to a tracker: checked always, with a company's own authority if it is named, and never switched off."""

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from connectors.errors import BadConfiguration, TrackerError
from connectors.registry import connector
from tests.conformance import DictMemory
from tests.github_builders import NOW
from tests.loopback import Loopback, without_environment

KINDS = pytest.mark.parametrize("kind", ["jira", "github"])
OWN: dict[str, dict[str, Any]] = {
    "jira": {"projects": ["BLOG"], "email": "bot@acme.example"},
    "github": {"repositories": ["acme/site"]},
}
OFF = (
    "verify",
    "verify_ssl",
    "insecure",
    "ssl_verify",
    "tls_verify",
    "skip_verify",
    "allow_insecure",
    "check_tls",
)


class _Refuses(BaseHTTPRequestHandler):
    """Notes who got through to it with which credential, and answers that nothing is there."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        self.send_response(404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


class Server(Loopback):
    """An HTTPS server on loopback with a certificate by an authority of its own."""

    def __init__(self, folder: Path, *names: str, oldest: ssl.TLSVersion | None = None) -> None:
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        if oldest is not None:
            context.minimum_version = context.maximum_version = oldest
        self.seen: list[str] = []
        super().__init__(type("Handler", (_Refuses,), {"seen": self.seen}), context)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    without_environment(monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path, "localhost")
    yield running
    running.close()


def what_came_of(kind: str, url: str, **more: object) -> TrackerError:
    """How a reading ends; the server never lets one succeed."""
    found = connector(kind)
    assert found is not None
    usual = {"kind": kind, "url": url, "token": "hush-hush-hush", "attempts": 1, "read_timeout": 5}
    settings = found.settings.model_validate({**usual, **OWN[kind], **more})
    tracker = found.open(kind, settings, memory=DictMemory(), clock=lambda: NOW, notify=lambda _line: None)
    with pytest.raises(TrackerError) as caught:
        tracker.reader.present()
    tracker.close()
    return caught.value


@KINDS
def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_token_goes_out(
    kind: str, server: Server
) -> None:
    error = what_came_of(kind, server.url)
    assert isinstance(error, BadConfiguration)
    assert "certificate is not trusted" in error.reason
    assert "ca_file" in error.hint
    assert server.seen == []


@KINDS
def test_the_authority_that_the_settings_name_is_trusted(kind: str, server: Server) -> None:
    error = what_came_of(kind, server.url, ca_file=str(server.authority))
    assert "HTTP 404" in str(error)
    assert server.seen


@KINDS
def test_another_authority_than_the_one_named_is_not_trusted(
    kind: str, server: Server, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    error = what_came_of(kind, server.url, ca_file=str(other))
    assert "certificate is not trusted" in error.reason
    assert server.seen == []


@KINDS
def test_a_certificate_of_another_host_is_refused_even_from_the_own_authority(
    kind: str, tmp_path: Path
) -> None:
    server = Server(tmp_path, "elsewhere.example")
    try:
        error = what_came_of(kind, server.url, ca_file=str(server.authority))
    finally:
        server.close()
    assert "certificate is not trusted" in error.reason
    assert server.seen == []


@KINDS
@pytest.mark.parametrize("content", [None, "no certificate at all"])
def test_a_file_of_certificates_that_is_none_stops_the_tracker_instead_of_the_checking(
    kind: str, content: str | None, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "company.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    error = what_came_of(kind, server.url, ca_file=str(file))
    assert isinstance(error, BadConfiguration)
    assert "ca_file" in str(error)
    assert server.seen == []


@KINDS
@pytest.mark.parametrize("name", OFF)
@pytest.mark.parametrize("value", [False, True, "no"])
def test_no_setting_switches_the_checking_off(kind: str, name: str, value: object) -> None:
    found = connector(kind)
    assert found is not None
    with pytest.raises(ValidationError, match="extra"):
        found.settings.model_validate({"kind": kind, "url": "https://x.example", **OWN[kind], name: value})


@KINDS
@pytest.mark.parametrize("value", [False, "", "no", 0])
def test_the_setting_for_an_authority_does_not_switch_the_checking_off_either(
    kind: str, value: object, server: Server
) -> None:
    try:
        error = what_came_of(kind, server.url, ca_file=value)
    except ValidationError:
        return
    assert isinstance(error, BadConfiguration)
    assert server.seen == []


@KINDS
@pytest.mark.parametrize(
    "name", ["PYTHONHTTPSVERIFY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
)
@pytest.mark.parametrize("value", ["", "0", "false"])
def test_no_variable_of_the_environment_switches_the_checking_off(
    kind: str, name: str, value: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    error = what_came_of(kind, server.url)
    assert isinstance(error, TrackerError)
    assert "Traceback" not in str(error)
    assert server.seen == []


@KINDS
def test_no_protocol_older_than_tls_1_2_is_spoken(kind: str, tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        server = Server(tmp_path, "localhost", oldest=ssl.TLSVersion.TLSv1_1)
    try:
        error = what_came_of(kind, server.url, ca_file=str(server.authority))
    finally:
        server.close()
    assert "no secure connection" in error.reason
    assert server.seen == []

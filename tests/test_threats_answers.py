"""What a malicious or compromised tracker may answer: bombs, floods, drips and text that is no text."""

import gzip
import json
import re
import resource
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest
import requests
import responses
from requests import PreparedRequest

from connectors.errors import InvalidResponse
from connectors.http.connection_errors import causes_of, describe
from connectors.http.response import MAX_BODY, HttpResponse
from connectors.http.session import HttpSession
from connectors.interface import Tracker
from connectors.models import Interest
from tests.github_builders import API, hub
from tests.github_builders import row as github_row
from tests.jira_answers import center_exchange, cloud_exchange
from tests.jira_answers import row as jira_row

MIB = 1024 * 1024
Serve = Callable[[Callable[[socket.socket], object]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that answers every connection by a function of the test, until the other side has enough."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def start(answer: Callable[[socket.socket], object]) -> str:
            def speak() -> None:
                with suppress(OSError):
                    while True:
                        connection, _ = listening.accept()
                        with connection, suppress(OSError):
                            connection.recv(65_536)
                            answer(connection)

            threading.Thread(target=speak, daemon=True).start()
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield start


def asked(url: str, *, read_timeout: float = 5.0) -> HttpResponse:
    with requests.Session() as session:
        return HttpSession(session, url, (5.0, read_timeout), True).send("GET", f"{url}/x", {}, None)


def packed(body: bytes, encoding: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def zeros(mebibytes: int, bits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    piece = bytes(MIB)
    return b"".join(packer.compress(piece) for _ in range(mebibytes)) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", zeros(512, 31)),
        ("deflate", zeros(512, 15)),
        ("gzip, gzip", gzip.compress(zeros(1024, 31))),
    ],
)
def test_an_answer_that_inflates_without_end_is_given_up_at_the_limit(
    serve: Serve, encoding: str, body: bytes
) -> None:
    assert len(body) < MIB
    url = serve(lambda connection: connection.sendall(packed(body, encoding)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InvalidResponse, match="longer than 64 MiB"):
        asked(url)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 2 * MAX_BODY, "it was inflated whole, far beyond the limit"


def test_only_encodings_whose_inflation_is_bounded_are_asked_for(serve: Serve) -> None:
    """Brotli and Zstandard come with optional packages, whose bounds nobody tests here."""
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def speak() -> None:
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(65_536))
                listen(connection)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        asked(url)
        thread.join(5)
    lines = heard[0].decode().lower().splitlines()
    [accepted] = [line.partition(":")[2] for line in lines if line.startswith("accept-encoding:")]
    assert {each.strip() for each in accepted.split(",")} <= {"gzip", "deflate", "identity"}


def test_a_body_without_end_is_given_up_at_the_limit(serve: Serve) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        piece = b" " * MIB
        while True:
            connection.sendall(piece)

    with pytest.raises(InvalidResponse, match="longer than 64 MiB"):
        asked(serve(flood))


def test_chunks_without_end_are_given_up_at_the_limit(serve: Serve) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + b" " * MIB + b"\r\n"
        while True:
            connection.sendall(piece)

    with pytest.raises(InvalidResponse, match="longer than 64 MiB"):
        asked(serve(flood))


OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "status line": (b"", b"H"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header": (OK + b"X-Long: ", b"x"),
    "body": (OK + b"Connection: close\r\n\r\n", b" "),
    "body of known length": (OK + b"Content-Length: 1000000\r\n\r\n", b" "),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize("proxy", [False, True], ids=["direct", "through a proxy"])
@pytest.mark.parametrize(("head", "drop"), DRIPS.values(), ids=DRIPS)
def test_a_limit_of_time_holds_while_bytes_keep_coming(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, head: bytes, drop: bytes, proxy: bool
) -> None:
    """A time-out of silence never ends these; the limit of the whole does, here by a clock that runs fast."""
    monkeypatch.setattr("connectors.http.deadline.monotonic", partial(next, count(step=100)))

    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(drop)

    url = serve(drip)
    if proxy:
        monkeypatch.setenv("http_proxy", url)
        url = "http://tracker.example"
    with pytest.raises(requests.RequestException) as caught:
        asked(url)
    said = describe(caught.value, causes_of(caught.value), 5, 5)
    assert said == "the answer took more than 300 s"


def _jira_without_end(mock: responses.RequestsMock, *, cloud: bool) -> Tracker:
    exchange = cloud_exchange(mock) if cloud else center_exchange(mock)
    page = count(1)

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        more = {"nextPageToken": f"{next(page)}"} if cloud else {"total": asked["startAt"] + 1000}
        first = 2 * next(page) if cloud else asked["startAt"]
        return {"issues": [jira_row(first), jira_row(first + 1)], **more}

    exchange.call("POST", "search/jql" if cloud else "search", answer)
    exchange.call("POST", "issue/bulkfetch", lambda asked: {"issues": [], "issueErrors": []})
    return exchange.open()


def _github_without_end(mock: responses.RequestsMock) -> Tracker:
    page = count(2)

    def answer(_request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        number = next(page)
        link = f'<{API}/acme/site/issues?page={number}>; rel="next"'
        return 200, {"Link": link}, json.dumps([github_row(id=number, number=number)])

    mock.add_callback("GET", re.compile(".*/issues"), answer)
    return hub()


@pytest.mark.parametrize("tracker", ["jira cloud", "jira data center", "github"])
def test_a_list_without_end_is_given_up(tracker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.http.transport._MOST_REQUESTS", 50)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        opened = (
            _github_without_end(mock)
            if tracker == "github"
            else _jira_without_end(mock, cloud=tracker == "jira cloud")
        )
        with pytest.raises(InvalidResponse, match="50 requests in one run, and no end of them"):
            for _page in opened.reader.changed_since(None, Interest()).pages:
                pass
        assert len(mock.calls) == 50


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (rb'["\ud800 alone", "\ud83d\ude00"]', ["\ufffd alone", "\U0001f600"]),
        (rb'["\udc00\ud800"]', ["\ufffd\ufffd"]),
        (rb'["C:\\ud800"]', ["C:\\ud800"]),
        (b'["\xed\xa0\x80|"]', ["\ufffd\ufffd\ufffd|"]),
        (rb'["a\u0000b"]', ["a\0b"]),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[1e400, 12]", [float("inf"), 12]),
        (b"[123456789012345678901234567890, 1e999]", [1.2345678901234568e29, float("inf")]),
    ],
)
def test_text_that_is_no_unicode_costs_its_place_and_not_the_page(body: bytes, read: list[object]) -> None:
    found = HttpResponse(200, {}, body, "http://x/").json()
    assert found == read
    json.dumps(found, ensure_ascii=False).encode()  # has an encoding


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * 5_000,
        b"[NaN]",
        b'"\\ud8',
        b"\xff",
    ],
)
def test_what_is_no_json_stays_an_error_with_a_reason(body: bytes) -> None:
    with pytest.raises(InvalidResponse, match="expected JSON"):
        HttpResponse(200, {}, body, "http://x/").json()

"""What a malicious or compromised tracker may answer: bombs, floods, drips and text that is no text."""

import gzip
import json
import resource
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests

from connectors.answer import MAX_BODY, Answer, read_answer
from connectors.contract import Garbled
from connectors.exchange import Exchange

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


def asked(url: str, *, read_timeout: float = 5.0) -> Answer:
    with requests.Session() as session:
        return Exchange(session, url, (5.0, read_timeout), True).send("GET", f"{url}/x", {}, None)


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
    with pytest.raises(Garbled, match="longer than 64 MiB"):
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

    with pytest.raises(Garbled, match="longer than 64 MiB"):
        asked(serve(flood))


def test_chunks_without_end_are_given_up_at_the_limit(serve: Serve) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + b" " * MIB + b"\r\n"
        while True:
            connection.sendall(piece)

    with pytest.raises(Garbled, match="longer than 64 MiB"):
        asked(serve(flood))


def test_a_limit_of_time_holds_while_bytes_keep_coming(serve: Serve) -> None:
    """A time-out of silence never ends this one; the limit of the whole does."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(b" ")

    url = serve(drip)
    response = requests.get(url, stream=True, timeout=5)
    with pytest.raises(requests.ReadTimeout):
        read_answer(response, seconds=0.2)


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
    found = Answer(200, {}, body, "http://x/").json()
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
    with pytest.raises(Garbled, match="expected JSON"):
        Answer(200, {}, body, "http://x/").json()

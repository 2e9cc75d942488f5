"""One HTTP answer: read to its end within bounds, as JSON, and as an error that a person can use."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import orjson
import requests
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

from connectors import bounds
from connectors.errors import BadConfiguration, InvalidResponse, Missing, Refused, TrackerError, Unavailable

MAX_BODY = 64 * 1024 * 1024
"""Bytes of one answer, after decompression, that are read before it is given up as garbled."""

_MESSAGE_LIMIT = 300
_ESCAPE = re.compile(
    r"""\\ (?: u[dD][89abAB][0-9a-fA-F]{2} \\u[dD][c-fC-F][0-9a-fA-F]{2}
           | (?P<lone> u[dD][89a-fA-F][0-9a-fA-F]{2})
           | . )""",
    re.VERBOSE | re.DOTALL,
)
"""Every escape of JSON in its turn, so that a backslash which is escaped itself begins none."""
_DEEPEST = 1_024
"""Arrays and objects inside each other: as many as `orjson` reads."""
_DIGITS = 19
"""Digits from which on a whole number may be beyond 64 bits."""
_PIECE = 128 * 1024
"""Bytes that are taken at once, where so many are there."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP answer, read to its end. `tracker` and `request` are filled in by the transport."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = field(repr=False)
    url: str
    tracker: str = ""
    request: str = ""

    def json(self) -> Any:
        """The body as JSON. Raises InvalidResponse where it is none.

        Text that is no Unicode (lone surrogates, bytes that are no UTF-8) comes with U+FFFD in its place,
        and a number beyond a double as infinity: one such title must not cost the page that it stands on.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as problem:
            with suppress(ValueError, RecursionError):
                mended = json.loads(_as_unicode(self.body), parse_int=_whole, parse_constant=_no_constant)
                if _shallow(mended):
                    return mended
            message = f"expected JSON, got {_shape(self)} (HTTP {self.status})"
            hint = "Check that the URL is the tracker's own, not that of a login page or proxy"
            raise InvalidResponse(self.tracker, self.request or self.url, message, hint) from problem

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises InvalidResponse where it is anything else."""
        value = self.json()
        if not isinstance(value, dict):
            raise self._unexpected("an object", value)
        return value

    def json_list(self) -> list[Any]:
        """The body as a JSON array. Raises InvalidResponse where it is anything else."""
        value = self.json()
        if not isinstance(value, list):
            raise self._unexpected("a list", value)
        return value

    def _unexpected(self, expected: str, value: object) -> InvalidResponse:
        message = f"expected {expected}, got {type(value).__name__}"
        return InvalidResponse(self.tracker, self.request or self.url, message)


def _shallow(document: Any) -> bool:
    """Whether it is nested no deeper than `orjson` reads; how deep `json` does depends on the interpreter."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return True
    return False


def _as_unicode(body: bytes) -> str:
    """The body as text that has an encoding; a mark of the byte order at its beginning is left out."""
    text = body.decode("utf-8-sig", "replace")
    return _ESCAPE.sub(lambda result: "\\ufffd" if result["lone"] else result[0], text)


def _whole(digits: str) -> int | float:
    """As `orjson` reads it: exact within 64 bits."""
    return int(digits) if len(digits) < _DIGITS else float(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def header_seconds(answer: HttpResponse, now: float, name: str = "retry-after") -> float | None:
    """A header that says when to come back, in seconds from `now`: a number of seconds or an HTTP date.

    RFC 9110, 10.2.3. A date counts from the answer's own Date header, so that a wrong local clock does not
    matter. None if the header is absent or unreadable; never negative, never NaN.
    """
    text = answer.headers.get(name, "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        then = _http_date(text)
        if then is None:
            return None
        seconds = then - (answer_date(answer) or now)
    return None if math.isnan(seconds) else max(0.0, seconds)


def retry_after(answer: HttpResponse, now: float, /) -> float | None:
    """The plain rule of RFC 9110: Retry-After on 429 and 503; 429 without it is left to the back-off."""
    return header_seconds(answer, now) if answer.status in (429, 503) else None


def read_answer(response: requests.Response, limit: int = MAX_BODY) -> HttpResponse:
    """Read a streamed response to its end, at most `limit` bytes.

    Raises InvalidResponse for more, and whatever requests raises by itself.
    """
    size, pieces = 0, []
    with response:
        for piece in _pieces(response):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise InvalidResponse(
                    "", response.url, f"the answer is longer than {limit // 1024 // 1024} MiB"
                )
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(response.status_code, headers, b"".join(pieces), response.url)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives, with the exceptions of `Response.iter_content`.

    That one waits until it has a whole piece, however slowly the bytes come.
    """
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            yield piece
    except ProtocolError as problem:
        raise requests.exceptions.ChunkedEncodingError(problem) from problem
    except DecodeError as problem:
        raise requests.exceptions.ContentDecodingError(problem) from problem
    except ReadTimeoutError as problem:
        raise requests.ConnectionError(problem) from problem
    except SSLError as problem:
        raise requests.exceptions.SSLError(problem) from problem


def explain_status(tracker: str, request: str, answer: HttpResponse) -> TrackerError:
    """The error for an answer that is no success, where the vendor's connector says no more."""
    message = message_in(answer)
    if answer.status in (301, 302, 303, 307, 308):
        hint = "Configure the address that it moved to"
        return BadConfiguration(tracker, request, f"moved to {_place(answer)} (HTTP {answer.status})", hint)
    if answer.status == 401:
        return BadConfiguration(tracker, request, message, "Check the token: wrong, expired or revoked")
    if answer.status in (404, 410):
        return Missing(tracker, request, message)
    if answer.status >= 500 or answer.status in (408, 429):
        return Unavailable(tracker, request, message)
    if 400 <= answer.status < 500:
        return Refused(tracker, request, message)
    return InvalidResponse(tracker, request, message)


def message_in(answer: HttpResponse) -> str:
    """What a refusal says, as one line of at most 300 characters: status and the vendor's own message."""
    try:
        result = list(_messages(orjson.loads(answer.body)))
    except orjson.JSONDecodeError:
        result = [f"{_shape(answer)} instead of JSON"] if answer.body else []
    text = "".join(c if c.isprintable() else " " for c in "; ".join(result))
    if len(text) > _MESSAGE_LIMIT:
        text = text[: _MESSAGE_LIMIT - 1] + "…"
    return f"HTTP {answer.status}: {text}" if text else f"HTTP {answer.status}"


def answer_date(answer: HttpResponse) -> float | None:
    """The answer's own Date header in epoch seconds; None if it has none that can be read or be true."""
    when = answer_time(answer)
    return None if when is None else when.timestamp()


def answer_time(answer: HttpResponse) -> datetime | None:
    """The answer's own Date header in UTC, in whole seconds; None if it has none that can be read or true."""
    try:
        when = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    # RFC 5322 writes `-0000` for "no zone given", and HTTP has no zone but GMT.
    return bounds.server_time(when if when.tzinfo is not None else when.replace(tzinfo=UTC))


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _shape(answer: HttpResponse) -> str:
    """What a body that is no JSON seems to be, without showing it."""
    if not answer.body:
        return "an empty answer"
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/html" or answer.body.lstrip()[:1] == b"<":
        return "an HTML page"
    return f"{len(answer.body)} bytes that are cut off or no JSON"


def _messages(body: object) -> Iterator[str]:
    """The vendors' error texts: `errorMessages`, `errors` and `errorMessage` of Jira, `message` of GitHub."""
    if not isinstance(body, dict):
        return
    for name in ("message", "errorMessage", "errorMessages", "errors"):
        value = body.get(name)
        pairs = value.items() if isinstance(value, dict) else ()
        yield from (f"{field_name}: {text}" for field_name, text in pairs)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, dict):
                text = text.get("message") or " ".join(str(text[k]) for k in ("field", "code") if k in text)
            if isinstance(text, str) and text:
                yield text


def _place(answer: HttpResponse) -> str:
    """Where a redirect points, without query and password; a relative one is shown as it is."""
    parts = urlsplit(answer.headers.get("location", ""))
    host = f"{parts.scheme}://{parts.hostname}" if parts.hostname else ""
    port = f":{parts.port}" if host and parts.port else ""
    return f"{host}{port}{parts.path}" or "an unnamed place"

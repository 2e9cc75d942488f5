"""Planned faults: which request goes wrong, and how."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from werkzeug import Request, Response


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this status instead of handling the request; a body that is no text is sent as JSON."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = ""

    def response(self) -> Response:
        """The answer that goes out."""
        text = isinstance(self.body, str | bytes)
        body = self.body if text else orjson.dumps(self.body)
        kind = "text/plain" if text else "application/json"
        return Response(body, status=self.code, headers=dict(self.headers), content_type=kind)


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait this many seconds, then handle the request."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection before anything is done."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Handle the request, then reset the connection instead of answering: done, but nobody was told."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection before anything is done, without an answer."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """Handle the request, announce the whole answer, send the first half of its body, and close."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Handle the request, announce the whole answer, send the first half of its body, and then nothing.

    The connection stays open until the other side closes it, so that only a time-out ends the wait.
    """


@dataclass(frozen=True, slots=True)
class Drip:
    """Handle the request, send the first half of its body, and then one blank after the other without end.

    No time-out of silence ends that, only a limit for the whole answer.
    """


@dataclass(frozen=True, slots=True)
class Html:
    """Answer with a web page, as a proxy or a sign-on page in the way does."""

    body: str = "<!doctype html><html><body><h1>Please sign in</h1></body></html>"
    code: int = 200

    def response(self) -> Response:
        """The answer that goes out."""
        return Response(self.body, status=self.code, content_type="text/html; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Replace:
    """Handle the request, then send what `change` makes of the answer."""

    change: Callable[[Request, Response], Response]


@dataclass(frozen=True, slots=True)
class Headers:
    """Handle the request, then send these headers as they are here; None drops one, `Date` too."""

    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class SkewedDate:
    """Handle the request, then send a `Date` that is so many seconds ahead of the sandbox's clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hook:
    """Run `call` before the request is handled, so that a test can move the world in between."""

    call: Callable[[], object]


Cut = Reset | Lost | Close | Truncated | Hang | Drip
"""How a connection ends otherwise than with a whole answer."""

Kind = Status | Delay | Cut | Html | Replace | Headers | SkewedDate | Hook


@dataclass(slots=True, kw_only=True)
class Fault:
    """Let the `nth` matching request, and the `times - 1` after it, go wrong (`times=None`: all after it).

    A fault of `times=None` lasts until `SandboxServer.lift` or `clear_faults` takes it away. `path` and
    `body` are regular expressions searched in the path within the site and in the body.
    """

    kind: Kind
    site: str | None = None
    method: str | None = None
    path: str = ""
    body: str | None = None
    nth: int = 1
    times: int | None = 1
    seen: int = 0
    """How many requests matched so far."""

    @property
    def fired(self) -> int:
        """How many requests went wrong so far."""
        after = max(0, self.seen - self.nth + 1)
        return after if self.times is None else min(after, self.times)

    def matches(self, site: str, request: Request) -> bool:
        """Whether this request is one of those that the fault counts."""
        return (
            self.site in (None, site)
            and self.method in (None, request.method)
            and re.search(self.path, request.path) is not None
            and (self.body is None or re.search(self.body, request.get_data(as_text=True)) is not None)
        )

    def strikes(self, site: str, request: Request) -> bool:
        """Count this request if it matches, and say whether it is to go wrong."""
        if not self.matches(site, request):
            return False
        before = self.fired
        self.seen += 1
        return self.fired > before

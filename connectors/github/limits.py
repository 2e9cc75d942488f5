"""How GitHub says "later": rate limits of REST and GraphQL, and how many writes it takes."""

from typing import Any

import orjson

from connectors import bounds
from connectors.http.response import HttpResponse, answer_date, header_seconds
from connectors.http.write_rate import WriteRate

WRITE_RATES = (WriteRate(80, 60.0), WriteRate(500, 3600.0))
"""Content that may be created (docs.github.com, "Rate limits for the REST API", secondary limits).

GitHub does not say which requests create content, so every write counts.
"""
_FIRST_WAIT = 60.0
_LONGEST_WAIT = 900.0
_LIMIT_WORDS = (
    b"rate limit",
    b"rate_limit",
    b"abuse detection",
    b"wait a few minutes",
    b"retry your request again later",
)


class RateLimits:
    """Seconds to wait, as GitHub documents it: retry-after; else the reset if nothing remains; else 60 s.

    Secondary limits without a retry-after are waited for 60 s at first and twice as long each time in a
    row, up to 15 min (docs.github.com, "Rate limits for the REST API").
    """

    def __init__(self) -> None:
        self._row = 0

    def __call__(self, answer: HttpResponse, now: float, /) -> float | None:
        """None if this answer is no rate limit; a 403 for lack of a permission is none."""
        if not is_limit(answer):
            if answer.status < 400:
                self._row = 0
            return header_seconds(answer, now) if answer.status == 503 else None
        asked = header_seconds(answer, now)
        if asked is None and answer.headers.get("x-ratelimit-remaining") == "0":
            asked = _until_reset(answer, now)
        if asked is not None:
            return asked
        self._row += 1
        return min(_FIRST_WAIT * 2.0 ** (self._row - 1), _LONGEST_WAIT)


def is_limit(answer: HttpResponse) -> bool:
    """Whether an answer is a rate limit, primary or secondary: GitHub uses 429 and 403 for both."""
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    headers = answer.headers
    spent = headers.get("x-ratelimit-remaining") == "0" and "x-ratelimit-reset" in headers
    return spent or "retry-after" in headers or any(word in answer.body.lower() for word in _LIMIT_WORDS)


_LIMIT_TYPES = frozenset({"RATE_LIMITED", "RATE_LIMIT"})


def graphql_limited(answer: HttpResponse) -> bool:
    """Whether GraphQL refused by rate limit, which it says with HTTP 200."""
    if answer.status != 200 or b"RATE_LIMIT" not in answer.body:
        return False
    try:
        errors = orjson.loads(answer.body).get("errors") or []
    except (orjson.JSONDecodeError, AttributeError):
        return False
    return any(isinstance(error, dict) and error.get("type") in _LIMIT_TYPES for error in errors)


def _until_reset(answer: HttpResponse, now: float) -> float | None:
    """Seconds to the reset by the server's own clock, and one more since the reset is cut to seconds."""
    try:
        reset = float(answer.headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return None
    left = bounds.window(reset - (answer_date(answer) or now))
    return None if left is None else max(0.0, left) + 1


def graphql_errors(body: Any) -> list[dict[str, Any]]:
    """The errors of a GraphQL answer, whatever else it holds."""
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []

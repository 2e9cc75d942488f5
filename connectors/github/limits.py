"""How GitHub says "later", and how its refusals are sorted and worded."""

from typing import Any

import orjson

from connectors import bounds
from connectors.errors import BadConfiguration, Refused, TrackerError
from connectors.http.response import HttpResponse, answer_date, header_seconds, message_in

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
        """None if this answer is no rate limit; a 403 for want of a permission is none."""
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


class Explain:
    """Words for what GitHub refuses; `variable` is the environment variable that holds the credentials."""

    def __init__(self, tracker: str, variable: str) -> None:
        self._tracker = tracker
        self._variable = variable

    def __call__(self, request: str, answer: HttpResponse, /) -> TrackerError | None:
        """An error with what is missing, or None where the usual words do."""
        message = message_in(answer)
        if answer.status == 401:
            hint = f"Check {self._variable}: wrong, expired or revoked"
            return BadConfiguration(self._tracker, request, message, hint)
        if answer.status == 403:
            return Refused(self._tracker, request, message, _permission_hint(answer))
        if answer.status == 451:
            return Refused(self._tracker, request, message, "GitHub has blocked this repository")
        return None


def _permission_hint(answer: HttpResponse) -> str:
    """Which permission the account lacks, from the headers that GitHub sends with a 403."""
    headers = answer.headers
    if "x-github-sso" in headers:
        return "Authorise the token for the organisation's single sign-on"
    needed = _plain(headers.get("x-accepted-github-permissions", ""))
    if needed:
        return f"The account needs the permission {needed}"
    scopes, accepted = headers.get("x-oauth-scopes"), _plain(headers.get("x-accepted-oauth-scopes", ""))
    if scopes is not None and accepted:
        return f"The token needs the scope {accepted}; it has {_plain(scopes) or 'none'}"
    return "The account lacks the permission for this, or the issue is locked"


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:200].strip()


def _until_reset(answer: HttpResponse, now: float) -> float | None:
    """Seconds to the reset by the server's own clock, and one more since the reset is cut to seconds."""
    try:
        reset = float(answer.headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return None
    left = bounds.window(reset - (server_time(answer) or now))
    return None if left is None else max(0.0, left) + 1


def server_time(answer: HttpResponse) -> float | None:
    """The Date header in epoch seconds."""
    return answer_date(answer)


def graphql_errors(body: Any) -> list[dict[str, Any]]:
    """The errors of a GraphQL answer, whatever else it holds."""
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []

"""What the headers of Jira's answers say: how fast requests may come, who asked, when, what kind it is."""

from connectors import bounds
from connectors.http.response import HttpResponse, answer_time, header_seconds
from connectors.http.write_rate import WriteRate

WRITE_RATES = (WriteRate(20, 2.0, per_issue=True), WriteRate(100, 30.0, per_issue=True))
"""Writes to one issue (developer.atlassian.com, "Rate limiting", per-issue-on-write)."""


def rate_limit(answer: HttpResponse, now: float, /) -> float | None:
    """How long Jira asks to wait: Retry-After on 429 and 503, else X-RateLimit-Reset (ISO 8601) on 429.

    https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
    """
    if answer.status not in (429, 503):
        return None
    seconds = header_seconds(answer, now)
    return seconds if seconds is not None or answer.status == 503 else _until_reset(answer, now)


def pace(answer: HttpResponse, now: float, /) -> float | None:
    """How long to leave Jira alone after an answer that used up the last request that is granted.

    Cloud says when more are granted (X-RateLimit-Reset); Data Center, how often its bucket is filled.
    """
    if answer.headers.get("x-ratelimit-remaining") != "0":
        return None
    reset = _until_reset(answer, now)
    return reset if reset is not None else header_seconds(answer, now, "x-ratelimit-interval-seconds")


def login_failed(answer: HttpResponse) -> bool:
    """Whether Jira says that it did not take the credentials, though it answered."""
    reason = answer.headers.get("x-seraph-loginreason", "").upper()
    return "AUTHENTICATED_FAILED" in reason or "AUTHENTICATION_DENIED" in reason


def names_caller(answer: HttpResponse) -> bool:
    """Whether the answer itself says that it was given to an account, and not to nobody.

    Cloud: X-AACCOUNTID. Data Center: X-AUSERNAME. Both may say X-Seraph-LoginReason: OK.
    """
    if answer.status >= 400 or login_failed(answer):
        return False
    name = answer.headers.get("x-ausername", "").strip().lower()
    if name == "anonymous":
        return False
    logged_in = answer.headers.get("x-seraph-loginreason", "").strip().upper() == "OK"
    return bool(name) or logged_in or bool(answer.headers.get("x-aaccountid", "").strip())


def says_cloud(answer: HttpResponse) -> bool | None:
    """Whether this is Jira Cloud, which alone tells account ids, or Data Center; None if it does not say."""
    cloud, center = "x-aaccountid" in answer.headers, "x-ausername" in answer.headers
    return cloud if cloud != center else None


def _until_reset(answer: HttpResponse, now: float) -> float | None:
    reset = bounds.moment(answer.headers.get("x-ratelimit-reset", ""))
    if reset is None:
        return None
    date = answer_time(answer)
    left = bounds.window(reset.timestamp() - (date.timestamp() if date else now))
    return None if left is None else max(0.0, left)

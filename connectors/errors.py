"""The errors of trackers, sorted by what the caller should do."""

from typing import ClassVar


class TrackerError(Exception):
    """Something went wrong with one tracker. Its text is safe to print: no header, no token, no body.

    `request` is what was asked ("GET /rest/api/2/serverInfo"), `reason` what came back, `hint` what to do.
    """

    recovery: ClassVar[str] = "stop"
    advice: ClassVar[str] = ""
    """What to do, where whoever raises it gives no `hint` of its own."""

    def __init__(self, tracker: str, request: str, reason: str, hint: str = "") -> None:
        self.tracker = tracker
        self.request = request
        self.reason = reason
        self.hint = hint
        super().__init__(str(self))

    @property
    def detail(self) -> str:
        """What was asked and what came back, where the tracker is named beside it."""
        return f"{self.request}: {self.reason}" if self.request else self.reason

    def __str__(self) -> str:
        text = f"{self.tracker}: {self.detail}"
        hint = self.hint or self.advice
        return f"{text}. {hint}" if hint else text


class BadConfiguration(TrackerError):
    """Mend the configuration: wrong URL, missing or refused credentials, a JQL that the server rejects."""

    recovery = "mend the configuration"
    advice = "Check the url, the credentials and the queries of this tracker"


class Unavailable(TrackerError):
    """Try again later: a time-out or a 5xx of one address, after the allowed retries."""

    recovery = "try again later"
    advice = "The next run tries again; if it stays so, ask whoever runs the tracker"


class TrackerDown(Unavailable):
    """The tracker as a whole is not to be had: no connection, or a rate limit that outlasts the retries."""


class QuotaExhausted(TrackerDown):
    """Milepost's own share of the tracker's quota is spent: nothing is lost, and a later run goes on."""

    recovery = "put off"


class InvalidResponse(TrackerError):
    """The answer makes no sense (HTML, cut off, wrong shape); hold what rests on it."""

    recovery = "hold"
    advice = "The next run reads it again; if it stays so, check the url and what stands in between"


class Refused(TrackerError):
    """The tracker will not do this one thing (403, 413, 422, a locked issue); skip it and go on."""

    recovery = "skip"
    advice = "Check what the account may do there"


class TooLong(Refused):
    """A text is longer than this server takes: write it once more in at most `limit` characters."""

    def __init__(self, tracker: str, request: str, reason: str, hint: str = "", limit: int = 0) -> None:
        super().__init__(tracker, request, reason, hint)
        self.limit = limit


class Missing(TrackerError):
    """The one thing asked for is gone (404, 410); skip it and go on."""

    recovery = "skip"
    advice = "Check whether it was moved or deleted, and that the account may see it"


class AnswerLost(TrackerError):
    """A create was sent and its answer lost: check whether it is there before trying again."""

    recovery = "check"
    advice = "The next run checks whether it was done"

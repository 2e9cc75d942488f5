"""The one policy for time-outs, retries, back-off, rate limits and write spacing, whatever the tracker."""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import requests
import tenacity
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from connectors.answer import Answer, explain_status, header_seconds, read_answer, retry_after, told
from connectors.contract import AnswerLost, BadConfiguration, Garbled, TrackerError, Unavailable

__all__ = [
    "STOP",
    "Answer",
    "Explain",
    "Policy",
    "RateLimit",
    "Transport",
    "explain_status",
    "header_seconds",
    "read_answer",
    "retry_after",
    "told",
]

STOP = threading.Event()
"""Set it to end every wait at once: whoever waits for a tracker then gets Unavailable."""

_REPEATED = frozenset({408, 502, 503, 504})
_MAYBE = ", and it may have been done all the same"
_TROUBLE = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_LONGEST_BACKOFF = 30.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the connectors are. All times in seconds."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    """The longest silence in an answer."""
    attempts: int = 4
    """Of a request that may be repeated: the first try and its retries."""
    max_wait: float = 300.0
    """The longest single wait that a tracker may ask for; asked for more, the request is given up."""
    write_spacing: float = 0.0
    """The least time from one write to the next."""
    backoff: float = 1.0
    """The first wait where the tracker asks for none; it doubles with every try, up to 30 s."""

    @property
    def timeout(self) -> tuple[float, float]:
        """What `requests` takes as its time-out: connect, read."""
        return (self.connect_timeout, self.read_timeout)


class RateLimit(Protocol):
    """How one vendor says "later"."""

    def __call__(self, answer: Answer, now: float, /) -> float | None:
        """Seconds to wait from `now` (epoch) before trying again; None if this is no rate limit."""
        ...


class Explain(Protocol):
    """How one vendor's refusal is sorted and worded; None leaves it to `explain_status`."""

    def __call__(self, request: str, answer: Answer, /) -> TrackerError | None: ...


class Transport:
    """Sends one tracker's requests, one at a time, under one policy.

    `clock` gives epoch seconds, `sleep` waits, `notify` is told of every wait before it begins.
    """

    def __init__(
        self,
        tracker: str,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
        notify: Callable[[str], None] | None = None,
        rate_limit: RateLimit = retry_after,
        explain: Explain | None = None,
    ) -> None:
        self.tracker = tracker
        self.policy = policy
        self._clock = clock
        self._sleep = sleep or _interruptible
        self._notify = notify or logging.getLogger(__name__).warning
        self._rate_limit = rate_limit
        self._explain = explain
        self._last_write = -math.inf

    def read(self, request: str, send: Callable[[], Answer], *, accept: Collection[int] = ()) -> Answer:
        """Send what changes nothing (a GET, or a POST that only asks), again and again within the policy.

        Returns the answer if its status is 2xx or in `accept`; raises a TrackerError otherwise.
        """
        return self._run(request, send, repeatable=True, accept=accept)

    def write(
        self, request: str, send: Callable[[], Answer], *, repeatable: bool, accept: Collection[int] = ()
    ) -> Answer:
        """Send a change, spaced from the one before. `repeatable`: doing it twice is the same as once.

        A create (not repeatable) goes out again only if the tracker cannot have done it: no connection,
        429, or 503 with Retry-After. Where nobody can know, AnswerLost.
        """

        def spaced() -> Answer:
            self._space()
            try:
                return send()
            finally:
                self._last_write = self._clock()

        return self._run(request, spaced, repeatable=repeatable, accept=accept)

    def _run(
        self, request: str, send: Callable[[], Answer], *, repeatable: bool, accept: Collection[int]
    ) -> Answer:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(max(1, self.policy.attempts)),
            wait=self._wait,
            before_sleep=lambda state: self._announce(request, state),
            sleep=lambda seconds: self._pause(request, seconds),
            reraise=True,
        )
        try:
            return retrying(self._once, request, send, repeatable, accept)
        except _Again as again:
            raise again.error from again.__cause__

    def _once(
        self, request: str, send: Callable[[], Answer], repeatable: bool, accept: Collection[int]
    ) -> Answer:
        try:
            answer = replace(send(), tracker=self.tracker, request=request)
        except requests.RequestException as problem:
            raise self._sort_exception(request, problem, repeatable) from problem
        except Garbled as problem:
            raise type(problem)(self.tracker, request, problem.said, problem.hint) from problem
        wait = self._rate_limit(answer, self._clock())
        fine = 200 <= answer.status < 300 or (answer.status in accept and answer.status != 429)
        if fine and wait is None:
            return answer
        raise self._sort_answer(request, answer, wait, repeatable)

    def _sort_answer(self, request: str, answer: Answer, wait: float | None, repeatable: bool) -> Exception:
        if wait is not None and wait > self.policy.max_wait:
            return self._too_long(request, answer, wait)
        if answer.status == 429 or wait is not None:
            error: TrackerError = Unavailable(self.tracker, request, told(answer))
            return _Again(error, wait, limited=True)
        if not repeatable and (answer.status >= 500 or answer.status == 408):
            return AnswerLost(self.tracker, request, f"{told(answer)}{_MAYBE}")
        explained = self._explain(request, answer) if self._explain else None
        error = explained or explain_status(self.tracker, request, answer)
        return _Again(error, None) if answer.status in _REPEATED else error

    def _too_long(self, request: str, answer: Answer, wait: float) -> TrackerError:
        said = (
            f"HTTP {answer.status}: asked to wait {_duration(wait)}, allowed are {self.policy.max_wait:g} s"
        )
        return Unavailable(self.tracker, request, said, "Raise max_wait, or run again later")

    def _sort_exception(
        self, request: str, problem: requests.RequestException, repeatable: bool
    ) -> Exception:
        causes = list(_causes(problem))
        if any(type(cause).__name__ == "SSLCertVerificationError" for cause in causes):
            hint = "If your company has its own certificate authority, name it with ca_file"
            return BadConfiguration(self.tracker, request, "the server's certificate is not trusted", hint)
        if isinstance(problem, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
            return BadConfiguration(self.tracker, request, "the address cannot be used", "Check the url")
        never_sent = any(isinstance(cause, ConnectTimeoutError | NewConnectionError) for cause in causes)
        said = _trouble(problem, causes, self.policy)
        if not repeatable and not never_sent:
            return AnswerLost(self.tracker, request, said + _MAYBE)
        hint = "Check the address and the network" if never_sent else ""
        error = Unavailable(self.tracker, request, said, hint)
        return _Again(error, None) if isinstance(problem, _TROUBLE) else error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        again = state.outcome.exception() if state.outcome else None
        if isinstance(again, _Again) and again.wait is not None:
            return again.wait
        first = self.policy.backoff
        growing = tenacity.wait_exponential(multiplier=first)(state)
        return min(_LONGEST_BACKOFF, growing + tenacity.wait_random(0, first / 2)(state))

    def _announce(self, request: str, state: tenacity.RetryCallState) -> None:
        again = state.outcome.exception() if state.outcome else None
        if not isinstance(again, _Again) or state.next_action is None:
            return
        seconds = state.next_action.sleep
        until = datetime.fromtimestamp(self._clock() + seconds, UTC).astimezone()
        why = "rate limit" if again.limited else again.error.said
        self._notify(
            f"{self.tracker}: {why}, waiting {_duration(seconds)} until {until:%H:%M:%S} ({request})"
        )

    def _pause(self, request: str, seconds: float) -> None:
        self._sleep(seconds)
        if STOP.is_set():
            raise Unavailable(self.tracker, request, "stopped while waiting")

    def _space(self) -> None:
        since = self._clock() - self._last_write
        # A clock set back must not turn a second's spacing into an hour.
        left = min(self.policy.write_spacing - since, self.policy.write_spacing)
        if left > 0:
            self._sleep(left)


class _Again(Exception):
    """Try again after `wait` seconds (None: by back-off); `error` is what to raise when tries run out."""

    def __init__(self, error: TrackerError, wait: float | None, *, limited: bool = False) -> None:
        super().__init__(error.said)
        self.error = error
        self.wait = wait
        self.limited = limited


def _interruptible(seconds: float) -> None:
    STOP.wait(seconds)


def _causes(problem: BaseException) -> list[BaseException]:
    """The exception and all that it wraps: requests and urllib3 keep the cause in args or `reason`."""
    found: list[BaseException] = []
    ahead: list[object] = [problem]
    while ahead:
        cause = ahead.pop()
        if isinstance(cause, BaseException) and not any(cause is seen for seen in found):
            found.append(cause)
            ahead += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return found


def _trouble(problem: requests.RequestException, causes: list[BaseException], policy: Policy) -> str:
    """What went wrong, in our own words: the library's text names URLs and proxies, passwords included."""
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return "the host name is not known"
    if isinstance(problem, requests.exceptions.ProxyError):
        return "the proxy cannot be reached or refuses"
    if isinstance(problem, requests.exceptions.SSLError):
        return "no secure connection"
    if isinstance(problem, requests.ConnectTimeout):
        return f"no connection within {policy.connect_timeout:g} s"
    if isinstance(problem, requests.Timeout):
        return f"no answer within {policy.read_timeout:g} s"
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return "no connection (refused or unreachable)"
    return "the connection broke before the answer was in"


def _duration(seconds: float) -> str:
    """A wait for a person: `42 s`, `17 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

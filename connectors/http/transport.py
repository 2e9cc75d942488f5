"""The one policy for time-outs, retries, back-off, rate limits and write spacing, whatever the tracker."""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import requests
import tenacity
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connectors.durations import duration
from connectors.errors import (
    AnswerLost,
    BadConfiguration,
    InvalidResponse,
    QuotaExhausted,
    TrackerDown,
    TrackerError,
    Unavailable,
)
from connectors.http.attempt import Attempt, TryAgain
from connectors.http.connection_errors import causes_of, describe
from connectors.http.quota import QuotaBudget
from connectors.http.response import HttpResponse, explain_status, message_in, retry_after
from connectors.http.retry_policy import Explain, RateLimit, RetryPolicy
from connectors.http.workers import cancelled, map_ordered, merge
from connectors.http.write_rate import WriteRates
from connectors.redaction import SHORTEST

STOP = threading.Event()
"""Set it to end every wait at once: whoever waits for a tracker then gets Unavailable."""

_REPEATED = frozenset({408, 502, 503, 504})
_PERHAPS_DONE = ", and it may have been done all the same"
_CONNECTION_FAILURES = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_LONGEST_BACKOFF = 30.0
_SHORT_WINDOW = 60.0
"""Seconds: a quota that begins anew within this is waited for, instead of putting the work off."""
_NOTIFIED = 5.0
"""Seconds from which on a wait for a rate of writes is worth a line."""
_MOST_REQUESTS = 200_000
"""Requests of one run, many times what a million issues take: no list may go on for ever."""
_POLL = 0.25
"""Seconds after which a waiting worker checks whether its result is still needed."""

_T = TypeVar("_T")


class Transport:
    """Sends one tracker's requests under one policy, from any number of threads.

    What a tracker says to one thread holds for all: a rate limit pauses every request, writes go one after
    the other, and the budget is one. `clock` gives epoch seconds, `sleep` waits, `notify` gets a line about
    each wait before it begins. `pace` may ask for a pause after an answer that is no refusal.
    """

    def __init__(
        self,
        tracker: str,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
        notify: Callable[[str], None] | None = None,
        rate_limit: RateLimit = retry_after,
        explain: Explain | None = None,
        pace: RateLimit | None = None,
        budget: QuotaBudget | None = None,
        rates: WriteRates | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self.tracker = tracker
        self.policy = policy
        self.budget = budget or QuotaBudget(1.0)
        self.rates = rates or WriteRates()
        self._clock = clock
        self._sleep = sleep or _interruptible
        self._notify = notify or logging.getLogger(__name__).warning
        self._rate_limit = rate_limit
        self._explain = explain
        self._pace = pace
        self._secrets = tuple(
            sorted((secret for secret in secrets if len(secret) > 3), key=len, reverse=True)
        )
        self._unmistakable = [secret for secret in self._secrets if len(secret) >= SHORTEST]
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._last_write = -math.inf
        self._wrote = False
        self._gate = -math.inf
        self._waited = threading.local()
        self._used = 0
        self._limited = 0

    @property
    def used(self) -> int:
        """How many requests were sent so far, retries among them."""
        return self._used

    @property
    def limited(self) -> int:
        """How many answers so far said that requests come too fast."""
        return self._limited

    def remaining(self, resource: str = "core") -> int | None:
        """Requests left in the present window, by the tracker's latest answer; None: it does not say."""
        quota = self.budget.quota(resource)
        return quota.remaining if quota is not None else None

    def read(
        self,
        request: str,
        send: Callable[[], HttpResponse],
        *,
        accept: Collection[int] = (),
        resource: str = "core",
        explain: Explain | None = None,
    ) -> HttpResponse:
        """Send what changes nothing (a GET, or a POST that only asks), with the retries of the policy.

        `resource` names the quota that the request counts against, where a tracker has several.
        Returns the answer if its status is 2xx or in `accept`; raises a TrackerError otherwise, and
        QuotaExhausted where the budget is spent. Once a write was sent nothing is put off, so
        that what was begun is finished.
        """
        return self._run(Attempt(request, send, True, accept, resource, explain, reads=True))

    def in_parallel(self, tasks: Iterable[Callable[[], _T]], workers: int) -> Generator[_T]:
        """The results of `tasks` in their order, at most `workers` of them running at once.

        Tasks are taken and results kept only as far ahead as the workers need. Every rate limit that is met
        halves the number of workers for the rest. The first error in order is raised; that, or closing the
        iterator, cancels what has not begun and ends the waits of what has.
        """
        return map_ordered(tasks, self._halved(workers), workers)

    def merged(self, streams: Iterable[Iterable[_T]], workers: int) -> Generator[_T]:
        """What these streams give, each in its own order, at most `workers` of them read at once.

        Results wait only as far ahead as the workers need. Rate limits, errors and closing are as in
        `in_parallel`.
        """
        return merge(streams, self._halved(workers), workers, 1 + workers)

    def _halved(self, workers: int) -> Callable[[], int]:
        """How many workers may run: half as many for every rate limit that is met from now on, at least 1."""
        before = self._limited
        return lambda: max(1, workers // 2 ** (self._limited - before))

    def write(
        self,
        request: str,
        send: Callable[[], HttpResponse],
        *,
        repeatable: bool,
        accept: Collection[int] = (),
        resource: str = "core",
        explain: Explain | None = None,
        subject: str = "",
    ) -> HttpResponse:
        """Send a change, spaced from the one before. `repeatable`: doing it twice is the same as once.

        `subject` is the issue that it changes, for rates that are kept per issue. Raises QuotaExhausted where
        a rate allows no write for longer than the policy waits.
        A create (not repeatable) goes out again only if the tracker cannot have done it: no connection,
        429, or 503 with Retry-After. Where nothing tells, AnswerLost.
        """

        def spaced() -> HttpResponse:
            with self._writing:
                self._space(request, subject)
                self._wrote = True
                try:
                    return send()
                finally:
                    self._last_write = self._clock()
                    self.rates.note(subject, self._last_write)

        return self._run(Attempt(request, spaced, repeatable, accept, resource, explain, reads=False))

    def _run(self, attempt: Attempt) -> HttpResponse:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgain),
            stop=tenacity.stop_after_attempt(max(1, self.policy.attempts)),
            wait=self._wait,
            before_sleep=lambda state: self._announce(attempt.request, state),
            sleep=lambda seconds: self._pause(attempt.request, seconds),
            reraise=True,
        )
        try:
            return retrying(self._once, attempt)
        except TryAgain as again:
            if again.limited and again.wait is not None:
                self._hold(self._clock() + again.wait)
            raise self._without_secrets(again.error) from None
        except TrackerError as error:
            raise self._without_secrets(error) from None

    def _without_secrets(self, error: TrackerError) -> TrackerError:
        """The same error; a tracker that echoes a credential must not bring it into a log or a store."""
        message, hint = error.reason, error.hint
        for secret in self._secrets:
            message, hint = message.replace(secret, "…"), hint.replace(secret, "…")
        return (
            error
            if (message, hint) == (error.reason, error.hint)
            else type(error)(error.tracker, error.request, message, hint)
        )

    def _redacted(self, answer: HttpResponse) -> HttpResponse:
        """The answer without our credentials, where a server repeats them."""
        for secret in self._unmistakable:
            hidden = secret.encode()
            if hidden in answer.body:
                answer = replace(answer, body=answer.body.replace(hidden, "…".encode()))
            if any(secret in value for value in answer.headers.values()):
                headers = {name: value.replace(secret, "…") for name, value in answer.headers.items()}
                answer = replace(answer, headers=headers)
        return answer

    def _once(self, attempt: Attempt) -> HttpResponse:
        self._pass_gate(attempt.request)
        self._spend(attempt)
        try:
            answer = self._redacted(replace(attempt.send(), tracker=self.tracker, request=attempt.request))
        except requests.RequestException as problem:
            raise self._sort_exception(attempt.request, problem, attempt.repeatable) from problem
        except (InvalidResponse, BadConfiguration) as problem:
            raise type(problem)(self.tracker, attempt.request, problem.reason, problem.hint) from problem
        now = self._clock()
        self.budget.note(attempt.resource, answer, now)
        wait = self._rate_limit(answer, now)
        fine = 200 <= answer.status < 300 or (answer.status in attempt.accept and answer.status != 429)
        if fine and wait is None:
            self._slow_down(answer, now)
            return answer
        raise self._sort_answer(attempt, answer, wait)

    def _spend(self, attempt: Attempt) -> None:
        """Count one request; raises QuotaExhausted for a read that the budget does not allow any more."""
        if attempt.reads and self._used >= _MOST_REQUESTS:
            message = f"{_MOST_REQUESTS:,} requests in one run, and no end of them"
            raise InvalidResponse(
                self.tracker,
                attempt.request,
                message,
                "Make several trackers of it, or make its scope smaller",
            )
        now = self._clock()
        spent = None if self._wrote or not attempt.reads else self.budget.spent(attempt.resource, now)
        if spent is not None:
            left = spent.reset - now
            if left > _SHORT_WINDOW:
                until = datetime.fromtimestamp(spent.reset, UTC).astimezone()
                message = f"put off: milepost's share of the API quota is spent until {until:%H:%M:%S}"
                hint = "The next run goes on; to allow more, raise the share"
                self.budget.put_off(attempt.resource, attempt.request)
                raise QuotaExhausted(self.tracker, attempt.request, message, hint)
            self._hold(now + left)
            self._pass_gate(attempt.request)
        with self._lock:
            self._used += 1

    def _slow_down(self, answer: HttpResponse, now: float) -> None:
        pause = self._pace(answer, now) if self._pace else None
        if pause is not None and 0 < pause <= self.policy.max_wait:
            self._hold(now + pause)

    def _hold(self, until: float) -> bool:
        """Let no request out before `until`; whether that is later than before."""
        with self._lock:
            changed = until > self._gate + 0.5
            self._gate = max(self._gate, until)
        return changed

    def _pass_gate(self, request: str) -> None:
        """Wait until the tracker takes requests again, once for each time that it asked to."""
        while (gate := self._gate) > getattr(self._waited, "gate", -math.inf):
            self._waited.gate = gate
            # A clock set back must not make the wait longer than any wait may be.
            left = min(gate - self._clock(), self.policy.max_wait)
            if left > 0:
                self._pause(request, left)

    def _sort_answer(self, attempt: Attempt, answer: HttpResponse, wait: float | None) -> Exception:
        request = attempt.request
        if wait is not None and wait > self.policy.max_wait:
            return self._too_long(request, answer, wait)
        if answer.status == 429 or wait is not None:
            with self._lock:
                self._limited += 1
            error: TrackerError = TrackerDown(self.tracker, request, message_in(answer))
            return TryAgain(error, wait, limited=True)
        if not attempt.repeatable and (answer.status >= 500 or answer.status == 408):
            return AnswerLost(self.tracker, request, f"{message_in(answer)}{_PERHAPS_DONE}")
        explain = attempt.explain or self._explain
        explained = explain(request, answer) if explain else None
        error = explained or explain_status(self.tracker, request, answer)
        return TryAgain(error, None) if answer.status in _REPEATED else error

    def _too_long(self, request: str, answer: HttpResponse, wait: float) -> TrackerError:
        message = (
            f"HTTP {answer.status}: asked to wait {duration(wait)}, allowed are {self.policy.max_wait:g} s"
        )
        return TrackerDown(self.tracker, request, message, "Raise max_wait, or run again later")

    def _sort_exception(
        self, request: str, problem: requests.RequestException, repeatable: bool
    ) -> Exception:
        causes = list(causes_of(problem))
        if any(type(cause).__name__ == "SSLCertVerificationError" for cause in causes):
            hint = "If your company has its own certificate authority, name it with ca_file"
            return BadConfiguration(self.tracker, request, "the server's certificate is not trusted", hint)
        if any(getattr(cause, "library", None) in ("X509", "PEM") for cause in causes):
            hint = "Let ca_file name certificates in PEM format"
            return BadConfiguration(self.tracker, request, "the file of certificates cannot be read", hint)
        if isinstance(problem, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
            return BadConfiguration(self.tracker, request, "the address cannot be used", "Check the url")
        never_sent = any(isinstance(cause, ConnectTimeoutError | NewConnectionError) for cause in causes)
        message = describe(problem, causes, *self.policy.timeout)
        if not repeatable and not never_sent:
            return AnswerLost(self.tracker, request, message + _PERHAPS_DONE)
        hint = "Check the address and the network" if never_sent else ""
        kind = TrackerDown if never_sent else Unavailable
        error = kind(self.tracker, request, message, hint)
        return TryAgain(error, None) if isinstance(problem, _CONNECTION_FAILURES) else error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        again = state.outcome.exception() if state.outcome else None
        if isinstance(again, TryAgain) and again.wait is not None:
            return again.wait
        first = self.policy.backoff
        growing = tenacity.wait_exponential(multiplier=first)(state)
        return min(_LONGEST_BACKOFF, growing + tenacity.wait_random(0, first / 2)(state))

    def _announce(self, request: str, state: tenacity.RetryCallState) -> None:
        again = state.outcome.exception() if state.outcome else None
        if not isinstance(again, TryAgain) or state.next_action is None:
            return
        seconds = state.next_action.sleep
        now = self._clock()
        if again.limited:
            changed = self._hold(now + seconds)
            if self._gate <= now + seconds:
                self._waited.gate = self._gate  # this thread's own wait covers it
            if not changed:
                return  # another thread has notified of it
        until = datetime.fromtimestamp(now + seconds, UTC).astimezone()
        why = "rate limit" if again.limited else again.error.reason
        self._notify(f"{self.tracker}: {why}, waiting {duration(seconds)} until {until:%H:%M:%S} ({request})")

    def _pause(self, request: str, seconds: float) -> None:
        self._sleep(seconds)
        if STOP.is_set() or cancelled():
            raise TrackerDown(self.tracker, request, "stopped while waiting")

    def _space(self, request: str, subject: str) -> None:
        since = self._clock() - self._last_write
        # A clock set back must not turn a second's spacing into an hour.
        left = min(self.policy.write_spacing - since, self.policy.write_spacing)
        if left > 0:
            self._sleep(left)
        left, rate = self.rates.wait(subject, self._clock())
        if rate is None:
            return
        until = datetime.fromtimestamp(self._clock() + left, UTC).astimezone()
        if left > self.policy.max_wait:
            message = f"put off: the limit of {rate} is reached until {until:%H:%M:%S}"
            raise QuotaExhausted(self.tracker, request, message, "The next run goes on from here")
        if left >= _NOTIFIED:
            self._notify(f"{self.tracker}: limit of {rate}, waiting {duration(left)} until {until:%H:%M:%S}")
        self._pause(request, left)


def _interruptible(seconds: float) -> None:
    end = time.monotonic() + seconds
    while not cancelled() and (left := end - time.monotonic()) > 0:
        if STOP.wait(min(left, _POLL)):
            return

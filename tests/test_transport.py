"""The one retry policy: what is repeated, how long is waited, what nobody may repeat."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from connectors.errors import (
    AnswerLost,
    BadConfiguration,
    InvalidResponse,
    Missing,
    Refused,
    TrackerError,
    Unavailable,
)
from connectors.http.response import HttpResponse, message_in
from connectors.http.retry_policy import RetryPolicy
from connectors.http.transport import STOP, Transport

NOW = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
REQUEST = "GET /things"

Step = int | HttpResponse | Exception


class World:
    """A clock that sleeping moves, and a tracker that answers by a script."""

    def __init__(self, *steps: Step, policy: RetryPolicy | None = None) -> None:
        self.now = NOW.timestamp()
        self.slept: list[float] = []
        self.told: list[str] = []
        self.sent_at: list[float] = []
        self.slept_when_told: list[int] = []
        self.steps = list(steps)
        self.transport = Transport(
            "work", policy or RetryPolicy(), clock=lambda: self.now, sleep=self.sleep, notify=self.notify
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def notify(self, text: str) -> None:
        self.told.append(text)
        self.slept_when_told.append(len(self.slept))

    def send(self) -> HttpResponse:
        self.sent_at.append(self.now)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return answer(step) if isinstance(step, int) else step

    @property
    def sent(self) -> int:
        return len(self.sent_at)

    def read(self) -> HttpResponse:
        return self.transport.read(REQUEST, self.send)

    def edit(self) -> HttpResponse:
        return self.transport.write("PUT /things/1", self.send, repeatable=True)

    def create(self) -> HttpResponse:
        return self.transport.write("POST /things", self.send, repeatable=False)


def answer(status: int, body: bytes = b"{}", **headers: str) -> HttpResponse:
    return HttpResponse(
        status, {key.replace("_", "-"): value for key, value in headers.items()}, body, "http://x/"
    )


def refused_connection() -> requests.ConnectionError:
    """What requests raises where nobody listens."""
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


def reset() -> requests.ConnectionError:
    return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))


PASSING: list[Step] = [429, 502, 503, 504, reset(), refused_connection(), requests.ReadTimeout()]
PASSING += [requests.ConnectTimeout(), requests.exceptions.ChunkedEncodingError()]


@pytest.mark.parametrize("trouble", PASSING, ids=repr)
def test_a_read_is_repeated_after_what_passes(trouble: Step) -> None:
    world = World(trouble, 200)
    assert world.read().status == 200
    assert world.sent == 2


@pytest.mark.parametrize("trouble", PASSING, ids=repr)
def test_a_repeatable_write_is_repeated_after_what_passes(trouble: Step) -> None:
    world = World(trouble, 200)
    assert world.edit().status == 200
    assert world.sent == 2


@pytest.mark.parametrize("trouble", PASSING, ids=repr)
def test_a_read_is_given_up_after_as_many_tries_as_allowed(trouble: Step) -> None:
    world = World(trouble, policy=RetryPolicy(attempts=3))
    with pytest.raises(Unavailable) as caught:
        world.read()
    assert world.sent == 3
    assert caught.value.tracker == "work"
    assert caught.value.request == REQUEST


def test_one_attempt_means_no_retry() -> None:
    world = World(503, policy=RetryPolicy(attempts=1))
    with pytest.raises(Unavailable):
        world.read()
    assert world.sent == 1
    assert world.slept == []


@pytest.mark.parametrize("trouble", [500, 502, 503, 504, 408, reset(), requests.ReadTimeout()], ids=repr)
def test_a_create_that_may_have_been_done_is_sent_once(trouble: Step) -> None:
    world = World(trouble, 201)
    with pytest.raises(AnswerLost):
        world.create()
    assert world.sent == 1


@pytest.mark.parametrize(
    "trouble",
    [429, answer(429, retry_after="5"), answer(503, retry_after="5"), refused_connection()],
    ids=repr,
)
def test_a_create_that_cannot_have_been_done_is_sent_again(trouble: Step) -> None:
    world = World(trouble, 201)
    assert world.create().status == 201
    assert world.sent == 2


def test_a_create_that_nobody_listens_to_is_unavailable_not_lost() -> None:
    world = World(refused_connection())
    with pytest.raises(Unavailable) as caught:
        world.create()
    assert world.sent == RetryPolicy().attempts
    assert "no connection" in caught.value.reason


def test_an_unknown_host_is_named_as_such() -> None:
    reason = NameResolutionError("nowhere", None, OSError("x"))  # type: ignore[arg-type]
    world = World(requests.ConnectionError(MaxRetryError(None, "/", reason)))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="host name is not known"):
        world.read()


# Waiting


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), ("1.5", 1.5), ("-3", 0.0)])
def test_retry_after_in_seconds_is_waited_exactly(header: str, seconds: float) -> None:
    world = World(answer(429, retry_after=header), 200)
    world.read()
    assert world.slept == [seconds]


def test_retry_after_as_a_date_is_waited_exactly() -> None:
    world = World(answer(503, retry_after=format_datetime(NOW + timedelta(seconds=42), usegmt=True)), 200)
    world.read()
    assert world.slept == [42.0]


def test_a_date_counts_from_the_trackers_clock_and_not_from_ours() -> None:
    theirs = NOW + timedelta(days=3)
    later = format_datetime(theirs + timedelta(seconds=9), usegmt=True)
    world = World(answer(429, retry_after=later, date=format_datetime(theirs, usegmt=True)), 200)
    world.read()
    assert world.slept == [9.0]


def test_a_date_that_passed_is_not_waited_for() -> None:
    world = World(answer(429, retry_after=format_datetime(NOW - timedelta(hours=1), usegmt=True)), 200)
    world.read()
    assert world.slept == [0.0]


@pytest.mark.parametrize("header", ["", "soon", "nan", "Mon, 99 Foo 2026"])
def test_without_a_usable_retry_after_the_wait_grows(header: str) -> None:
    world = World(answer(429, retry_after=header), policy=RetryPolicy(attempts=4, backoff=1.0))
    with pytest.raises(Unavailable):
        world.read()
    first, second, third = world.slept
    assert 1.0 <= first <= 1.5
    assert 2.0 <= second <= 2.5
    assert 4.0 <= third <= 4.5


def test_the_growing_wait_stays_below_half_a_minute() -> None:
    world = World(502, policy=RetryPolicy(attempts=12))
    with pytest.raises(Unavailable):
        world.read()
    assert max(world.slept) <= 30.0


@pytest.mark.parametrize("header", ["301", "86400", "1e300", "inf"])
def test_a_wait_beyond_the_limit_is_not_waited_for_but_told(header: str) -> None:
    world = World(answer(429, retry_after=header), 200, policy=RetryPolicy(max_wait=300))
    with pytest.raises(Unavailable, match="asked to wait") as caught:
        world.read()
    assert world.slept == []
    assert "max_wait" in caught.value.hint


def test_a_wait_is_told_before_it_begins_with_its_reason_and_its_end() -> None:
    world = World(answer(429, retry_after="42"), 200)
    world.read()
    (notice,) = world.told
    until = (NOW + timedelta(seconds=42)).astimezone()
    assert notice == f"work: rate limit, waiting 42 s until {until:%H:%M:%S} (GET /things)"
    assert world.slept_when_told == [0]


def test_a_vendors_own_rate_limit_is_obeyed_even_in_a_200() -> None:
    world = World(answer(200, b'{"errors": [{"type": "RATE_LIMITED"}]}'), 200)
    world.transport = Transport(
        "work",
        RetryPolicy(),
        clock=lambda: world.now,
        sleep=world.sleep,
        notify=world.notify,
        rate_limit=lambda answer, now: 3.0 if b"RATE_LIMITED" in answer.body else None,
    )
    assert world.read().body == b"{}"
    assert world.slept == [3.0]


def test_stopping_ends_a_wait_at_once() -> None:
    transport = Transport("work", RetryPolicy(backoff=3600), notify=lambda text: STOP.set())
    caught: list[TrackerError] = []

    def run() -> None:
        try:
            transport.read(REQUEST, lambda: answer(502))
        except TrackerError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    try:
        thread.start()
        thread.join(timeout=5)
        assert not thread.is_alive()
        assert caught[0].reason == "stopped while waiting"
    finally:
        STOP.clear()


# Spacing


def test_writes_are_spaced_and_reads_are_not() -> None:
    world = World(200, policy=RetryPolicy(write_spacing=1.0))
    world.create()
    world.edit()
    world.read()
    world.read()
    world.now += 0.25
    world.edit()
    assert world.slept == [1.0, 0.75]


def test_a_clock_set_back_costs_one_spacing_at_most() -> None:
    world = World(200, policy=RetryPolicy(write_spacing=1.0))
    world.edit()
    world.now -= 3600
    world.edit()
    assert world.slept == [1.0]


def test_a_repeated_write_is_spaced_too() -> None:
    world = World(answer(429, retry_after="0"), 200, policy=RetryPolicy(write_spacing=1.0))
    world.edit()
    assert world.sent_at[1] - world.sent_at[0] >= 1.0


# Errors


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, BadConfiguration),
        (403, Refused),
        (404, Missing),
        (409, Refused),
        (410, Missing),
        (413, Refused),
        (422, Refused),
        (500, Unavailable),
        (301, BadConfiguration),
        (304, InvalidResponse),
    ],
)
def test_other_answers_are_sorted_by_recovery_and_not_repeated(
    status: int, error: type[TrackerError]
) -> None:
    world = World(answer(status, b'{"message": "No."}'), 200)
    with pytest.raises(error):
        world.read()
    assert world.sent == 1


def test_an_accepted_status_comes_back_as_an_answer() -> None:
    world = World(404)
    assert world.transport.read(REQUEST, world.send, accept=(404,)).status == 404


def test_a_rate_limit_is_never_an_accepted_status() -> None:
    world = World(429, 200)
    assert world.transport.read(REQUEST, world.send, accept=(429,)).status == 200


def test_a_redirect_says_where_to_without_its_secrets() -> None:
    world = World(answer(301, b"", location="https://user:pass@new.example/jira?token=hush"))
    with pytest.raises(BadConfiguration) as caught:
        world.read()
    assert "https://new.example/jira" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "pass" not in str(caught.value)


def test_the_text_of_connection_errors_never_gets_out() -> None:
    world = World(requests.ConnectionError("http://user:hush@proxy:3128 failed"))
    with pytest.raises(Unavailable) as caught:
        world.read()
    assert "hush" not in str(caught.value)


def test_an_untrusted_certificate_is_a_configuration_error() -> None:
    class SSLCertVerificationError(Exception):
        pass

    world = World(requests.exceptions.SSLError(MaxRetryError(None, "/", SSLCertVerificationError())))  # type: ignore[arg-type]
    with pytest.raises(BadConfiguration) as caught:
        world.read()
    assert "ca_file" in caught.value.hint
    assert world.sent == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"errorMessages": ["No such project."], "errors": {}}', "HTTP 400: No such project."),
        (b'{"errorMessages": [], "errors": {"labels": "Too long."}}', "HTTP 400: labels: Too long."),
        (b'{"message": "Validation Failed", "errors": [{"field": "name", "code": "invalid"}]}',
         "HTTP 400: Validation Failed; name invalid"),
        (b"<html><title>hush</title></html>", "HTTP 400: an HTML page instead of JSON"),
        (b"", "HTTP 400"),
        (b"[1]", "HTTP 400"),
        (b'{"message": "a\\u001b[31mb\\nc"}', "HTTP 400: a [31mb c"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_the_vendors_own_words(body: bytes, said: str) -> None:
    assert message_in(answer(400, body)) == said


def test_a_long_refusal_is_cut() -> None:
    assert len(message_in(answer(400, b'{"message": "' + b"x" * 5000 + b'"}'))) < 400


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"\xff\xfe"])
def test_what_is_no_json_is_garbled(body: bytes) -> None:
    world = World(answer(200, body))
    with pytest.raises(InvalidResponse) as caught:
        world.read().json()
    assert caught.value.request == REQUEST


def test_an_endless_body_names_its_request() -> None:
    world = World(InvalidResponse("", "http://x/", "the answer is longer than 64 MiB"))
    with pytest.raises(InvalidResponse) as caught:
        world.read()
    assert (caught.value.tracker, caught.value.request) == ("work", REQUEST)

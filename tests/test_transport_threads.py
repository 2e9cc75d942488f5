"""Several threads speak to one tracker: what it says to one of them holds for all."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from connectors.errors import TrackerError, Unavailable
from connectors.http import workers
from connectors.http.quota import QuotaBudget
from connectors.http.response import HttpResponse
from connectors.http.retry_policy import RetryPolicy
from connectors.http.transport import STOP, Transport

START = 1_772_445_600.0
REQUEST = "GET /things"


class Clock:
    """Time that only sleeping moves, seen by all threads."""

    def __init__(self) -> None:
        self.time = START
        self.slept: list[float] = []
        self.lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept.append(seconds)
            self.time += seconds


def answer(status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(
        status, {key.replace("_", "-"): text for key, text in headers.items()}, b"{}", "http://x/"
    )


def opened(
    clock: Clock,
    policy: RetryPolicy | None = None,
    *,
    notify: Callable[[str], None] = lambda text: None,
    budget: QuotaBudget | None = None,
    pace: Callable[[HttpResponse, float], float | None] | None = None,
) -> Transport:
    return Transport(
        "work",
        policy or RetryPolicy(),
        clock=clock.now,
        sleep=clock.sleep,
        notify=notify,
        budget=budget,
        pace=pace,
    )


def in_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()


# Rate limits


def test_a_rate_limit_met_by_one_thread_holds_back_the_others() -> None:
    clock = Clock()
    transport = opened(clock, RetryPolicy(attempts=1))
    with pytest.raises(Unavailable):
        transport.read(REQUEST, lambda: answer(429, retry_after="30"))
    sent: list[float] = []

    def send() -> HttpResponse:
        sent.append(clock.time)
        return answer()

    in_thread(lambda: transport.read(REQUEST, send))
    in_thread(lambda: transport.read(REQUEST, send))
    assert sent == [START + 30, START + 30]
    assert clock.slept == [30.0]


def test_a_back_off_for_want_of_a_retry_after_holds_back_the_others_too() -> None:
    clock = Clock()
    transport = opened(clock, RetryPolicy(attempts=2, backoff=8))
    others: list[float] = []

    def other() -> HttpResponse:
        others.append(clock.time)
        return answer()

    asked = threading.Event()
    real = clock.sleep

    def sleep(seconds: float) -> None:
        if not asked.is_set():
            asked.set()
            in_thread(lambda: transport.read(REQUEST, other))  # while the first waits
        real(seconds)

    transport._sleep = sleep
    steps = [answer(429), answer()]
    transport.read(REQUEST, lambda: steps.pop(0))
    assert others[0] >= START + 8


def test_a_wait_that_two_threads_are_asked_for_is_told_once() -> None:
    clock, told = Clock(), list[str]()
    transport = opened(clock, notify=told.append)
    both = threading.Barrier(2)
    steps = {name: [answer(429, retry_after="30"), answer()] for name in "ab"}

    def send(name: str) -> HttpResponse:
        found = steps[name].pop(0)
        if found.status == 429:
            both.wait(timeout=10)
        return found

    threads = [threading.Thread(target=transport.read, args=(REQUEST, lambda n=n: send(n))) for n in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert transport.limited == 2
    assert 1 <= len(told) <= 2  # the clock here moves for both, so that the second wait may end later
    assert transport.used == 4


def test_a_pause_that_a_success_asks_for_comes_before_the_next_request() -> None:
    clock = Clock()
    transport = opened(clock, pace=lambda answer, now: 5.0 if "last" in answer.headers else None)
    transport.read(REQUEST, lambda: answer(last="yes"))
    assert clock.slept == []
    transport.read(REQUEST, answer)
    assert clock.slept == [5.0]


def test_writes_of_several_threads_keep_their_distance() -> None:
    clock = Clock()
    transport = opened(clock, RetryPolicy(write_spacing=1.0))
    sent: list[float] = []

    def send() -> HttpResponse:
        sent.append(clock.time)
        return answer()

    threads = [
        threading.Thread(target=lambda: transport.write("PUT /x", send, repeatable=True)) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sent == [START + number for number in range(5)]


# Several tasks at once


def test_results_come_in_the_order_of_the_tasks() -> None:
    transport = opened(Clock())
    last_first = [threading.Event() for _ in range(5)]
    last_first[4].set()

    def task(number: int) -> int:
        assert last_first[number].wait(timeout=10)
        if number:
            last_first[number - 1].set()
        return number

    tasks = [lambda number=number: task(number) for number in range(5)]
    assert list(transport.in_parallel(tasks, 5)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("workers", [1, 3])
def test_tasks_are_taken_only_as_far_ahead_as_the_workers_need(workers: int) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[Callable[[], int]]:
        for number in range(100):
            taken.append(number)
            yield partial(abs, number)

    results = opened(Clock()).in_parallel(tasks(), workers)
    next(results)
    assert len(taken) <= 2 * workers + 1
    results.close()
    assert len(taken) <= 2 * workers + 1


def test_the_first_error_ends_what_has_not_begun_and_the_waits_of_what_has() -> None:
    transport = Transport("work", RetryPolicy(backoff=3600), notify=lambda text: waiting.set())
    waiting = threading.Event()
    begun: list[int] = []

    def fails() -> HttpResponse:
        assert waiting.wait(timeout=10)
        raise Unavailable("work", REQUEST, "gone")

    def waits() -> HttpResponse:
        return transport.read(REQUEST, lambda: answer(502))

    def never(number: int) -> HttpResponse:
        begun.append(number)
        return transport.read(REQUEST, lambda: answer(502))

    tasks = [fails, waits, *(lambda number=number: never(number) for number in range(20))]
    caught: list[TrackerError] = []

    def run() -> None:
        try:
            list(transport.in_parallel(tasks, 2))
        except TrackerError as error:
            caught.append(error)

    in_thread(run)
    assert caught[0].reason == "gone"
    assert len(begun) <= 2
    assert not STOP.is_set()


def test_every_rate_limit_halves_the_workers() -> None:
    clock = Clock()
    transport = opened(clock, RetryPolicy(attempts=9))
    running, most = 0, 0
    lock = threading.Lock()
    trouble = [answer(429, retry_after="1"), answer(429, retry_after="1")]

    def send() -> HttpResponse:
        nonlocal running, most
        with lock:
            if trouble:
                return trouble.pop()
            running += 1
            most = max(most, running)
        tick.wait(timeout=0.001)  # lets another thread in, if one may run
        with lock:
            running -= 1
        return answer()

    tick = threading.Event()
    results = transport.in_parallel([lambda: transport.read(REQUEST, send)] * 60, 4)
    for _ in range(12):
        next(results)
    with lock:
        most = 0
    assert len(list(results)) == 48
    assert transport.limited == 2
    assert most == 1


# The share of the quota


def quota(limit: int, remaining: int, reset: float) -> HttpResponse:
    return answer(
        x_ratelimit_limit=str(limit), x_ratelimit_remaining=str(remaining), x_ratelimit_reset=f"{reset:.0f}"
    )


def test_reads_beyond_the_share_are_put_off_and_say_until_when() -> None:
    transport = opened(Clock(), budget=QuotaBudget(0.5))
    for left in range(9, 4, -1):
        transport.read(REQUEST, partial(quota, 10, left, START + 3600))
    with pytest.raises(Unavailable, match="put off: milepost's share of the API quota is spent until"):
        transport.read(REQUEST, lambda: quota(10, 4, START + 3600))
    assert transport.used == 5
    assert transport.remaining() == 5
    (core,) = transport.budget.allowances()
    assert (core.resource, core.used, core.allowed) == ("core", 5, 5)


def test_what_others_use_up_is_not_taken_from_the_share() -> None:
    transport = opened(Clock(), budget=QuotaBudget(0.5))
    for left in (900, 500, 100, 3):
        transport.read(REQUEST, partial(quota, 1000, left, START + 3600))


def test_a_window_that_begins_anew_gives_the_share_again() -> None:
    clock = Clock()
    transport = opened(clock, budget=QuotaBudget(0.5))
    transport.read(REQUEST, lambda: quota(2, 1, START + 3600))
    clock.time += 3601
    transport.read(REQUEST, lambda: quota(2, 1, clock.time + 3600))
    with pytest.raises(Unavailable, match="put off"):
        transport.read(REQUEST, answer)


def test_a_window_that_begins_anew_soon_is_waited_for() -> None:
    clock = Clock()
    transport = opened(clock, budget=QuotaBudget(0.5))
    transport.read(REQUEST, lambda: quota(2, 1, START + 20))
    transport.read(REQUEST, answer)
    assert clock.slept == [20.0]


def test_one_quota_that_is_spent_leaves_the_others() -> None:
    transport = opened(Clock(), budget=QuotaBudget(0.5))
    transport.read(REQUEST, lambda: quota(2, 1, START + 3600), resource="search")
    transport.read(REQUEST, lambda: quota(100, 1, START + 3600))
    with pytest.raises(Unavailable, match="put off"):
        transport.read(REQUEST, answer, resource="search")


def test_what_writing_began_is_finished_beyond_the_share() -> None:
    transport = opened(Clock(), budget=QuotaBudget(0.5))
    transport.write("PUT /x", lambda: quota(2, 1, START + 3600), repeatable=True)
    transport.write("PUT /x", lambda: quota(2, 0, START + 3600), repeatable=True)
    assert transport.read(REQUEST, answer).status == 200


def test_the_next_run_goes_on_counting() -> None:
    transport = opened(Clock(), budget=QuotaBudget(0.5))
    transport.read(REQUEST, lambda: quota(2, 1, START + 3600))
    later = opened(Clock(), budget=QuotaBudget(0.5, transport.budget.text()))
    with pytest.raises(Unavailable, match="put off"):
        later.read(REQUEST, answer)


@pytest.mark.parametrize("known", ["", "{", "[]", '{"core": 1}', '{"core": ["a", 1, 2, 3]}'])
def test_a_count_that_cannot_be_read_begins_anew(known: str) -> None:
    assert QuotaBudget(0.5, known).spent("core", START) is None


def test_a_reset_by_a_tracker_whose_clock_is_wrong_is_counted_from_its_own_date() -> None:
    budget = QuotaBudget(0.5)
    said = answer(
        date="Thu, 02 Mar 2023 10:00:00 GMT",
        x_ratelimit_limit="10",
        x_ratelimit_remaining="9",
        x_ratelimit_reset="2023-03-02T10:00:30Z",
    )
    budget.note("core", said, START)
    found = budget.quota()
    assert found is not None
    assert found.reset == START + 30


@pytest.mark.parametrize("share", [0, -1, 1.01, float("nan")])
def test_a_share_is_more_than_nothing_and_no_more_than_all(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        QuotaBudget(share)


def test_whoever_leaves_does_not_wait_for_a_request_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CLOSE_TIMEOUT", 0.01)
    hang, ended = threading.Event(), threading.Event()

    def hanging() -> int:
        hang.wait(60)
        ended.set()
        return 2

    results = workers.map_ordered([lambda: 1, hanging], lambda: 2, 2)
    assert next(results) == 1
    results.close()
    assert not ended.is_set()
    hang.set()

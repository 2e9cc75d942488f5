"""A request to stop: noticed at once while waiting and reading, and soon while writing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator

import pytest

from connectors.http.workers import map_ordered, merge
from core.shutdown import Stop, Stopped


def kill(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def soon(act: threading.Timer) -> None:
    act.daemon = True
    act.start()


def test_nobody_has_asked_at_first() -> None:
    stop = Stop()
    assert not stop()
    assert not stop.wait(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_heard_while_listening_and_what_listened_before_is_put_back(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    stop = Stop()
    with stop.listen():
        kill(number)
        assert stop()
    assert signal.getsignal(number) is before


def test_waiting_ends_as_soon_as_someone_asks() -> None:
    stop = Stop()
    soon(threading.Timer(0.05, stop.request))
    assert stop.wait(30)
    assert stop.wait(30)


def test_a_signal_ends_waiting() -> None:
    stop = Stop()
    with stop.listen():
        soon(threading.Timer(0.05, kill))
        assert stop.wait(30)


def test_a_signal_breaks_reading_off() -> None:
    stop = Stop()
    with stop.listen(), pytest.raises(Stopped), stop.reading():
        kill()
    assert stop()


def test_a_signal_outside_reading_breaks_nothing_off() -> None:
    stop = Stop()
    with stop.listen():
        with stop.reading():
            pass
        kill()
    assert stop()


def test_an_answer_within_the_limit_is_taken() -> None:
    stop = Stop(limit=600)
    ours, theirs = socket.socketpair()
    with ours, theirs, stop.listen(), ours.makefile("rb") as answer:
        kill()
        theirs.sendall(b"here\n")
        assert answer.readline() == b"here\n"


STUBBORN = """
import signal, sys, time
from core.shutdown import Stop
{count}
stop = Stop(limit={limit})
with stop.listen():
    print("ready", flush=True)
    {work}
"""
BUSY_IN_PYTHON = "while True: time.sleep(0.01)"
BUSY_IN_SQLITE = "sqlite3.connect(':memory:').execute(COUNT)"
COUNT = (
    "import sqlite3\n"
    "COUNT = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'"
)


@pytest.mark.parametrize("work", [BUSY_IN_PYTHON, BUSY_IN_SQLITE])
@pytest.mark.parametrize(
    ("signals", "limit"), [([signal.SIGTERM, signal.SIGINT], 600), ([signal.SIGTERM], 0)]
)
def test_a_second_signal_and_the_limit_end_the_process_whatever_it_does(
    work: str, signals: list[signal.Signals], limit: int
) -> None:
    """Neither program ever ends by itself: one waits in Python, one in a statement of the database."""
    program = STUBBORN.format(count=COUNT, limit=limit, work=work)
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for number in signals:
            process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode in {128 + number for number in signals}  # those that wait come in any order
    assert "the next run does the rest" in errors


def test_nothing_is_ended_by_force_after_listening() -> None:
    before = threading.active_count()
    stop = Stop(limit=600)
    with stop.listen():
        kill()
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_long_work_is_broken_off_where_it_asks() -> None:
    stop = Stop()
    stop.check()
    stop.request()
    with pytest.raises(Stopped):
        stop.check()


def test_work_that_waits_for_nobody_is_not_torn_in_two() -> None:
    stop = Stop()
    with stop.listen():
        kill()
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            pass
    assert stop()


def test_others_who_wait_are_told_and_their_event_is_cleared_afterwards() -> None:
    event = threading.Event()
    stop = Stop(event)
    with stop.listen():
        kill()
        assert event.wait(5)
    assert not event.is_set()


def test_listening_inside_listening_changes_nothing() -> None:
    stop = Stop()
    with stop.listen():
        with stop.listen():
            pass
        kill()
        assert stop()


def _hand_a_signal_to_this_thread(stop: Stop, heard: list[bool]) -> None:
    main = threading.main_thread().ident
    assert main is not None
    while True:  # until the main thread waits for what comes of this
        calls = [frame.f_code for frame, _ in traceback.walk_stack(sys._current_frames()[main])]
        if calls[0] is threading.Condition.wait.__code__ and threading.Thread.start.__code__ not in calls:
            break
        os.sched_yield()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    heard.append(stop.wait(10))


@pytest.mark.parametrize("way", ["in order", "merged"])
def test_a_signal_that_the_system_hands_to_another_thread_is_heard_too(way: str) -> None:
    """Python hears it in the main thread only, which such a signal does not wake."""
    stop, heard = Stop(), list[bool]()

    def task() -> list[bool]:
        _hand_a_signal_to_this_thread(stop, heard)
        return heard

    def stream() -> Iterator[list[bool]]:
        yield task()

    def wait() -> object:
        in_threads = map_ordered([task, list[bool]], lambda: 2, 2)
        return list(in_threads if way == "in order" else merge([stream()], lambda: 2, 2, 2))

    with stop.listen(), pytest.raises(Stopped), stop.reading():
        wait()
    assert heard == [True]


def test_a_signal_that_does_not_interrupt_the_wait_of_the_main_thread_is_heard_all_the_same() -> None:
    """As one that comes just before the wait begins: here another thread gets it."""
    stop, began = Stop(limit=100), time.monotonic()
    with stop.listen():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            soon(threading.Timer(0.2, kill))
            assert stop.wait(60)
            assert time.monotonic() - began < 50, "it was heard when the wait was over"
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

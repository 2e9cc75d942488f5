"""A request to stop the process, by a signal or by a call, and what becomes of the work that is under way.

| stage | after the first signal |
|---|---|
| waiting for the next run or in a back-off; reading a tracker | ends at once |
| tagging, summing up, comparing labels, planning | ends at the next page of issues; nothing of it is stored |
| a write to a tracker | is finished and recorded, if it is answered within `LIMIT` seconds |
| whatever takes longer | the process ends `LIMIT` seconds after the signal, as if it had been killed |

A second signal ends the process at once. Where it ends by force, its exit code is 128 and the number of the
signal, and the next run does as after any crash.
"""

import _thread
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NoReturn

LIMIT = 4.0
"""Seconds after which the process ends by force, once a signal asked it to stop."""
WAKE_EVERY = 0.1
"""Seconds between attempts to wake the main thread, until it has handled the signal."""

Handler = Callable[[int, FrameType | None], None]


class Stopped(BaseException):
    """The run was asked to stop and was broken off while it was only reading.

    Like KeyboardInterrupt it is no Exception: it may be raised anywhere, and `except Exception` must not
    catch it.
    """


class Stop:
    """A request to stop, made by SIGTERM or SIGINT inside `listen`, or by a call of `request`.

    `also`: events on which other code waits; they are set with the request and cleared after `listen`.
    `limit`: in seconds, see LIMIT.
    """

    def __init__(self, *also: threading.Event, limit: float = LIMIT) -> None:
        self._also = also
        self._limit = limit
        self._asked = False
        # The handler of a signal may run while its thread holds the lock of an Event; SimpleQueue.put is
        # reentrant, so that the handler can call it even then.
        self._wake_waiting: SimpleQueue[None] = SimpleQueue()
        self._interruptible = False
        self._listening = False

    def __call__(self) -> bool:
        """Return whether someone asked to stop."""
        return self._asked

    def check(self) -> None:
        """Raise Stopped if someone asked to stop; long work calls this where it may be broken off."""
        if self._asked:
            raise Stopped

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`; return True as soon as someone asks to stop, else False at the end."""
        if not self():
            try:
                self._wake_waiting.get(timeout=seconds)
            except Empty:
                return self()
            self._wake_waiting.put(None)
        return True

    def request(self) -> None:
        """Ask to stop. Raises Stopped if the calling thread is inside `reading`."""
        self._asked = True
        self._wake_waiting.put(None)
        for event in self._also:
            _thread.start_new_thread(event.set, ())
        if self._interruptible:
            self._interruptible = False
            raise Stopped

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, a request to stop raises Stopped at once, even while an answer is awaited.

        Python handles signals in the main thread only; any other thread raises Stopped when it enters this.
        """
        if self():
            raise Stopped
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._interruptible = True
        try:
            if self():  # asked after the first check, when `request` did not raise yet
                raise Stopped
            yield
        finally:
            self._interruptible = False

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Inside, SIGTERM and SIGINT make the request; main thread only. Earlier handlers are put back after.

        The process ends by force at a second signal, or if this context lasts `limit` seconds after the
        first; not on Windows, where only the main thread can wait for signals. A nested call has no effect.
        """
        if self._listening:
            yield
            return
        posix = os.name == "posix"

        def requested(_signal: int, _frame: FrameType | None) -> None:
            self.request()

        handlers: dict[signal.Signals, Handler] = {signal.SIGTERM: requested, signal.SIGINT: requested}
        if posix:
            handlers[signal.SIGURG] = _wake
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._listening = True
        try:
            with _ending_by_force(self._limit, self) if posix else nullcontext():
                yield
        finally:
            self._listening = False
            for number, handler in before.items():
                signal.signal(number, handler)
            for event in self._also:
                event.clear()


def _wake(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: the signal interrupts a wait, after which the handler of the first signal runs."""


@contextmanager
def _ending_by_force(limit: float, asked: Callable[[], bool]) -> Iterator[None]:
    """Inside, end the process at a second signal, or `limit` seconds after the first; main thread only.

    Python runs its handlers in the main thread, which may be in a long statement of the database; therefore a
    thread reads the numbers of signals from a pipe (`signal.set_wakeup_fd`). A signal that comes just before
    the main thread begins to wait does not end that wait (PEP 475 covers only those that interrupt a system
    call): the thread wakes the main thread until `asked` is true, which the handler of the signal makes it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reading, limit, asked), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        watcher.join()


def _watch(reading: int, limit: float, asked: Callable[[], bool]) -> None:
    """End the process as `_ending_by_force` says; return when the other end of the pipe is closed."""
    first: int | None = None
    deadline = 0.0
    with open(reading, "rb", buffering=0) as pipe:
        while True:
            left = None if first is None else max(0.0, deadline - time.monotonic())
            if left == 0:
                _end(first or 0, f"did not stop within {limit:.0f} s and was ended")
            if left is not None and not asked():
                left = min(left, WAKE_EVERY)
            if not select.select([pipe], [], [], left)[0]:
                if not asked():
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)
                continue
            numbers = pipe.read(1)
            if not numbers:
                return
            if numbers[0] not in (signal.SIGTERM, signal.SIGINT):
                continue
            if first is not None:
                _end(numbers[0], "ended at once, as a second signal asked")
            first, deadline = numbers[0], time.monotonic() + limit


def _end(number: int, reason: str) -> NoReturn:
    terminal = "\x1b[?25h" if os.isatty(2) else ""  # a progress bar hides the cursor
    with suppress(OSError):
        os.write(2, f"{terminal}milepost {reason}; the next run does the rest\n".encode())
    os._exit(128 + number)

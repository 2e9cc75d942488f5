"""A wish to stop, heard between steps; reading may be broken off at once, a write gets a moment to end."""

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

GRACE = 5.0
"""Seconds that a write under way has to be answered, once someone asked to stop."""
AGAIN = 1.0
"""Seconds between further attempts to end a request that hangs."""

_AWAITING = frozenset({"socket", "ssl", "http.client", "urllib3.util.connection"})
"""Modules whose code waits for the other side. Only there may a wait be cut: whoever called knows what a
broken connection means, while anywhere else an exception out of nowhere could tear a step in two."""


Handler = Callable[[int, FrameType | None], None]


class Stopped(BaseException):
    """The run was asked to stop and broke off while it was only reading.

    Like KeyboardInterrupt no Exception: it may come in the middle of anything, and whoever catches all
    that can go wrong there must not take the wish to stop for it.
    """


class Stop:
    """Heard by SIGTERM and SIGINT once `listen` was called in the main thread.

    `also` are events that others wait for; they are set with the wish, and cleared after `listen`.
    """

    def __init__(self, *also: threading.Event, grace: float = GRACE) -> None:
        self._also = also
        self._grace = grace
        self._asked = False
        # A signal may come while this thread holds an Event's lock; a SimpleQueue can be fed even then.
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._interruptible = False
        self._listening = False

    def __call__(self) -> bool:
        """Whether someone asked to stop."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`; True as soon as someone asks to stop."""
        if not self():
            try:
                self._bell.get(timeout=seconds)
            except Empty:
                return self()
            self._bell.put(None)
        return True

    def request(self) -> None:
        """Ask to stop. Raises Stopped in the thread that calls, if that thread is only reading."""
        self._asked = True
        self._bell.put(None)
        for event in self._also:
            _thread.start_new_thread(event.set, ())
        if self._interruptible:
            self._interruptible = False
            raise Stopped

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, a wish to stop raises Stopped at once, even while an answer is awaited.

        Signals come to the main thread alone; another thread hears the wish when it begins to read.
        """
        if self():
            raise Stopped
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._interruptible = True
        try:
            if self():  # asked between the first look and now, when it could not raise
                raise Stopped
            yield
        finally:
            self._interruptible = False

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Hear SIGTERM and SIGINT; main thread only. What listened before is put back at the end.

        A request that is still unanswered `grace` seconds after the wish fails as if it had timed out; a
        second signal does not wait that long. Listening inside listening changes nothing.
        """
        if self._listening:
            yield
            return
        patient = hasattr(signal, "setitimer")  # there is none on Windows; requests have their own time-outs

        def heard(_signal: int, _frame: FrameType | None) -> None:
            if patient:
                signal.setitimer(signal.ITIMER_REAL, 0.01 if self._asked else self._grace, AGAIN)
            self.request()

        handlers: dict[signal.Signals, Handler] = {signal.SIGTERM: heard, signal.SIGINT: heard}
        if patient:
            handlers[signal.SIGALRM] = _cut
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._listening = True
        try:
            yield
        finally:
            self._listening = False
            if patient:
                signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)
            for event in self._also:
                event.clear()


def _cut(_signal: int, frame: FrameType | None) -> None:
    if frame is not None and frame.f_globals.get("__name__") in _AWAITING:
        raise TimeoutError("asked to stop while waiting for an answer")

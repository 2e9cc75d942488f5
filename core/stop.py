"""A wish to stop, heard between steps; reading may be broken off at once, writing never is."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(Exception):
    """The run was asked to stop and broke off while it was only reading."""


class Stop:
    """Heard by SIGTERM and SIGINT once `listen` was called in the main thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._interruptible = False
        self._listening = False

    def __call__(self) -> bool:
        """Whether someone asked to stop."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`; True as soon as someone asks to stop."""
        return self._event.wait(seconds)

    def request(self) -> None:
        """Ask to stop. Raises Stopped in the thread that calls, if that thread is only reading."""
        self._event.set()
        if self._interruptible:
            self._interruptible = False
            raise Stopped

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, a wish to stop raises Stopped at once, even while an answer is awaited."""
        if self():
            raise Stopped
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Hear SIGTERM and SIGINT; main thread only. What listened before is put back at the end.

        Listening inside listening changes nothing.
        """
        if self._listening:
            yield
            return

        def heard(_signal: int, _frame: FrameType | None) -> None:
            self.request()

        before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
        self._listening = True
        try:
            yield
        finally:
            self._listening = False
            for number, handler in before.items():
                signal.signal(number, handler)

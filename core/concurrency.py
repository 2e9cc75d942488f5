"""Slow things done side by side, each in a thread of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from core.shutdown import Stop

FAREWELL = 2.0
"""Seconds that unfinished threads get once someone asked to stop; they hear it at their next page."""

GLANCE = 0.25
"""Seconds after which a wait begins anew. The system may hand a signal to any thread, and Python hears it
only when the main thread wakes."""

T = TypeVar("T")


class _Work(threading.Thread, Generic[T]):
    """Keeps what came of one task. A daemon: a request that hangs must not keep the process alive."""

    def __init__(self, task: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._task = task
        self.results: list[T] = []
        self.error: BaseException | None = None
        # Not `join`: interrupted by an exception, it takes a thread that still runs for one that has ended.
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            self.results.append(self._task())
        except BaseException as error:
            self.error = error
        finally:
            self.ended.set()


def run_parallel(tasks: Sequence[Callable[[], T]], stop: Stop) -> list[T]:
    """What each task returns, in their order. A single task runs in the thread of the caller.

    Raises what the first task in order raised, after all have ended; and Stopped as soon as someone asks
    to stop, which the tasks have to hear by themselves.
    """
    if len(tasks) == 1:
        return [tasks[0]()]
    threads = [_Work(task) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        with stop.reading():
            for thread in threads:
                while not thread.ended.wait(GLANCE):
                    pass
    finally:
        for thread in threads:
            thread.ended.wait(FAREWELL / len(threads))
    for thread in threads:
        if thread.error is not None:
            raise thread.error
    return [result for thread in threads for result in thread.results]

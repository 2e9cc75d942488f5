"""Some tasks at once, their results in order, and nothing left running after the first error."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")

_NEVER = threading.Event()
_WORKER = threading.local()


def cancelled() -> bool:
    """Whether nobody wants the result of what this thread is doing any more."""
    wanted_no_more: threading.Event = getattr(_WORKER, "cancel", _NEVER)
    return wanted_no_more.is_set()


def in_order(tasks: Iterable[Callable[[], _T]], allowed: Callable[[], int], workers: int) -> Generator[_T]:
    """The results of `tasks` in their order, on at most `workers` threads.

    `allowed` says before each task how many may run now. While all may, as many again wait for a free
    thread or for being read, so that a slow reader costs no request its start and memory stays bounded.
    """
    if workers <= 1:
        for task in tasks:
            yield task()
        return
    cancel = threading.Event()
    pool = ThreadPoolExecutor(workers, "milepost", initializer=_begin, initargs=(cancel,))
    ahead: deque[Future[_T]] = deque()
    try:
        for task in tasks:
            while ahead and len(ahead) >= _room(allowed(), workers):
                yield ahead.popleft().result()
            ahead.append(pool.submit(task))
        while ahead:
            yield ahead.popleft().result()
    finally:
        cancel.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _room(allowed: int, workers: int) -> int:
    return 2 * workers if allowed >= workers else allowed


def _begin(cancel: threading.Event) -> None:
    _WORKER.cancel = cancel

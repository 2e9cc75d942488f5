"""Some tasks at once, their results in order, and nothing left running after the first error."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

_T = TypeVar("_T")

_NEVER = threading.Event()
_WORKER = threading.local()
_POLL = 0.25
"""Seconds after which a thread that waits for room checks whether its result is still needed, and any other
wait begins anew: the main thread gets a signal that was handed to another one only when it wakes."""
_CLOSE_TIMEOUT = 2.0
"""Seconds that closing waits for threads in the middle of a request; they then end by themselves."""


def cancelled() -> bool:
    """Whether the result of what this thread is doing is not needed any more."""
    cancel: threading.Event = getattr(_WORKER, "cancel", _NEVER)
    return cancel.is_set()


def map_ordered(tasks: Iterable[Callable[[], _T]], allowed: Callable[[], int], workers: int) -> Generator[_T]:
    """The results of `tasks` in their order, on at most `workers` threads.

    `allowed` says before each task how many may run now. While all may, as many again wait for a free
    thread or for being read, so that requests start though their results are taken slowly, and memory stays
    bounded.
    """
    if workers <= 1:
        for task in tasks:
            yield task()
        return
    threads: _Threads[_T] = _Threads(workers)
    ahead: deque[Future[_T]] = deque()
    try:
        for task in tasks:
            while ahead and len(ahead) >= _room(allowed(), workers):
                yield _result(ahead.popleft())
            ahead.append(threads.begin(task))
        while ahead:
            yield _result(ahead.popleft())
    finally:
        threads.close()


def _result(future: Future[_T]) -> _T:
    while not wait((future,), _POLL).done:
        pass
    return future.result()


class _Threads(Generic[_T]):
    """Threads that do tasks in the order in which they come.

    Not a ThreadPoolExecutor: that waits for its threads without end, at the end of the process too, so that a
    person who asked to stop would wait for as long as a tracker does not answer.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._cancel = threading.Event()
        self._waiting: queue.SimpleQueue[tuple[Callable[[], _T], Future[_T]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def begin(self, task: Callable[[], _T]) -> Future[_T]:
        """Let a free thread, or the next that becomes free, do this."""
        future: Future[_T] = Future()
        self._waiting.put((task, future))
        if len(self._threads) < self._workers:
            name = f"milepost_{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._run, name=name, daemon=True))
            self._threads[-1].start()
        return future

    def close(self) -> None:
        """End all threads; those in the middle of a request get a moment."""
        self._cancel.set()
        for _ in self._threads:
            self._waiting.put(None)
        end = time.monotonic() + _CLOSE_TIMEOUT
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        _begin(self._cancel)
        while (result := self._waiting.get()) is not None and not self._cancel.is_set():
            task, future = result
            try:
                future.set_result(task())
            except BaseException as problem:  # it is raised again where the results are read
                future.set_exception(problem)


def _room(allowed: int, workers: int) -> int:
    return 2 * workers if allowed >= workers else allowed


def _begin(cancel: threading.Event) -> None:
    _WORKER.cancel = cancel


def merge(
    streams: Iterable[Iterable[_T]], allowed: Callable[[], int], workers: int, room: int
) -> Generator[_T]:
    """What these streams give, each in its own order, read at once on at most `workers` threads.

    At most `room` things wait for being taken, so that memory stays bounded whoever is slow. `allowed` says
    before each stream how many threads may go on. The first error is raised; that, or closing, ends them
    all.
    """
    merge = _Merge(streams, allowed, workers, room)
    try:
        yield from merge.results()
    finally:
        merge.close()


class _Merge(Generic[_T]):
    """Threads that read streams into one queue."""

    def __init__(
        self, streams: Iterable[Iterable[_T]], allowed: Callable[[], int], workers: int, room: int
    ) -> None:
        self._streams = iter(streams)
        self._allowed = allowed
        self._taking = threading.Lock()
        self._running = max(1, workers)
        self._cancel = threading.Event()
        self._queue: queue.Queue[tuple[_T] | BaseException | None] = queue.Queue(room)
        self._threads = [
            threading.Thread(target=self._run, name=f"milepost_{place}", daemon=True)
            for place in range(self._running)
        ]

    def results(self) -> Generator[_T]:
        """All that comes until every thread has ended."""
        for thread in self._threads:
            thread.start()
        ended = 0
        while ended < len(self._threads):
            try:
                result = self._queue.get(timeout=_POLL)
            except queue.Empty:
                continue
            if result is None:
                ended += 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result[0]

    def close(self) -> None:
        """End all threads, and what they wait for or have to give."""
        self._cancel.set()
        end = time.monotonic() + _CLOSE_TIMEOUT
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < end:
            try:
                self._queue.get(timeout=0.01)
            except queue.Empty:
                continue

    def _run(self) -> None:
        _begin(self._cancel)
        try:
            while (stream := self._next()) is not None:
                for item in stream:
                    self._put((item,))
                    if self._cancel.is_set():
                        return
        except BaseException as problem:  # it is raised again where the results are read
            self._put(problem)
        finally:
            self._put(None)

    def _next(self) -> Iterable[_T] | None:
        """The next stream; None where there is none, or where fewer threads than now may go on."""
        with self._taking:
            if self._cancel.is_set() or self._running > max(1, self._allowed()):
                self._running -= 1
                return None
            return next(self._streams, None)

    def _put(self, reason: tuple[_T] | BaseException | None) -> None:
        while not self._cancel.is_set():
            try:
                self._queue.put(reason, timeout=_POLL)
            except queue.Full:
                continue
            return

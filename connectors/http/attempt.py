"""One request as the transport treats it, and the exception that has it sent once more."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from connectors.errors import TrackerError
from connectors.http.response import HttpResponse
from connectors.http.retry_policy import Explain


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and how it may be treated."""

    request: str
    send: Callable[[], HttpResponse]
    repeatable: bool
    accept: Collection[int]
    resource: str
    explain: Explain | None
    reads: bool


class TryAgain(Exception):
    """Try again after `wait` seconds (None: by back-off); `error` is what to raise when tries run out."""

    def __init__(self, error: TrackerError, wait: float | None, *, limited: bool = False) -> None:
        super().__init__(error.reason)
        self.error = error
        self.wait = wait
        self.limited = limited

"""Time-outs, retries and waits, and what each vendor adds to them."""

from dataclasses import dataclass
from typing import Protocol

from connectors.errors import TrackerError
from connectors.http.response import HttpResponse
from connectors.http.settings import HttpSettings


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Time-outs, retries and waits of one tracker. All times in seconds."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    """The longest silence in an answer."""
    attempts: int = 4
    """Of a request that may be repeated: the first try and its retries."""
    max_wait: float = 300.0
    """The longest single wait that a tracker may ask for; asked for more, the request is given up."""
    write_spacing: float = 0.0
    """The least time from one write to the next."""
    backoff: float = 1.0
    """The first wait where the tracker asks for none; it doubles with every try, up to 30 s."""

    @classmethod
    def of(cls, settings: HttpSettings) -> "RetryPolicy":
        """The policy that a tracker is configured with."""
        return cls(
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            attempts=settings.attempts,
            max_wait=settings.max_wait,
            write_spacing=settings.write_spacing,
            backoff=settings.backoff,
        )

    @property
    def timeout(self) -> tuple[float, float]:
        """What `requests` takes as its time-out: connect, read."""
        return (self.connect_timeout, self.read_timeout)


class RateLimit(Protocol):
    """How one vendor says "later"."""

    def __call__(self, answer: HttpResponse, now: float, /) -> float | None:
        """Seconds to wait from `now` (epoch) before trying again; None if this is no rate limit."""
        ...


class Explain(Protocol):
    """How one vendor's refusal is sorted and worded; None leaves it to `explain_status`."""

    def __call__(self, request: str, answer: HttpResponse, /) -> TrackerError | None: ...

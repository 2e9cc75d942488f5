"""What every opened tracker behind HTTP tells, whoever its vendor is."""

from typing import Generic, TypeVar

from connectors.http.allowance import Allowance
from connectors.http.client import HttpClient
from connectors.http.transport import Transport
from connectors.interface import Reader, TrackerInfo, Writer

R = TypeVar("R", bound=Reader)
W = TypeVar("W", bound=Writer)


class HttpTracker(Generic[R, W]):
    """One configured tracker, opened: a reader and a writer over one client. A connector adds `check`."""

    def __init__(self, info: TrackerInfo, client: HttpClient, reader: R, writer: W) -> None:
        self._info = info
        self._http = client
        self._reader = reader
        self._writer = writer

    @property
    def info(self) -> TrackerInfo:
        """What the settings alone tell of it."""
        return self._info

    @property
    def reader(self) -> R:
        """The reading half."""
        return self._reader

    @property
    def writer(self) -> W:
        """The writing half."""
        return self._writer

    @property
    def transport(self) -> Transport:
        """What counts the requests, and what is left of the quotas."""
        return self._http.transport

    def allowances(self) -> tuple[Allowance, ...]:
        """See Budgeted."""
        return self.transport.budget.allowances()

    def writing_seconds(self, writes: int) -> float:
        """See Paced."""
        return self.transport.rates.forecast(writes, self._http.clock().timestamp())

    def close(self) -> None:
        """Close the connections, and remember how much of the API quota is used."""
        self._http.close()

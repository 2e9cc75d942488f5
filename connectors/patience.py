"""Connections on which no answer takes longer than a limit, however steadily it drips.

The time-outs of `requests` are for silence only: a server that sends a byte now and then is never silent,
and could hold a thread for as long as it likes, in the headers of an answer too.
"""

import io
from http.client import HTTPResponse
from time import monotonic
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

MAX_SECONDS = 300.0
"""Seconds that one answer may take, from the end of its request to its own end."""


class TooSlow(TimeoutError):
    """The limit is over and the answer is not."""


class _Bounded(io.RawIOBase):
    """What a socket says, until the limit is over; the socket's own time-out ends a silence before that."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self._end = monotonic() + MAX_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if monotonic() > self._end:
            raise TooSlow(f"the answer took more than {MAX_SECONDS:g} s")
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that is read through `_Bounded`, from its status line on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach()))


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Patient(HTTPAdapter):
    """The transport of `requests` over such connections, through a proxy too. It tries nothing twice."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the connections to servers."""
        super().init_poolmanager(*arguments, **named)
        _bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> PoolManager:
        """Make the connections to a proxy, and through it."""
        manager: PoolManager = super().proxy_manager_for(proxy, **named)
        _bound(manager)
        return manager


def _bound(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

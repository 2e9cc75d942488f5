"""Connections on which no answer takes longer than a limit, however steadily it drips.

The time-outs of `requests` are for silence only: a server that sends a byte now and then is never silent,
and could hold a thread for as long as it likes, in the headers of an answer too.
"""

import io
from functools import cache
from http.client import HTTPResponse
from time import monotonic
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager

MAX_SECONDS = 300.0
"""Seconds that one answer may take, from the end of its request to its own end."""


class DeadlineExceeded(TimeoutError):
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
            raise DeadlineExceeded(f"the answer took more than {MAX_SECONDS:g} s")
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that is read through `_Bounded`, from its status line on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach()))


class _Connection:
    """Comes before a class of connections, and bounds their answers."""

    response_class = _Answer


class DeadlineAdapter(HTTPAdapter):
    """The transport of `requests` over such connections, through a proxy too. It tries nothing twice."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the connections to servers."""
        super().init_poolmanager(*arguments, **named)
        bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> PoolManager:
        """Make the connections to a proxy, and through it."""
        manager: PoolManager = super().proxy_manager_for(proxy, **named)
        bound(manager)
        return manager


def bound(manager: PoolManager) -> None:
    """Let a manager's own kinds of connections, such as those through a SOCKS proxy, keep to the limit."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


@cache
def _bounded(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    usual = pool.ConnectionCls
    if issubclass(usual, _Connection):
        return pool
    connection = type(usual.__name__, (_Connection, usual), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})

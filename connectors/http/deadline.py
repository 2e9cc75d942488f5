"""Connections on which no answer takes longer than a limit, however steadily it drips.

The time-outs of `requests` are for silence only: a server that sends a byte now and then is never silent,
and could hold a thread for as long as it likes, in the headers of an answer too.
"""

import io
from collections.abc import Callable
from functools import partial
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
    """What comes over a socket until the limit is over; its own time-out ends a silence before that."""

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


class DeadlineAdapter(HTTPAdapter):
    """The transport of `requests` over such connections, through a proxy too. It tries nothing twice."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the connections to servers."""
        super().init_poolmanager(*arguments, **named)
        bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> PoolManager:
        """Make the connections to a proxy, and through it; `requests` gives the same manager each time."""
        existing = proxy in self.proxy_manager
        manager: PoolManager = super().proxy_manager_for(proxy, **named)
        if not existing:
            bound(manager)
        return manager


def bound(manager: PoolManager) -> None:
    """Let a manager's own kinds of connections, such as those through a SOCKS proxy, keep to the limit.

    To be called once. The managers of urllib3 open a pool by what stands in `pool_classes_by_scheme`, and a
    pool its connections by its `ConnectionCls`; both may be any callable.
    """
    manager.pool_classes_by_scheme = {
        scheme: partial(_open_pool, pool_class)  # type: ignore[misc]  # a callable that is no class
        for scheme, pool_class in manager.pool_classes_by_scheme.items()
    }


def _open_pool(pool_class: type[HTTPConnectionPool], *arguments: Any, **named: Any) -> HTTPConnectionPool:
    pool = pool_class(*arguments, **named)
    pool.ConnectionCls = partial(_open_connection, pool.ConnectionCls)  # type: ignore[assignment]  # as above
    return pool


def _open_connection(connection_class: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    connection = connection_class(*arguments, **named)
    connection.response_class = _Answer
    return connection

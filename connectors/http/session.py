"""One HTTP exchange after another with one server, and the sessions that threads share."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.errors import BadConfiguration
from connectors.http.deadline import DeadlineAdapter
from connectors.http.response import HttpResponse, read_answer
from connectors.http.urls import is_loopback

_CERTIFICATES = "Let ca_file, or REQUESTS_CA_BUNDLE in the environment, name certificates in PEM format"


class HttpSession:
    """Sends requests to one server over one session of `requests`; for one thread at a time.

    What the environment says of proxies and certificates (`HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`
    and their like) is read once, when it is made. Redirects are never followed, `.netrc` is never read, and
    cookies and the authentication are the session's.
    """

    def __init__(
        self, session: requests.Session, url: str, timeout: tuple[float, float], verify: bool | str
    ) -> None:
        """`url` is the server's address, `timeout` in seconds for connecting and for silence.

        Raises BadConfiguration where `verify` names certificates that are not there.
        """
        if isinstance(verify, str) and not Path(verify).exists():
            raise BadConfiguration("", "", f"there is no file {verify}", _CERTIFICATES)
        adapter = DeadlineAdapter()
        session.mount(url, adapter)
        environment = session.merge_environment_settings(url, {}, True, verify, None)
        session.trust_env = False
        self._session = session
        self._send = partial(
            adapter.send,
            stream=True,
            timeout=timeout,
            verify=True if environment["verify"] is None else environment["verify"],
            cert=environment["cert"],
            proxies={} if is_loopback(urlsplit(url).hostname or "") else environment["proxies"],
        )

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: str | bytes | None,
        params: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """The answer, read to its end.

        Raises what `requests` and `read_answer` raise, and BadConfiguration for certificates that cannot be
        read; a file that is named wrongly never means that nothing is checked.
        """
        request = requests.Request(method, url, dict(headers), data=body, params=dict(params or {}))
        prepared = self._session.prepare_request(request)
        try:
            # Not by `Session.send`: where it may not follow a redirect it computes the next request all the
            # same, reads the redirect's whole body for that, however long, and fails for an odd Location
            # (requests 2.34, sessions.py, `r._next`).
            response = self._send(prepared)
        except requests.RequestException:
            raise
        except OSError as problem:  # requests opens the certificates first, with a plain OSError
            raise BadConfiguration("", "", f"no certificates to trust: {problem}", _CERTIFICATES) from problem
        self._session.cookies.update(response.cookies)
        return read_answer(response)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class SessionPool:
    """Sessions for several threads: one of its own for each that sends a request at the same time."""

    def __init__(self, open_session: Callable[[], HttpSession]) -> None:
        self._open = open_session
        self._lock = threading.Lock()
        self._idle: list[HttpSession] = []
        self._closed = False

    @contextmanager
    def session(self) -> Iterator[HttpSession]:
        """A session that no other thread uses now; one on which a request failed is not used again."""
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        session = idle or self._open()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        with self._lock:
            kept = not self._closed
            if kept:
                self._idle.append(session)
        if not kept:
            session.close()  # everything was closed while this thread waited for its answer

    def close(self) -> None:
        """Close the connections, those that are in use as soon as their answers are in."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

"""A server of a test's own on loopback, which hands every request to the test's handler."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import pytest

_ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_FILES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NETRC")


class _Http(ThreadingHTTPServer):
    """A client that breaks off in the middle is what such tests are about."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class Loopback:
    """Serves until it is closed; a context manager."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> None:
        quiet = type("Quiet", (handler,), {"log_message": lambda *_said: None})
        self._http = _Http(("127.0.0.1", 0), quiet)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        host = "http://127.0.0.1" if tls is None else "https://localhost"
        self.url = f"{host}:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Serve no more."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


def without_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the machine that runs the tests says of proxies and certificates."""
    for name in (*_ENVIRONMENT, *map(str.lower, _ENVIRONMENT), *_FILES):
        monkeypatch.delenv(name, raising=False)

"""The sandbox's HTTP server: one loopback port, one path prefix per site, a log, and faults on demand."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import orjson
from werkzeug import Request, Response
from werkzeug.exceptions import InternalServerError
from werkzeug.http import http_date
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from connectors.sandbox.faults import (
    Close,
    Cut,
    Delay,
    Drip,
    Fault,
    Hang,
    Headers,
    Hook,
    Html,
    Kind,
    Lost,
    Replace,
    Reset,
    SkewedDate,
    Status,
    Truncated,
)
from connectors.sandbox.world import World

UNANSWERED = 0
"""The status that the log shows for a request whose connection was cut instead of answered."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One request, as it came; `path` is within the site, `query` without its question mark."""

    method: str
    path: str
    query: str
    body: bytes
    status: int
    site: str

    def json(self) -> Any:
        """The body as JSON; None where there was none. Raises ValueError if it is no JSON."""
        return orjson.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return (
            f"{self.site}: {self.method} {self.path}{'?' if self.query else ''}{self.query} -> {self.status}"
        )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What goes on the wire: an answer, or none; and how the connection ends."""

    response: Response | None = None
    cut: Cut | None = None
    undated: bool = False
    """Send no `Date`, instead of the sandbox's."""


class SandboxServer:
    """Serves a world on 127.0.0.1. A context manager; `close` may be called twice.

    `answers` is a list of callables that are told of every exchange which a site itself answered.
    `delay` is the latency of every request, in seconds. A fault in the sandbox itself is answered with
    500 and raised again when the server is closed.
    """

    def __init__(self, world: World, state: Path | None = None) -> None:
        """Serve `world`; with `state`, write it there after every request that changed it."""
        self.world = world
        self.state = state
        self.delay = 0.0
        self.log: list[Logged] = []
        self.answers: list[Callable[[Request, Response], object]] = []
        self.crashes: list[Exception] = []
        self._faults: list[Fault] = []
        self._saved: tuple[int, ...] | None = None
        self._closing = threading.Event()
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen on a free port and serve in a thread of its own."""
        self._http = _Http(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), daemon=True, name="sandbox"
        )
        self._thread.start()
        if self.state is not None:
            self._save()
        return self

    def close(self) -> None:
        """Stop listening and drop every connection. Raises RuntimeError if the sandbox itself failed."""
        self._closing.set()
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._http.drop_connections()
            self._thread.join()
            self._http = self._thread = None
        if self.crashes:
            failed, self.crashes = self.crashes, []
            raise RuntimeError(f"the sandbox failed on {len(failed)} request(s)") from failed[0]

    @property
    def connections(self) -> int:
        """How many connections were accepted since the server was started."""
        return 0 if self._http is None else self._http.accepted

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            self.crashes.clear()  # the error under way says more than its consequences
        self.close()

    def url(self, site: str) -> str:
        """The base URL of a site, without a slash at the end. Raises KeyError for an unknown site."""
        if self._http is None:
            raise RuntimeError("the sandbox is not running")
        return f"http://127.0.0.1:{self._http.port}/{self.world.sites[site].name}"

    def plan(self, fault: Fault) -> Fault:
        """Let a request go wrong from now on; the fault that comes back counts what it has seen."""
        with self.world.lock:
            self._faults.append(fault)
        return fault

    def lift(self, *faults: Fault) -> None:
        """Let these faults not happen any more; one that was lifted or cleared before is no error."""
        with self.world.lock:
            self._faults = [fault for fault in self._faults if not any(fault is item for item in faults)]

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    def answer(self, request: Request) -> _Outcome:
        """Handle one request; called by the connection's thread."""
        site, _, rest = request.path.lstrip("/").partition("/")
        if site not in self.world.sites:
            names = ", ".join(sorted(self.world.sites))
            return _Outcome(
                Response(f"no such site in the sandbox: {site!r}; there are: {names}\n", status=404)
            )
        request = _within(request, site, rest)
        if self.delay:
            self._closing.wait(self.delay)
        try:
            outcome = self._handle(site, request)
        except Exception as crash:  # whatever the sandbox gets wrong must not look like the tracker's fault
            self.crashes.append(crash)
            outcome = _Outcome(Response(f"the sandbox failed: {type(crash).__name__}\n", status=500))
        self._note(site, request, outcome)
        return outcome

    def _handle(self, site: str, request: Request) -> _Outcome:
        cut: Cut | None = None
        changes: list[Replace | Headers | SkewedDate] = []
        for kind in self._struck(site, request):
            match kind:
                case Hook():
                    kind.call()
                case Delay():
                    self._closing.wait(kind.seconds)
                case Status() | Html():
                    return _Outcome(kind.response())
                case Reset() | Close():
                    return _Outcome(cut=kind)
                case Lost() | Truncated() | Hang() | Drip():
                    cut = kind
                case Replace() | Headers() | SkewedDate():
                    changes.append(kind)
        return self._changed(request, self._respond(site, request), cut, changes)

    def _changed(
        self,
        request: Request,
        response: Response,
        cut: Cut | None,
        changes: list[Replace | Headers | SkewedDate],
    ) -> _Outcome:
        """What goes out of a site's own answer."""
        undated = False
        for kind in changes:
            if isinstance(kind, Replace):
                response = kind.change(request, response)
                continue
            headers = kind.values if isinstance(kind, Headers) else {"Date": self._skewed(kind.seconds)}
            for name, value in headers.items():
                response.headers.pop(name, None)
                if value is not None:
                    response.headers[name] = value
                undated = undated or (name.title() == "Date" and value is None)
        return _Outcome(response, cut, undated)

    def _skewed(self, seconds: float) -> str:
        return http_date(self.world.clock.now() + timedelta(seconds=seconds))

    def _struck(self, site: str, request: Request) -> list[Kind]:
        with self.world.lock:
            return [fault.kind for fault in self._faults if fault.strikes(site, request)]

    def _respond(self, site: str, request: Request) -> Response:
        with self.world.lock:
            response = self.world.respond(site, request, self.url(site))
            for reported in self.answers:
                reported(request, response)
            if self.state is not None:
                self._save()
        return response

    def _save(self) -> None:
        with self.world.lock:
            changes = self.world.changes
            if self.state is not None and changes != self._saved:
                self.world.save(self.state)
                self._saved = changes

    def _note(self, site: str, request: Request, outcome: _Outcome) -> None:
        reported = outcome.response is not None and not isinstance(outcome.cut, Lost)
        status = outcome.response.status_code if outcome.response is not None and reported else UNANSWERED
        query = request.query_string.decode()
        self.log.append(Logged(request.method, request.path, query, request.get_data(), status, site))


def _within(request: Request, site: str, rest: str) -> Request:
    """The same request as the site sees it: its path without the prefix, its body already read."""
    environ = dict(request.environ)
    environ["SCRIPT_NAME"] = f"/{site}"
    environ["PATH_INFO"] = f"/{rest}".encode().decode("latin-1")
    return Request(environ, populate_request=False)


class _Http(ThreadedWSGIServer):
    """One thread per connection; remembers the connections, so that closing leaves none behind."""

    daemon_threads = True

    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__(
            "127.0.0.1", 0, InternalServerError(), _Connection
        )  # connections ask `sandbox` themselves
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()
        self.accepted = 0
        self._lock = threading.Lock()

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
            self.accepted += 1

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def drop_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was quicker


class _Connection(WSGIRequestHandler):
    """HTTP/1.1 with keep-alive, quiet, without Nagle's delay; cuts the line as faults ask for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave as one segment
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        try:
            with suppress(OSError):  # what was left to be sent: whoever asked is gone
                super().finish()
        finally:
            self.rfile.close()

    def run_wsgi(self) -> None:
        """Werkzeug's own version ends the connection after each answer and waits 10 ms for stray input."""
        environ = self.make_environ()
        body = environ["wsgi.input"]
        chunked = environ.get("wsgi.input_terminated")
        data = body.read() if chunked else body.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ.update({"wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))})
        outcome = self.server.sandbox.answer(Request(environ))
        if isinstance(outcome.cut, Reset | Lost):
            self._reset()
        elif isinstance(outcome.cut, Close) or outcome.response is None:
            self.close_connection = True
        else:
            self._send(outcome, outcome.response, environ)

    def _send(self, outcome: _Outcome, response: Response, environ: dict[str, Any]) -> None:
        head = environ["REQUEST_METHOD"] == "HEAD"
        body = b"" if head or response.status_code in (204, 304) else response.get_data()
        self.send_response_only(response.status_code)
        if not outcome.undated:
            response.headers.setdefault("Date", self.date_time_string())
        for name, value in response.get_wsgi_headers(environ):
            if not (isinstance(outcome.cut, Drip) and name.title() == "Content-Length"):
                self.send_header(name, value)
        if outcome.cut is not None:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        with suppress(OSError):  # the other side has had enough
            if isinstance(outcome.cut, Hang):
                self.connection.recv(1)
            while isinstance(outcome.cut, Drip):
                self.connection.sendall(b" ")

    def _reset(self) -> None:
        """Answer nothing and let the client's kernel see a reset instead of an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The stream objects still hold the socket, so closing it here would close nothing.
        self.server.closed(self.connection)
        socket.close(self.connection.detach())

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header tells the sandbox's time, as everything else it says does."""
        return http_date(self.server.sandbox.world.clock.now() if timestamp is None else timestamp)

    def log_message(self, *_: object) -> None:
        """Say nothing: a client's broken request is answered, not printed."""

    def log_request(self, *_: object, **__: object) -> None:
        """Say nothing: the sandbox keeps its own log."""

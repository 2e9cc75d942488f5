"""One trial with a process: a signal at one moment of a run in a process of its own, then clean runs here."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any, cast
from unittest import mock

from requests.adapters import HTTPAdapter
from sqlalchemy.engine.default import DefaultDialect

from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import Clock, World
from core.shutdown import Stopped
from tests.runs import House
from tests.tools.faults_stage import Stage, go_on, truth
from tests.tools.faults_trial import ENDED, EQUAL, HEALED, HUNG, STEPS, Outcome, compare, settle

REQUEST, COMMIT = "request", "commit of the store"
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}
PATIENCE = 60.0
"""Seconds that the process may take."""
Context = SpawnContext | ForkServerContext
QUICK = multiprocessing.get_context("forkserver")
QUICK.set_forkserver_preload(["tests.tools.faults_process"])
"""Imports everything once for all processes; it needs a Unix socket, which tests may not open."""


@dataclass(frozen=True)
class Moment:
    """Before or after the `nth` request, or commit, of a run."""

    scenario: str
    what: str
    after: bool
    nth: int
    signal: str

    @property
    def kind(self) -> str:
        """The row of the table."""
        return f"{self.signal} {'after' if self.after else 'before'} a {self.what}"

    def __str__(self) -> str:
        return f"{self.scenario}; {self.signal} {'after' if self.after else 'before'} {self.what} {self.nth}"


@dataclass(frozen=True)
class _There:
    """What the process has to know."""

    folder: Path
    face: str
    mapping: str
    urls: dict[str, str]
    settings: dict[str, dict[str, Any]]
    now: datetime

    def url(self, site: str) -> str:
        """As the server's."""
        return self.urls[site]


def moments(there: Stage, scenario: str) -> Iterator[Moment]:
    """Every moment of a run of this scenario, with the signals that are worth sending then."""
    counts = there.folder / "counts"
    with there.house(scenario) as here:
        assert _in_process(here, None, counts, QUICK) == 0
    requests, commits = (int(each) for each in counts.read_text().split())
    for what, count in ((REQUEST, requests), (COMMIT, commits)):
        for nth in range(1, count + 1):
            yield Moment(scenario, what, False, nth, "SIGKILL")
            yield Moment(scenario, what, True, nth, "SIGKILL")
            yield Moment(scenario, what, False, nth, "SIGTERM")
            yield Moment(scenario, what, True, nth, "SIGINT")


def interrupt(there: Stage, moment: Moment, context: Context = QUICK) -> Outcome:
    """Try one moment."""
    reference = there.reference(moment.scenario)
    with there.house(moment.scenario) as here:
        code = _in_process(here, moment, None, context)
        there.calm()
        between = here.standing()
        runs, _said = settle(here)
        world, differs = compare(truth(here), reference.after, between)
        if world in (EQUAL, STEPS):
            go_on(here)
            settle(here)
            later, differs = compare(truth(here), reference.later)
            world = world if later == EQUAL else later
    # SIGTERM and SIGINT let a run end in order; one that was killed says nothing.
    expected = -signal.SIGKILL if moment.signal == "SIGKILL" else 0
    run = (
        HUNG if code is None else ENDED if code == expected else HEALED if code == 0 else f"exit code {code}"
    )
    return Outcome(str(moment), moment.kind, run != HEALED, run, world, runs, False, (), differs)


def _in_process(here: House, moment: Moment | None, counts: Path | None, context: Context) -> int | None:
    """Its exit code; None if it did not end."""
    urls = {name: here.server.url(name) for name in here.tracker_names}
    there = _There(here.folder, here.face, here.mapping, urls, here.settings, here.world.clock.now())
    process = context.Process(target=_run, args=(there, moment, counts))
    process.start()
    process.join(PATIENCE)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    process.close()
    return code


class _Counted:
    """Counts what happens, from whatever thread, and sends the signal at its moment."""

    def __init__(self, what: str, moment: Moment | None) -> None:
        self.count = 0
        self._moment = moment if moment is not None and moment.what == what else None
        self._lock = threading.Lock()

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, with the signal before or after it when it is time."""

        def wrapped(*args: Any, **more: Any) -> Any:
            with self._lock:
                self.count += 1
                moment = self._moment if self._moment and self._moment.nth == self.count else None
            if moment and not moment.after:
                os.kill(os.getpid(), SIGNALS[moment.signal])
            result = call(*args, **more)
            if moment and moment.after:
                os.kill(os.getpid(), SIGNALS[moment.signal])
            return result

        return wrapped


def _run(there: _There, moment: Moment | None, counts: Path | None) -> None:
    requests, commits = _Counted(REQUEST, moment), _Counted(COMMIT, moment)
    with ExitStack() as stack:
        for owner, name, counted in (
            (HTTPAdapter, "send", requests),
            (DefaultDialect, "do_commit", commits),
        ):
            stack.enter_context(mock.patch.object(owner, name, counted.around(getattr(owner, name))))
        world = World(Clock(there.now), {})
        here = House(there.folder, world, cast("SandboxServer", there), there.face, there.mapping)
        here.settings = there.settings
        with _ended(), here.stop.listen():
            here.sync()
    if counts is not None:
        counts.write_text(f"{requests.count} {commits.count}")


@contextmanager
def _ended() -> Iterator[None]:
    """A run that was asked to stop has ended well."""
    try:
        yield
    except Stopped:
        sys.exit(0)

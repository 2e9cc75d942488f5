"""Where the campaign's trials take place: one server, and worlds and stores as they were each time."""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from unittest import mock

from connectors.sandbox.faults import Fault, Hook
from connectors.sandbox.seed import world_for
from connectors.sandbox.server import Logged, SandboxServer
from connectors.sandbox.world import World
from core.publish.publish_policy import LimitPolicy
from tests.loopback import Loopback
from tests.runs import CLOUD, MARKETING, House, Standing
from tests.tools.faults_kinds import SILENCE, Place

PAGE = 4
"""Rows on a page, so that every list takes several."""
FIRST = "first run"
CHANGE = "two tasks done"
SWEEP = "the day after"
NO_STORE = "store lost"
SCENARIOS = (FIRST, CHANGE, SWEEP, NO_STORE)
"""A run that knows nothing; one after which two tasks are done; the same when it is due to look for what is
gone; and the same without the store, where comments are known by their marks alone."""


@dataclass(frozen=True)
class Truth:
    """What a world and a store hold, as far as it must be the same whatever went wrong on the way."""

    standing: Mapping[str, Standing]
    definitions: frozenset[str]
    stored: Mapping[tuple[str, str], tuple[object, ...]]

    def headlines(self) -> "Truth":
        """The same, with nothing but the first line of each comment."""
        standing = {
            key: Standing(each.labels, tuple((mine, body.splitlines()[0]) for mine, body in each.comments))
            for key, each in self.standing.items()
        }
        return Truth(standing, self.definitions, self.stored)


@dataclass(frozen=True)
class Reference:
    """The same story without a fault: after the run, and after one more change and another run."""

    places: tuple[Place, ...]
    after: Truth
    later: Truth


class Elsewhere(Loopback):
    """Another server, which writes down whatever it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            """Answers everything with an empty list."""

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if self.raw_requestline and self.parse_request():
                    asked.append(f"{self.requestline}\n{self.headers}")
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"[]")
                self.close_connection = True

        super().__init__(Handler)


class Stage:
    """One server and one folder; `house` sets up a scenario anew, as often as it is asked to."""

    def __init__(self, folder: Path, face: str, server: SandboxServer, elsewhere: Elsewhere) -> None:
        self.folder = folder
        self.face = face
        self.server = server
        self.elsewhere = elsewhere
        self._begun = 0
        self._references: dict[tuple[str, object], Reference] = {}
        self._prepare()

    # Scenarios

    @contextmanager
    def house(self, scenario: str, *, moving: bool = False) -> Iterator[House]:
        """A world and a store as the scenario wants them; both are gone afterwards.

        `moving`: more happens in the world than one run would believe without being told to.
        """
        place = self.folder / "trial"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        self.server.world = World.load(self.folder / f"{scenario}.json")
        kept = self.folder / f"{scenario}.db"
        if kept.exists():
            shutil.copy(kept, place / "milepost.db")
        here = House(place, self.server.world, self.server, self.face, MARKETING)
        here.settings["jira"] = {"page_size": PAGE, "id_page_size": PAGE}
        if moving:
            here.limits = LimitPolicy(max_jump_points=100)
        self.calm()
        yield here
        self.calm()

    def impatient(self, here: House) -> None:
        """From now on the client waits for an answer only a moment."""
        for name in here.tracker_names:
            here.settings[name] = {**here.settings[name], "read_timeout": SILENCE}

    def calm(self) -> None:
        """No fault any more, and every request that was begun is done."""
        self.server.clear_faults()
        end = time.monotonic() + 20
        while self._begun > len(self.server.log) and time.monotonic() < end:
            time.sleep(0.002)
        self.server.log.clear()
        self._begun = 0
        self.server.plan(Fault(kind=Hook(self._begin), times=None))

    def reference(self, scenario: str, moves: Callable[[House], None] | None = None) -> Reference:
        """The story without a fault; `moves` is what happens in the world before the run."""
        key = scenario, moves
        if key not in self._references:
            with self.house(scenario, moving=moves is not None) as here:
                if moves is not None:
                    moves(here)
                clean(here)
                places, after = places_of(self.server.log), truth(here)
                clean(here)
                go_on(here)
                clean(here)
                self._references[key] = Reference(places, after, truth(here))
        return self._references[key]

    def _begin(self) -> None:
        self._begun += 1

    def _prepare(self) -> None:
        self.server.world.save(self.folder / f"{FIRST}.json")
        with self.house(FIRST) as here:
            clean(here)
            clean(here)
            here.jira.transition("BLOG-4", "Done")
            here.github.close("acme/site#4")
            here.world.save(self.folder / f"{CHANGE}.json")
            here.world.save(self.folder / f"{NO_STORE}.json")
            here.world.clock.advance(here.reconcile_every.total_seconds())
            here.world.save(self.folder / f"{SWEEP}.json")
            for scenario in (CHANGE, SWEEP):
                shutil.copy(here.database, self.folder / f"{scenario}.db")


@contextmanager
def stage(folder: Path, face: str = CLOUD) -> Iterator[Stage]:
    """A stage whose waits take no time but the world's own."""
    world = world_for({"jira": ("jira", face), "github": ("github", None)})
    with ExitStack() as stack:
        server = stack.enter_context(SandboxServer(world))
        elsewhere = Elsewhere()
        stack.callback(elsewhere.close)

        def wait(seconds: float) -> None:
            with server.world.lock:
                server.world.clock.advance(seconds)

        stack.enter_context(mock.patch("connectors.http.transport._interruptible", wait))
        stack.enter_context(mock.patch("connectors.sandbox.github_wire.call.MAX_PER_PAGE", PAGE))
        yield Stage(folder, face, server, elsewhere)


def clean(here: House) -> None:
    """A run without a fault, which has to do everything."""
    report = here.sync()
    assert not report.failed, (report.line, report.conclusion.problems, report.conclusion.plan.held)


def go_on(here: House) -> None:
    """The world goes on: what a cursor that moved too far would hide."""
    here.jira.transition("MKT-4", "Done")
    here.github.close("acme/site#3")


def truth(here: House) -> Truth:
    """What the trackers and the store hold now."""
    standing = {
        key: Standing(each.labels, tuple(sorted(each.comments))) for key, each in here.standing().items()
    }
    with here.job() as job:
        stored = {
            (issue.ref.tracker, issue.ref.id): (
                issue.ref.key,
                issue.title,
                issue.status,
                issue.category,
                tuple(sorted(issue.labels)),
                issue.parent_id,
            )
            for issue in job.store.issues()
        }
    return Truth(standing, frozenset(here.definitions()), stored)


def places_of(log: list[Logged]) -> tuple[Place, ...]:
    """Every request of a run, told apart by method, path and how often both came before."""
    seen: dict[tuple[str, str, str], int] = {}
    places = []
    for each in log:
        key = each.site, each.method, each.path
        seen[key] = seen.get(key, 0) + 1
        places.append(Place(*key, seen[key]))
    return tuple(places)


def exactly(path: str) -> str:
    """A pattern for this path and no other."""
    return f"^{re.escape(path)}$"

"""What a sync asks of the trackers, and what it costs when nothing changed."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.bench_kit import (
    MILEPOST,
    Cost,
    Figure,
    Scale,
    cpus,
    excess,
    folder,
    interleaved,
    plain,
    ratio,
    whole_process,
)
from tests.tools.bench_pulls import PAGE, Ground, Tracker, github, ground, jira

TARGETS = 5
"""Comments on each tracker."""
IMPORTS = "import jira, github, sqlalchemy, pydantic_settings, typer"


@dataclass(frozen=True)
class Asked:
    """What one sync did: requests that it sent, how many of them wrote, and issue rows that it wrote."""

    requests: int
    writes: int
    rows: int
    paths: dict[str, int]

    @property
    def reads(self) -> int:
        """Requests that only asked."""
        return self.requests - self.writes


class Installation:
    """A milepost whose syncs are counted in the trackers' own log."""

    def __init__(self, here: Ground, place: Path, keys: tuple[str, ...]) -> None:
        self._server = here.server
        self._config, self._environment = here.installed(place, tracked=keys)
        self._store = place / "milepost.db"

    def sync(self, command: str = "sync") -> Asked:
        """One run of the command, counted."""
        self._server.ask("log")
        before = self._rows()
        self.run(command)
        told: dict[str, Any] = self._server.ask("log")
        written = len(self._rows() - before)
        return Asked(told["requests"], told["writes"], written, told["paths"])

    def run(self, command: str = "sync") -> Cost:
        """One run as a process."""
        line = (*MILEPOST, command, "--config", self._config)
        return whole_process(*line, environment=self._environment)

    def _rows(self) -> set[tuple[Any, ...]]:
        """Each issue row, by when it was last written."""
        if not self._store.exists():
            return set()
        with closing(sqlite3.connect(self._store)) as database:
            return set(database.execute("SELECT tracker, id, seq, hash FROM issues"))


def requests(scale: Scale) -> Iterator[Figure]:
    """A first sync, one in which nothing changed, and one in which 1% changed."""
    for name, tracker in _trackers(scale):
        yield from _counted(scale, name, tracker)


def _trackers(scale: Scale) -> Iterator[tuple[str, Tracker]]:
    yield "GitHub repository", github(scale.issues)
    yield "GitHub organisation", github(scale.issues, scale.repositories)
    yield "Jira Cloud project", jira(scale.issues)
    yield "Jira Data Center project", jira(scale.issues, "datacenter")


def _counted(scale: Scale, name: str, tracker: Tracker) -> Iterator[Figure]:
    pages, changed = -(-scale.issues // PAGE), scale.issues // 100
    with ground(scale, tracker) as here, folder() as place, folder() as other:
        here.server.ask("delay", seconds=0)
        cold = Installation(here, other, ()).sync()
        milepost = Installation(here, place, _keys(tracker))
        milepost.sync()
        milepost.sync()
        quiet = milepost.sync()
        here.server.ask("touch", site=tracker.site, count=changed)
        some = milepost.sync()
    group, unit = "requests", "requests"
    yield excess(group, f"cold pull, {name}", "pages", [pages], [cold.requests], 3, unit)
    yield plain(group, f"sync, nothing changed, {name}", "none", [quiet.reads], 1, unit)
    yield plain(group, f"the same: tracker writes, {name}", "none", [quiet.writes], 0, "writes")
    yield plain(group, f"the same: issue rows written, {name}", "none", [quiet.rows], 0, "rows")
    needed = -(-changed // PAGE)
    yield excess(group, f"sync, 1% changed, {name}", "their pages", [needed], [some.reads], 1, unit)
    yield plain(
        group, f"the same, no meaning changed: tracker writes, {name}", "none", [some.writes], 0, "writes"
    )


def _keys(tracker: Tracker) -> tuple[str, ...]:
    name = "acme/repo-0#{}" if tracker.site == "github" else "BENCH-{}"
    return tuple(name.format(place) for place in range(1, TARGETS + 1))


def idle(scale: Scale) -> Iterator[Figure]:
    """The processor time of a whole process that syncs and finds nothing new, both trackers."""
    with ground(scale, github(scale.issues), jira(scale.issues)) as here, folder() as place:
        here.server.ask("delay", seconds=0)
        keys = (*_keys(here.trackers[0]), *_keys(here.trackers[1]))
        milepost = Installation(here, place, keys)
        milepost.sync()
        milepost.sync()
        floors, ours = interleaved(
            scale.repetitions, lambda: whole_process(sys.executable, "-c", IMPORTS), milepost.run
        )
    what = f"sync, nothing changed, both trackers, {2 * scale.issues:,} issues: CPU of the whole process"
    yield ratio("idle", what, f"`{IMPORTS}`", cpus(floors), cpus(ours), 1.3)

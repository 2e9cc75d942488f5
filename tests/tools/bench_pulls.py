"""Cold syncs against the least that anyone must do, and against what one would write in an afternoon."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.tools.bench_kit import (
    TOKEN,
    Cost,
    Figure,
    Scale,
    Trackers,
    cpus,
    folder,
    interleaved,
    measured,
    peaks,
    ratio,
    serving,
    walls,
)
from tests.tools.bench_world import install

EMAIL = "milepost@sandbox.test"
PAGE = 100
"""Issues a page in the floors and in the loops of an afternoon."""
SEQUENTIAL = "sequential loop"


@dataclass(frozen=True)
class Tracker:
    """One tracker of a benchmark: what the server builds, what the configuration says, and its floor."""

    site: str
    build: Mapping[str, Any]
    table: str
    environment: Mapping[str, str]
    floor: tuple[str, ...]
    afternoon: tuple[str, ...]


def github(issues: int, repositories: int = 1) -> Tracker:
    """A GitHub: one repository by its name, or an organisation of several."""
    names = tuple(f"acme/repo-{place}" for place in range(repositories))
    scope = 'repositories = ["acme/repo-0"]' if repositories == 1 else 'organization = "acme"'
    return Tracker(
        "github",
        {"issues": issues, "repositories": repositories},
        f'kind = "github"\nurl = "{{url}}"\n{scope}\nwrite_spacing = 0\n',
        {"MILEPOST_TRACKERS__GITHUB__TOKEN": TOKEN},
        ("floor-github", "{url}", "{file}", *names),
        ("afternoon-github", "{url}", "{file}", *names),
    )


def jira(issues: int, face: str = "cloud") -> Tracker:
    """A Jira with one project."""
    email = {"MILEPOST_TRACKERS__JIRA__EMAIL": EMAIL} if face == "cloud" else {}
    return Tracker(
        "jira",
        {"issues": issues, "face": face},
        'kind = "jira"\nurl = "{url}"\nprojects = ["BENCH"]\nwrite_spacing = 0\n',
        {"MILEPOST_TRACKERS__JIRA__TOKEN": TOKEN, **email},
        ("floor-jira", "{url}", "{file}", face, str(PAGE)),
        ("afternoon-jira", "{url}", "{file}", face),
    )


@dataclass(frozen=True)
class Ground:
    """Trackers that run, and the processes that may be sent at them."""

    server: Trackers
    trackers: tuple[Tracker, ...]
    issues: int
    milestones: int

    def floor(self, *, afternoon: bool = False) -> Cost:
        """One sequential reading of the first tracker; checks that every row came."""
        tracker = self.trackers[0]
        with folder() as place:
            url = self.server.ask("url", site=tracker.site)
            line = tracker.afternoon if afternoon else tracker.floor
            cost = measured(*(each.format(url=url, file=place / "floor.db") for each in line))
        self._whole(cost.data["rows"])
        return cost

    def cold(self, *only: str, command: str = "plan", tracked: tuple[str, ...] = ()) -> Cost:
        """A first `milepost plan` of these trackers (default: all), its store checked afterwards."""
        with folder() as place:
            config, environment = self.installed(place, *only, tracked=tracked)
            cost = measured("milepost", command, config, "0,3", environment=environment)
            self._whole(_stored(place / "milepost.db") // (len(only) or len(self.trackers)))
        return cost

    def installed(
        self, place: Path, *only: str, tracked: tuple[str, ...] = ()
    ) -> tuple[Path, dict[str, str]]:
        """A configuration in this folder, and the environment that it needs."""
        chosen = [each for each in self.trackers if not only or each.site in only]
        tables = {each.site: each.table.format(url=self.server.ask("url", site=each.site)) for each in chosen}
        environment = {name: value for each in chosen for name, value in each.environment.items()}
        return install(place, tables, tracked, milestones=self.milestones), environment

    def _whole(self, rows: int) -> None:
        if rows != self.issues:
            raise AssertionError(f"expected {self.issues} issues, got {rows}")


def _stored(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("SELECT count(*) FROM issues WHERE gone IS NULL").fetchone()[0])


@contextmanager
def ground(scale: Scale, *trackers: Tracker, issues: int | None = None) -> Iterator[Ground]:
    """Serve these trackers; every page has been rendered once, so that nobody pays for the sandbox."""
    with serving(scale, **{each.site: each.build for each in trackers}) as server:
        here = Ground(server, trackers, scale.issues if issues is None else issues, scale.milestones)
        if scale.delay:
            server.ask("delay", seconds=0)
            here.cold()
            for tracker in trackers:
                replace(here, trackers=(tracker,)).floor()
            server.ask("delay", seconds=scale.delay)
        server.ask("log")
        yield here


def _pull(
    scale: Scale, what: str, tracker: Tracker, wall: float, cpu: float | None = None
) -> Iterator[Figure]:
    with ground(scale, tracker) as here:
        floors, ours = interleaved(scale.repetitions, here.floor, here.cold)
    yield ratio("pulls", f"cold sync, {what}: wall", SEQUENTIAL, walls(floors), walls(ours), wall)
    if cpu is not None:
        yield ratio("pulls", f"cold sync, {what}: CPU", SEQUENTIAL, cpus(floors), cpus(ours), cpu)


def pulls(scale: Scale) -> Iterator[Figure]:
    """Cold syncs of each kind of tracker."""
    size = scale.issues
    yield from _pull(scale, f"GitHub repository of {size:,}", github(size), 1.25, 2.5)
    yield from _pull(scale, f"Jira Cloud project of {size:,}", jira(size), 0.7)
    yield from _pull(scale, f"Jira Data Center project of {size:,}", jira(size, "datacenter"), 0.6)
    many = scale.repositories
    organisation = github(size, many)
    yield from _pull(scale, f"GitHub organisation of {many} repositories, {size:,}", organisation, 0.6)


def both(scale: Scale) -> Iterator[Figure]:
    """Both trackers in one sync, against the slower one alone."""
    with ground(scale, github(scale.issues), jira(scale.issues)) as here:
        alone: list[Callable[[], Cost]] = [lambda: here.cold("github"), lambda: here.cold("jira"), here.cold]
        first, second, together = interleaved(scale.repetitions, *alone)
    slower = [max(pair) for pair in zip(walls(first), walls(second), strict=True)]
    yield ratio("both", "both trackers in one sync: wall", "the slower alone", slower, walls(together), 1.15)


def afternoon(scale: Scale) -> Iterator[Figure]:
    """The loop over the clients' objects, against the whole cold sync."""
    for name, tracker in (("PyGithub", github(scale.issues)), ("jira", jira(scale.issues))):
        with ground(scale, tracker) as here:
            loops, ours = interleaved(scale.repetitions, lambda: here.floor(afternoon=True), here.cold)
        what, floor = f"whole cold sync by an afternoon's loop, {name}", f"{name} object loop"
        yield ratio("afternoon", f"{what}: times faster", floor, walls(loops), walls(ours), 2.5, faster=True)
        yield ratio("afternoon", f"{what}: peak memory", floor, peaks(loops), peaks(ours), 0.25, "MB")

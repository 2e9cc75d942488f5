"""One resource answers one lasting fault for ten runs: everything that does not rest on it goes on.

`python -m tests.tools.isolation --help`. A resource is a path of a tracker that a run asks for, or a part of
it: one method, one query, one tree, one issue's rows. While it answers the fault, the world goes on: tasks
get done in every project and repository. What does not rest on the resource must be as in a world without
the fault, run by run; no number may be told that never was right; the requests of a run must not grow; and
a day after the fault is over everything must be as without it, with nothing left over.
"""

import argparse
import random
import re
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from connectors.sandbox.github_wire.render import node_id
from connectors.sandbox.seed import world_for
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from core.store import Store, open_store
from tests.runs import CLOUD, DATACENTER, House
from tests.tools.isolation_faults import (
    ERRORS,
    FAULTS,
    INCOMPLETE,
    LIMITED,
    NAMELESS,
    PARTS,
    ROW_FAULTS,
    fault_of,
)
from tests.tools.isolation_judge import broken, growth, left, numbers
from tests.tools.isolation_world import (
    DAY,
    GOAL,
    JIRA,
    MAPPING,
    NAMED,
    ORGANISATION,
    ROWS,
    SEARCHES,
    Resource,
    Text,
    configure,
    furnish,
    resting_on,
    steps,
    texts,
)

REST = 3
"""Runs in the day after the fault, in each of which all may be well again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault of one resource; `first`: from the very first run on, so that it was never read."""

    resource: Resource
    fault: str
    first: bool = False

    def __str__(self) -> str:
        return f"{self.resource}; {self.fault}{'; from the first run on' if self.first else ''}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one trial; empty texts where all was well."""

    trial: Trial
    spilled: str = ""
    wrong: str = ""
    grew: str = ""
    not_healed: str = ""
    broke: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing was wrong."""
        return not any(getattr(self, name) for name in WRONGS)

    def __str__(self) -> str:
        said = [f"{name}: {text}" for name in WRONGS if (text := getattr(self, name))]
        return f"{self.trial}: {'; '.join(said) or 'fine'}"


WRONGS = ("spilled", "wrong", "grew", "not_healed", "broke")


@dataclass(frozen=True, slots=True)
class Reference:
    """The story without a fault."""

    texts: tuple[Mapping[str, Text], ...]
    """After the first run, and after each step."""
    requests: tuple[int, ...]
    """Of each run after the first."""
    rest: tuple[Mapping[str, Text], ...]
    """After each run of the day that follows."""
    resources: tuple[Resource, ...]


class _Kept(House):
    """One that does not open its store anew for every run, which would take longer than a run does."""

    store: Store

    def opened(self) -> AbstractContextManager[Store]:
        return nullcontext(self.store)


class Campaign:
    """One server; each trial begins with the same world, and with an empty store or one that was run once."""

    def __init__(
        self, folder: Path, face: str, scope: str, server: SandboxServer, store: Store, seed: int
    ) -> None:
        """`store` is that of `milepost.db` in this folder; each trial puts other contents into it."""
        self.folder = folder
        self.face = face
        self.scope = scope
        self.server = server
        self.store = store
        self.seed = seed
        self._keep("new.db", "milepost.db")
        with self._here("new.db") as here:
            furnish(here)
            self.server.world.save(folder / "new.json")
            here.sync()
            self.server.world.save(folder / "run.json")
            self._keep("run.db", "milepost.db")
        self.reference = self._story()

    def _keep(self, to: str, of: str) -> None:
        """Let one database be as the other is, though it is open."""
        with (
            closing(sqlite3.connect(self.folder / of)) as old,
            closing(sqlite3.connect(self.folder / to)) as new,
        ):
            old.backup(new)

    @contextmanager
    def _here(self, stored: str) -> Iterator[House]:
        self._keep("milepost.db", stored)
        self.server.clear_faults()
        self.server.log.clear()
        here = _Kept(self.folder, self.server.world, self.server, self.face, MAPPING)
        here.store = self.store
        configure(here, self.scope)
        yield here
        self.server.clear_faults()

    @contextmanager
    def house(self, *, first: bool = False) -> Iterator[House]:
        """An installation that ran once, or not yet."""
        self.server.world = World.load(self.folder / ("new.json" if first else "run.json"))
        with self._here("new.db" if first else "run.db") as here:
            yield here

    def _story(self) -> Reference:
        requests, told = [], []
        with self.house() as here:
            told.append(texts(here))
            for step in steps(self.seed):
                step(here)
                before = len(self.server.log)
                here.sync()
                requests.append(len(self.server.log) - before)
                told.append(texts(here))
            rest = tuple(told for told, _ in self._rest(here))
            log = list(self.server.log)
            resources = self._resources(here)
        with self.house(first=True) as here:
            here.sync()
            log += self.server.log
        asked = defaultdict(set)
        for each in log:
            asked[each.site, each.path].add(each.method)
        whole = [Resource(site, path) for site, path in asked]
        parts = [
            Resource(site, path, method)
            for (site, path), methods in asked.items()
            if len(methods) > 1
            for method in methods
        ]
        found = sorted({*whole, *parts, *resources}, key=str)
        return Reference(tuple(told), tuple(requests), rest, tuple(found))

    def _resources(self, here: House) -> list[Resource]:
        """Parts of what is asked for with many bodies: one query, one tree."""
        search = "/rest/api/2/search/jql" if self.face == CLOUD else "/rest/api/2/search"
        found = [Resource("jira", search, body="labels = asked", sources=frozenset({"the JQL"}))]
        for key in ("acme/site#1", "acme/shop#5"):
            node = node_id("I", here.github.issue(key).id)
            found.append(Resource("github", "/graphql", body=node, sources=frozenset({key})))
        return found

    def trials(self) -> list[Trial]:
        """All that there is to try."""
        found = []
        for resource in self.reference.resources:
            some = PARTS if resource.method else [name for name in FAULTS if name != ERRORS]
            found += [Trial(resource, fault) for fault in some]
            if not resource.method:
                found += [Trial(resource, fault, first=True) for fault in PARTS]
            if resource.path == "/graphql":
                found.append(Trial(resource, ERRORS))
        for key in ROWS:
            site = "github" if "#" in key else "jira"
            # Of a row that was never read nobody can tell what it counts for.
            unread = {key, key.partition("#")[0], SEARCHES} if "#" in key else {key, JIRA}
            home = key.partition("#" if "#" in key else "-")[0]
            for fault in ROW_FAULTS:
                # One without a name could be any of its project or repository.
                sources = {key, home, SEARCHES} if fault in NAMELESS else {key}
                found.append(Trial(Resource(site, key, sources=frozenset(sources)), fault))
                found.append(Trial(Resource(site, key, sources=frozenset(unread)), fault, first=True))
        return found

    def attempt(self, trial: Trial) -> Outcome:
        """Ten runs while the resource answers the fault, and a day after it is over."""
        try:
            with self.house(first=trial.first) as here:
                return self._attempt(here, trial)
        except Exception as error:
            return Outcome(trial, broke=f"{type(error).__name__}: {error}"[:300])

    def _attempt(self, here: House, trial: Trial) -> Outcome:
        fault = fault_of(trial.fault, trial.resource)
        self.server.plan(fault)
        if trial.first:
            here.sync()
        spilled, wrong, breaking, excess = "", "", "", []
        for number, step in enumerate(steps(self.seed)):
            step(here)
            before = len(self.server.log)
            report = here.sync()
            if fault.fired:
                excess.append(len(self.server.log) - before - self.reference.requests[number])
            breaking = breaking or broken(report)
            now = texts(here)
            spilled = spilled or self._difference(here, trial, now, number)
            if trial.fault != INCOMPLETE:
                wrong = wrong or self._never_right(now, number)
        self.server.clear_faults()
        return Outcome(
            trial, spilled, wrong, grew=growth(excess), not_healed=self._unhealed(here), broke=breaking
        )

    def _difference(self, here: House, trial: Trial, now: Mapping[str, Text], number: int) -> str:
        expected = self.reference.texts[number + 1]
        # Sub-issues that nobody can name could count for anything on GitHub.
        nameless = trial.fault == "odd values" and trial.resource.path.endswith("/graphql")
        whole = trial.fault == LIMITED or nameless
        comments, labels = resting_on(trial.resource, here, expected, everything=whole)
        for key, text in now.items():
            if key not in comments and text.comment != expected[key].comment:
                return f"run {number + 1}: the comment on {key} is not as without the fault"
            if key not in comments | labels and text.labels != expected[key].labels:
                return f"run {number + 1}: the labels of {key} are not as without the fault"
        return ""

    def _never_right(self, now: Mapping[str, Text], number: int) -> str:
        """A comment that tells a number which was not right in any run so far."""
        so_far = self.reference.texts[: number + 2]
        for key, text in now.items():
            if key == GOAL:
                continue  # it tells of what can be measured among its milestones, and of what cannot
            told = set(numbers(text.comment))
            right = set(chain.from_iterable(numbers(each[key].comment) for each in so_far))
            if told - right:
                return f"run {number + 1}: {key} tells {sorted(told - right)}, and right were {sorted(right)}"
        return ""

    def _rest(self, here: House) -> Iterator[tuple[Mapping[str, Text], str]]:
        """What stands after each run of the following day, a reconciliation among them, and what is amiss."""
        for _ in range(REST):
            here.world.clock.advance(DAY / REST + 60)
            report = here.sync()
            yield texts(here), left(report)

    def _unhealed(self, here: House) -> str:
        """What is left over a day after the fault; empty as soon as all is well."""
        wrong = ""
        for (now, rest), expected in zip(self._rest(here), self.reference.rest, strict=True):
            differing = sorted(key for key, text in expected.items() if now.get(key) != text)
            wrong = f"{', '.join(differing[:4])} not as without the fault" if differing else rest
            if not wrong:
                return ""
        return wrong


@contextmanager
def campaign(face: str = CLOUD, scope: str = NAMED, seed: int = 1) -> Iterator[Campaign]:
    """A campaign whose waits take no time but the world's own, and whose files lie in memory if they can."""
    world = world_for({"jira": ("jira", face), "github": ("github", None)})
    memory = Path("/dev/shm")  # noqa: S108
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(dir=memory if memory.is_dir() else None))
        server = stack.enter_context(SandboxServer(world))
        store = stack.enter_context(open_store(Path(folder) / "milepost.db"))

        def wait(seconds: float) -> None:
            with server.world.lock:
                server.world.clock.advance(seconds)

        stack.enter_context(mock.patch("connectors.http.transport._interruptible", wait))
        yield Campaign(Path(folder), face, scope, server, store, seed)


def attempts(face: str, scope: str, seed: int, chosen: Sequence[Trial], end: float) -> list[Outcome]:
    """Try these one after the other, as long as there is time."""
    outcomes = []
    with campaign(face, scope, seed) as trials:
        for trial in chosen:
            if time.time() > end:
                break
            outcomes.append(trials.attempt(trial))
            if not outcomes[-1].fine:
                sys.stderr.write(f"{face} {scope}: {outcomes[-1]}\n")
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures by fault, as Markdown."""
    lines = [
        "| fault | trials | spilled over | wrong number | requests grew | not healed a day later | broke |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    groups = [(name, [one for one in outcomes if one.trial.fault == name]) for name in (*FAULTS, *ROW_FAULTS)]
    for name, some in [*groups, ("all", list(outcomes))]:
        figures = [len(some), *(sum(bool(getattr(one, wrong)) for one in some) for wrong in WRONGS)]
        lines.append(f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the campaign, or a part of it, and print its table; code 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--face", choices=[CLOUD, DATACENTER], default=CLOUD)
    parser.add_argument("--scope", choices=[NAMED, ORGANISATION], default=NAMED)
    parser.add_argument("--seconds", type=float, default=1200.0, help="stop after so many seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression for trials, as they are printed")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    end = time.time() + chosen.seconds
    with campaign(chosen.face, chosen.scope, chosen.seed) as trials:
        todo = [one for one in trials.trials() if re.search(chosen.only, str(one))]
    random.Random(chosen.seed).shuffle(todo)
    parts = [todo[number :: chosen.processes] for number in range(chosen.processes)]
    with ProcessPoolExecutor(chosen.processes) as pool:
        waiting = [
            pool.submit(attempts, chosen.face, chosen.scope, chosen.seed, part, end) for part in parts if part
        ]
        outcomes = [outcome for each in waiting for outcome in each.result()]
    sys.stdout.write(f"{len(outcomes):,} of {len(todo):,} trials\n\n{table(outcomes)}\n")
    sys.exit(0 if all(one.fine for one in outcomes) else 1)


if __name__ == "__main__":
    main()

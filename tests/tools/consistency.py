"""The consistency campaign: after anything that happened, and a day of rest, all is as with a fresh store.

A history is some weeks of moves, faults and runs, made from a number. Then faults are lifted, places that a
fresh store could not read are given back, and the world rests: runs go on until a reconciliation has
confirmed what an earlier one found. After that the stored issues and sums equal those of a fresh store, our
comments and labels are those that a fresh installation wants, and ten more runs write nothing.
`.venv/bin/python -m tests.tools.consistency --help` shows how to run it.
"""

import argparse
import contextlib
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from connectors.sandbox.github_truth.truth import Impossible
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from core.engine.policy import HealthPolicy
from core.publish.actions import ChangeLabels, DefineLabel, RemoveLabelDefinition, WriteComment
from core.publish.comment.mark import mark_of
from core.publish.publish_policy import LimitPolicy, PublishPolicy
from core.store import Store, open_store
from core.store.rollup.rollup_interface import RollupReader
from core.sync import conclude
from mappings.load import load
from tests.runs import READS, House
from tests.tools.consistency_compare import (
    comment_difference,
    id_of,
    row_differences,
    strays,
    unwritable,
    words,
)
from tests.tools.consistency_faults import a_fault
from tests.tools.consistency_history import FACES, SCOPES, History, failed_before
from tests.tools.consistency_moves import MOVES, SLOW
from tests.tools.consistency_world import MAPPING, REPOSITORIES, Sites, new_world, readable_again

PAGE = 4
"""Rows on a page."""
REST = (9.0, 9.1, 6.1, 0.5)
"""Hours between the runs at rest: a period, in which what is doubted is confirmed, and a little."""
SLOW_REST = (24.1,) * 8
"""Rest where only the rolling share shows what happened."""
QUIET_RUNS = 10
FEWER = 2
"""Runs after the comparison of four in five histories, to save time."""


@dataclass(slots=True)
class Result:
    """What was wrong after a history; empty where all was right."""

    history: History
    rows: list[str] = field(default_factory=list)
    sums: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    broke: str = ""
    runs: int = 0

    @property
    def fine(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.rows or self.sums or self.comments or self.labels or self.writes or self.broke)

    def __str__(self) -> str:
        parts = {name: getattr(self, name) for name in WRONGS if getattr(self, name)}
        said = "\n".join(f"  {name}: {value}" for name, value in parts.items())
        return f"{self.history}\n{said or '  fine'}"


WRONGS = ("rows", "sums", "comments", "labels", "writes", "broke")


class Campaign:
    """One server, on which one world after another is tried."""

    def __init__(self, server: SandboxServer, quiet_runs: int = QUIET_RUNS) -> None:
        self.server = server
        self.quiet_runs = quiet_runs
        self.rest: Sequence[float] = REST

    def house(self, folder: Path, world: World, history: History) -> House:
        """An installation beside the world, with small pages and no limits that a small world would meet."""
        here = House(folder, world, self.server, history.face, MAPPING)
        scope: dict[str, Any] = {"repositories": list(REPOSITORIES)}
        if history.scope == "organisation":
            scope = {"repositories": [], "organization": "acme"}
        patient = {"attempts": 2, "max_wait": 0}
        here.settings["github"] = {**scope, **patient}
        here.settings["jira"] = {"page_size": PAGE, "id_page_size": PAGE, **patient}
        # Whether a task moved lately is told by times that a lost store does not give back.
        here.health = HealthPolicy(stale_days=10_000)
        here.limits = LimitPolicy(
            max_jump_points=100, max_lost_percent=100, max_removed_percent=100, max_changes=10_000
        )
        here.publish = PublishPolicy(max_set_backs=100)  # its people set back more in a day than any do
        return here

    def try_one(self, history: History) -> Result:
        """Live through a history, rest, and compare."""
        result = Result(history)
        with _folder() as folder, _folder() as fresh, _stores_kept_open():
            world = new_world(history.face)
            self.server.world = world
            self.server.clear_faults()
            self.server.log.clear()
            try:
                here = self.house(Path(folder), world, history)
                at = self._live(here, history, result)
                self._rest(here, at, history, result)
                self._compare(here, self.house(Path(fresh), world, history), at, result)
                self._stay(here, at, result)
            except Exception:
                result.broke = traceback.format_exc(limit=-6)
            finally:
                self.server.clear_faults()
                if self.server.crashes:  # of the sandbox itself
                    result.broke = "".join(traceback.format_exception(self.server.crashes[0], limit=-3))
                self.server.crashes.clear()
        return result

    # Life

    def _live(self, here: House, history: History, result: Result) -> Sites:
        at = Sites(here.world, random.Random(0))
        for name, number in history.steps:
            at.dice = random.Random(number)
            if name == "run":
                # Minutes or days pass; a run every quarter of an hour is no more than more of the same.
                hours = at.dice.choice([0.1, 0.25, 1, 7, 25, 60, 110])
                here.world.clock.advance(hours * 3_600)
                self._run(here, result)
            elif name == "fault":
                self.server.plan(a_fault(at.dice))
            elif name == "lift":
                self.server.clear_faults()
            else:
                with contextlib.suppress(Impossible, ValueError, KeyError, IndexError):
                    MOVES[name](at)
        return at

    def _run(self, here: House, result: Result) -> None:
        result.runs += 1
        here.sync()

    def _rest(self, here: House, at: Sites, history: History, result: Result) -> None:
        self.server.clear_faults()
        readable_again(at, organisation=history.scope == "organisation")
        slow = any(name in SLOW for name, _ in history.steps)
        for hours in (*SLOW_REST, *self.rest) if slow else self.rest:
            here.world.clock.advance(hours * 3_600)
            self._run(here, result)

    # Comparison

    def _compare(self, here: House, fresh: House, at: Sites, result: Result) -> None:
        closed = unwritable(at)
        with here.job() as old_job, fresh.job() as new_job, new_job.store.lock():
            new = conclude(new_job)
            old = conclude(old_job)
            mine, theirs = ({id_of(each): each for each in job.store.issues()} for job in (old_job, new_job))
            result.rows += row_differences(mine, theirs)
            sums = _sums(old_job.store.rollup()), _sums(new_job.store.rollup())
        result.sums += [
            f"{owner}: {sums[0].get(owner)} instead of {sums[1].get(owner)}"
            for owner in sorted({*sums[0], *sums[1]})
            if sums[0].get(owner) != sums[1].get(owner)
        ]
        wanted = {each.ref: each for each in new.desired.comments if not each.waiting}
        for action in new.plan.actions:
            place = (
                action.container if isinstance(action, DefineLabel | RemoveLabelDefinition) else action.ref.id
            )
            if (action.tracker, place) in closed:
                continue
            if isinstance(action, WriteComment):
                before = action.before and mark_of(action.before)
                same = before and before.digest == action.digest
                if not same or words(action.before.body if action.before else "") != words(action.body):
                    result.comments.append(comment_difference(action))
            elif isinstance(action, ChangeLabels | DefineLabel):
                result.labels.append(f"{action.sentence} [{action.tracker}]")
            else:
                result.comments.append(action.sentence)
        held = [each for each in old.plan.held if each not in new.plan.held]
        result.comments += [f"held: {each.what}: {each.why}" for each in held]
        result.comments += strays(at, {ref.id for ref in wanted})

    def _stay(self, here: House, at: Sites, result: Result) -> None:
        start = len(self.server.log)
        few = sum(number for _, number in result.history.steps) % 5
        for _ in range(min(FEWER, self.quiet_runs) if few else self.quiet_runs):
            here.world.clock.advance(120)
            self._run(here, result)
        later = self.server.log[start:]
        result.writes += [
            str(each)
            for each in later
            if each.method != "GET" and not READS.search(each.path) and each.status < 400
        ]


def _sums(rollup: RollupReader) -> Mapping[str, object]:
    """By owner: its tasks, but for when they were edited, which what milepost itself writes moves."""
    return {owner: (dict(each.parts), each.left_out) for owner, each in rollup.tallies().items()}


def _folder() -> TemporaryDirectory[str]:
    """In memory where that is to be had: what a power cut leaves is no matter here."""
    return TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108


@contextlib.contextmanager
def _stores_kept_open() -> Iterator[None]:
    """Open each store and read the mapping once for all runs, which saves half of the time of a run."""
    with ExitStack() as stack:
        stores: dict[Path, Store] = {}

        @contextlib.contextmanager
        def kept(path: Path) -> Iterator[Store]:
            if path not in stores:
                stores[path] = stack.enter_context(open_store(path))
            yield stores[path]

        mappings: list[Any] = []

        def loaded(*about: Any) -> Any:
            mappings[:] = mappings or [load(*about)]
            return mappings[0]

        stack.enter_context(mock.patch("tests.runs.open_store", kept))
        stack.enter_context(mock.patch("tests.runs.load", loaded))
        yield


def shortest(campaign: Campaign, history: History, tries: int = 60) -> History:
    """The history with every step taken out that it fails without."""
    at = 0
    while at < len(history.steps) and tries > 0:
        shorter = History(history.face, history.scope, history.steps[:at] + history.steps[at + 1 :])
        tries -= 1
        if campaign.try_one(shorter).fine:
            at += 1
        else:
            history = shorter
    return history


@contextlib.contextmanager
def campaign(quiet_runs: int = QUIET_RUNS) -> Iterator[Campaign]:
    """A server, small pages, and nothing else."""
    with (
        mock.patch("connectors.sandbox.github_wire.call.MAX_PER_PAGE", PAGE),
        SandboxServer(new_world("cloud")) as server,
    ):
        yield Campaign(server, quiet_runs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try histories until their number or the time is up; print what was wrong and a table; 1 if any was."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.consistency", description=__doc__)
    parser.add_argument("--histories", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=3_600)
    parser.add_argument("--seed", type=int, default=0, help="the number of the first history")
    parser.add_argument("--history", help="try this one instead, as it was printed")
    parser.add_argument("--failed", action="store_true", help="first those that ever failed")
    parser.add_argument("--quiet-runs", type=int, default=QUIET_RUNS)
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side")
    parser.add_argument("--shrink", action="store_true", help="leave out of what fails what it fails without")
    asked = parser.parse_args(arguments)
    numbers = range(asked.seed, asked.seed + asked.histories)
    parts: list[Sequence[History]] = [[History.read(asked.history)]] if asked.history else []
    if asked.failed:
        parts.append(failed_before())
    if not asked.history:
        parts += [
            [History.made_from(number) for number in numbers[start : start + PART]]
            for start in range(0, len(numbers), PART)
        ]
    began = time.monotonic()
    trial = partial(_try_part, until=began + asked.seconds, quiet_runs=asked.quiet_runs, shrink=asked.shrink)
    total = Tried()
    with ExitStack() as stack:
        several = asked.jobs > 1 and len(parts) > 1
        pool = stack.enter_context(ProcessPoolExecutor(asked.jobs)) if several else None
        for done in pool.map(trial, parts) if pool else map(trial, parts):
            total.add(done)
            for text in done.wrong:
                print(text, flush=True)
            count = sum(count for key, count in total.counts.items() if key[2] == "tried")
            print(f"{count} tried, {len(total.wrong)} wrong", file=sys.stderr, flush=True)
    _print_table(total.counts)
    number = sum(count for key, count in total.counts.items() if key[2] == "tried")
    seconds = time.monotonic() - began
    each = total.cpu / max(1, number)
    print(
        f"\n{number} histories, {total.runs} runs, {len(total.wrong)} wrong; "
        f"{seconds:.0f} s, {each:.2f} s of CPU for each"
    )
    return 1 if total.wrong else 0


PART = 10
"""Histories that one process tries before it takes others."""


@dataclass(slots=True)
class Tried:
    """What came of some histories: how many, by Jira, GitHub and what was wrong; and those that were."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    runs: int = 0
    cpu: float = 0
    """Seconds."""

    def add(self, other: "Tried") -> None:
        """Count the other's in."""
        self.counts += other.counts
        self.wrong += other.wrong
        self.runs += other.runs
        self.cpu += other.cpu


def _try_part(histories: Sequence[History], *, until: float, quiet_runs: int, shrink: bool) -> Tried:
    """Some histories on a server of their own; none after `until`, by the monotonic clock of the machine."""
    done, spent = Tried(), time.process_time()
    with campaign(quiet_runs) as tried:
        for history in histories:
            if time.monotonic() > until:
                break
            result = tried.try_one(history)
            done.runs += result.runs
            place = (history.face, history.scope)
            done.counts[*place, "tried"] += 1
            for name in WRONGS:
                done.counts[*place, name] += bool(getattr(result, name))
            if not result.fine:
                shown = tried.try_one(shortest(tried, history)) if shrink else result
                done.wrong.append(
                    f"{history}\nfails; {'the shortest that does' if shrink else 'thus'}: {shown}"
                )
    done.cpu = time.process_time() - spent
    return done


def _print_table(counts: Mapping[tuple[str, str, str], int]) -> None:
    heads = ("Jira", "GitHub", "tried", *WRONGS)
    print("| " + " | ".join(heads) + " |\n| " + " | ".join("---" for _ in heads) + " |")
    for face in FACES:
        for scope in SCOPES:
            values = [str(counts[face, scope, name]) for name in ("tried", *WRONGS)]
            print("| " + " | ".join((face, scope, *values)) + " |")


if __name__ == "__main__":
    sys.exit(main())

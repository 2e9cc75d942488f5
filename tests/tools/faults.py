"""The campaign: every request of a run times every fault, and every moment of it times every signal."""

import argparse
import itertools
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.runs import CLOUD, DATACENTER
from tests.tools.faults_kinds import TROUBLES
from tests.tools.faults_process import Moment, interrupt, moments
from tests.tools.faults_stage import SCENARIOS, Stage, stage
from tests.tools.faults_trial import (
    DOUBLED,
    ENDED,
    EQUAL,
    HEALED,
    HUNG,
    LOST,
    STEPS,
    TOLD,
    Case,
    Outcome,
    attempt,
)

REQUESTS, SIGNALS = "requests", "signals"
"""The two halves of the campaign."""
PATIENCE = 60.0
"""Seconds after which a trial counts as hung; it takes half a second, and the waits in it take none."""
HEAD = (
    "fault",
    "tried",
    "healed",
    "failed and said so",
    "ended by its signal",
    "survived",
    "in steps",
    "doubled",
    "lost",
    "hung",
    "otherwise wrong",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what there is time for; print the table. 1 if anything was not as it must be."""
    options = _options(arguments)
    began = time.monotonic()
    outcomes: list[Outcome] = []
    for outcome in campaign(
        options.face or (CLOUD, DATACENTER), options.seconds, options.workers, options.only
    ):
        outcomes.append(outcome)
        if outcome.tried and not outcome.fine:
            _say(f"WRONG: {outcome}")
    tried = [each for each in outcomes if each.tried]
    _say(*table(tried), f"{len(tried)} faults in {time.monotonic() - began:.0f} s")
    return 0 if tried and all(each.fine for each in tried) else 1


def cases(there: Stage, only: str | None = None) -> list[Case | Moment]:
    """Every request of every scenario with every fault, once and lasting, and every signal at every moment.

    Their order mixes them, so that a campaign that is cut short has tried some of all.
    """
    found: list[Case | Moment] = [
        Case(scenario, place, trouble, lasting)
        for scenario in SCENARIOS
        for place in there.reference(scenario).places
        for trouble, lasting in itertools.product(TROUBLES, (False, True))
        # Beside Data Center, GitHub is asked the same as beside Cloud, where it was tried.
        if trouble.fits(place) and (there.face == CLOUD or place.site == "jira") and only != SIGNALS
    ]
    if there.face == CLOUD and only != REQUESTS:  # signals do not care which Jira it is
        found += itertools.chain.from_iterable(moments(there, scenario) for scenario in SCENARIOS)
    # By a name of its own each case keeps its place whatever else is tried.
    return sorted(found, key=lambda case: random.Random(str(case)).random())


def campaign(
    faces: Sequence[str], seconds: float, workers: int, only: str | None = None
) -> Iterator[Outcome]:
    """All cases of these faces, as far as the time allows, on this many processes; as much for each."""
    for face in faces:
        until = time.monotonic() + seconds / len(faces)
        running = [_Worker(face, part, workers, only) for part in range(workers)]
        for each in running:
            each.start()
        try:
            while running and time.monotonic() < until:
                ready = wait([each.pipe for each in running], timeout=1.0)
                for each in [each for each in running if each.pipe in ready]:
                    outcome = each.take()
                    if outcome is None:
                        running.remove(each)
                    else:
                        yield outcome
        finally:
            for each in running:
                each.end()


def table(outcomes: Iterable[Outcome]) -> list[str]:
    """What came of each kind, and of all, as a table in Markdown."""
    all_of_them = list(outcomes)
    order = [each.name for each in TROUBLES]
    order += sorted({each.kind for each in all_of_them} - set(order))
    by_kind = [(name, [one for one in all_of_them if one.kind == name]) for name in order]
    rows = [_row(name, found) for name, found in by_kind if found]
    lines = [HEAD, tuple("---" for _ in HEAD), *rows, _row("all", all_of_them)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _row(name: str, found: Sequence[Outcome]) -> tuple[str, ...]:
    counts = (
        len(found),
        sum(each.run == HEALED for each in found),
        sum(each.run == TOLD for each in found),
        sum(each.run == ENDED for each in found),
        sum(each.world in (EQUAL, STEPS) for each in found),
        sum(each.world == STEPS for each in found),
        sum(each.world == DOUBLED for each in found),
        sum(each.world == LOST for each in found),
        sum(each.run == HUNG for each in found),
        sum(not each.fine and each.world not in (DOUBLED, LOST) and each.run != HUNG for each in found),
    )
    return name, *(f"{count:,}" for count in counts)


class _Worker:
    """One process with a stage of its own, which tries every `workers`-th case from `part` on."""

    def __init__(self, face: str, part: int, workers: int, only: str | None) -> None:
        self._face = face
        self._step = workers
        self._only = only
        self._next = part

    def start(self) -> None:
        """Begin, or go on after a trial that hung."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe(duplex=False)
        what = theirs, self._face, self._only, self._next, self._step
        self._process = context.Process(target=_work, args=what)
        self._process.start()
        theirs.close()

    def take(self) -> Outcome | None:
        """The next outcome; None after the last."""
        try:
            outcome = self.pipe.recv()
        except EOFError:
            self._process.join()
            if self._process.exitcode:
                raise RuntimeError("a worker of the campaign failed; see above") from None
            return None
        assert isinstance(outcome, Outcome)
        self._next += self._step
        if outcome.run == HUNG:
            self.end()
            self.start()
        return outcome

    def end(self) -> None:
        """Stop at once."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _work(pipe: Connection, face: str, only: str | None, start: int, step: int) -> None:
    memory = Path("/dev/shm")  # noqa: S108 - a folder that no disk slows down, where there is one
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        stage(Path(folder), face) as there,
    ):
        for case in cases(there, only)[start::step]:
            hung = threading.Timer(PATIENCE, _give_up, (pipe, case))
            hung.daemon = True
            hung.start()
            outcome = attempt(there, case) if isinstance(case, Case) else interrupt(there, case)
            hung.cancel()
            pipe.send(outcome)


def _give_up(pipe: Connection, case: Case | Moment) -> None:
    """Tell of a trial that does not end, and wait to be killed with it."""
    pipe.send(Outcome(str(case), case.kind, True, HUNG, "", 0, False, (), ""))
    time.sleep(PATIENCE)
    os._exit(1)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.faults", description=__doc__)
    parser.add_argument("--face", action="append", choices=(CLOUD, DATACENTER), help="only this Jira")
    parser.add_argument("--only", choices=(REQUESTS, SIGNALS), help="only this half")
    parser.add_argument("--seconds", type=float, default=2400, help="stop after this time [2400]")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes [one a core]")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

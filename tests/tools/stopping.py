"""How soon a run ends when it is asked to: `python -m tests.tools.stopping [--issues N] [--moments N]`.

A real process, on a store of many issues that all have to be tagged anew, gets SIGTERM at moments spread
evenly over the time that an undisturbed run takes; in every third process also SIGINT at once. The
table says how long after its last signal the process was gone.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.shutdown import LIMIT
from tests.tools.bench_kit import QUICK, ROOT, folder
from tests.tools.bench_pulls import ground, jira
from tests.tools.bench_rollup import fill

SYNC = "import sys; from core.cli import app; sys.exit(app(sys.argv[1:], standalone_mode=False))"
SERVED = 100
"""Issues that the tracker holds; the store holds them and many more."""


@dataclass(frozen=True)
class Ended:
    """One process that was asked to stop."""

    after: float
    """Seconds from its start to the first signal."""
    seconds: float
    """From the last signal to its end."""
    code: int
    twice: bool


class Installation:
    """A configuration and a store, which is put back before each run."""

    def __init__(self, place: Path, config: Path, environment: Mapping[str, str]) -> None:
        self._store = place / "milepost.db"
        self._copy = place / "copy.db"
        self._command = [sys.executable, "-c", SYNC, "sync", "--config", str(config)]
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}

    def run(self) -> None:
        """An undisturbed run on the store as it is."""
        subprocess.run(self._command, env=self._environment, stdout=subprocess.DEVNULL, check=False)

    def keep(self) -> None:
        """From now on, the store as it is stands at the beginning of each run."""
        shutil.copy(self._store, self._copy)

    def put_back(self) -> None:
        """The store as it was kept."""
        for suffix in ("-wal", "-shm"):
            self._store.with_name(self._store.name + suffix).unlink(missing_ok=True)
        shutil.copy(self._copy, self._store)

    def seconds(self) -> float:
        """How long an undisturbed run takes."""
        self.put_back()
        began = time.perf_counter()
        self.run()
        return time.perf_counter() - began

    def ended(self, after: float, *, twice: bool) -> Ended:
        """Begin a run, ask it to stop, and wait for its end."""
        self.put_back()
        with subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(after)
            process.send_signal(signal.SIGTERM)
            if twice:
                process.send_signal(signal.SIGINT)  # two of one number may arrive as one
            began = time.perf_counter()
            code = process.wait()
            return Ended(after, time.perf_counter() - began, code, twice)


def trials(issues: int, moments: int) -> Iterator[Ended]:
    """One process after the other."""
    with ground(QUICK, jira(SERVED), issues=SERVED) as here, folder() as place:
        config, environment = here.installed(place)
        said = config.read_text(encoding="utf-8")
        config.write_text(said.replace("enabled = false", "enabled = true"), encoding="utf-8")
        there = Installation(place, config, environment)
        there.run()
        fill(place / "milepost.db", issues - SERVED)
        there.keep()
        whole = there.seconds()
        print(f"an undisturbed run on {issues:,} issues takes {whole:.1f} s")
        for moment in range(moments):
            yield there.ended(whole * (moment + 0.5) / moments, twice=moment % 3 == 2)


def main() -> int:
    """Print the table; 1 if any process took longer than it may."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--issues", type=int, default=150_000)
    options.add_argument("--moments", type=int, default=12)
    chosen = options.parse_args()
    ended = []
    print("| signal after | signals | gone after | exit code |\n| --- | --- | --- | --- |")
    for each in trials(chosen.issues, chosen.moments):
        ended.append(each)
        signals = "SIGTERM, SIGINT" if each.twice else "SIGTERM"
        print(f"| {each.after:.1f} s | {signals} | {each.seconds:.2f} s | {each.code} |", flush=True)
    slow = [each for each in ended if each.seconds > (1 if each.twice else LIMIT + 1)]
    print(f"{len(ended)} processes, {len(slow)} ended too late")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

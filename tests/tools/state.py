"""Every stored fact and every header, replaced by hostile values: `python -m tests.tools.state --seconds S`.

The store of an agreed world is damaged in one place, and a run is made on it. Well is: it ends with 0, or
with a message that names what was wrong; and at the latest after the next comparison with the trackers the
comments and labels, the issues as stored and the figures of everything equal those of the undamaged world,
and nothing is left to do. What only tells of the past (the ledger, the log of runs) need not come back; it
must be read without an error. Headers of answers are replaced in one run, and the next ones judged alike.
"""

import argparse
import logging
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox.faults import Fault, Headers
from core.store import StoreError, open_store
from core.undo_runs import runs_to_undo
from tests.runs import CLOUD, DATACENTER, House, house

VALUES: dict[str, object] = {
    "null": None,
    "negative": -1,
    "zero": 0,
    "huge": 2**63 - 1,
    "least": -(2**63),
    "far future": 32_503_680_000_000_000,
    "fraction": 1.5,
    "infinite": float("inf"),
    "word": "soon",
    "empty": "",
    "NUL": "\x00",
    "digits": "9" * 400,
    "bytes": b"\x00\xff",
    "no UTF-8": "CAST(x'c328ff' AS TEXT)",
    "half a character": "CAST(x'eda080' AS TEXT)",
    "broken JSON": '{"a": ',
    "JSON list": "[1, null, {}]",
    "JSON object": '{"a": {"b": []}}',
    "JSON null": "null",
    "deep JSON": "[" * 5_000 + "]" * 5_000,
}
"""Other types, ranges, lengths and documents."""
_EXPRESSIONS = ("no UTF-8", "half a character")
"""Values that only SQLite itself can make."""
HEADERS = (
    "Date",
    "ETag",
    "Link",
    "Retry-After",
    "Content-Type",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Used",
    "X-RateLimit-Resource",
    "X-RateLimit-Interval-Seconds",
    "X-RateLimit-FillRate",
    "RateLimit-Reason",
    "X-GitHub-SSO",
    "X-GitHub-Request-Id",
    "X-GitHub-Api-Version-Selected",
    "X-OAuth-Scopes",
    "X-Seraph-LoginReason",
    "X-AREQUESTID",
    "X-Poll-Interval",
    "Server-Time",
    "Location",
)
WORDS: dict[str, str | None] = {
    "dropped": None,
    "empty": "",
    "negative": "-1",
    "zero": "0",
    "huge": "9" * 400,
    "far future": "32503680000",
    "milliseconds": "1802692800000",
    "fraction": "1.5",
    "infinite": "inf",
    "no number": "NaN",
    "word": "soon",
    "date": "Thu, 01 Jan 3000 00:00:00 GMT",
    "old date": "Thu, 01 Jan 1970 00:00:00 GMT",
    "ISO": "3000-01-01T00:00:00.000Z",
    "not ASCII": "\xff\xfe",
    "long": "x" * 8_000,
    "a link": '<http://elsewhere.example/?page=2>; rel="next"',
}
DAY = timedelta(hours=25)
HEALED, NAMED, WRONG, RAISED = "as before", "named, then as before", "WRONG", "RAISED"


@dataclass(frozen=True)
class Trial:
    """One replacement: of a column (in one row or in all of them), or of a header of one tracker."""

    place: str
    name: str
    value: str
    everywhere: bool = True

    @property
    def row(self) -> str:
        """The line of the table that it counts in."""
        return self.place

    def __str__(self) -> str:
        return f"{self.place}.{self.name} = {self.value}{'' if self.everywhere else ' in one row'}"


@dataclass(frozen=True)
class Truth:
    """What everybody can see, and what is stored of the trackers."""

    comments: dict[str, str]
    labels: dict[str, set[str]]
    issues: tuple[Any, ...]
    sums: tuple[Any, ...]


class Stand:
    """An agreed world, its store as it was then, and what a run on it has to come to."""

    def __init__(self, folder: Path, face: str, stack: ExitStack) -> None:
        self.here: House = stack.enter_context(house(folder, face))
        self.here.agreed()
        self.here.sync()
        with closing(sqlite3.connect(self.here.database)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.sound = self.here.database.read_bytes()
        self.truth = self.read()
        self.begun = self.here.world.clock.now()

    def put_back(self) -> None:
        """The store as it was."""
        for suffix in ("-wal", "-shm"):
            self.here.database.with_name(self.here.database.name + suffix).unlink(missing_ok=True)
        self.here.database.write_bytes(self.sound)
        self.here.server.clear_faults()
        self.here.ahead = timedelta(0)

    def read(self) -> Truth:
        """What there is now."""
        with open_store(self.here.database) as store:
            # An issue that is read again has moved by our own writes, which say nothing of it.
            issues = tuple(
                replace(each, updated=each.created, labels=tuple(sorted(each.labels)))
                for each in store.issues()
                if each.ref.tracker in self.here.tracker_names
            )
            sums = tuple(
                sorted((name, str(dict(each.parts))) for name, each in store.rollup().tallies().items())
            )
        return Truth(self.here.ours(), self.here.labels(), issues, sums)

    def columns(self) -> list[tuple[str, str]]:
        """Every column of every table."""
        with closing(sqlite3.connect(self.here.database)) as raw:
            tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return [
                (table, column[1])
                for table in sorted(tables)
                if table != "alembic_version"
                for column in raw.execute(f"PRAGMA table_info({table})")
            ]

    def damage(self, trial: Trial) -> bool:
        """Whether the store took it: a value that its own rules refuse cannot stand there."""
        value = VALUES[trial.value]
        said = str(value) if trial.value in _EXPRESSIONS else "?"
        given = () if trial.value in _EXPRESSIONS else (value,)
        one = f" WHERE ({trial.name}) IN (SELECT {trial.name} FROM {trial.place} LIMIT 1)"  # noqa: S608
        with closing(sqlite3.connect(self.here.database)) as raw, raw:
            try:
                found = raw.execute(
                    f"UPDATE {trial.place} SET {trial.name} = {said}{'' if trial.everywhere else one}",  # noqa: S608
                    given,
                )
            except (sqlite3.IntegrityError, sqlite3.DataError):
                return False
            return found.rowcount > 0

    def judge(self, trial: Trial) -> tuple[str, str]:
        """Let the runs come, and say how they ended."""
        here, named, failed = self.here, "", False
        for ahead in (timedelta(0), timedelta(minutes=15), DAY, DAY + timedelta(minutes=15)):
            here.ahead = ahead
            try:
                report = here.sync()
            except StoreError as error:
                named, failed = named or str(error), True
                continue
            failed = report.failed
            if failed:
                held = [f"{each.what}: {each.why}" for each in report.conclusion.plan.held]
                reasons = [*report.conclusion.problems, *held, *(each.reason for each in report.written)]
                named = named or "; ".join(reasons) or f"no reason: {report.line}"
        if failed:
            return WRONG, f"never well again: {named}"
        try:
            left = here.plan()
            truth = self.read()
            with open_store(here.database) as store:
                for run in store.runs():
                    store.entries(run.run)
                runs_to_undo(store, None, everything=True)
        except StoreError as error:
            return WRONG, f"still: {error}"
        if left.plan.actions or left.plan.held:
            return (
                WRONG,
                f"left to do: {[each.sentence for each in left.plan.actions][:2]} {left.plan.held[:1]}",
            )
        for what in ("comments", "labels", "issues", "sums"):
            if getattr(truth, what) != getattr(self.truth, what):
                differs = _difference(getattr(self.truth, what), getattr(truth, what))
                return WRONG, f"{what} differ ({named}): {differs}"
        return (NAMED, named) if named else (HEALED, "")


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, dict):
        before, after = sorted(map(str, before.items())), sorted(map(str, after.items()))
    lost = [each for each in before if each not in after]
    new = [each for each in after if each not in before]
    return f"{len(before)} and {len(after)}; lost {str(lost)[:300]}; new {str(new)[:300]}"


def trials(stand: Stand) -> Iterator[Trial]:
    """All of them."""
    for table, column in stand.columns():
        for value in VALUES:
            yield Trial(table, column, value)
            yield Trial(table, column, value, everywhere=False)
    for site in stand.here.tracker_names:
        for header in HEADERS:
            for word in WORDS:
                yield Trial(f"headers of {site}", header, word)


def outcome(stand: Stand, trial: Trial) -> tuple[str, str] | None:
    """What became of one trial; None where the store did not take it."""
    stand.put_back()
    if trial.place.startswith("headers"):
        site = trial.place.rpartition(" ")[2]
        values = {trial.name: WORDS[trial.value]}
        stand.here.server.plan(Fault(kind=Headers(values), site=site, times=None))
        try:
            stand.here.sync()
        except StoreError as error:
            return RAISED, str(error)
        except Exception as error:
            return RAISED, f"{type(error).__name__}: {error}"
        stand.here.server.clear_faults()
    elif not stand.damage(trial):
        return None
    try:
        return stand.judge(trial)
    except Exception as error:
        return RAISED, f"{type(error).__name__}: {error}"


def campaign(
    seconds: float, seed: int, face: str, only: str = ""
) -> tuple[dict[str, Counter[str]], list[str]]:
    """As many trials as there is time for, drawn by the seed; by line the outcomes, and what went wrong."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: list[str] = []
    deadline = time.monotonic() + seconds
    folders = ExitStack()
    with folders:
        stack = folders.enter_context(ExitStack())
        stand = _stand(folders, stack, face)
        drawn = [each for each in trials(stand) if only in str(each)]
        random.Random(seed).shuffle(drawn)
        for trial in drawn:
            if time.monotonic() > deadline:
                break
            found = outcome(stand, trial)
            if found is None:
                continue
            table[trial.row][found[0]] += 1
            if found[0] in (WRONG, RAISED):
                wrong.append(f"{trial}: {found[0]}: {found[1][:300]}")
                stack.close()  # what came of it may be seen in the trackers
                stack = folders.enter_context(ExitStack())
                stand = _stand(folders, stack, face)
    return table, wrong


def _stand(folders: ExitStack, stack: ExitStack, face: str) -> Stand:
    folder = folders.enter_context(tempfile.TemporaryDirectory(prefix="milepost-state-"))
    return Stand(Path(folder), face, stack)


def main() -> int:
    """Print the table; 1 if anything went wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--face", choices=(CLOUD, DATACENTER), default=CLOUD)
    options.add_argument("--only", default="", help="trials whose name has this text, such as issues.key")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    table, wrong = campaign(chosen.seconds, chosen.seed, chosen.face, chosen.only)
    heads = (HEALED, NAMED, WRONG, RAISED)
    print(f"| replaced | trials | {' | '.join(heads)} |\n|{' --- |' * (2 + len(heads))}")
    for row, counts in sorted(table.items()):
        print(f"| {row} | {counts.total()} | {' | '.join(str(counts[head]) for head in heads)} |")
    for line in wrong:
        print(line)
    print(f"{sum(each.total() for each in table.values())} trials, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""How the store grows over 10,000 runs, a quarter of an hour apart: quiet ones, and ones that are refused.

`python -m tests.tools.growth [--runs N]` prints the table of docs/performance.md. A whole run takes far too
long for that many, so this drives what a run leaves in the store, in the order in which `core.sync` does:
the run's row, the quarantine of the plan, the writes with their circuit, the ledger, and its pruning. Reading
the trackers, which writes nothing where nothing changed, is left out.
"""

import argparse
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.errors import Refused
from connectors.models import IssueRef
from core.publish.actions import Action, ChangeLabels, Plan, WriteComment
from core.publish.apply import apply
from core.steps.quarantined import Quarantine
from core.store import Store, open_store

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
APART = timedelta(minutes=15)
KEEP = timedelta(days=400)
REFUSED = 98
"""Writes that a token which may only read is refused (the case that this measures)."""
LINE = (
    "run {run} done: jira: 0 read, 0 new, 0 changed; github: 0 read, 0 new, 0 changed; 0 written, 0 failed, "
    "0 held, 0 problems; API quota: github 18 of 2,500, github 2 of 2,500 (graphql); 0.4 s"
)


@dataclass(frozen=True)
class Stand:
    """What the store holds after so many runs."""

    runs: int
    size: int
    """In bytes."""
    sent: int
    """Writes that were sent since the stand before."""


class Refusing:
    """A writer, or a reader, of a tracker on which nothing may be written; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        def refuse(*_arguments: object) -> None:
            self.asked += 1
            raise Refused("jira", f"PUT {name}", "HTTP 403: this token may only read")

        return refuse


def wishes(number: int) -> Plan:
    """Labels and comments of as many issues."""
    refs = [IssueRef("jira", str(10_000 + each), f"BLOG-{each}") for each in range(number)]
    comments = [ref for place, ref in enumerate(refs) if place % 10 == 0]
    actions: list[Action] = [ChangeLabels(ref, ("mp/milestone/blog",), ()) for ref in refs]
    actions += [WriteComment(ref, "blog", "text " * 200, "mark", "d", None, "news") for ref in comments]
    return Plan(tuple(actions[:number]))


def stands(store: Store, plan: Plan, runs: int) -> Iterator[Stand]:
    """After 1, 10, 100 and so on runs that want this plan and are refused."""
    writer, sent = Refusing(), 0
    for number in range(1, runs + 1):
        now = BEGIN + number * APART
        run = store.begin_run(now, "sync")
        quarantine = Quarantine.of(plan, store, {}, now)
        written = apply(
            quarantine.plan(plan),
            {"jira": writer},
            {"jira": writer},
            lambda one, run=run, now=now: (  # type: ignore[misc]
                store.record(run, one, now) if one.cause not in ("put off", "closed") else None
            ),
        )
        kept = quarantine.keep(store, written, ["jira"], now)
        outcome = "failed" if len(written) > len(kept.as_before) else "done"
        store.end_run(run, now, outcome, LINE.format(run=run), {"failed": len(written)})
        store.prune(KEEP, now)
        if number in {1, 10, 100, 1_000, runs}:
            yield Stand(number, size_of(store.file), writer.asked - sent)
            sent = writer.asked


def size_of(file: Path) -> int:
    """The bytes of a store, with what has not reached its main file yet."""
    with closing(sqlite3.connect(file)) as raw:
        pages, size = (raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def measured(plan: Plan, runs: int) -> list[Stand]:
    """The stands of a new store."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "milepost.db") as store:
        return list(stands(store, plan, runs))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    runs: int = parser.parse_args().runs
    print("| runs | days | store after quiet runs | store after refused runs | writes sent since |")
    print("| --- | --- | --- | --- | --- |")
    for quiet, refused in zip(measured(Plan(), runs), measured(wishes(REFUSED), runs), strict=True):
        days = quiet.runs * APART / timedelta(days=1)
        print(
            f"| {quiet.runs:,} | {days:,.1f} | {quiet.size / 1024:,.0f} kB | {refused.size / 1024:,.0f} kB "
            f"| {refused.sent:,} |"
        )


if __name__ == "__main__":
    main()

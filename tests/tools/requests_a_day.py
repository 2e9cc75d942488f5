"""What milepost asks of each tracker in a day, counted on the built-in trackers and checked by a formula.

`.venv/bin/python -m tests.tools.requests_a_day` counts at 1,000 and 10,000 issues a run in which nothing
changed and comparisons of everything (`reconcile_hours`), sets the formula beside each, and prints a table
in Markdown with the formula alone for 100,000. It ends with 1 if a count and its formula differ by more than
2% and 5 requests.
"""

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from core.steps.reconcile import DUE
from tests.tools.bench_kit import Scale, folder
from tests.tools.bench_pulls import Tracker, github, ground, jira
from tests.tools.bench_requests import Installation

COUNTED = (1_000, 10_000)
CALCULATED = (100_000,)
REPOSITORIES = 50
"""Of the organisation; each has as many issues as any other."""
RUNS = 24 * 4
"""Runs in a day, one every 15 minutes."""
COMPARISONS = 24 / (24 * DUE)
"""Of everything, in a day with `reconcile_hours = 24`."""
SHARES = 7
"""`reread_days`: of the issues of which only outlines are listed, one in so many is read whole each time."""
SAMPLES = 2
"""Comparisons that are counted; the mean is shown."""


@dataclass(frozen=True)
class Kind:
    """One kind of scope: how it is built, and how many requests a comparison of so many issues takes."""

    name: str
    build: Callable[[int], Tracker]
    formula: Callable[[int], float]
    words: str


def _pages(issues: float, page: int = 100) -> int:
    return max(1, ceil(issues / page))


KINDS = (
    Kind(
        "GitHub, one repository",
        github,
        lambda n: 1 + 1 + _pages(n),
        "the question what changed, the repository, and its issues by 100",
    ),
    Kind(
        f"GitHub, an organisation of {REPOSITORIES} repositories",
        lambda n: github(n, REPOSITORIES),
        lambda n: 1 + _pages(REPOSITORIES) + REPOSITORIES * _pages(n / REPOSITORIES),
        "the question what changed, the repositories by 100, and the issues of each by 100",
    ),
    Kind(
        "Jira Cloud, one project",
        jira,
        lambda n: 1 + 2 + _pages(n, 5_000) + _pages(n) + _pages(n / SHARES),
        "the question what changed, the project and its readers, ids by 5,000, outlines and a share by 100",
    ),
    Kind(
        "Jira Data Center, one project",
        lambda n: jira(n, "datacenter"),
        lambda n: 1 + 2 + _pages(n, 1_000) + _pages(n / SHARES),
        "the question what changed, the project and its readers, outlines by 1,000, and a share by 100",
    ),
)


@dataclass(frozen=True)
class Count:
    """Requests of a run in which nothing changed, and of one that compares everything."""

    quiet: float
    comparison: float

    @property
    def day(self) -> float:
        """Of a day with a run every 15 minutes."""
        return RUNS * self.quiet + COMPARISONS * (self.comparison - self.quiet)


def counted(kind: Kind, issues: int) -> tuple[Count, dict[str, int]]:
    """What the trackers' own log tells, and the paths of the last comparison."""
    with ground(replace(Scale(), issues=issues, delay=0.0), kind.build(issues)) as here, folder() as place:
        milepost = Installation(here, place, ())
        milepost.sync()
        milepost.sync()
        quiet = milepost.sync().requests
        several = []
        for _ in range(SAMPLES):
            _make_due(place / "milepost.db")
            several.append(milepost.sync())
    return Count(quiet, sum(each.requests for each in several) / SAMPLES), several[-1].paths


def _make_due(store: Path) -> None:
    """Let the last comparison be two days ago."""
    with closing(sqlite3.connect(store)) as database:
        database.execute("UPDATE pulls SET swept_at = swept_at - 2 * 86400 * 1000000")
        database.commit()


def table(kinds: Sequence[Kind], sizes: Sequence[int]) -> Iterator[tuple[str, bool]]:
    """The rows, and whether count and formula agree."""
    for kind in kinds:
        for issues in (*sizes, *CALCULATED):
            by_formula = Count(1, kind.formula(issues))
            if issues in CALCULATED:
                yield _row(kind, issues, by_formula, "formula"), True
                continue
            found, paths = counted(kind, issues)
            apart = abs(found.comparison - by_formula.comparison)
            agrees = found.quiet == 1 and apart <= max(5, 0.02 * found.comparison)
            if not agrees:
                print(f"{kind.name}, {issues}: {found}, formula {by_formula}; {paths}", file=sys.stderr)
            yield _row(kind, issues, found, f"counted; formula {by_formula.comparison:,.0f}"), agrees


def _row(kind: Kind, issues: int, count: Count, how: str) -> str:
    return (
        f"| {kind.name} | {issues:,} | {count.quiet:,.0f} | {count.comparison:,.0f} "
        f"| {count.day:,.0f} | {how} |"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a count and its formula differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.requests_a_day", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(COUNTED))
    parser.add_argument("--kinds", type=int, nargs="*", default=list(range(len(KINDS))))
    asked = parser.parse_args(arguments)
    well = True
    print("| scope | issues | a run, nothing changed | a comparison | a day | how |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row, agrees in table([KINDS[place] for place in asked.kinds], asked.sizes):
        print(row, flush=True)
        well = well and agrees
    for kind in KINDS:
        print(f"\n{kind.name}: {kind.words}.")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

"""Rolling up what is stored, beside SQLite's GROUP BY; and how a run's cost grows with what is stored."""

import atexit
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from tests.tools.bench_kit import (
    Cost,
    Figure,
    Sample,
    Scale,
    folder,
    interleaved,
    measured,
    ratio,
    walls,
)
from tests.tools.bench_pulls import Ground, ground, jira
from tests.tools.bench_tagging import ideal
from tests.tools.bench_world import Spec, further, install, issues, specs

CHANGED = 100
FIRST = 100_000
"""The number of the first issue that only the store holds."""
SERVED = 1_000
"""Issues that the tracker itself holds; the store holds them and many more."""
_PULL_PAGE = 1_000
_BATCH = 20_000
CONFIG = 'kind = "jira"\nurl = "https://jira.example"\nprojects = ["BENCH"]\n'


def fill(file: Path, count: int, more: range = range(0), seed: int = 3) -> None:
    """Put issues into a store as if a pull had brought them, without touching how far it was read.

    The same issues every time; another seed changes what they say.
    """
    from connectors.interface import Page, Pull
    from core.store import open_store
    from tests.tools.bench_store import NOW

    def pages() -> Iterator[Page]:
        waiting = []
        for issue in issues(count, seed, more, first=FIRST):
            waiting.append(issue)
            if len(waiting) == _PULL_PAGE:
                yield Page(tuple(waiting))
                waiting.clear()
        yield Page(tuple(waiting))

    with open_store(file) as store:
        state = store.pull_state("jira")
        store.save_pull("jira", Pull(state.cursor or "none", pages(), full=False), state.read_at or NOW)


def roll_up(config: Path, changed: int, stones: int) -> Callable[[], dict[str, Any]]:
    """Progress from sums: of every milestone, made anew of all rows; or of those that some changes touch.

    The mapping is read, its rules are indexed and the tags in step when the clock starts. After changes,
    tagging again what changed is measured too. Health and goals, which follow from the sums of every
    milestone in every run, are measured by the whole runs of `growth`.
    """
    from core.cli.open_context import open_context
    from core.engine.tally import weigh
    from core.rollup.refresh import refresh, sum_up
    from core.rollup.rollup_rules import RollupRules

    kept = ExitStack()
    job = kept.enter_context(open_context(config, trackers=False))
    rules = RollupRules.of(job.mapping, job.infos, job.store.resolver(), job.progress, 10)
    with job.store.updating_rollup() as writer:
        refresh(writer, rules)
    rules.tag(next(job.store.issues()), ())
    if changed:
        milestones = len(job.mapping.milestones)
        more = range(milestones - stones, milestones)
        fill(config.parent / "milepost.db", changed, more, seed=os.getpid())

    def run() -> dict[str, Any]:
        touched = None
        with job.store.updating_rollup() as writer:
            if changed:
                touched = refresh(writer, rules).owners
            else:
                sum_up(writer, rules.weigh_by, rules)
        found = job.store.rollup().tallies(touched)
        weighed = {owner: weigh(tally, rules.weigh_by[owner]) for owner, tally in found.items()}
        atexit.register(kept.close)  # which copies back what was written before the clock started
        return {"milestones": len(weighed)}

    return run


ALL = "SELECT owner, category, count(*), sum(weight) FROM tags GROUP BY owner, category"
SOME = "SELECT owner, category, count(*), sum(weight) FROM tags WHERE owner IN ({}) GROUP BY owner, category"


def group_by(file: Path, touched: int) -> Callable[[], dict[str, Any]]:
    """SQLite's own sums over a covering index: of all milestones, or of those that some issues touch."""
    with closing(sqlite3.connect(file)) as database:
        named = database.execute("SELECT DISTINCT owner FROM tags WHERE issue <= ?", (touched,))
        owners = [owner for (owner,) in named]

    def run() -> dict[str, Any]:
        with closing(sqlite3.connect(file)) as database:
            some = SOME.format(", ".join("?" * len(owners)))
            found = database.execute(some, owners) if touched else database.execute(ALL)
            return {"rows": len(found.fetchall())}

    return run


def make_tags(file: Path, count: int, rules: Sequence[Spec], more: range) -> None:
    """The table that GROUP BY runs over: 1.2 tags an issue."""
    world = issues(count, 3, more)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE tags (owner TEXT, issue INTEGER, category TEXT, weight INTEGER)")
        start = 0
        while batch := list(islice(world, _BATCH)):
            rows = [
                (owner, start + place, issue.category.value)
                for place, (issue, owners) in enumerate(zip(batch, ideal(batch, rules), strict=True), 1)
                for owner, _ in owners
            ]
            database.executemany("INSERT INTO tags VALUES (?, ?, ?, 1)", rows)
            start += len(batch)
        database.execute("CREATE INDEX covering ON tags (owner, category, weight)")
        database.execute("CREATE INDEX by_issue ON tags (issue, owner)")


def rollup(scale: Scale) -> Iterator[Figure]:
    """All of it, and after 100 changes."""
    more = range(scale.milestones, scale.stones)
    rules = (*specs(scale.milestones), *further(scale.milestones, scale.stones))
    with folder() as place:
        config = install(place, {"jira": CONFIG}, milestones=scale.milestones, stones=scale.stones)
        fill(place / "milepost.db", scale.stored, more)
        table = place / "tags.db"
        make_tags(table, scale.stored, rules, more)
        floors, ours, touched, after = interleaved(
            scale.repetitions if scale.stored <= scale.many else 1,
            lambda: measured("group-by", table, "0"),
            lambda: measured("roll-up", config, "0", str(len(more))),
            lambda: measured("group-by", table, str(CHANGED)),
            lambda: measured("roll-up", config, str(CHANGED), str(len(more))),
        )
    what = f"roll-up of {scale.stored:,} issues, {scale.stones:,} milestones"
    yield ratio("rollup", f"full {what}: wall", "GROUP BY, covering index", walls(floors), walls(ours), 2)
    floor = "GROUP BY of touched milestones"
    yield ratio("rollup", f"{what}, after {CHANGED} changed: wall", floor, walls(touched), walls(after), 2)
    share = f"{what}, after {CHANGED} changed, of a full one"
    yield ratio("rollup", share, "milepost's own full roll-up", walls(ours), walls(after), 0.05)


def growth(scale: Scale) -> Iterator[Figure]:
    """Time and memory of a run with the same 100 changes, from few stored issues to many."""
    sizes = sorted({scale.issues, scale.many, scale.stored})
    served = min(SERVED, scale.issues // 2)
    found: dict[int, Cost] = {}
    with ground(scale, jira(served), issues=served) as here:
        here.server.ask("delay", seconds=0)
        for size in sizes:
            with _grown(here, size - served) as run:
                found[size] = run()
    least, costs = found[sizes[0]], [found[size] for size in sizes]
    said = " / ".join(f"{size:,}" for size in sizes)
    for name, values in (("wall", [cost.wall for cost in costs]), ("peak memory", [c.peak for c in costs])):
        unit = "s" if name == "wall" else "MB"
        smallest = least.wall if name == "wall" else least.peak
        what = f"incremental sync, {CHANGED} changed, of {said} stored: {name}"
        grown = [value / smallest for value in values]
        yield Figure(
            "growth",
            what,
            f"at {sizes[0]:,}",
            Sample((smallest,)),
            Sample(tuple(values[1:])),
            unit,
            Sample((max(grown),)),
            "×",
            1.2,
        )


@contextmanager
def _grown(here: Ground, more: int) -> Iterator[Callable[[], Cost]]:
    """An installation in agreement with its tracker, with so many issues more in its store."""
    with folder() as place:
        config, environment = here.installed(place)

        def run() -> Cost:
            return measured("milepost", "sync", config, environment=environment)

        run()
        fill(place / "milepost.db", more)
        run()

        def changed() -> Cost:
            here.server.ask("touch", site="jira", count=CHANGED)
            return run()

        yield changed

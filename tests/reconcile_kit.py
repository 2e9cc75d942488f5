"""What happens in the world of a whole-run test, and how it is compared with a fresh store a day later."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from core.engine.model import Measure
from core.publish.publish_policy import LimitPolicy
from tests.runs import House
from tests.tools.consistency_compare import id_of, row_differences

HOURS = 3_600.0
Happens = Callable[[House], None]


def several(*parts: Happens) -> Happens:
    """All of these, which are about different things, in one world."""

    def happen(here: House) -> None:
        for part in parts:
            part(here)

    happen.__name__ = " and ".join(part.__name__ for part in parts)
    return happen


def lenient(here: House) -> None:
    """Let no limit hold what these worlds do at once."""
    here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=100, max_removed_percent=100)


def organisation(here: House) -> None:
    """Read all repositories of the organisation instead of those that are named."""
    here.settings["github"] = {"repositories": [], "organization": "acme"}


def a_day(here: House) -> None:
    """A reconciliation period in few runs: a comparison in it, one that confirms it, and its end."""
    for hours in (18.1, 5.8, 0.1):
        here.world.clock.advance(hours * HOURS)
        here.sync()


def numbers(here: House) -> dict[str, Measure]:
    """The progress of each milestone, as this store knows it."""
    return {name: each.measure for name, each in here.plan().evaluation.state.milestones.items()}


def fresh(here: House, folder: Path) -> House:
    """Another installation of the same, that has not run yet."""
    folder.mkdir()
    other = House(folder, here.world, here.server, here.face, here.mapping)
    other.settings, other.limits = here.settings, here.limits
    other.health, other.progress = here.health, here.progress
    return other


def differences(here: House, folder: Path) -> list[str]:
    """What this store and a fresh one do not have in common: issues, then numbers."""
    other = fresh(here, folder)
    ours, theirs = numbers(here), numbers(other)
    with here.job() as job, other.job() as new:
        mine, there = ({id_of(each): each for each in one.store.issues()} for one in (job, new))
    found = row_differences(mine, there)
    return found + [
        f"{name}: {ours[name]}, not {theirs[name]}" for name in ours if ours[name] != theirs[name]
    ]


def equals_a_fresh_store_within_a_day(here: House, folder: Path, happens: Happens) -> None:
    """Live as usual, let it happen, and compare after one period; then nothing is left to write."""
    here.sync()
    here.world.clock.advance(25 * HOURS)
    here.sync()
    happens(here)
    a_day(here)
    assert differences(here, folder) == []
    watch = here.watch()
    here.world.clock.advance(timedelta(minutes=10).total_seconds())
    report = here.sync()
    assert watch.writes == [], watch.writes
    assert not report.conclusion.problems, report.conclusion.problems

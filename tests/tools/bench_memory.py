"""The most memory that a cold sync takes, beyond what the two client libraries take by themselves."""

from collections.abc import Iterator

from tests.tools.bench_kit import Figure, Scale, excess, interleaved, measured, peaks
from tests.tools.bench_pulls import github, ground, jira


def memory(scale: Scale) -> Iterator[Figure]:
    """Both trackers in one cold sync, half of the issues each."""
    for count, limit in ((scale.issues, 40), (scale.many, 60)):
        half = count // 2
        with ground(scale, github(half), jira(half), issues=half) as here:
            here.server.ask("delay", seconds=0)
            turns = scale.repetitions if count < 50_000 else 1
            floors, ours = interleaved(turns, lambda: measured("libraries"), here.cold)
        what = f"peak memory of a cold sync, {count:,} issues, both trackers"
        floor = "`import jira, github`"
        yield excess("memory", what, floor, peaks(floors), peaks(ours), limit, "MB")

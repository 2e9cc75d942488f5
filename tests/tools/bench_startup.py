"""How long a command takes before it does anything."""

import sys
from collections.abc import Iterator
from functools import partial

from tests.tools.bench_kit import (
    MILEPOST,
    ROOT,
    Figure,
    Scale,
    folder,
    interleaved,
    ratio,
    walls,
    whole_process,
)

TURNS = 3
"""Times the usual repetitions: these take a fraction of a second each."""
CONFIG = """
[trackers.jira]
kind = "jira"
url = "https://jira.example"
projects = ["BLOG", "MKT"]

[trackers.github]
kind = "github"
repositories = ["acme/site"]
"""


def startup(scale: Scale) -> Iterator[Figure]:
    """`milepost --help`, and `milepost status` on the example's mapping and a store that is new."""
    with folder() as place:
        config = place / "config.toml"
        mapping = ROOT / "mappings/examples/marketing.toml"
        config.write_text(f'mappings = ["{mapping}"]\n{CONFIG}', encoding="utf-8")
        commands = (
            (("--help",), "typer, rich"),
            (("status", "--config", str(config)), "typer, rich, sqlalchemy"),
        )
        for command, modules in commands:
            floor, ours = interleaved(
                scale.repetitions * (TURNS if scale.repetitions > 1 else 1),
                partial(whole_process, sys.executable, "-c", f"import {modules}"),
                partial(whole_process, *MILEPOST, *command),
            )
            what = f"start-up of `milepost {command[0]}`: wall"
            yield ratio("startup", what, f"`import {modules}`", walls(floor), walls(ours), 1.5)

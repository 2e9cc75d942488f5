"""The benchmark: `python -m tests.tools.bench [--only NAME] [--quick] [--json FILE] [--page FILE]`."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from tests.tools.bench_kit import HEAD, QUICK, Figure, Scale, in_one_process, machine
from tests.tools.bench_memory import memory
from tests.tools.bench_pulls import afternoon, both, pulls
from tests.tools.bench_requests import idle, requests
from tests.tools.bench_rollup import growth, rollup
from tests.tools.bench_startup import startup
from tests.tools.bench_store import store
from tests.tools.bench_tagging import tagging
from tests.tools.bench_unmatched import unmatched

GROUPS: dict[str, Callable[[Scale], Iterator[Figure]]] = {
    "pulls": pulls,
    "both": both,
    "afternoon": afternoon,
    "requests": requests,
    "idle": idle,
    "tagging": tagging,
    "unmatched": unmatched,
    "store": store,
    "rollup": rollup,
    "memory": memory,
    "growth": growth,
    "startup": startup,
}
"""Each measures on its own and yields its lines as it has them."""
PAGE = Path(__file__).parent / "bench_page.md"
"""What docs/performance.md is made from."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for; print the table, and write it as JSON and as a page where asked to."""
    options = _options(arguments)
    scale = QUICK if options.quick else Scale()
    if options.repetitions:
        scale = replace(scale, repetitions=options.repetitions)
    if options.stored:
        scale = replace(scale, stored=options.stored, many=min(scale.many, options.stored))
    about = machine()
    figures: list[Figure] = []
    began = time.monotonic()
    with in_one_process() if options.quick else nullcontext():
        for figure in measure(options.only or GROUPS, scale):
            figures.append(figure)
            _say("  ".join((*figure.cells[:-1], "met" if figure.met else "NOT MET")))
    about["load_after"] = [round(each, 2) for each in os.getloadavg()]
    about["seconds"] = round(time.monotonic() - began)
    _say("", *table(figures))
    if options.json:
        lines = [figure.plain for figure in figures]
        said = {"machine": about, "repetitions": scale.repetitions, "quick": options.quick, "figures": lines}
        options.json.write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2))
    if options.page:
        options.page.write_text(page(figures, about, scale), encoding="utf-8")


def measure(groups: Iterable[str], scale: Scale) -> Iterator[Figure]:
    """The figures of these groups, one after the other."""
    for name in groups:
        yield from GROUPS[name](scale)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def table(figures: Iterable[Figure]) -> list[str]:
    """The figures as a table in Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(figure.cells for figure in figures)]
    return [f"| {' | '.join(row)} |" for row in rows]


def page(figures: Iterable[Figure], about: dict[str, Any], scale: Scale) -> str:
    """What docs/performance.md says."""
    said = {
        **about,
        "groups": ", ".join(GROUPS),
        "load": " and ".join(str(about[name][0]) for name in ("load_before", "load_after")),
        "repetitions": scale.repetitions,
        "delay": f"{scale.delay * 1000:.0f}",
        "table": "\n".join(table(figures)),
    }
    return PAGE.read_text(encoding="utf-8").format_map(said)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(GROUPS), help="measure this group alone")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that all works")
    parser.add_argument("--repetitions", type=int, help="how often each thing is measured")
    parser.add_argument("--stored", type=int, help="issues in the store of roll-up and growth [1000000]")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--page", type=Path, help="write the table with its explanation to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])

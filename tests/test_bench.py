"""Every figure of the benchmark is produced; what it says is of no matter here."""

import pytest

from tests.tools.bench import GROUPS, measure, page, table
from tests.tools.bench_kit import QUICK, Figure, in_one_process, machine

FIGURES = {
    "pulls": 5,
    "both": 1,
    "afternoon": 4,
    "requests": 24,
    "idle": 1,
    "tagging": 2,
    "unmatched": 2,
    "store": 1,
    "rollup": 3,
    "memory": 2,
    "growth": 2,
    "startup": 2,
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_the_benchmark_gives_all_its_figures(group: str) -> None:
    with in_one_process():
        figures = list(measure([group], QUICK))
    assert len(figures) == FIGURES[group]
    assert {figure.group for figure in figures} == {group}
    assert len({figure.what for figure in figures}) == len(figures)
    assert len(table(figures)) == len(figures) + 2


def test_the_page_tells_of_the_machine_and_shows_the_table() -> None:
    with in_one_process():
        figures: list[Figure] = list(measure(["tagging"], QUICK))
    about = {**machine(), "load_after": [0.0], "seconds": 1}
    said = page(figures, about, QUICK)
    assert figures[0].what in said
    assert f"{about['cores']} cores" in said

"""The page about the architecture names files that are there, and every table of the store."""

import re
from pathlib import Path

from core.store.schema import metadata

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def part(heading: str) -> str:
    """The text under a heading, up to the next of its level."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_files_and_folders_that_it_names_are_there() -> None:
    named = re.findall(r"`((?:connectors|core|mappings|tests)/[\w/]+(?:\.py)?)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_table_of_the_store_has_its_place() -> None:
    rows = [line for line in part("What is remembered, and where").splitlines() if line.startswith("| ")]
    named = {name for row in rows for name in re.findall(r"`(\w+)", row.split("|")[2])}
    assert named == set(metadata.tables)


def test_a_changed_issue_takes_at_most_eight_forms() -> None:
    numbers = [
        int(number) for number in re.findall(r"^\| (\d+) \|", part("The path of one changed issue"), re.M)
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) <= 8


def test_tests_that_it_names_are_there() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").glob("test_*.py"))
    assert [name for name in re.findall(r"`(test_\w+)`", PAGE) if f"def {name}(" not in tests] == []

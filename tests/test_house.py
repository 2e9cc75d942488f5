"""What no tool checks of the house.

Who may import whom is import-linter's, by the contracts in pyproject.toml. They cannot see a clock, which
comes with `datetime`, nor how long a file is.
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("connectors", "mappings", "core")

PURE = (
    "core.engine",
    "core.publish",
    "core.reports",
    "mappings.rules",
    "mappings.goal_tree",
    "mappings.lint",
)
"""What computes; reports are given the time, too."""


def modules() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def test_what_computes_asks_no_clock() -> None:
    asks_the_clock = [
        str(path.relative_to(ROOT))
        for module, path in modules()
        if within(module, PURE)
        and any(call in path.read_text(encoding="utf-8") for call in (".now(", ".utcnow(", ".today("))
    ]
    assert asks_the_clock == []


def test_no_file_outgrows_its_room() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in (*ROOMS, "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_the_walk_sees_the_whole_house() -> None:
    names = {module for module, _ in modules()}
    assert {"connectors.interface", "mappings.goal_tree", "core.sync", "core.engine.model"} <= names

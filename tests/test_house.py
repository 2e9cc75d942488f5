"""What no tool checks of the house.

Who may import whom is import-linter's, by the contracts in pyproject.toml. They cannot see a clock, which
comes with `datetime`, nor how long a file is.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("connectors", "mappings", "core")

PURE = (
    "core.engine",
    "core.publish",
    "core.reports",
    "mappings.rule",
    "mappings.rules",
    "mappings.title_patterns",
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


RETIRED = frozenset(
    {
        *("stone", "said", "told", "news", "found", "known", "know", "look", "looking", "wanted", "wanting"),
        *("hear", "heard", "each", "desk", "moments", "veiled", "patience", "patient", "trouble", "together"),
        "keeper",
    }
)
"""Words that say nothing to a newcomer; the glossary in CONTRIBUTING.md has those that stand for them."""
STANDARD = frozenset(
    {"KnownRefusals", "_IF_FOUND", "_not_found", "_one_of_each", "connectors.jira.known_refusals"}
)
"""Names in which such a word is the usual one: HTTP's "not found", refusals known from earlier runs."""
VENDORS = {"connectors.jira", "connectors.github", "connectors.http"}
"""The same part of both connectors, and what both inherit it from, has the same name."""


def names_in(tree: ast.AST) -> Iterator[str]:
    """Every name that is given in a file: of classes, functions, arguments and what is assigned to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def is_retired(name: str) -> bool:
    words = re.findall(r"[a-z]+|[A-Z]+[a-z]*", name.rpartition(".")[2])
    return name not in STANDARD and not RETIRED.isdisjoint(word.lower() for word in words)


def test_retired_words_do_not_come_back() -> None:
    retired = {
        f"{module}: {name}"
        for module, path in modules()
        if not within(module, ("connectors.sandbox",))
        for name in (module, *names_in(ast.parse(path.read_text(encoding="utf-8"))))
        if is_retired(name)
    }
    assert retired == set()
    assert is_retired("_what_was_told")
    assert is_retired("StoneRow")
    assert not is_retired("unknown_names")


def test_a_file_is_found_by_its_name_alone() -> None:
    by_name: dict[str, list[str]] = {}
    for module, path in modules():
        if path.name != "__init__.py" and not within(module, ("connectors.sandbox", "core.store.migrations")):
            by_name.setdefault(path.name, []).append(module.rpartition(".")[0])
    several = {name: rooms for name, rooms in by_name.items() if len(rooms) > 1}
    assert {name: rooms for name, rooms in several.items() if not VENDORS.issuperset(rooms)} == {}

"""The rules on who may import whom; whoever breaks one is named."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("connectors", "mappings", "core")

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "connectors": ("mappings", "core"),
    "mappings": ("core",),
    "connectors.jira": ("connectors.github", "connectors.sandbox", "github"),
    "connectors.github": ("connectors.jira", "connectors.sandbox", "jira"),
    "connectors.registry": ("connectors.sandbox",),
    "connectors.transport": ("connectors.sandbox",),
    "core.engine": ("core.publish", "core.store", "core.reports", "core.cli", "core.settings", "core.sync"),
    "core.publish": ("core.store", "core.reports", "core.cli", "core.settings", "core.sync"),
    "core.store": ("core.reports", "core.cli", "core.settings", "core.sync"),
    "core.reports": ("core.store", "core.cli", "core.settings"),
} | dict.fromkeys(
    (
        "core.sync",
        "core.report",
        "core.runlog",
        "core.places",
        "core.firsts",
        "core.pull",
        "core.asking",
        "core.known",
        "core.tagging",
        "core.targets",
        "core.labelling",
        "core.looking",
        "core.wanting",
        "core.recording",
        "core.undo",
    ),
    (
        "connectors.jira",
        "connectors.github",
        "connectors.sandbox",
        "core.cli",
        "core.store.store",
        "core.store.database",
        "core.store.tags.book",
        "core.store.tags.keeping",
        "core.store.tags.finding",
    ),
)
"""Room -> what it must never import, by dotted prefix."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "jira": ("connectors.jira",),
    "github": ("connectors.github",),
    "tenacity": ("connectors.transport",),
    "pydantic_settings": ("core.settings",),
    "sqlalchemy": ("core.store",),
    "alembic": ("core.store",),
    "filelock": ("core.store",),
    "typer": ("core.cli",),
    "rich": ("core.cli", "core.reports"),
    "connectors.sandbox": ("connectors.sandbox", "core.cli"),
    "connectors.jira": ("connectors.jira", "connectors.registry"),
    "connectors.github": ("connectors.github", "connectors.registry"),
    "werkzeug": ("connectors.sandbox",),
    "lark": ("connectors.sandbox",),
    "graphql": ("connectors.sandbox",),
}
"""Package -> the only rooms that import it."""

PURE = ("core.engine", "core.publish", "core.reports", "mappings.rules", "mappings.goals", "mappings.lint")
IMPURE = (
    "requests",
    "urllib",
    "socket",
    "http",
    "os",
    "time",
    "random",
    "subprocess",
    "sqlite3",
    "sqlalchemy",
)
APPLIES = ("core.publish.apply",)
"""The one file of publishing that may reach beyond values."""


def modules() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def every_import() -> Iterator[tuple[str, Path, str, int]]:
    for module, path in modules():
        for imported, line in imports(path):
            yield module, path, imported, line


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_never_imports_what_lies_above_or_beside_it(room: str) -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for module, path, imported, line in every_import()
        if within(module, (room,)) and within(imported, FORBIDDEN[room])
    ]
    assert broken == []


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_imported_in_one_place_only(package: str) -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for module, path, imported, line in every_import()
        if within(imported, (package,)) and not within(module, ONLY_IN[package])
    ]
    assert broken == []


def test_pure_rooms_reach_neither_network_nor_database_nor_environment_nor_clock() -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for module, path, imported, line in every_import()
        if within(module, PURE) and not within(module, APPLIES) and within(imported, IMPURE)
    ]
    asks_the_clock = [
        f"{path.relative_to(ROOT)} asks the clock"
        for module, path in modules()
        if within(module, PURE)
        and not within(module, APPLIES)
        and any(call in path.read_text(encoding="utf-8") for call in (".now(", ".utcnow(", ".today("))
    ]
    assert broken + asks_the_clock == []


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
    assert {"connectors.contract", "mappings.goals", "core.sync", "core.engine.model"} <= names

"""Configuration and mapping files, mutated: problems with their place, exit code 2, never a traceback."""

import random
import re
import tomllib
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.interface import TrackerInfo
from core.settings import SettingsProblems, load_config
from mappings import goal_tree as goals
from mappings import rule as rules
from mappings.goal_tree import Frozen
from mappings.load import MappingErrors, load
from mappings.parse import Source, drafts
from mappings.problems import Problem
from mappings.toml_lines import Locator
from mappings.validate import check
from tests.builders import GITHUB, JIRA
from tests.cli_house import EXAMPLE, House

EXAMPLES = Path(__file__).parent.parent / "mappings" / "examples"
PLANS = """
[goals.planned]
title = "Goals, key results and milestones with every key"
description = "For the tests"
owner = "Ada"
start = 2027-01-01
due = 2027-03-31
tracking = "acme/site#2"
targets = [{ on = 2027-02-01, percent = 40 }, { on = 2027-03-01, percent = 85 }]

[key_results.reached]
goal = "planned"
title = "A metric"
weight = 2
metric = { start = 1, target = 3, current = 2, as_of = 2027-01-05, unit = "%" }
override = { health = "at_risk", until = 2027-02-15, reason = "Waits", by = "Ada" }

[key_results.kept]
goal = "planned"
title = "A guardrail"
weigh_by = "story_points"
subtasks = "part of their parent"
audience = "organisation"
guardrail = { keep_below = 3, keep_above = 1, current = 2, as_of = 2027-01-05, unit = "%" }

[[key_results.kept.rules]]
label = "kept"

[milestones.planned-one]
title = "A milestone"
weight = 3
leads_to = ["reached", "kept"]
targets = [{ on = 2027-02-01, percent = 40 }, { on = 2027-03-01, percent = 85 }]
override = { health = "off_track", until = 2027-02-15, reason = "Waits" }

[[milestones.planned-one.rules]]
parent = "BLOG-1"
"""
EVERY_KEY = (EXAMPLES / "every-key.toml").read_text(encoding="utf-8") + PLANS
TRACKERS: tuple[TrackerInfo, ...] = (JIRA, GITHUB)
VALUES = (
    "1",
    "-1",
    "0",
    "1e400",
    "inf",
    "nan",
    "9" * 400,
    "9" * 5_000,
    "0x" + "f" * 500,
    "true",
    '""',
    '" "',
    '"\\u0000"',
    '"\\u202e\\u001b[2J"',
    '"' + "A" * 50_000 + '"',
    '"[(?P<"',
    '"(a+)+$"',
    '"~nobody-of-that-name/x"',
    '"http://[::1"',
    '"https://user:pass@x.example"',
    "[]",
    "[[]]",
    "{}",
    "[1, 'a', {}]",
    "{ a = { b = { c = 1 } } }",
    "[" * 2_000 + "]" * 2_000,
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "2026-01-01T00:00:00Z",
    "12:00:00",
    "'''\nx\n'''",
    "= =",
)
BYTES = (b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xef\xbb\xbf", b"\r", b"\x0c", b"[", b'"', b"]]")
FUZZ = hypothesis_settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(["value", "key", "line", "byte"])
    ),
    min_size=1,
    max_size=3,
)


def mutated(text: str, edits: list[tuple[int, int, str]]) -> bytes:
    """The file with some of its values, keys, lines or bytes replaced."""
    lines = text.splitlines()
    raw: list[tuple[int, bytes]] = []
    for place, what, way in edits:
        keyed = [number for number, line in enumerate(lines) if re.match(r"\s*[\w-]+\s*=", line)]
        if way == "byte" or not keyed:
            raw.append((place, BYTES[what % len(BYTES)]))
            continue
        number = keyed[place % len(keyed)]
        key, _, value = lines[number].partition("=")
        if way == "value":
            lines[number] = f"{key}= {VALUES[what % len(VALUES)]}"
        elif way == "key":
            lines[number] = f'"{key.strip()}\\u001b{what}" ={value}'
        else:
            lines.insert(number, random.Random(what).choice([*lines, "[goals]", "[[x]]", "[a.b.c"]))
    found = "\n".join(lines).encode()
    for place, piece in raw:
        at = place % (len(found) + 1)
        found = found[:at] + piece + found[at:]
    return found


def told(problems: tuple[object, ...]) -> None:
    assert problems
    for each in problems:
        assert str(each).isprintable(), str(each)[:300]
        assert len(str(each)) < 5_000


def test_what_is_mutated_has_every_key_that_there_is() -> None:
    models = [each for module in (goals, rules) for each in vars(module).values()]
    names = {
        field.alias or name
        for model in models
        if isinstance(model, type) and issubclass(model, Frozen) and model is not goals.GoalTree
        for name, field in model.model_fields.items()
    }
    assert names - {"id"} <= {EVERY_KEY[slice(*key)] for key in KEYS} | {"rules"}


KEYS = [found.span(1) for found in re.finditer(r"(?m)(?:^|[{,] *)([a-z_]+) *=", EVERY_KEY)]


@pytest.mark.parametrize(("start", "end"), KEYS, ids=[EVERY_KEY[slice(*key)] for key in KEYS])
def test_a_misspelt_key_is_told_with_its_line_wherever_it_stands(
    start: int, end: int, tmp_path: Path
) -> None:
    (tmp_path / "m.toml").write_text(f"{EVERY_KEY[:start]}misspelt{EVERY_KEY[end:]}", encoding="utf-8")
    line = EVERY_KEY.count("\n", 0, start) + 1
    with pytest.raises(MappingErrors) as caught:
        load(["m.toml"], tmp_path, TRACKERS)
    about = [problem for problem in caught.value.problems if '"misspelt"' in str(problem)]
    assert [problem.line for problem in about] == [line]


@FUZZ
@given(EDITS)
def test_a_mutated_mapping_is_read_or_refused_with_problems(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("mapping")
    (folder / "m.toml").write_bytes(mutated(EVERY_KEY, edits))
    try:
        load(["m.toml"], folder, TRACKERS)
    except MappingErrors as error:
        told(error.problems)


SHAPES: tuple[Any, ...] = (
    *(1, -1.5, True, "x", "", "2027-01-01", date(2027, 1, 1), [], {}, [[]], [{}], [1, "x"], {"x": 1}),
    *({"any": [{}]}, [{"label": "x"}, {"none": [{"x": 1}]}], [{"on": 1}, {"percent": 200}], {"target": "x"}),
)
PLACES = st.lists(st.integers(0, 40), min_size=2, max_size=6)
RESHAPES = st.lists(st.tuples(PLACES, st.sampled_from(SHAPES), st.booleans()), min_size=1, max_size=4)


def reshaped(tables: dict[str, Any], place: list[int], shape: Any, renamed: bool) -> None:
    """Put a value somewhere among these tables, under the name that is there or under another."""
    inside: Any = tables
    for number in place:
        names = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        if not names:
            return
        name = names[number % len(names)]
        if number == place[-1] or not isinstance(inside[name], dict | list):
            if renamed and isinstance(inside, dict):
                inside["misspelt"] = inside.pop(name)
            else:
                inside[name] = deepcopy(shape)
            return
        inside = inside[name]


@hypothesis_settings(FUZZ, max_examples=400)
@given(RESHAPES)
def test_tables_of_any_shape_are_read_or_refused(changes: list[tuple[list[int], Any, bool]]) -> None:
    tables = tomllib.loads(EVERY_KEY)
    for place, shape, renamed in changes:
        reshaped(tables, place, shape, renamed)
    problems: list[Problem] = []
    found = list(drafts(Source("m.toml", EVERY_KEY, tables, Locator(EVERY_KEY)), problems))
    problems.extend(check(found, TRACKERS, complete=True))
    if problems:
        told(tuple(problems))


@FUZZ
@given(EDITS)
def test_a_mutated_configuration_is_read_or_refused_with_problems(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    file = tmp_path_factory.mktemp("config") / "config.toml"
    file.write_bytes(mutated(EXAMPLE, edits))
    try:
        load_config(file)
    except SettingsProblems as error:
        told(error.problems)


@pytest.mark.parametrize("value", range(len(VALUES)))
def test_every_key_of_a_mapping_takes_every_odd_value(value: int, tmp_path: Path) -> None:
    for place in range(70):
        (tmp_path / "m.toml").write_bytes(mutated(EVERY_KEY, [(place, value, "value")]))
        try:
            load(["m.toml"], tmp_path, TRACKERS)
        except MappingErrors as error:
            told(error.problems)


@pytest.mark.parametrize("value", range(len(VALUES)))
def test_every_key_of_a_configuration_takes_every_odd_value(value: int, tmp_path: Path) -> None:
    for place in range(40):
        (tmp_path / "config.toml").write_bytes(mutated(EXAMPLE, [(place, value, "value")]))
        try:
            load_config(tmp_path / "config.toml")
        except SettingsProblems as error:
            told(error.problems)


@pytest.mark.parametrize("piece", BYTES)
def test_the_command_ends_with_two_and_no_traceback_whatever_bytes_a_file_holds(
    piece: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, capsys, monkeypatch)
    for name in ("config.toml", "mine.toml"):
        house.write(("mappings = [", 'mappings = ["mine.toml", '))
        (tmp_path / "mine.toml").write_text(EVERY_KEY, encoding="utf-8")
        text = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(text[:200] + piece + text[200:])
        said = house.milepost("check")
        assert said.code in (0, 1, 2)
        assert "Traceback" not in said.err
        assert said.code == 2 or piece in (b"\xef\xbb\xbf", b"\r", b"\x0c", b"[", b'"', b"]]")

"""Lines of values in a TOML text."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.toml_lines import Locator

TEXT = '''# a comment with [brackets] and x = 1
[milestones.blog]
title = "A # no comment"
leads_to = [
  "one",  # first
  "two",
]
description = """
[not.a.table]
quote \\""" still in
"""

[[milestones.blog.rules]]
epic = "BLOG-1"
label = { any = ["a", "b"], none = [] }

[[milestones.blog.rules]]
any = [
  { title = 'x' },
  { label = { all = [
      "c" ] } },
]
[milestones.blog.rules.field]
"Story \\u0050oints" = 3

[key_results."odd . name".metric]
start.to = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("milestones",), 2),
        (("milestones", "blog"), 2),
        (("milestones", "blog", "title"), 3),
        (("milestones", "blog", "leads_to", 1), 6),
        (("milestones", "blog", "description"), 8),
        (("milestones", "blog", "rules", 0), 13),
        (("milestones", "blog", "rules", 0, "epic"), 14),
        (("milestones", "blog", "rules", 0, "label", "any", 1), 15),
        (("milestones", "blog", "rules", 1), 17),
        (("milestones", "blog", "rules", 1, "any", 0, "title"), 19),
        (("milestones", "blog", "rules", 1, "any", 1, "label", "all", 0), 21),
        (("milestones", "blog", "rules", 1, "field", "Story Points"), 24),
        (("key_results", "odd . name"), 26),
        (("key_results", "odd . name", "metric", "start", "to"), 27),
    ],
)
def test_every_key_and_entry_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert Locator(TEXT).line(path) == line
    assert Locator(TEXT.replace("\n", "\r\n")).line(path) == line


def test_what_is_missing_is_looked_for_where_it_should_stand() -> None:
    assert Locator(TEXT).line(("milestones", "blog", "rules", 1, "epic")) == 17
    assert Locator(TEXT).line(("goals",)) is None


def test_a_text_that_is_no_toml_has_no_lines() -> None:
    assert Locator("[milestones\n").line(("milestones",)) is None


VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab#[]{}=,.'", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab .#", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def written(value: Any) -> str:
    """The value as TOML, arrays broken over lines."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[\n" + "".join(f"{written(entry)}, # ]\n" for entry in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {written(entry)}' for key, entry in value.items()) + "}"
    return str(value)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_keys_after_any_value_are_found_on_their_line(values: list[Any]) -> None:
    text, expected = "", {}
    for place, value in enumerate(values):
        expected[f"k{place}"] = text.count("\n") + 1
        text += f"k{place} = {written(value)}\n"
    assert tomllib.loads(text) == {f"k{place}": value for place, value in enumerate(values)}
    locator = Locator(text)
    assert {key: locator.line((key,)) for key in expected} == expected

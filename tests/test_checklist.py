"""Task lists in an issue's own text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.checklist import parse_checklist
from connectors.contract import ChecklistItem


def boxes(text: str) -> list[tuple[str, bool]]:
    return [(item.text, item.done) for item in parse_checklist(text)]


@pytest.mark.parametrize(
    "line",
    ["- [x] post", "* [x] post", "+ [X] post", "  - [x] post", "1. [x] post", "2) [x] post", "\t* [x]  post ",
     "> - [x] post", "** [x] post"],
)  # fmt: skip
def test_every_usual_bullet_makes_a_box(line: str) -> None:
    assert boxes(line) == [("post", True)]


@pytest.mark.parametrize(
    "line",
    ["[x] post", "-[x] post", "- [y] post", "- [] post", "- [x]post", "- \\[x] post", "text - [x] post",
     "- [link](http://x)", "- [ x ] post"],
)  # fmt: skip
def test_what_only_looks_like_a_box_is_none(line: str) -> None:
    assert boxes(line) == []


def test_boxes_come_in_order_with_their_state() -> None:
    text = "Posts:\r\n- [x] one\r\n- [ ] two\r\n  - [X] two and a half\r\n\r\n* [ ] three"
    assert boxes(text) == [("one", True), ("two", False), ("two and a half", True), ("three", False)]


def test_a_box_without_text_counts() -> None:
    assert parse_checklist("- [ ]") == (ChecklistItem("", False),)


@pytest.mark.parametrize(
    "code",
    [
        "```\n- [x] no\n```",
        "~~~ md\n- [x] no\n~~~",
        "````\n```\n- [x] no\n```\n````",
        "{code}\n- [x] no\n{code}",
        "{code:title=a.md|lang=md}\n- [x] no\n{code}",
        "{noformat}\n- [x] no\n{noformat}",
        "{code}\n{noformat}\n- [x] no\n{code}",
        "> ```\n> - [x] no\n> ```",
    ],
)
def test_boxes_in_code_do_not_count(code: str) -> None:
    assert boxes(f"{code}\n- [x] yes") == [("yes", True)]


def test_code_on_one_line_hides_nothing_after_it() -> None:
    assert boxes("{code}x{code}\n- [x] yes") == [("yes", True)]
    assert boxes("```inline```\n- [x] yes") == [("yes", True)]


def test_a_fence_that_is_never_closed_hides_the_rest() -> None:
    assert boxes("- [x] yes\n```\n- [x] no") == [("yes", True)]


@given(st.lists(st.tuples(st.text("abc x[]-*", max_size=12), st.booleans()), max_size=8))
def test_what_is_written_as_boxes_is_read_as_boxes(items: list[tuple[str, bool]]) -> None:
    text = "\n".join(f"- [{'x' if done else ' '}] {label}" for label, done in items)
    assert boxes(text) == [(label.strip(), done) for label, done in items]


@given(st.text("-*[] xX`~{code}noformat>\n\t1.", max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(isinstance(item, ChecklistItem) for item in parse_checklist(text))

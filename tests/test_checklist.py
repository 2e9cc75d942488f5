"""Task lists in an issue's own text, as GitHub shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.models import ChecklistItem
from connectors.task_lists import LONGEST, parse_checklist


def boxes(text: str) -> list[tuple[str, bool]]:
    return [(item.text, item.done) for item in parse_checklist(text)]


@pytest.mark.parametrize(
    "line",
    ["- [x] post", "* [x] post", "+ [X] post", "  - [x] post", "1. [x] post", "2) [x] post", "-\t[x]  post ",
     "> - [x] post", "> > 1. [x] post", "-  [x] post", "- - [x] post", "- a\n  - [x] post", "-\n  [x] post"],
)  # fmt: skip
def test_every_usual_bullet_makes_a_box(line: str) -> None:
    assert boxes(line) == [("post", True)]


@pytest.mark.parametrize(
    "line",
    ["[x] post", "-[x] post", "- [y] post", "- [] post", "- [x]post", "- \\[x] post", "text - [x] post",
     "- [link](http://x)", "- [ x ] post", "- # [x] post", "- a\n  [x] post", "- > [x] post", "- `[x] post`"],
)  # fmt: skip
def test_what_only_looks_like_a_box_is_none(line: str) -> None:
    assert boxes(line) == []


@pytest.mark.parametrize(
    "blank", ["\u00a0", "\u2007", "\u202f", "\u3000", "\u200b", "\ufeff", "\u2028", "\x0c"]
)
@pytest.mark.parametrize("line", ["-{} [x]post", "-{}[x] post", "- [{}] post", "- [x]{}post", "- {}[x] post"])
def test_blanks_that_are_none_make_no_box(line: str, blank: str) -> None:
    assert boxes(line.format(blank)) == []


def test_blanks_within_a_text_are_shown_as_they_are_or_collapsed() -> None:
    assert boxes("- [x] a\u200bb \u00a0 c") == [("a\u200bb c", True)]


def test_boxes_come_in_order_with_their_state() -> None:
    text = "Posts:\r\n- [x] one\r\n- [ ] two\r\n  - [X] two and a half\r\n\r\n* [ ] three"
    assert boxes(text) == [("one", True), ("two", False), ("two and a half", True), ("three", False)]


def test_a_box_without_text_counts() -> None:
    assert parse_checklist("- [ ]") == (ChecklistItem("", False),)


def test_a_text_over_several_lines_is_one_text() -> None:
    assert boxes("- [x] write\n  the post <!-- soon -->\n\n  and a note") == [("write the post", True)]


def test_a_box_in_a_table_cell_or_a_heading_of_one_is_no_list() -> None:
    assert boxes("| a | b |\n|---|---|\n| - [x] no | - [ ] no |\n\n- [x] yes") == [("yes", True)]


@pytest.mark.parametrize(
    "code",
    [
        "```\n- [x] no\n```",
        "~~~ md\n- [x] no\n~~~",
        "````\n```\n- [x] no\n```\n````",
        "~~~\n```\n- [x] no\n~~~",
        "> ```\n> - [x] no\n> ```\n",
        "- a\n  ```\n  - [x] no\n  ```",
        "text\n\n    - [x] no\n\n\t- [ ] no\n",
        "- a\n\n      - [x] no\n",
        "<!--\n- [ ] Do this\n- [ ] Do that\n-->",
        "<!-- - [x] no\n\n- [x] no -->",
        "<pre>\n- [x] no\n\n- [x] no\n</pre>",
        "<div>\n- [x] no\n</div>\n",
    ],
)
def test_boxes_in_code_and_html_do_not_count(code: str) -> None:
    assert boxes(f"{code}\n\n- [x] yes") == [("yes", True)]


def test_boxes_below_html_that_ended_count() -> None:
    assert boxes("<details>\n\n- [x] yes\n\n</details>\n") == [("yes", True)]
    assert boxes("<!-- advice -->\n- [x] yes") == [("yes", True)]
    assert boxes("```inline```\n- [x] yes") == [("yes", True)]


def test_a_fence_that_is_never_closed_hides_the_rest() -> None:
    assert boxes("- [x] yes\n```\n- [x] no") == [("yes", True)]


@given(st.lists(st.tuples(st.text("abc x[]", max_size=12), st.booleans()), max_size=8))
def test_what_is_written_as_boxes_is_read_as_boxes(items: list[tuple[str, bool]]) -> None:
    text = "\n".join(f"- [{'x' if done else ' '}] {label}" for label, done in items)
    assert boxes(text) == [(" ".join(label.split()), done) for label, done in items]


@given(st.text("-*[] xX`~<!>\n\t1.#|\u00a0", max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(isinstance(item, ChecklistItem) for item in parse_checklist(text))


@pytest.mark.parametrize("line", ["[a]: b\n", "[ ] a\n", "- [ ] a\n+ b\n", "| [ ] |\n|-|\n", "<!-- [ ]\n"])
def test_a_hostile_text_of_the_longest_kind_is_read_to_its_end(line: str) -> None:
    """Each of these takes minutes with a parser whose time grows with the square of the lines."""
    found = parse_checklist(line * (LONGEST // 4 // len(line)))
    assert len(found) == (LONGEST // 4 // len(line) if line.startswith("- ") else 0)


def test_a_text_beyond_the_longest_has_no_checklist() -> None:
    assert len(boxes("- [x] a\n" + "a" * (LONGEST - 8))) == 1
    assert boxes("- [x] a\n" + "a" * (LONGEST - 7)) == []

"""Checklists in Jira descriptions: wiki text, and Atlassian's document format."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira.descriptions import parse_description
from connectors.task_lists import LONGEST


def boxes(description: object) -> list[tuple[str, bool]]:
    return [(item.text, item.done) for item in parse_description(description)]


def tasks(*items: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "taskList",
        "attrs": {"localId": "1"},
        "content": [
            {
                "type": "taskItem",
                "attrs": {"localId": name, "state": state},
                "content": [{"type": "text", "text": name}],
            }
            for name, state in items
        ],
    }


@pytest.mark.parametrize(
    "line",
    ["* [x] post", "- [X] post", "# [x] post", "** [x] post", "*# [x] post", "  * [x] post ",
     "* \\[x\\] post", "1. [x] post", "+ [x] post"],
)  # fmt: skip
def test_a_list_item_of_wiki_text_makes_a_box(line: str) -> None:
    assert boxes(line) == [("post", True)]


@pytest.mark.parametrize(
    "line",
    ["[x] post", "*[x] post", "* [x]post", "* [] post", "h1. [x] post", "text * [x] post", "* (/) post",
     "* (x) post", "*\u00a0[x] post", "* [\u00a0] post", "* [post|http://x]"],
)  # fmt: skip
def test_what_only_looks_like_a_box_in_wiki_text_is_none(line: str) -> None:
    assert boxes(line) == []


@pytest.mark.parametrize(
    "code",
    [
        "{code}\n* [x] no\n{code}",
        "{code:title=a.md|lang=md}\n* [x] no\n{code}",
        "{noformat}\n* [x] no\n{noformat}",
        "{code}\n{noformat}\n* [x] no\n{code}",
        "{adf:display=block}\n* [x] no\n{adf}",
    ],
)
def test_boxes_in_code_of_wiki_text_do_not_count(code: str) -> None:
    assert boxes(f"{code}\n* [x] yes") == [("yes", True)]


def test_a_macro_that_is_never_closed_is_shown_as_text_and_hides_nothing() -> None:
    assert boxes("* [x] yes\n{code}\n* [ ] yes too") == [("yes", True), ("yes too", False)]
    assert boxes("{code}x{code}\r\n* [x] yes") == [("yes", True)]


def test_action_items_of_cloud_stand_in_wiki_text_as_a_document() -> None:
    document = json.dumps(tasks(("first", "DONE"), ("second", "TODO")))
    text = f"* [x] before\n{{adf:display=block}}\n{document}\n{{adf}}\n* [ ] after"
    assert boxes(text) == [("before", True), ("first", True), ("second", False), ("after", False)]


def test_action_items_of_a_document_come_in_their_order() -> None:
    nested = tasks(("a", "TODO"), ("b", "DONE"))
    nested["content"].append(tasks(("c", "DONE")))
    quoted = {"type": "codeBlock", "content": [{"type": "text", "text": "- [x] no"}]}
    document = {"type": "doc", "version": 1, "content": [quoted, {"type": "panel", "content": [nested]}]}
    assert boxes(document) == [("a", False), ("b", True), ("c", True)]


@pytest.mark.parametrize("description", [None, 5, [], {}, {"type": "taskItem"}, {"content": [None, 5, [{}]]}])
def test_a_description_of_another_kind_is_no_error(description: object) -> None:
    assert boxes(description) == ([("", False)] if description == {"type": "taskItem"} else [])


@given(st.text("*-#[] xX{code}{adf}{noformat:}\n\\", max_size=200))
def test_no_description_is_too_strange(text: str) -> None:
    assert all(isinstance(item.done, bool) for item in parse_description(text))


@pytest.mark.parametrize(
    "unit", ["{code}[", "{adf}{}\n{adf}[", "* [ ]\n", "{code}{adf}{noformat}[", "* " * 5 + "["]
)
def test_a_hostile_description_is_read_in_linear_time(unit: str) -> None:
    """Each of these takes minutes if every opening macro looks through all the rest for its end."""
    assert len(boxes(unit * (LONGEST // len(unit)))) in (0, LONGEST // len(unit))

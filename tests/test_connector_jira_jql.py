"""JQL put together from the user's pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira import jql
from connectors.jira.settings import JiraSettings


def scope(**more: object) -> str:
    return jql.scope(JiraSettings.model_validate({"url": "https://jira.example", **more}))


def test_projects_and_jql_must_both_hold() -> None:
    assert scope(projects=["A1", "B1"]) == 'project in ("A1", "B1")'
    assert scope(jql="labels = x OR labels = y") == "labels = x OR labels = y"
    both = scope(projects=["A1"], jql="labels = x OR labels = y")
    assert both == '(project in ("A1")) AND (labels = x OR labels = y)'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("labels = x ORDER BY rank", "labels = x"),
        ("labels = x order\n by rank desc, key", "labels = x"),
        ("(labels = x) ORDER BY rank", "(labels = x)"),
        ("labels = x", "labels = x"),
        ('summary ~ "order by now"', 'summary ~ "order by now"'),
        ("summary ~ 'it\\'s order by' ORDER BY key", "summary ~ 'it\\'s order by'"),
        ("border by x", "border by x"),
        ("reorder = by", "reorder = by"),
        ("ORDER BY key", ""),
        ('text ~ "a \\" ) b"', 'text ~ "a \\" ) b"'),
    ],
)
def test_an_order_is_taken_off_and_nothing_else(given: str, kept: str) -> None:
    assert jql.condition(given) == kept


@pytest.mark.parametrize("text", ["a = 1) OR (b = 2", "(a = 1", "a = 1)", 'a = "x', "a = 'x", ")("])
def test_a_piece_that_would_reach_beyond_itself_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JQL"):
        jql.condition(text)


def test_an_order_alone_is_no_scope() -> None:
    with pytest.raises(ValueError, match="no condition"):
        scope(jql="ORDER BY rank")


@given(st.text(max_size=30))
def test_a_quoted_value_stays_one_string(text: str) -> None:
    assert jql.condition(f"a = {jql.quoted(text)}") == f"a = {jql.quoted(text)}"


def test_fields_are_named_so_that_no_translation_misleads() -> None:
    assert jql.field("customfield_10008") == "cf[10008]"
    assert jql.field("parent") == '"parent"'

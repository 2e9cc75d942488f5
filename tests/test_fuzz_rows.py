"""Rows of issues as no vendor documents them: read or named as unreadable, never an exception."""

import json
from datetime import UTC
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.github.issue_keys import Spelling
from connectors.github.issues import IssueParser
from connectors.http.response import HttpResponse
from connectors.jira.fields import FieldMap
from connectors.jira.issues import IssueParser as JiraIssueParser
from connectors.models import Issue, StatusCategory, Unread
from core.store.codec.issue_codec import decode_issue, encode_issue
from tests import github_builders, jira_answers
from tests.hostile import CHANGES, VALUES, Change, changed

FEW = hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
SEVERAL = st.lists(CHANGES, min_size=1, max_size=3)
FIELDS = FieldMap(
    epic_link=("customfield_10008",),
    points=("customfield_10016",),
    sprint=("customfield_10007",),
    team=("customfield_10001",),
    mirror=("customfield_10009",),
    asked=(("Budget", ("customfield_10011",)),),
)
JIRA_ROW = jira_answers.row(
    1,
    parent={"id": "10009", "key": "BLOG-9"},
    resolution={"name": "Done"},
    resolutiondate="2026-02-05T09:00:00.000+0100",
    priority={"name": "High"},
    labels=["one", "two"],
    components=[{"name": "web"}],
    fixVersions=[{"name": "1.0"}],
    assignee={"accountId": "5b10", "displayName": "Ana"},
    description="* [ ] one",
    customfield_10001={"name": "Red"},
    customfield_10007=[{"id": 1, "name": "Sprint 1"}],
    customfield_10008="BLOG-9",
    customfield_10009="https://github.com/acme/site/issues/3",
    customfield_10011={"value": "big", "child": {"value": "bigger"}},
    customfield_10016=3.0,
)
GITHUB_ROW = github_builders.row(
    pull_request={"merged_at": None}, body="Mirrors: https://a.example/1\n- [ ] x"
)


def as_sent(row: Any) -> Any:
    """A row as it comes out of an answer, where text without an encoding has become harmless."""
    return HttpResponse(200, {}, json.dumps([row]).encode(), "http://x/").json()[0]


def from_jira(row: Any) -> Issue | Unread:
    return JiraIssueParser("work", "https://acme.example", FIELDS, checklists=True).issue(row)


def from_github(row: Any) -> Issue | Unread:
    return IssueParser("work", Spelling(("acme/site",)), frozenset({"doing"}), checklists=True).issue(row)


def sound(found: Issue | Unread) -> None:
    """Whatever was read is fit to be stored and shown; whatever was not says what and why."""
    if isinstance(found, Unread):
        assert found.why
        assert len(found.why) < 300
        assert found.why.isprintable()
        assert found.key is None or (found.key.isprintable() and len(found.key) < 300)
        assert found.id is None or (found.id.isdecimal() and found.id.isascii() and len(found.id) < 30)
        return
    assert encode_issue(decode_issue(found.ref, encode_issue(found))) == encode_issue(found)
    assert found.ref.id.isdecimal()
    assert found.ref.id.isascii()
    assert found.created.tzinfo is UTC
    assert found.updated.tzinfo is UTC
    assert found.points is None or found.points >= 0
    assert found.title.encode() is not None


@FEW
@given(SEVERAL)
def test_a_row_of_jira_is_read_or_named_as_unreadable(changes: list[Change]) -> None:
    sound(from_jira(as_sent(reduce(changed, changes, JIRA_ROW))))


@FEW
@given(SEVERAL)
def test_a_row_of_github_is_read_or_named_as_unreadable(changes: list[Change]) -> None:
    sound(from_github(as_sent(reduce(changed, changes, GITHUB_ROW))))


@pytest.mark.parametrize("value", range(len(VALUES)))
def test_every_place_of_a_row_takes_every_hostile_value(value: int) -> None:
    for place in range(60):
        sound(from_jira(as_sent(changed(JIRA_ROW, (place, value, "replace")))))
        sound(from_github(as_sent(changed(GITHUB_ROW, (place, value, "replace")))))


@pytest.mark.parametrize("value", VALUES)
def test_a_status_that_nobody_knows_is_never_taken_for_done_or_to_do(value: Any) -> None:
    status = {"name": "Odd", "statusCategory": value}
    found = from_jira(as_sent(jira_answers.row(1, status=status)))
    assert isinstance(found, Unread) or found.category is StatusCategory.UNKNOWN
    key = {"name": "Odd", "statusCategory": {"key": value}}
    found = from_jira(as_sent(jira_answers.row(1, status=key)))
    assert value == "done" or isinstance(found, Unread) or found.category is StatusCategory.UNKNOWN
    on_github = from_github(as_sent(github_builders.row(state=value)))
    assert isinstance(on_github, Unread) or on_github.category is StatusCategory.UNKNOWN


@pytest.mark.parametrize("value", VALUES)
def test_story_points_that_are_no_number_from_0_on_are_no_estimate(value: Any) -> None:
    found = from_jira(as_sent(jira_answers.row(1, customfield_10016=value)))
    assert isinstance(found, Issue)
    number = float(value) if isinstance(value, str) and value.isdecimal() else value
    usable = isinstance(number, int | float) and not isinstance(number, bool) and number >= 0
    assert (found.points is not None) is usable

"""From Jira's JSON to an issue: every field of both kinds of server, and whatever else may come."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira.fields import FieldMap
from connectors.jira.issues import IssueParser
from connectors.models import ChecklistItem, Issue, StatusCategory, Unread
from tests.jira_answers import SITE, row

FIELDS = FieldMap(
    epic_link=("customfield_10008", "customfield_10009"),
    sprint=("customfield_10007",),
    points=("customfield_10016", "customfield_10002"),
    team=("customfield_10001",),
    mirror=("customfield_10050",),
    asked=(("Region", ("customfield_10060", "customfield_10061")),),
)


def read(raw: dict[str, Any], *, checklists: bool = False) -> Issue:
    issue = IssueParser("work", SITE, FIELDS, checklists).issue(raw)
    assert isinstance(issue, Issue), issue
    return issue


def unread(raw: dict[str, Any]) -> Unread:
    found = IssueParser("work", SITE, FIELDS, False).issue(raw)
    assert isinstance(found, Unread)
    return found


def test_an_issue_of_cloud_says_everything() -> None:
    issue = read(
        row(
            7,
            status={"name": "In Review", "statusCategory": {"key": "indeterminate"}},
            issuetype={"name": "Story", "subtask": False, "hierarchyLevel": 0},
            priority={"name": "High"},
            labels=["web", "q1"],
            components=[{"id": "1", "name": "Blog"}],
            fixVersions=[{"id": "2", "name": "1.0"}],
            assignee={"accountId": "5b10:ann", "displayName": "Ann"},
            parent={"id": "10001", "key": "BLOG-1", "fields": {}},
            customfield_10007=[{"id": 1, "name": "Sprint 1"}, {"id": 2, "name": "Sprint 2"}],
            customfield_10016=2.5,
            customfield_10001={"id": "t-1", "name": "Web team"},
            customfield_10050="see https://github.example/acme/site/issues/4, please",
            customfield_10060=[{"value": "EU"}, {"value": "US"}],
        )
    )
    assert (issue.ref.tracker, issue.ref.id, issue.ref.key) == ("work", "10007", "BLOG-7")
    assert issue.url == f"{SITE}/browse/BLOG-7"
    assert issue.container == "BLOG"
    assert issue.category is StatusCategory.IN_PROGRESS
    assert (issue.status, issue.type, issue.level, issue.priority) == ("In Review", "Story", 0, "High")
    assert (issue.labels, issue.components, issue.versions) == (("web", "q1"), ("Blog",), ("1.0",))
    assert issue.assignees == ("5b10:ann", "Ann")
    assert (issue.parent_id, issue.parent_key) == ("10001", "BLOG-1")
    assert issue.sprints == ("Sprint 1", "Sprint 2")
    assert issue.points == Fraction(5, 2)
    assert issue.team == "Web team"
    assert issue.mirrors == ("https://github.example/acme/site/issues/4",)
    assert issue.fields == (("Region", ("EU", "US")),)
    assert issue.created == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert issue.created.tzinfo is UTC


def test_an_issue_of_data_center_says_the_same_in_its_own_way() -> None:
    sprint = (
        "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=1,rapidViewId=2,state=ACTIVE,"
        "name=Sprint 1, part [a],startDate=2026-01-01T00:00:00.000Z,goal=]"
    )
    issue = read(
        row(
            assignee={"name": "ann", "key": "JIRAUSER1", "displayName": "Ann"},
            issuetype={"name": "Sub-task", "subtask": True},
            customfield_10008="BLOG-1",
            customfield_10007=[sprint],
        )
    )
    assert issue.assignees == ("ann", "Ann")
    assert issue.level == -1
    assert (issue.parent_id, issue.parent_key) == (None, "BLOG-1")
    assert issue.sprints == ("Sprint 1, part [a]",)


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        ({"name": "Epic", "subtask": False}, 1),
        ({"name": "Task", "subtask": False}, 0),
        ({"name": "Initiative", "hierarchyLevel": 2}, 2),
        (None, None),
    ],
)
def test_the_level_is_told_or_follows_from_the_type(kind: object, level: int | None) -> None:
    assert read(row(issuetype=kind)).level == level


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ({"key": "new"}, StatusCategory.TODO),
        ({"key": "indeterminate"}, StatusCategory.IN_PROGRESS),
        ({"key": "done"}, StatusCategory.DONE),
        ({"key": "undefined"}, StatusCategory.UNKNOWN),
        ({"key": "neu"}, StatusCategory.UNKNOWN),
        ({"key": ["new"]}, StatusCategory.UNKNOWN),
        ({}, StatusCategory.UNKNOWN),
        (None, StatusCategory.UNKNOWN),
    ],
)
def test_the_category_is_never_guessed_from_the_name(category: object, expected: StatusCategory) -> None:
    assert read(row(status={"name": "Done", "statusCategory": category})).category is expected


def test_a_resolution_is_told_and_not_judged() -> None:
    done = {"name": "Closed", "statusCategory": {"key": "done"}}
    issue = read(
        row(status=done, resolution={"name": "Won't Do"}, resolutiondate="2026-02-01T00:00:00.000+0000")
    )
    assert issue.category is StatusCategory.DONE
    assert issue.resolution == "Won't Do"
    assert issue.resolved == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "points"),
    [(3, Fraction(3)), (0, Fraction(0)), (0.1, Fraction(1, 10)), ("2,5", Fraction(5, 2)), (-1, None),
     (True, None), ("many", None), (float("inf"), None), (None, None), ({}, None)],
)  # fmt: skip
def test_points_are_numbers_of_at_least_zero_or_nothing(value: object, points: Fraction | None) -> None:
    assert read(row(customfield_10016=value)).points == points


def test_of_two_fields_for_points_the_first_that_has_a_value_counts() -> None:
    assert read(row(customfield_10016=None, customfield_10002=5)).points == 5
    assert read(row(customfield_10016=1, customfield_10002=5)).points == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (4, 4),
        (True, True),
        (None, None),
        ({"value": "EU"}, ("EU",)),
        ({"value": "EU", "child": {"value": "DE"}}, ("EU", "DE")),
        ([{"displayName": "Ann", "accountId": "1"}, "plain", 3], ("Ann", "plain", "3")),
        ([], ()),
    ],
)
def test_custom_fields_are_scalars_or_the_names_of_what_was_chosen(value: object, expected: object) -> None:
    assert read(row(customfield_10060=value)).fields == (("Region", expected),)


def test_checklists_are_read_only_where_asked_for() -> None:
    raw = row(description="* [x] one\n* [ ] two")
    assert read(raw).checklist == ()
    assert read(raw, checklists=True).checklist == (ChecklistItem("one", True), ChecklistItem("two", False))
    assert read(row(description=None), checklists=True).checklist == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"summary": None}, "summary: expected text, got nothing"),
        ({"status": "Open"}, "status: expected an object, got a str"),
        ({"updated": "yesterday"}, "updated: expected a time"),
        ({"updated": "2026-01-01T00:00:00"}, "updated: expected a time with its zone"),
        ({"created": "0001-01-01T00:00:00+1400"}, "created: expected a time"),
        ({"labels": "web"}, "labels: expected a list, got a str"),
        ({"labels": [1]}, "labels: expected names"),
        ({"parent": []}, "parent: expected an object"),
    ],
)
def test_what_cannot_be_read_says_why_and_which_issue(change: dict[str, Any], why: str) -> None:
    found = unread(row(3, **change))
    assert (found.id, found.key) == ("10003", "BLOG-3")
    assert found.why.startswith(why)


KEYS = st.sampled_from(["name", "key", "id", "value", "child", "statusCategory", "fields"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
NAMES = [*FIELDS.requested(description=True), "key", "id"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_no_row_raises(changes: dict[str, Any]) -> None:
    raw = row(1, **changes)
    raw.update({name: changes[name] for name in ("key", "id") if name in changes})
    assert isinstance(IssueParser("work", SITE, FIELDS, True).issue(raw), Issue | Unread)


@pytest.mark.parametrize("name", ["labels", "components", "fixVersions"])
def test_a_list_that_is_null_is_no_empty_list(name: str) -> None:
    """Taken for one, the issue would count for less, and nobody would know; one that is left out is none."""
    assert name in unread(row(7, **{name: None})).why
    raw = row(7)
    raw["fields"].pop(name, None)
    assert read(raw).ref.key == "BLOG-7"

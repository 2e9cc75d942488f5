"""GitHub's JSON of an issue becomes the shared Issue, and nothing is guessed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.github.issue_keys import Spelling, place_of, place_of_api, place_of_page, repository_of_api
from connectors.github.issues import IssueParser, Unreadable, field_values, mirrors
from connectors.models import ChecklistItem, Issue, IssueRef, StatusCategory, Unread
from tests.github_builders import row

PARSER = IssueParser("hub", Spelling(("Acme/Site",)), frozenset({"doing"}))


def read(**changes: Any) -> Issue:
    issue = PARSER.issue(row(**changes))
    assert isinstance(issue, Issue)
    return issue


def test_every_field_finds_its_place() -> None:
    assert read() == Issue(
        ref=IssueRef("hub", "3141592653", "Acme/Site#7"),
        url="https://github.com/acme/site/issues/7",
        title="Write 5 initial posts",
        container="Acme/Site",
        status="open",
        category=StatusCategory.TODO,
        type="Task",
        labels=("blog", "plain"),
        versions=("Q1",),
        assignees=("octocat", "hubot"),
        parent_key="acme/plans#4",
        created=datetime(2026, 1, 5, 8, tzinfo=UTC),
        updated=datetime(2026, 1, 6, 8, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("state", "reason", "category", "resolution"),
    [
        ("open", None, StatusCategory.TODO, None),
        ("open", "reopened", StatusCategory.TODO, None),
        ("closed", None, StatusCategory.DONE, None),
        ("closed", "completed", StatusCategory.DONE, "completed"),
        ("closed", "not_planned", StatusCategory.CANCELLED, "not_planned"),
        ("closed", "duplicate", StatusCategory.CANCELLED, "duplicate"),
        ("closed", "something_new", StatusCategory.UNKNOWN, "something_new"),
        ("frozen", None, StatusCategory.UNKNOWN, None),
    ],
)
def test_the_state_and_its_reason_say_where_an_issue_stands(
    state: str, reason: str | None, category: StatusCategory, resolution: str | None
) -> None:
    issue = read(state=state, state_reason=reason, closed_at="2026-02-01T00:00:00Z")
    assert (issue.status, issue.category, issue.resolution) == (state, category, resolution)
    assert (issue.resolved is not None) == (state == "closed")


def test_an_open_issue_is_in_progress_only_by_a_label_that_was_chosen_for_it() -> None:
    assert read(labels=[{"name": "Doing"}]).category is StatusCategory.IN_PROGRESS
    assert read(labels=[{"name": "in progress"}]).category is StatusCategory.TODO
    assert read(labels=[{"name": "Doing"}], state="closed").category is StatusCategory.DONE


@pytest.mark.parametrize(
    ("merged_at", "category"),
    [("2026-02-01T00:00:00Z", StatusCategory.DONE), (None, StatusCategory.CANCELLED)],
)
def test_a_pull_request_that_was_closed_unmerged_delivered_nothing(
    merged_at: str | None, category: StatusCategory
) -> None:
    issue = read(state="closed", pull_request={"merged_at": merged_at})
    assert issue.pull_request
    assert issue.category is category


@pytest.mark.parametrize(
    "field", ["milestone", "type", "parent_issue_url", "body", "assignees", "labels", "state_reason"]
)
def test_what_github_leaves_out_is_absent_and_no_error(field: str) -> None:
    for whole in (row(**{field: None}), {k: v for k, v in row().items() if k != field}):
        assert isinstance(PARSER.issue(whole), Issue)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id", None, "id: expected a positive whole number, got nothing"),
        ("id", True, "id: expected a positive whole number, got True"),
        ("title", 5, "title: expected text, got 5"),
        ("state", None, "state: expected text, got nothing"),
        ("created_at", "yesterday", "created_at: expected a time with a zone, got 'yesterday'"),
        ("created_at", "2026-01-01T00:00:00", "created_at: expected a time with a zone"),
        ("labels", {}, "labels: expected a list, got {}"),
        ("labels", [{"name": None}], "labels.name: expected text, got nothing"),
        ("assignees", ["a", 3], "assignees.login: expected text, got 3"),
        ("milestone", "Q1", "milestone: expected an object, got 'Q1'"),
    ],
)
def test_an_unreadable_row_says_what_was_read_and_what_was_expected(
    field: str, value: object, said: str
) -> None:
    found = PARSER.issue(row(**{field: value}))
    assert isinstance(found, Unread)
    assert said in found.why
    assert found.key == "Acme/Site#7"


@pytest.mark.parametrize("nonsense", [None, 5, "text", [], {}])
def test_no_row_at_all_is_unread(nonsense: object) -> None:
    found = PARSER.issue(nonsense)
    assert isinstance(found, Unread)
    assert found.id is None


def test_long_outside_text_is_cut_in_what_is_told() -> None:
    found = PARSER.issue(row(created_at="x" * 5000))
    assert isinstance(found, Unread)
    assert len(found.why) < 200


def test_the_tree_names_a_parent_where_the_row_names_none() -> None:
    found = PARSER.issue(row(parent_issue_url=None), ("99", "acme/plans#4"))
    assert isinstance(found, Issue)
    assert (found.parent_id, found.parent_key) == ("99", "acme/plans#4")


def test_the_row_has_the_last_word_about_its_parent() -> None:
    found = PARSER.issue(row(), ("99", "acme/other#1"))
    assert isinstance(found, Issue)
    assert (found.parent_id, found.parent_key) == (None, "acme/plans#4")


def test_checklists_are_read_only_where_asked_for() -> None:
    assert read().checklist == ()
    found = replace(PARSER, checklists=True).issue(row())
    assert isinstance(found, Issue)
    assert found.checklist == (ChecklistItem("one", True), ChecklistItem("two", False))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Mirrors: https://jira.example/browse/BLOG-1", ("https://jira.example/browse/BLOG-1",)),
        ("Mirror of https://jira.example/browse/BLOG-1", ("https://jira.example/browse/BLOG-1",)),
        ("jira: <https://jira.example/browse/BLOG-1>\r\nmore", ("https://jira.example/browse/BLOG-1",)),
        ("Upstream URL: https://a.example/1", ("https://a.example/1",)),
        ("text\n\nSynced from URL: https://a.example/1\n", ("https://a.example/1",)),
        ("Synced from https://a.example/1", ("https://a.example/1",)),
        ("Jira: https://a.example/1\nJira: https://a.example/1", ("https://a.example/1",)),
        ("See Jira: https://a.example/1", ()),
        ("Jira: https://a.example/1 and more", ()),
        ("Jira: javascript:alert(1)", ()),
        ("Jira: BLOG-1", ()),
        ("", ()),
    ],
)
def test_mirrors_are_urls_alone_on_a_line_that_says_so(body: str, expected: tuple[str, ...]) -> None:
    assert mirrors(body) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme#1",
        "acme/site",
        "acme/site#0",
        "acme/site#x",
        "acme/..#1",
        "a/b/c#1",
        "acme/site#1\n2",
        "BLOG-1",
    ],
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert place_of(text) is None


def test_keys_are_read_from_pages_and_addresses_with_and_without_prefix() -> None:
    place = place_of("acme/site#7")
    assert place is not None
    assert place.path == "/repos/acme/site/issues/7"
    assert place_of_page("https://ghe.example/acme/site/issues/7") == place
    assert place_of_page("https://github.com/acme/site/pull/7") == place
    assert place_of_api("https://ghe.example/api/v3/repos/acme/site/issues/7") == place
    assert place_of_api("https://api.github.com/repos/acme/site") is None
    assert repository_of_api("https://ghe.example/api/v3/repos/acme/site") == "acme/site"
    assert repository_of_api("https://ghe.example/acme") is None


def test_one_repository_has_one_spelling_as_configured_or_in_lower_case() -> None:
    spelling = Spelling(("Acme/Site",))
    assert spelling.key("acme/SITE#7") == "Acme/Site#7"
    assert spelling.key("Other/Thing#7") == "other/thing#7"
    assert spelling.key("nothing") is None


@pytest.mark.parametrize(
    "held",
    [
        None,
        5,
        ["x"],
        [{"issue_field_name": "Size", "data_type": "number", "value": {"n": 1}}],
        [{"issue_field_name": "Size", "data_type": "number", "value": True}],
        [{"issue_field_name": "Size", "data_type": "single_select", "value": "L"}],
        [
            {
                "issue_field_name": "Size",
                "data_type": "multi_select",
                "value": "L",
                "multi_select_options": [{}],
            }
        ],
    ],
)
def test_values_of_fields_that_are_not_as_documented_make_the_issue_unreadable(held: object) -> None:
    with pytest.raises(Unreadable, match="issue_field_values"):
        list(field_values({"issue_field_values": held}, ("Size",)))


def test_values_of_fields_are_found_by_name_whatever_its_case_or_by_id() -> None:
    row = {
        "issue_field_values": [
            {"issue_field_id": 7, "issue_field_name": "Size", "data_type": "number", "value": 2.5},
            {"issue_field_id": 8, "data_type": "text", "value": "x"},
        ]
    }
    assert dict(field_values(row, ("size", "8", "Colour"))) == {"size": 2.5, "8": "x", "Colour": None}
    assert dict(field_values({}, ("size",))) == {"size": None}  # a server without such fields

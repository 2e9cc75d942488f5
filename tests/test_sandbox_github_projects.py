"""The sandbox's projects: who gets what, page by page, and what moves no time of change."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.github.graphql import PROJECT, project_items
from connectors.sandbox.github_truth.model import Project
from connectors.sandbox.github_truth.truth import TOKEN, Impossible
from connectors.sandbox.github_world import GitHubSite
from tests.sandbox_github import Lab, lab

SITE = "acme/site"


@pytest.fixture
def at() -> Iterator[Lab]:
    with lab() as made:
        made.site.allow_projects()
        yield made


def board(at: Lab) -> Project:
    """A private project of the organisation with a field of each kind that holds values."""
    project = at.site.create_project("acme", "Roadmap")
    at.site.add_project_field(project, "Note", "TEXT")
    at.site.add_project_field(project, "Effort", "NUMBER")
    at.site.add_project_field(project, "Target", "DATE")
    at.site.add_project_field(project, "Sprint", "ITERATION", ["Sprint 1", "Sprint 2"])
    return project


def head(at: Lab, owner: str = "acme", number: int = 1) -> Any:
    return at.query(PROJECT, owner=owner, number=number)


def items(at: Lab, *names: str, first: int = 100, after: str | None = None) -> Any:
    node = head(at)["data"]["repositoryOwner"]["projectV2"]["id"]
    named = {f"f{place}": name for place, name in enumerate(names)}
    answer = at.query(project_items(len(names)), id=node, first=first, after=after, **named)
    return answer["data"]["node"]["items"]


def test_a_project_tells_its_fields_and_the_values_of_each_kind(at: Lab) -> None:
    project = board(at)
    at.site.create_issue(SITE, "Blog")
    values = {"Status": "In Progress", "Note": "soon", "Effort": 2.5, "Target": "2027-03-01"}
    for name, value in {**values, "Sprint": "Sprint 2"}.items():
        at.site.set_in_project(project, f"{SITE}#1", name, value)
    fields = head(at)["data"]["repositoryOwner"]["projectV2"]["fields"]["nodes"]
    assert {each["name"]: each["dataType"] for each in fields} == {
        "Title": "TITLE",
        "Labels": "LABELS",
        "Status": "SINGLE_SELECT",
        "Note": "TEXT",
        "Effort": "NUMBER",
        "Target": "DATE",
        "Sprint": "ITERATION",
    }
    status = next(each for each in fields if each["name"] == "Status")
    chosen = next(each["id"] for each in status["options"] if each["name"] == "In Progress")
    (row,) = items(at, *values, "Sprint", "status")["nodes"]
    assert row["content"]["repository"] == {"nameWithOwner": SITE}
    assert [row[f"v{place}"] for place in range(4)] == [
        {"name": "In Progress", "optionId": chosen},
        {"text": "soon"},
        {"number": 2.5},
        {"date": "2027-03-01"},
    ]
    assert row["v4"]["title"] == "Sprint 2"
    assert row["v5"] is None  # names are taken by the letter here


def test_what_is_set_in_a_project_moves_the_item_and_not_the_issue(at: Lab) -> None:
    project = board(at)
    issue = at.site.create_issue(SITE, "Blog")
    before = issue.updated_at
    item = at.site.set_in_project(project, f"{SITE}#1", "Effort", 3)
    assert (issue.updated_at, item.updated_at > before) == (before, True)
    at.site.settings.project_values_touch = True
    at.site.set_in_project(project, f"{SITE}#1", "Effort", 4)
    assert issue.updated_at > before


def test_items_come_by_pages_drafts_and_what_is_out_of_sight_among_them(at: Lab) -> None:
    project = board(at)
    at.site.create_issue(SITE, "One")
    at.site.create_issue(SITE, "Pull", pull_request=True)
    at.site.create_repo("acme/secret", role="none")
    at.site.create_issue("acme/secret", "Hidden")
    for key in (f"{SITE}#1", None, f"{SITE}#2", "acme/secret#1"):
        at.site.add_to_project(project, key)
    first = items(at, "Status", first=3)
    assert [row["content"] for row in first["nodes"]][1:] == [
        {},
        {"number": 2, "repository": {"nameWithOwner": SITE}},
    ]
    rest = items(at, "Status", first=3, after=first["pageInfo"]["endCursor"])
    assert [row["content"] for row in rest["nodes"]] == [None]
    assert not rest["pageInfo"]["hasNextPage"]


def test_a_token_gets_no_project_without_its_scope_or_permission(at: Lab) -> None:
    board(at)
    at.site.allow_projects(allowed=False)
    (error,) = head(at)["errors"]
    assert error["type"] == "INSUFFICIENT_SCOPES"
    assert "requires one of the following scopes: ['read:project']" in error["message"]
    at.site.tokens[TOKEN].scopes = []
    (error,) = head(at)["errors"]
    assert (error["type"], error["message"]) == (
        "FORBIDDEN",
        "Resource not accessible by personal access token",
    )
    at.site.allow_projects()
    assert "errors" not in head(at)


def test_a_project_that_is_not_there_or_out_of_sight_is_not_found(at: Lab) -> None:
    project = board(at)
    (error,) = head(at, number=9)["errors"]
    assert (error["type"], error["message"]) == (
        "NOT_FOUND",
        "Could not resolve to a ProjectV2 with the number 9.",
    )
    project.seen = False
    assert head(at)["errors"][0]["type"] == "NOT_FOUND"
    project.public = True
    assert "errors" not in head(at)
    assert head(at, owner="nobody")["data"] == {"repositoryOwner": None}


def test_a_user_has_projects_too_and_a_server_before_3_9_knows_none(at: Lab) -> None:
    at.site.account("ana")
    at.site.create_project("ana", "Mine")
    assert "errors" not in head(at, owner="ana")
    with lab("3.8") as old:
        assert "Unknown type" in str(head(old)["errors"]) or "projectV2" in str(head(old)["errors"])


def test_a_field_keeps_its_values_by_another_name_and_no_name_is_taken_twice(at: Lab) -> None:
    project = board(at)
    at.site.create_issue(SITE, "Blog")
    at.site.set_in_project(project, f"{SITE}#1", "Status", "Todo")
    at.site.rename_project_field(project, "Status", "Stage")
    at.site.rename_project_option(project, "Stage", "Todo", "Waiting")
    assert items(at, "Stage")["nodes"][0]["v0"]["name"] == "Waiting"
    with pytest.raises(Impossible, match="already been taken"):
        at.site.add_project_field(project, "stage")


def test_projects_survive_saving(at: Lab) -> None:
    project = board(at)
    at.site.create_issue(SITE, "Blog")
    at.site.set_in_project(project, f"{SITE}#1", "Sprint", "Sprint 1")
    again = GitHubSite.load(at.site.dump())
    assert again.projects == at.site.projects

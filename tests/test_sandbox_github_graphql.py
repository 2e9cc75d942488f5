"""The sandbox's GraphQL: a true slice of GitHub's schema, with its limits and its errors."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from connectors.sandbox.github_graphql.schema import ISSUE_TYPES, PROJECTS, SLICE, SUB_ISSUES
from tests.sandbox_github import Lab, lab

SITE = "acme/site"
PUBLISHED = Path(sys.prefix) / "contracts" / "github.schema.graphql"
TREE = """
query Tree($ids: [ID!]!, $after: String) {
  nodes(ids: $ids) {
    ... on Issue {
      number
      subIssuesSummary { total completed percentCompleted }
      subIssues(first: 2, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { ...Leaf }
      }
    }
  }
}
fragment Leaf on Issue { number title state stateReason repository { nameWithOwner } parent { number } }
"""


@pytest.fixture
def at() -> Iterator[Lab]:
    with lab() as made:
        yield made


def test_an_issue_is_the_same_in_graphql_and_rest(at: Lab) -> None:
    at.site.create_issue(
        SITE, "Blog", body="text", labels=["web"], type="Task", milestone="Launch", assignees=["ana"]
    )
    at.site.close(f"{SITE}#1")
    rest = at.get(f"/repos/{SITE}/issues/1").json()
    answer = at.query(
        """query One($owner: String!, $name: String!) {
        repository(owner: $owner, name: $name) { issue(number: 1) {
        id databaseId fullDatabaseId number title url body state stateReason createdAt updatedAt closedAt
        repository { nameWithOwner } labels(first: 5) { nodes { name color } } author { login }
        assignees(first: 5) { nodes { login } } milestone { title } issueType { name } parent { number }
        } } }""",
        owner="acme",
        name="site",
    )
    assert answer["data"]["repository"]["issue"] == {
        "id": rest["node_id"],
        "databaseId": rest["id"],
        "fullDatabaseId": str(rest["id"]),
        "number": 1,
        "title": "Blog",
        "url": rest["html_url"],
        "body": "text",
        "state": "CLOSED",
        "stateReason": "COMPLETED",
        "createdAt": rest["created_at"],
        "updatedAt": rest["updated_at"],
        "closedAt": rest["closed_at"],
        "repository": {"nameWithOwner": SITE},
        "labels": {"nodes": [{"name": "web", "color": "ededed"}]},
        "author": {"login": "octocat"},
        "assignees": {"nodes": [{"login": "ana"}]},
        "milestone": {"title": "Launch"},
        "issueType": {"name": "Task"},
        "parent": None,
    }


def test_a_tree_is_read_page_by_page_across_repositories(at: Lab) -> None:
    site = at.site
    site.create_repo("acme/app")
    goal = site.create_issue(SITE, "Goal")
    for number in range(1, 4):
        site.create_issue("acme/app", f"Task {number}")
        site.add_sub_issue(f"{SITE}#1", f"acme/app#{number}")
    site.close("acme/app#1", "duplicate")
    ids = [at.get(f"/repos/{SITE}/issues/{goal.number}").json()["node_id"]]
    (first,) = at.query(TREE, ids=ids)["data"]["nodes"]
    assert first["subIssuesSummary"] == {"total": 3, "completed": 1, "percentCompleted": 33}
    assert first["subIssues"]["nodes"][0] == {
        "number": 1,
        "title": "Task 1",
        "state": "CLOSED",
        "stateReason": "NOT_PLANNED",  # GitHub tells duplicates apart only where enableDuplicate is set
        "repository": {"nameWithOwner": "acme/app"},
        "parent": {"number": 1},
    }
    page = first["subIssues"]["pageInfo"]
    assert page["hasNextPage"]
    (rest,) = at.query(TREE, ids=ids, after=page["endCursor"])["data"]["nodes"]
    assert [each["number"] for each in rest["subIssues"]["nodes"]] == [3]
    assert not rest["subIssues"]["pageInfo"]["hasNextPage"]
    told = at.query(
        '{repository(owner:"acme",name:"app"){issue(number:1){stateReason(enableDuplicate:true)}}}'
    )
    assert told["data"]["repository"]["issue"]["stateReason"] == "DUPLICATE"


def test_issues_of_a_repository_are_listed_by_update_since_a_time(at: Lab) -> None:
    for _ in range(4):
        at.site.create_issue(SITE, "x")
    at.site.edit(f"{SITE}#1", title="y")
    at.site.create_issue(SITE, "pull", pull_request=True)
    since = at.get(f"/repos/{SITE}/issues/3").json()["updated_at"]
    for direction, expected in [("ASC", [3, 4, 1]), ("DESC", [1, 4, 3])]:
        found: list[int] = []
        after = None
        while after is not None or not found:
            page = at.query(
                """query($since: DateTime, $after: String, $direction: OrderDirection!) {
                repository(owner: "acme", name: "site") {
                issues(first: 2, after: $after, filterBy: {since: $since},
                       orderBy: {field: UPDATED_AT, direction: $direction}) {
                nodes { number } pageInfo { hasNextPage endCursor } } } }""",
                direction=direction,
                since=since,
                after=after,
            )["data"]["repository"]["issues"]
            found += [each["number"] for each in page["nodes"]]
            after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
        assert found == expected


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ("labels{nodes{name}}", "MISSING_PAGINATION_BOUNDARIES"),
        ("labels(first:101){nodes{name}}", "EXCESSIVE_PAGINATION"),
        ("labels(first:0){nodes{name}}", "EXCESSIVE_PAGINATION"),
        (
            "subIssues(first:100){nodes{subIssues(first:100){nodes{labels(first:60){nodes{name}}}}}}",
            "MAX_NODE_LIMIT_EXCEEDED",
        ),
    ],
)
def test_a_query_that_asks_too_much_or_unbounded_is_refused(at: Lab, inner: str, kind: str) -> None:
    at.site.create_issue(SITE, "x")
    answer = at.query('{repository(owner:"acme",name:"site"){issue(number:1){' + inner + "}}}")
    assert [error["type"] for error in answer["errors"]] == [kind]
    assert "data" not in answer


def test_what_is_not_there_or_out_of_sight_is_an_error_beside_the_data(at: Lab) -> None:
    at.site.create_repo("acme/secret", role="none")
    at.site.create_issue(SITE, "x")
    for name in ("secret", "none"):
        answer = at.query('query($name:String!){repository(owner:"acme",name:$name){id}}', name=name)
        assert answer["data"] == {"repository": None}
        assert answer["errors"][0]["type"] == "NOT_FOUND"
        said = f"Could not resolve to a Repository with the name 'acme/{name}'."
        assert answer["errors"][0]["message"] == said
    there = at.get(f"/repos/{SITE}/issues/1").json()["node_id"]
    answer = at.query("query($ids:[ID!]!){nodes(ids:$ids){id}}", ids=[there, "I_nothing"])
    assert answer["data"]["nodes"] == [{"id": there}, None]
    assert answer["errors"][0]["path"] == ["nodes", 1]


def test_an_unknown_field_is_an_error_without_data(at: Lab) -> None:
    answer = at.query("{viewer{shoeSize}}")
    assert "data" not in answer
    assert "shoeSize" in answer["errors"][0]["message"]


def test_points_are_counted_and_their_end_is_told_with_http_200(at: Lab) -> None:
    answer = at.query("{rateLimit{cost remaining limit used} viewer{login}}")
    assert answer["data"]["rateLimit"] == {"cost": 1, "remaining": 4_999, "limit": 5_000, "used": 1}
    at.site.settings.graphql_exhausted = True
    (error,) = at.query("{viewer{login}}")["errors"]
    assert error["type"] == "RATE_LIMITED"
    assert error["message"].startswith("API rate limit exceeded")


def test_the_real_client_runs_its_queries(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog")
    _, answer = at.client().requester.graphql_query("{viewer{login}}", {})
    assert answer["data"]["viewer"]["login"] == "milepost-bot"


def test_graphql_is_for_the_authenticated_only(at: Lab) -> None:
    assert at.send("POST", "/graphql", {"query": "{viewer{login}}"}, None).status_code == 401


# -- the slice against the whole


@cache
def published() -> GraphQLSchema:
    if not PUBLISHED.exists():
        pytest.skip(f"GitHub's published schema is not at {PUBLISHED}")
    text = PUBLISHED.read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


def differences(part: GraphQLNamedType, whole: GraphQLNamedType | None) -> Iterator[str]:
    """Where a type of the slice says something that the published type does not."""
    if whole is None or type(part) is not type(whole):
        yield f"{part.name} is not published as such"
    elif isinstance(part, GraphQLEnumType):
        yield from (f"{part.name}.{each}" for each in set(part.values) - set(_as(whole).values))
    elif isinstance(part, GraphQLUnionType):
        names = {each.name for each in part.types} ^ {each.name for each in _as(whole).types}
        yield from (f"{part.name}: {name}" for name in names)
    elif isinstance(part, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        yield from _field_differences(part, _as(whole))


def _as(whole: Any) -> Any:
    return whole


def _field_differences(part: Any, whole: Any) -> Iterator[str]:
    lacking = {each.name for each in getattr(part, "interfaces", ())} - {
        each.name for each in getattr(whole, "interfaces", ())
    }
    yield from (f"{part.name} does not implement {name}" for name in lacking)
    for name, field in part.fields.items():
        known = whole.fields.get(name)
        if known is None or str(known.type) != str(field.type):
            yield f"{part.name}.{name}: {field.type}, published as {known and known.type}"
            continue
        for argument, given in getattr(field, "args", {}).items():
            there = known.args.get(argument)
            if there is None or (str(there.type), there.default_value) != (
                str(given.type),
                given.default_value,
            ):
                yield f"{part.name}.{name}({argument})"


def test_every_type_field_and_argument_of_the_slice_is_github_s_own() -> None:
    whole = published()
    part = build_schema(SLICE + SUB_ISSUES + PROJECTS)
    own = [each for name, each in part.type_map.items() if not name.startswith("__")]
    found = [said for each in own for said in differences(each, whole.type_map.get(each.name))]
    assert found == []


def test_issue_types_are_still_all_that_the_published_schema_lacks() -> None:
    whole = published()
    issue = whole.type_map["Issue"]
    assert isinstance(issue, GraphQLObjectType)
    assert ("issueType" in issue.fields, "IssueType" in whole.type_map) == (False, False), (
        "GitHub publishes issue types now: move ISSUE_TYPES into the checked slice"
    )
    assert "IssueType" in build_schema(SLICE + SUB_ISSUES + ISSUE_TYPES).type_map

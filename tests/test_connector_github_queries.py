"""Every GraphQL query that the connector sends is valid by GitHub's published schema."""

import sys
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from connectors.github import graphql as queries
from connectors.sandbox.github_graphql.schema import github_schema

PUBLISHED = Path(sys.prefix) / "contracts" / "github.schema.graphql"
SENT = {
    "children": queries.CHILDREN,
    "more children": queries.MORE_CHILDREN,
    "viewer": queries.VIEWER,
    "project": queries.PROJECT,
    "items with a field": queries.project_items(1),
    "items with fifty fields": queries.project_items(50),
    "one by place": queries.by_place(1),
    "fifty by place": queries.by_place(50),
}


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    if not PUBLISHED.exists():
        pytest.skip(f"GitHub's GraphQL schema is not at {PUBLISHED}; npm has it as @octokit/graphql-schema")
    # GitHub's own schema breaks a newer rule of the specification about deprecated fields.
    return build_schema(PUBLISHED.read_text(encoding="utf-8"), assume_valid=True)


@pytest.mark.parametrize("name", SENT)
def test_a_query_is_valid_by_the_published_schema(published: GraphQLSchema, name: str) -> None:
    assert validate(published, parse(SENT[name])) == []


@pytest.mark.parametrize("name", SENT)
def test_a_query_is_valid_by_the_sandbox(name: str) -> None:
    assert validate(github_schema(sub_issues=True), parse(SENT[name])) == []

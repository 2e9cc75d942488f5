"""The GraphQL queries that the connector sends; tests check each against GitHub's published schema."""

NAMED = """
fragment Named on Issue {
  id
  fullDatabaseId
  number
  updatedAt
  repository { nameWithOwner }
}
"""

CHILDREN = (
    """
query Children($ids: [ID!]!, $first: Int!) {
  nodes(ids: $ids) {
    ... on Issue {
      id
      subIssues(first: $first) {
        nodes { ...Named subIssuesSummary { total } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
    + NAMED
)
"""The sub-issues of up to 50 issues at once: at most 5,000 nodes of the 500,000 that GitHub allows."""

MORE_CHILDREN = (
    """
query MoreChildren($id: ID!, $after: String!, $first: Int!) {
  node(id: $id) {
    ... on Issue {
      id
      subIssues(first: $first, after: $after) {
        nodes { ...Named subIssuesSummary { total } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
    + NAMED
)

AS_BEFORE = (
    """
query AsBefore($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Issue { ...Named subIssuesSummary { total } }
  }
}
"""
    + NAMED
)
"""Whether up to 100 issues are what and where they were."""

VIEWER = "query Viewer { viewer { login } }"
"""Who we are, where `GET /user` is refused: tokens of an App's installation and of GitHub Actions."""


def by_place(count: int) -> str:
    """A query for `count` issues by owner, name and number: `$o0`, `$n0`, `$i0` and so on; answers `k0` …"""
    variables = ", ".join(f"$o{i}: String!, $n{i}: String!, $i{i}: Int!" for i in range(count))
    fields = "\n".join(
        f"  k{i}: repository(owner: $o{i}, name: $n{i}) "
        f"{{ found: issueOrPullRequest(number: $i{i}) {{ __typename ...Named }} }}"
        for i in range(count)
    )
    return f"query ByPlace({variables}) {{\n{fields}\n}}\n{NAMED}"


PROJECT = """
query Project($owner: String!, $number: Int!) {
  repositoryOwner(login: $owner) {
    ... on ProjectV2Owner {
      projectV2(number: $number) {
        id
        fields(first: 100) {
          nodes {
            ... on ProjectV2FieldCommon { id name dataType }
            ... on ProjectV2SingleSelectField { options { id name } }
          }
        }
      }
    }
  }
}
"""
"""A project and its fields, of which GitHub allows 50."""


def project_items(fields: int) -> str:
    """A page of a project's items with so many fields, by their names `$f0`, `$f1` …; answers `v0` …"""
    names = "".join(f", $f{i}: String!" for i in range(fields))
    values = "\n".join(f"          v{i}: fieldValueByName(name: $f{i}) {{ ...Value }}" for i in range(fields))
    return f"""
query ProjectItems($id: ID!, $first: Int!, $after: String{names}) {{
  node(id: $id) {{
    ... on ProjectV2 {{
      items(first: $first, after: $after) {{
        nodes {{
          content {{
            ... on Issue {{ fullDatabaseId number repository {{ nameWithOwner }} }}
            ... on PullRequest {{ number repository {{ nameWithOwner }} }}
          }}
{values}
        }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
  }}
}}
fragment Value on ProjectV2ItemFieldValue {{
  ... on ProjectV2ItemFieldDateValue {{ date }}
  ... on ProjectV2ItemFieldIterationValue {{ title iterationId }}
  ... on ProjectV2ItemFieldNumberValue {{ number }}
  ... on ProjectV2ItemFieldSingleSelectValue {{ name optionId }}
  ... on ProjectV2ItemFieldTextValue {{ text }}
}}
"""

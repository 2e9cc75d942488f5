"""What a user would write in an afternoon: the clients' own objects, 100 a page, throttle off, same rows."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.tools.bench_floor import JIRA_FIELDS, store


def github(url: str, file: Path, repositories: Sequence[str]) -> int:
    """A list of PyGithub's issues, then the rows."""
    from github import Auth, Github

    client = Github(
        base_url=url,
        auth=Auth.Token("sandbox"),
        per_page=100,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    issues: list[Any] = [
        issue
        for name in repositories
        for issue in client.get_repo(name).get_issues(state="all", sort="updated", direction="asc")
    ]
    with closing(client):
        return store(file, [[_github_row(issue) for issue in issues]])


def _github_row(issue: Any) -> tuple[Any, ...]:
    container = issue.repository_url.partition("/repos/")[2]
    return (
        "github",
        issue.id,
        f"{container}#{issue.number}",
        issue.html_url,
        issue.title,
        container,
        issue.state,
        issue.state_reason,
        None,  # asking an object for its type costs a request
        ",".join(label.name for label in issue.labels),
        ",".join(person.login for person in issue.assignees),
        str(issue.created_at),
        str(issue.updated_at),
        issue.closed_at and str(issue.closed_at),
    )


def jira(url: str, file: Path, face: str) -> int:
    """A list of jira's issues, then the rows."""
    from jira import JIRA

    login: dict[str, Any] = (
        {"basic_auth": ("milepost@sandbox.test", "sandbox")} if face == "cloud" else {"token_auth": "sandbox"}
    )
    client = JIRA(url, options={"default_batch_sizes": {"Issue": 100}}, **login)
    jql = "project = BENCH ORDER BY created ASC, key ASC"
    issues = client.search_issues(jql, maxResults=0, fields=list(JIRA_FIELDS))
    with closing(client):
        return store(file, [[_jira_row(issue) for issue in issues]])


def _jira_row(issue: Any) -> tuple[Any, ...]:
    fields = issue.fields
    return (
        "jira",
        issue.id,
        issue.key,
        issue.permalink(),
        fields.summary,
        fields.project.key,
        fields.status.name,
        fields.status.statusCategory.key,
        fields.issuetype.name,
        ",".join(fields.labels),
        fields.assignee and fields.assignee.displayName,
        fields.created,
        fields.updated,
        fields.resolutiondate,
    )

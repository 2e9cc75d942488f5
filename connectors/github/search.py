"""GitHub's issue search: complete within its limits, or an error."""

import re
from typing import Any

from connectors.errors import Refused
from connectors.github.client import GitHubClient
from connectors.github.issue_keys import repository_of_api
from connectors.github.listing import PER_PAGE
from connectors.github.repositories import RepositoryNames

QUERY_LIMIT = 256
"""The longest query in characters, qualifiers not counted by GitHub but counted here."""
RESULT_LIMIT = 1000
"""No search gives more than its first 1,000 results."""
_KIND = re.compile(r"(?:^|\s|\()-?(?:is|type):(?:issue|pr|pull-request)\b", re.IGNORECASE)


def matching(client: GitHubClient, names: RepositoryNames, query: str) -> frozenset[str]:
    """The ids in scope that a search matches; one search for each repository and for the organisation.

    Each place is searched by itself: GitHub joins several `repo:` by "or" in its old syntax and by "and" in
    its new one. Raises Refused where the answer would not be complete.
    """
    settings = client.settings
    places = [f"repo:{names.today(name)}" for name in names.configured()]
    if settings.organization is not None:
        places.append(f"org:{settings.organization}")
    kind = "" if _KIND.search(query) else " is:issue"
    result: set[str] = set()
    for place in places:
        result |= _search(client, names, f"{query.strip()}{kind} {place}".strip())
    return frozenset(result)


def _search(client: GitHubClient, names: RepositoryNames, query: str) -> set[str]:
    if len(query) > QUERY_LIMIT:
        message = (
            f"cannot measure: with its scope the query is {len(query)} characters, GitHub takes {QUERY_LIMIT}"
        )
        raise Refused(
            client.name, "GET /search/issues", message, "Write a shorter query, or use rules instead"
        )
    ids: set[str] = set()
    for answer in client.answers("/search/issues", {"q": query, "per_page": PER_PAGE}, resource="search"):
        body = answer.json_object()
        total = body.get("total_count")
        if body.get("incomplete_results") is not False or type(total) is not int or total > RESULT_LIMIT:
            raise _incomplete(client, total)
        items = body.get("items")
        for row in items if isinstance(items, list) else []:
            ids |= _id_in_scope(client, names, row)
    return ids


def _id_in_scope(client: GitHubClient, names: RepositoryNames, row: Any) -> set[str]:
    """The id of one result; a query may itself name a repository that is out of scope."""
    address = row.get("repository_url") if isinstance(row, dict) else None
    repository = repository_of_api(address) if isinstance(address, str) else None
    if repository is None or type(row.get("id")) is not int:
        raise Refused(client.name, "GET /search/issues", "cannot measure: a result without id or repository")
    return {str(row["id"])} if names.covers(repository) else set()


def _incomplete(client: GitHubClient, total: object) -> Refused:
    hint = "Narrow the query, or use rules by label, milestone or repository instead"
    if type(total) is int and total > RESULT_LIMIT:
        message = f"cannot measure: {total} issues match, of which GitHub gives the first {RESULT_LIMIT}"
    else:
        message = "cannot measure: GitHub says that the results of this search are incomplete"
        hint = "Run again later; if it stays so, use rules instead"
    return Refused(client.name, "GET /search/issues", message, hint)

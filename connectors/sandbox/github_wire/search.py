"""Issue search on the wire: 1,000 results at most, 256 characters, what cannot be seen is refused."""

from collections.abc import Callable

from connectors.sandbox.github_search import Search, SearchError, parse_search
from connectors.sandbox.github_truth.model import Issue
from connectors.sandbox.github_wire.answers import ApiError, Reply, invalid
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.issue_json import issue_json

MAX_RESULTS = 1_000
_UNSEEN = (
    "The listed users and repositories cannot be searched either because the resources do not exist "
    "or you do not have permission to view them."
)
_SORTS: dict[str, Callable[[Issue], tuple[int, int]]] = {
    "created": lambda issue: (issue.created_at, issue.id),
    "updated": lambda issue: (issue.updated_at, issue.id),
    "comments": lambda issue: (len(issue.comments), issue.id),
}


def search_issues(call: Call) -> Reply:
    """`GET /search/issues`."""
    if "q" not in call.query:
        raise invalid("Search", "missing", "q")
    try:
        search = parse_search(call.query["q"])
    except SearchError as error:
        raise invalid("Search", "invalid", "q", str(error)) from None
    _check_scope(call, search)
    call = call.late(call.site.settings.list_lag)
    start, stop = call.paging.bounds()
    if start >= MAX_RESULTS:
        raise ApiError(422, f"Only the first {MAX_RESULTS} search results are available")
    result = _found(call, search)
    shown = [
        {**issue_json(call.render, issue), "score": 1.0} for issue in result[start : min(stop, MAX_RESULTS)]
    ]
    body = {
        "total_count": len(result),
        "incomplete_results": call.site.settings.search_incomplete,
        "items": shown,
        "search_type": "lexical",
    }
    return Reply(body, headers=call.paging.links(min(len(result), MAX_RESULTS)))


def _found(call: Call, search: Search) -> list[Issue]:
    sort, descending = search.sort or _sort(call)
    result = [
        issue
        for repo in call.site.repos.values()
        if search.covers(repo) and call.readable(repo)
        for _, number in call.site.orders[repo.id].places("created", "all")
        if search.matches(call.site, issue := call.site.issues[call.site.numbers[repo.id, number]])
    ]
    return sorted(result, key=_SORTS[sort], reverse=descending)


def _sort(call: Call) -> tuple[str, bool]:
    sort, order = call.query.get("sort", "created"), call.query.get("order", "desc")
    if sort not in _SORTS:
        raise invalid("Search", "invalid", "sort")
    return sort, order != "asc"


def _check_scope(call: Call, search: Search) -> None:
    site = call.site
    for name in search.repositories:
        try:
            repo = site.repo(name)
        except KeyError:
            raise invalid("Search", "invalid", "q", _UNSEEN) from None
        if not call.allowed(repo, "pull") or repo.full_name.casefold() != name:
            raise invalid("Search", "invalid", "q", _UNSEEN)
    if any(owner not in site.accounts for owner in search.owners):
        raise invalid("Search", "invalid", "q", _UNSEEN)

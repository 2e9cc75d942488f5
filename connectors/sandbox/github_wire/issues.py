"""Issues on the wire: lists by page and by cursor, one issue, create and edit."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.sandbox.github_truth.model import Issue, Repo
from connectors.sandbox.github_truth.moves import MAX_TITLE, REASONS
from connectors.sandbox.github_truth.order import Order, Place
from connectors.sandbox.github_truth.truth import Impossible, moment
from connectors.sandbox.github_wire.answers import ApiError, Reply, invalid, refused
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.issue_json import issue_json

_BY_PAGE = (
    "Pagination with the page parameter is not supported for large datasets, "
    "please use cursor based pagination (after/before)"
)
_ORDERS = {"sort": ("created", "updated", "comments"), "direction": ("asc", "desc")}
_STATES = ("open", "closed", "all")


def list_issues(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/issues`, pull requests among them."""
    call = call.late(call.site.settings.list_lag, call.repo)
    repo = call.repo
    by_cursor = repo.large or bool({"after", "before"} & set(call.query))
    if repo.large and call.paging.page > 1 and "after" not in call.query:
        raise ApiError(422, _BY_PAGE)
    if not by_cursor:
        return _paged(call, [repo])
    return _by_cursor(call, repo)


def list_organization_issues(call: Call) -> Reply:
    """`GET /orgs/{org}/issues`: those assigned to the bearer, or with `filter=all` all that it can see."""
    call.bearer()
    call = call.late(call.site.settings.list_lag)
    repos = [repo for repo in call.site.owned(call.args["org"]) if call.readable(repo)]
    if not repos and call.args["org"].casefold() not in call.site.accounts:
        raise ApiError(404, "Not Found")
    return _paged(call, repos, with_repository=True)


def get_issue(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/issues/{issue_number}`."""
    return Reply(issue_json(call.render, call.issue))


def create_issue(call: Call) -> Reply:
    """`POST /repos/{owner}/{repo}/issues`; labels, type, milestone and assignees need push access."""
    repo, bearer = call.repo, call.writer()
    title = _title(call.text("Issue", "title"))
    body = call.fields().get("body")
    issue = call.site.create_issue(repo.full_name, title, body=body, author=bearer.login)
    issue.app = call.app_slug()
    if call.allowed(repo, "push"):
        _apply(call, issue, call.fields())
    url = f"{call.render.repo_url(repo)}/issues/{issue.number}"
    return Reply(issue_json(call.render, issue), 201, {"Location": url})


def edit_issue(call: Call) -> Reply:
    """`PATCH /repos/{owner}/{repo}/issues/{issue_number}`.

    Its author may change text and state, triage the state and labels. Without push access GitHub drops
    labels, assignees, milestone and type without a word.
    """
    repo, issue, bearer = call.repo, call.issue, call.writer()
    fields = dict(call.fields())
    if bearer.login != issue.author:
        call.require(repo, "triage" if not {"title", "body"} & set(fields) else "push")
    if not call.allowed(repo, "push"):
        for name in ("labels", "assignees", "assignee", "milestone", "type"):
            fields.pop(name, None)
    _edit_text(call, fields)
    _apply(call, issue, fields)
    _edit_state(call, issue, fields)
    return Reply(issue_json(call.render, issue))


# -- lists


def _paged(call: Call, repos: Sequence[Repo], *, with_repository: bool = False) -> Reply:
    issues = _selected(call, repos)
    if with_repository:
        if call.query.get("filter", "assigned") != "all":
            issues = [issue for issue in issues if call.bearer().login in issue.assignees]
        render = call.render
        return call.listed(
            issues,
            lambda item: {
                **issue_json(render, item),
                "repository": render.repo(call.site.repos[item.repo_id], call.credential),
            },
        )
    return call.listed(issues, lambda item: issue_json(call.render, item))


def _selected(call: Call, repos: Sequence[Repo]) -> Sequence[Issue]:
    """The issues of some repositories that the query's filters let through, in the query's order."""
    sort, descending = _order(call)
    if len(repos) == 1 and sort != "comments":
        places = _window(call, repos[0], sort)
        issues: Sequence[Issue] = _Issues(call, repos[0], places, descending)
    else:
        result = [
            item for repo in repos for item in _Issues(call, repo, _window(call, repo, "created"), False)
        ]
        result.sort(key=_SORT_KEYS[sort], reverse=descending)
        issues = result
    passes = _filters(call, repos, sort if len(repos) == 1 else "")
    return [issue for issue in issues if all(test(issue) for test in passes)] if passes else issues


_SORT_KEYS: Mapping[str, Callable[[Issue], tuple[int, int]]] = {
    "created": lambda issue: (issue.created_at, issue.id),
    "updated": lambda issue: (issue.updated_at, issue.id),
    "comments": lambda issue: (len(issue.comments), issue.id),
}


class _Issues(Sequence[Issue]):
    """Issues behind places, looked up only when asked for, so that a page costs no more than itself."""

    def __init__(self, call: Call, repo: Repo, places: Sequence[Place], descending: bool) -> None:
        self._site = call.site
        self._repo = repo.id
        self._places = places
        self._descending = descending

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            return [self[item] for item in range(start, stop)]
        if not 0 <= at < len(self):
            raise IndexError(at)
        place = self._places[len(self) - 1 - at if self._descending else at]
        return self._site.issues[self._site.numbers[self._repo, place[1]]]


def _window(call: Call, repo: Repo, sort: str) -> Sequence[Place]:
    """The places of a repository in the asked state; with `since`, only from there, where that is cheap."""
    state = _one_of(call, "state", _STATES, "open")
    places = call.site.orders[repo.id].places(sort, state)
    since = _since(call)
    if sort == "updated" and since is not None:
        return places[Order.since(places, since) :]
    return places


def _order(call: Call) -> tuple[str, bool]:
    sort = _one_of(call, "sort", _ORDERS["sort"], "created")
    return sort, _one_of(call, "direction", _ORDERS["direction"], "desc") == "desc"


def _one_of(call: Call, name: str, existing: Iterable[str], default: str) -> str:
    value = call.query.get(name, default)
    if value not in existing:
        raise invalid("Issue", "invalid", name)
    return value


def _since(call: Call) -> int | None:
    text = call.query.get("since")
    try:
        return None if text is None else moment(text.replace(" ", "+"))
    except ValueError:
        raise invalid("Issue", "invalid", "since") from None


def _filters(call: Call, repos: Sequence[Repo], done: str) -> list[Callable[[Issue], bool]]:
    """The query's filters beyond state; `done` is the sort whose window has seen to `since`."""
    query, site = call.query, call.site
    tests: list[Callable[[Issue], bool]] = []
    since = _since(call)
    if not all(repo.has_issues for repo in repos):
        tests.append(lambda issue: issue.pull_request)
    if since is not None and done != "updated":
        tests.append(lambda issue: issue.updated_at >= since)
    requested = [name.strip().casefold() for name in query.get("labels", "").split(",") if name.strip()]
    if requested:
        tests.append(lambda issue: {*requested} <= {name.casefold() for name in site.label_names(issue)})
    if "creator" in query:
        tests.append(lambda issue: issue.author.casefold() == query["creator"].casefold())
    if "assignee" in query:
        tests.append(
            lambda issue: _chosen(query["assignee"], [assignee.casefold() for assignee in issue.assignees])
        )
    if "type" in query:
        tests.append(lambda issue: _chosen(query["type"], [issue.type.casefold()] if issue.type else []))
    if "milestone" in query and repos:
        tests.append(
            lambda issue: _chosen(query["milestone"], [str(issue.milestone)] * bool(issue.milestone))
        )
    return tests


def _chosen(requested: str, present: Sequence[str]) -> bool:
    """GitHub's way to ask for one value, for any (`*`), or for none."""
    if requested == "*":
        return bool(present)
    return not present if requested == "none" else requested.casefold() in present


def _by_cursor(call: Call, repo: Repo) -> Reply:
    """One page after or before a cursor; no link to the last page, as none is known."""
    sort, descending = _order(call)
    if sort == "comments":
        raise invalid("Issue", "invalid", "sort")
    places = _window(call, repo, sort)
    passes = _filters(call, [repo], sort)
    issues = _Issues(call, repo, places, descending=False)
    kept = (
        [place for place, issue in zip(places, issues, strict=True) if all(test(issue) for test in passes)]
        if passes
        else places
    )
    page, earlier, later = _cut(call, kept, descending)
    shown = _Issues(call, repo, page, descending)
    links = []
    if earlier and page:
        links.append(("prev", {"before": _cursor(page[-1] if descending else page[0])}))
    if later and page:
        links.append(("next", {"after": _cursor(page[0] if descending else page[-1])}))
    return Reply([issue_json(call.render, item) for item in shown], headers=call.paging.header(links))


def _cut(call: Call, places: Sequence[Place], descending: bool) -> tuple[Sequence[Place], bool, bool]:
    """The asked page of ascending places, and whether there is more before and after it in list order."""
    size, low, high = call.paging.size, 0, len(places)
    if "before" in call.query:
        at = _position(call, "before")
        if descending:
            low = Order.after(places, at)
            high = min(high, low + size)
        else:
            high = Order.after(places, (at[0], at[1] - 1))
            low = max(0, high - size)
    else:
        if "after" in call.query:
            at = _position(call, "after")
            low, high = (
                (0, Order.after(places, (at[0], at[1] - 1)))
                if descending
                else (Order.after(places, at), high)
            )
        low, high = (max(0, high - size), high) if descending else (low, min(high, low + size))
    below, above = low > 0, high < len(places)
    return places[low:high], above if descending else below, below if descending else above


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"cursor:v2:{place[0]}:{place[1]}".encode()).decode()


def _position(call: Call, name: str) -> Place:
    try:
        _, _, value, number = base64.urlsafe_b64decode(call.query[name]).decode().split(":")
        return int(value), int(number)
    except (binascii.Error, ValueError):
        raise invalid("Issue", "invalid", name) from None


# -- changes


def _title(title: str) -> str:
    if not title.strip():
        raise invalid("Issue", "missing_field", "title")
    if len(title) > MAX_TITLE:
        raise invalid("Issue", "custom", "title", f"title is too long (maximum is {MAX_TITLE} characters)")
    return title


def _edit_text(call: Call, fields: Mapping[str, Any]) -> None:
    title, body = fields.get("title"), fields.get("body")
    if title is not None or body is not None:
        call.site.edit(call.key, title=None if title is None else _title(title), body=body)


def _edit_state(call: Call, issue: Issue, fields: Mapping[str, Any]) -> None:
    state, reason = fields.get("state", issue.state), fields.get("state_reason")
    if state not in ("open", "closed"):
        raise invalid("Issue", "invalid", "state")
    if reason is not None and reason not in (*REASONS, "reopened"):
        raise invalid("Issue", "invalid", "state_reason")
    if state == "closed" and (issue.state == "open" or reason in REASONS):
        call.site.close(call.key, reason if reason in REASONS else "completed", by=call.bearer().login)
    elif state == "open" and issue.state == "closed":
        call.site.reopen(call.key)


def _apply(call: Call, issue: Issue, fields: Mapping[str, Any]) -> None:
    """Set what needs push access: labels, assignees, milestone and type."""
    changes: dict[str, Any] = {}
    if fields.get("labels") is not None:
        changes["labels"] = label_names(fields["labels"])
    if fields.get("assignees") is not None:
        changes["assignees"] = fields["assignees"]
    if "milestone" in fields:
        changes["milestone"] = _milestone_title(call, fields["milestone"])
    if "type" in fields:
        changes["type"] = fields["type"] or ""
    if not changes:
        return
    try:
        call.site.edit(call.site.key(issue), **changes)
    except Impossible as impossible:
        raise refused("Issue", impossible) from None


def _milestone_title(call: Call, number: Any) -> str:
    if number is None:
        return ""
    result = call.repo.milestones.get(number) if isinstance(number, int) else None
    if result is None:
        raise invalid("Issue", "invalid", "milestone")
    return result.title


def label_names(given: Any) -> list[str]:
    """Label names from a body: a list of names or of objects with a name."""
    named = [item.get("name") if isinstance(item, dict) else item for item in given or []]
    names = [name for name in named if isinstance(name, str)]
    if len(names) < len(named):
        raise ApiError(422, "Invalid request.\n\nLabels must be strings or objects with a name.")
    return names

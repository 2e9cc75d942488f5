"""How each field of the schema slice is found in the truth."""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
)

from connectors.sandbox.github_graphql import projects
from connectors.sandbox.github_graphql.cost import Refusal
from connectors.sandbox.github_graphql.lists import Key, connection, listed
from connectors.sandbox.github_graphql.query_context import QueryContext
from connectors.sandbox.github_truth.model import (
    Account,
    Comment,
    Issue,
    IssueType,
    Label,
    Milestone,
    Repo,
)
from connectors.sandbox.github_truth.order import Order
from connectors.sandbox.github_truth.truth import moment
from connectors.sandbox.github_wire.render import maybe, node_id, number_of, when

Resolver = Callable[..., Any]
Info: TypeAlias = "GraphQLResolveInfo[QueryContext]"


def _context(info: Info) -> QueryContext:
    return info.context


# -- roots


def _node(_: object, info: Info, id: str) -> Any:  # noqa: A002
    result = _by_node_id(_context(info), id)
    if result is None:
        raise Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'")
    return result


def _nodes(_: object, info: Info, ids: list[str]) -> list[Any]:
    # A missing node is null in the list and an error of its own, so the error is given as a value.
    context = _context(info)
    missing = "Could not resolve to a node with the global id of '{}'"
    return [_by_node_id(context, item) or Refusal("NOT_FOUND", missing.format(item)) for item in ids]


def _by_node_id(context: QueryContext, text: str) -> Any:
    prefix, _, _ = text.partition("_")
    number, site = number_of(text), context.site
    if number is None:
        return None
    if prefix in ("I", "PR"):
        issue = site.issues.get(number)
        fits = issue is not None and issue.pull_request == (prefix == "PR")
        return issue if issue is not None and fits and context.reads(site.repos[issue.repo_id]) else None
    if prefix == "R":
        repo = site.repos.get(number)
        return repo if repo is not None and context.sees(repo) else None
    if prefix == "PVT":
        return projects.project_by_id(context, number)
    if prefix == "IC":
        result = site.comment_by_id(number)
        return result[1] if result and context.reads(site.repos[result[0].repo_id]) else None
    return None


def _repository(
    _: object,
    info: Info,
    owner: str,
    name: str,
    followRenames: bool = True,  # noqa: N803
) -> Repo:
    context, full_name = _context(info), f"{owner}/{name}"
    try:
        repo = context.site.repo(full_name)
    except KeyError:
        repo = None
    renamed = repo is not None and repo.full_name.casefold() != full_name.casefold()
    if repo is None or not context.sees(repo) or (renamed and not followRenames):
        raise Refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    return repo


def _rate_limit(_: object, info: Info, **__: Any) -> dict[str, Any]:
    context = _context(info)
    return {
        "cost": context.count.points,
        "nodeCount": context.count.nodes,
        "limit": context.budget["limit"],
        "remaining": context.budget["remaining"],
        "used": context.budget["used"],
        "resetAt": when(context.budget["reset"]),
    }


# -- repositories


def _issue_of(kinds: tuple[bool, ...], what: str) -> Resolver:
    def resolve(repo: Repo, info: Info, number: int) -> Issue:
        site = _context(info).site
        result = site.issues.get(site.numbers.get((repo.id, number), 0))
        if result is None or not repo.has_issues or result.pull_request not in kinds:
            raise Refusal("NOT_FOUND", f"Could not resolve to {what} with the number of {number}.")
        return result

    return resolve


def _issues(repo: Repo, info: Info, **args: Any) -> dict[str, Any]:
    site = _context(info).site
    filters = args.get("filterBy") or {}
    order = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    states = {state.lower() for state in args.get("states") or filters.get("states") or ("OPEN", "CLOSED")}
    sort = "updated" if order["field"] == "UPDATED_AT" else "created"
    places = site.orders[repo.id].places(sort, states.pop() if len(states) == 1 else "all")
    since = moment(filters["since"]) if filters.get("since") else None
    if since is not None and sort == "updated":
        places = places[Order.since(places, since) :]
    labels = {name.casefold() for name in args.get("labels") or filters.get("labels") or ()}

    def load(key: Key) -> Issue:
        return site.issues[site.numbers[repo.id, abs(key[1])]]

    def passes(issue: Issue) -> bool:
        named = not labels or bool(labels & {name.casefold() for name in site.label_names(issue)})
        return (
            repo.has_issues
            and not issue.pull_request
            and named
            and (since is None or issue.updated_at >= since)
        )

    kept = [place for place in places if passes(load(place))]
    if order["direction"] == "DESC":
        kept = [(-value, -number) for value, number in reversed(kept)]
    return connection(kept, load, args)


# -- issues


def _labels(thing: Issue | Repo, info: Info, **args: Any) -> dict[str, Any]:
    if isinstance(thing, Repo):
        return listed(sorted(thing.labels.values(), key=lambda label: label.name.casefold()), args)
    defined = _context(info).site.repos[thing.repo_id].labels
    return listed([defined[item] for item in thing.labels], args)


def _assignees(issue: Issue, info: Info, **args: Any) -> dict[str, Any]:
    return listed([_context(info).site.account(login) for login in issue.assignees], args)


def _comments(issue: Issue, _: Info, **args: Any) -> dict[str, Any]:
    return listed(issue.comments, args)


def _sub_issues(issue: Issue, info: Info, **args: Any) -> dict[str, Any]:
    context = _context(info)
    seen = [
        child if context.reads(context.site.repos[child.repo_id]) else None
        for child in (context.site.issues[item] for item in issue.children)
    ]
    nulls = context.site.settings.null_sub_issues
    return listed(seen if nulls else [child for child in seen if child is not None], args)


def _parent(issue: Issue, info: Info) -> Issue | None:
    context = _context(info)
    parent = context.site.issues.get(issue.parent or 0)
    return parent if parent is not None and context.reads(context.site.repos[parent.repo_id]) else None


def _summary(issue: Issue, info: Info) -> dict[str, int]:
    total, site = len(issue.children), _context(info).site
    completed = sum(site.issues[child].state == "closed" for child in issue.children)
    percent = 100 * completed // total if total else 0
    return {"total": total, "completed": completed, "percentCompleted": percent}


def _state_reason(issue: Issue, _: Info, enableDuplicate: bool = False) -> str | None:  # noqa: N803
    """Without `enableDuplicate`, a duplicate shows as not planned."""
    if issue.state_reason == "duplicate" and not enableDuplicate:
        return "NOT_PLANNED"
    return None if issue.state_reason is None else issue.state_reason.upper()


def _milestone(issue: Issue, info: Info) -> Milestone | None:
    milestones = _context(info).site.repos[issue.repo_id].milestones
    return None if issue.milestone is None else milestones[issue.milestone]


def _issue_type(issue: Issue, info: Info) -> IssueType | None:
    site = _context(info).site
    return None if issue.type is None else site.offered_type(site.repos[issue.repo_id].owner, issue.type)


def _url(thing: Issue | Repo | Account | Comment, info: Info) -> str:
    site = _context(info).site
    if isinstance(thing, Account):
        return f"{site.web}/{thing.login}"
    if isinstance(thing, Repo):
        return f"{site.web}/{thing.full_name}"
    if isinstance(thing, Comment):
        home = site.issues[site.comment_homes[thing.id]]
        return f"{_url(home, info)}#issuecomment-{thing.id}"
    kind = "pull" if thing.pull_request else "issues"
    return f"{site.web}/{site.repos[thing.repo_id].full_name}/{kind}/{thing.number}"


def _author(thing: Issue | Comment, info: Info) -> Account:
    return _context(info).site.account(thing.author)


def _id(prefix: str) -> Resolver:
    return lambda thing, _: node_id(prefix, thing.id)


def _time(name: str) -> Resolver:
    return lambda thing, _: maybe(getattr(thing, name))


_ACCOUNT: dict[str, Resolver] = {"id": _id("U"), "databaseId": lambda thing, _: thing.id, "url": _url}
_SHARED: dict[str, Resolver] = {
    "assignees": _assignees,
    "author": _author,
    "body": lambda issue, _: issue.body or "",
    "closed": lambda issue, _: issue.state == "closed",
    "closedAt": _time("closed_at"),
    "createdAt": _time("created_at"),
    "fullDatabaseId": lambda issue, _: str(issue.id),
    "labels": _labels,
    "milestone": _milestone,
    "repository": lambda issue, info: _context(info).site.repos[issue.repo_id],
    "state": lambda issue, _: issue.state.upper(),
    "updatedAt": _time("updated_at"),
    "url": _url,
}
_RESOLVERS: dict[str, dict[str, Resolver]] = {
    "Query": {
        "node": _node,
        "nodes": _nodes,
        "repository": _repository,
        "rateLimit": _rate_limit,
        "viewer": lambda _, info: _context(info).site.account(_context(info).credential.login),
    },
    "Repository": {
        "id": _id("R"),
        "databaseId": lambda repo, _: repo.id,
        "isPrivate": lambda repo, _: repo.private,
        "issue": _issue_of((False,), "an Issue"),
        "pullRequest": _issue_of((True,), "a PullRequest"),
        "issueOrPullRequest": _issue_of((False, True), "an issue or pull request"),
        "issues": _issues,
        "labels": _labels,
        "nameWithOwner": lambda repo, _: repo.full_name,
        "url": _url,
    },
    "Issue": {
        **_SHARED,
        "id": _id("I"),
        "databaseId": lambda issue, _: issue.id,
        "comments": _comments,
        "issueType": _issue_type,
        "parent": _parent,
        "stateReason": _state_reason,
        "subIssues": _sub_issues,
        "subIssuesSummary": _summary,
    },
    "PullRequest": {**_SHARED, "id": _id("PR")},
    "IssueComment": {
        "id": _id("IC"),
        "databaseId": lambda comment, _: comment.id,
        "author": _author,
        "createdAt": _time("created_at"),
        "updatedAt": _time("updated_at"),
        "url": _url,
    },
    "User": _ACCOUNT,
    "Bot": _ACCOUNT,
    "Label": {"id": _id("LA")},
    "Milestone": {
        "id": _id("MI"),
        "state": lambda milestone, _: "OPEN" if milestone.closed_at is None else "CLOSED",
    },
    "IssueType": {"id": _id("IT"), "isEnabled": lambda *_: True},
}
_NAMES = {Repo: "Repository", Comment: "IssueComment", Label: "Label", Milestone: "Milestone"}


def _type_name(thing: Any, *_: Any) -> str:
    if isinstance(thing, Issue):
        return "PullRequest" if thing.pull_request else "Issue"
    if isinstance(thing, Account):
        return thing.kind
    return projects.type_name(thing) or _NAMES[type(thing)]


def attach(schema: GraphQLSchema) -> None:
    """Give the fields of a schema their resolvers; fields without one are read off the thing itself."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            of_kind = {**_RESOLVERS.get(kind.name, {}), **projects.RESOLVERS.get(kind.name, {})}
            for name, resolve in of_kind.items():
                if name in kind.fields:
                    kind.fields[name].resolve = resolve
        elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and not kind.name.startswith("__"):
            kind.resolve_type = _type_name

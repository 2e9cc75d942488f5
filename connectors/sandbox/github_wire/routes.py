"""Which function answers which path, in the words of GitHub's OpenAPI document."""

from collections.abc import Mapping
from urllib.parse import unquote

from connectors.sandbox.github_wire import accounts, comments, issues, labels, repos, search, sub_issues
from connectors.sandbox.github_wire.call import Handler
from connectors.sandbox.github_wire.limits import get_rate_limit

_REPO = "/repos/{owner}/{repo}"
_ISSUE = f"{_REPO}/issues/{{issue_number}}"
_COMMENT = f"{_REPO}/issues/comments/{{comment_id}}"

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/rate_limit": {"GET": get_rate_limit},
    "/user": {"GET": accounts.get_user},
    "/user/repos": {"GET": repos.list_user_repositories},
    "/users/{username}": {"GET": accounts.get_public_user},
    "/app": {"GET": accounts.get_app},
    "/app/installations": {"GET": accounts.list_installations},
    "/app/installations/{installation_id}": {"GET": accounts.get_installation},
    "/app/installations/{installation_id}/access_tokens": {"POST": accounts.create_access_token},
    "/installation/repositories": {"GET": accounts.list_installation_repositories},
    "/orgs/{org}": {"GET": accounts.get_organization},
    "/orgs/{org}/repos": {"GET": accounts.list_organization_repositories},
    "/orgs/{org}/issues": {"GET": issues.list_organization_issues},
    "/orgs/{org}/issue-types": {"GET": accounts.list_organization_types},
    "/orgs/{org}/installation": {"GET": accounts.find_installation},
    "/search/issues": {"GET": search.search_issues},
    _REPO: {"GET": repos.get_repository},
    f"{_REPO}/installation": {"GET": accounts.find_installation},
    f"{_REPO}/assignees": {"GET": repos.list_assignees},
    f"{_REPO}/milestones": {"GET": repos.list_milestones, "POST": repos.create_milestone},
    f"{_REPO}/milestones/{{milestone_number}}": {"GET": repos.get_milestone},
    f"{_REPO}/pulls/{{issue_number}}": {"GET": repos.get_pull_request},
    f"{_REPO}/labels": {"GET": labels.list_definitions, "POST": labels.create_definition},
    f"{_REPO}/labels/{{name}}": {
        "GET": labels.get_definition,
        "PATCH": labels.change_definition,
        "DELETE": labels.delete_definition,
    },
    f"{_REPO}/issues": {"GET": issues.list_issues, "POST": issues.create_issue},
    _COMMENT: {
        "GET": comments.get_comment,
        "PATCH": comments.edit_comment,
        "DELETE": comments.delete_comment,
    },
    _ISSUE: {"GET": issues.get_issue, "PATCH": issues.edit_issue},
    f"{_ISSUE}/comments": {"GET": comments.list_comments, "POST": comments.create_comment},
    f"{_ISSUE}/labels": {
        "GET": labels.list_of_issue,
        "POST": labels.add_to_issue,
        "PUT": labels.replace_on_issue,
        "DELETE": labels.clear_issue,
    },
    f"{_ISSUE}/labels/{{name}}": {"DELETE": labels.remove_from_issue},
    f"{_ISSUE}/sub_issues": {"GET": sub_issues.list_sub_issues, "POST": sub_issues.add_sub_issue},
    f"{_ISSUE}/sub_issue": {"DELETE": sub_issues.remove_sub_issue},
    f"{_ISSUE}/dependencies/blocked_by": {"GET": sub_issues.list_blockers},
    f"{_ISSUE}/parent": {"GET": sub_issues.get_parent},
}

_TEMPLATES = [(template.split("/")[1:], handlers) for template, handlers in ROUTES.items()]


def find_route(method: str, raw_path: str) -> tuple[Handler, dict[str, str]] | None:
    """The handler of a path that is still percent-encoded, and the path's parameters, decoded.

    `/repositories/{id}` stands for `/repos/{owner}/{repo}`, as in the URLs that GitHub itself hands out. A
    slash counts as part of a name only where it is encoded.
    """
    segments = raw_path.split("/")[1:]
    by_id: dict[str, str] = {}
    if segments[0] == "repositories" and len(segments) > 1:
        by_id = {"repository_id": segments[1]}
        segments = ["repos", "", "", *segments[2:]]
    for template, handlers in _TEMPLATES:
        args = _match(template, segments)
        if args is not None and method in handlers:
            kept = args if not by_id else {k: v for k, v in args.items() if k not in ("owner", "repo")}
            return handlers[method], {**kept, **by_id}
    return None


def _match(template: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    args = {}
    for requested, segment in zip(template, segments, strict=True):
        if requested.startswith("{"):
            args[requested[1:-1]] = unquote(segment)
        elif requested != segment:
            return None
    return args

"""The JSON of issues and pull requests, alone, in lists and in search results."""

from connectors.sandbox.github_truth.model import Issue, IssueField
from connectors.sandbox.github_wire.render import Json, Render, maybe, node_id, when


def issue_json(render: Render, issue: Issue) -> Json:
    """An issue as `GET /repos/{owner}/{repo}/issues/{number}` and the lists print it."""
    site = render.site
    repo = site.repos[issue.repo_id]
    url = f"{render.repo_url(repo)}/issues/{issue.number}"
    kind = "pull" if issue.pull_request else "issues"
    page = f"{site.web}/{repo.full_name}/{kind}/{issue.number}"
    assignees = [render.user(login) for login in issue.assignees]
    milestone = None if issue.milestone is None else repo.milestones[issue.milestone]
    shown: Json = {
        "url": url,
        "repository_url": render.repo_url(repo),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": page,
        "id": issue.id,
        "node_id": node_id("PR" if issue.pull_request else "I", issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": render.user(issue.author),
        "labels": [render.label(repo, repo.labels[label]) for label in issue.labels],
        "state": issue.state,
        "state_reason": issue.state_reason,
        "locked": issue.locked,
        "active_lock_reason": None,
        "assignees": assignees,
        "milestone": None if milestone is None else render.milestone(repo, milestone),
        "comments": len(issue.comments),
        "created_at": when(issue.created_at),
        "updated_at": when(issue.updated_at),
        "closed_at": maybe(issue.closed_at),
        "closed_by": None if issue.closed_by is None else render.user(issue.closed_by),
        "author_association": render.association(repo, issue.author),
        "body": issue.body,
        "reactions": render.reactions(url),
        "performed_via_github_app": render.app_of(issue.app),
    }
    if render.is_old:
        shown["assignee"] = assignees[0] if assignees else None
    if issue.pull_request:
        shown |= {"draft": False, "pull_request": _pull_links(render, issue, page)}
    if site.has_sub_issues:
        shown |= _family(render, issue)
    return shown


def _family(render: Render, issue: Issue) -> Json:
    """The fields that came with sub-issues; older Enterprise Servers lack them."""
    site = render.site
    shown: Json = {"issue_field_values": [_value(render, issue, name) for name in sorted(issue.values)]}
    if not issue.pull_request:
        owner = site.repos[issue.repo_id].owner
        offered = None if issue.type is None else site.offered_type(owner, issue.type)
        shown["type"] = None if offered is None else render.issue_type(offered)
        shown["sub_issues_summary"] = summary(render, issue)
        shown["issue_dependencies_summary"] = _dependencies(render, issue)
        shown["parent_issue_url"] = None
    if issue.parent is not None:
        parent = site.issues[issue.parent]
        shown["parent_issue_url"] = f"{render.repo_url(site.repos[parent.repo_id])}/issues/{parent.number}"
    return shown


def _dependencies(render: Render, issue: Issue) -> dict[str, int]:
    """How many issues block this one and are blocked by it: the open ones, and all."""
    site = render.site
    blockers = [site.issues[blocker] for blocker in issue.blockers if blocker in site.issues]
    blocked = [site.issues[item] for item in issue.blocking if item in site.issues]
    return {
        "blocked_by": sum(blocker.state == "open" for blocker in blockers),
        "total_blocked_by": len(blockers),
        "blocking": sum(item.state == "open" for item in blocked),
        "total_blocking": len(blocked),
    }


def _value(render: Render, issue: Issue, name: str) -> Json:
    """The value of one field, as GitHub's lists print it."""
    offered, value = render.site.issue_fields[name], issue.values[name]
    shown: Json = {
        "issue_field_id": offered.id,
        "issue_field_name": name,
        "node_id": f"IFV_{offered.id}",
        "data_type": offered.kind,
        "value": value,
    }
    if offered.kind == "single_select":
        shown["single_select_option"] = _option(offered, value)
    if offered.kind == "multi_select":
        shown |= {"value": ", ".join(value), "multi_select_options": [_option(offered, one) for one in value]}
    return shown


def _option(offered: IssueField, name: str) -> Json:
    return {"id": offered.id * 100 + offered.options.index(name), "name": name, "color": "gray"}


def summary(render: Render, issue: Issue) -> dict[str, int]:
    """How many direct sub-issues there are and how many are closed, for whatever reason."""
    total = len(issue.children)
    completed = sum(render.site.issues[child].state == "closed" for child in issue.children)
    return {
        "total": total,
        "completed": completed,
        "percent_completed": 100 * completed // total if total else 0,
    }


def _pull_links(render: Render, issue: Issue, page: str) -> Json:
    repo = render.site.repos[issue.repo_id]
    return {
        "url": f"{render.repo_url(repo)}/pulls/{issue.number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": None,
    }

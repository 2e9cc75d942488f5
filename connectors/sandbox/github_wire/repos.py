"""Repositories, their milestones, assignees and pull requests on the wire."""

from connectors.sandbox.github_truth.model import Milestone
from connectors.sandbox.github_truth.truth import Impossible
from connectors.sandbox.github_wire.answers import Reply, not_found, refused
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.issue_json import issue_json

_MILESTONE_STATES = ("open", "closed")


def get_repository(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}`, with what the bearer may do there."""
    return Reply(call.render.repo(call.repo, call.credential))


def list_user_repositories(call: Call) -> Reply:
    """`GET /user/repos`: those that the bearer has a role in."""
    bearer = call.bearer()
    repos = [repo for repo in call.site.repos.values() if bearer.login.casefold() in repo.roles]
    seen = [repo for repo in repos if call.allowed(repo, "pull")]
    return call.listed(seen, lambda repo: call.render.repo(repo, bearer))


def list_assignees(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/assignees`: who has a role there."""
    logins = [call.site.accounts[login].login for login, role in call.repo.roles.items() if role != "none"]
    return call.listed(sorted(logins), call.render.user)


def list_milestones(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/milestones`: open ones unless told."""
    state = call.query.get("state", "open")
    requested = [
        milestone for milestone in call.repo.milestones.values() if state in ("all", _state(milestone))
    ]
    return call.listed(requested, lambda item: call.render.milestone(call.repo, item))


def get_milestone(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/milestones/{milestone_number}`."""
    result = call.repo.milestones.get(call.number("milestone_number"))
    if result is None:
        raise not_found()
    return Reply(call.render.milestone(call.repo, result))


def create_milestone(call: Call) -> Reply:
    """`POST /repos/{owner}/{repo}/milestones`; needs push access."""
    repo = call.repo
    bearer = call.require(repo, "push")
    title, description = call.text("Milestone", "title"), call.fields().get("description")
    try:
        made = call.site.create_milestone(repo, title, description=description, creator=bearer.login)
    except Impossible as impossible:
        raise refused("Milestone", impossible) from None
    shown = call.render.milestone(repo, made)
    return Reply(shown, 201, {"Location": shown["url"]})


def get_pull_request(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/pulls/{issue_number}`: what it shares with its issue, no branches."""
    issue = call.issue
    if not issue.pull_request:
        raise not_found()
    shown = issue_json(call.render, issue)
    links = shown.pop("pull_request")
    return Reply({**shown, **links, "issue_url": shown["url"], "merged": False})


def _state(milestone: Milestone) -> str:
    return _MILESTONE_STATES[milestone.closed_at is not None]

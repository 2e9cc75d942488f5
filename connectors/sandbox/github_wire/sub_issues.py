"""Sub-issues and dependencies on the wire; older Enterprise Servers have no such routes."""

from connectors.sandbox.github_truth.model import Issue
from connectors.sandbox.github_truth.truth import Impossible
from connectors.sandbox.github_wire.answers import Reply, invalid, not_found, refused
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.issue_json import issue_json


def list_sub_issues(call: Call) -> Reply:
    """`GET …/issues/{issue_number}/sub_issues`: direct ones, of whatever repositories the bearer sees."""
    _known(call)
    children = [call.site.issues[item] for item in call.issue.children]
    seen = [item for item in children if call.readable(call.site.repos[item.repo_id])]
    return call.listed(seen, lambda child: issue_json(call.render, child))


def list_blockers(call: Call) -> Reply:
    """`GET …/issues/{issue_number}/dependencies/blocked_by`: open and closed ones that the bearer sees."""
    _known(call)
    blockers = [call.site.issues[item] for item in call.issue.blockers if item in call.site.issues]
    seen = [item for item in blockers if call.readable(call.site.repos[item.repo_id])]
    return call.listed(seen, lambda blocker: issue_json(call.render, blocker))


def get_parent(call: Call) -> Reply:
    """`GET …/issues/{issue_number}/parent`; 404 where there is none or none that the bearer sees."""
    _known(call)
    parent = call.site.issues.get(call.issue.parent or 0)
    if parent is None or not call.readable(call.site.repos[parent.repo_id]):
        raise not_found()
    return Reply(issue_json(call.render, parent))


def add_sub_issue(call: Call) -> Reply:
    """`POST …/issues/{issue_number}/sub_issues`: the parent, with its new child."""
    _known(call)
    parent, child = call.issue, _named(call)
    call.require(call.repo, "triage")
    replace = call.fields().get("replace_parent") is True
    try:
        call.site.add_sub_issue(call.site.key(parent), call.site.key(child), replace_parent=replace)
    except Impossible as impossible:
        raise refused("Issue", impossible) from None
    shown = issue_json(call.render, parent)
    return Reply(shown, 201, {"Location": shown["url"]})


def remove_sub_issue(call: Call) -> Reply:
    """`DELETE …/issues/{issue_number}/sub_issue`: the parent, without that child."""
    _known(call)
    parent, child = call.issue, _named(call)
    call.require(call.repo, "triage")
    try:
        call.site.remove_sub_issue(call.site.key(parent), call.site.key(child))
    except KeyError:
        raise not_found() from None
    return Reply(issue_json(call.render, parent))


def _known(call: Call) -> None:
    if not call.site.has_sub_issues:
        raise not_found()


def _named(call: Call) -> Issue:
    number = call.fields().get("sub_issue_id")
    if not isinstance(number, int):
        raise invalid("Issue", "missing_field", "sub_issue_id")
    child = call.site.issues.get(number)
    if child is None or not call.allowed(call.site.repos[child.repo_id], "pull"):
        raise not_found()
    return child

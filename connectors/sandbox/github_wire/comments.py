"""Comments on the wire. Anyone who can read an issue can comment on it."""

from connectors.sandbox.github_truth.model import Comment, Issue
from connectors.sandbox.github_truth.truth import Impossible, moment
from connectors.sandbox.github_wire.answers import ApiError, Reply, invalid, not_found, refused
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.render import Json
from connectors.sandbox.rewriting import stored


def list_comments(call: Call) -> Reply:
    """`GET …/issues/{issue_number}/comments`, ascending by id."""
    call = call.late(call.site.settings.comment_lag, call.issue)
    issue, since = call.issue, call.query.get("since")
    try:
        least = 0 if since is None else moment(since.replace(" ", "+"))
    except ValueError:
        raise invalid("IssueComment", "invalid", "since") from None
    comments = [comment for comment in issue.comments if comment.updated_at >= least]
    return call.listed(comments, lambda comment: _read(call, issue, comment))


def get_comment(call: Call) -> Reply:
    """`GET …/issues/comments/{comment_id}`."""
    return Reply(_read(call, *_found(call)))


def create_comment(call: Call) -> Reply:
    """`POST …/issues/{issue_number}/comments`: at most 65,536 characters."""
    issue, bearer = call.issue, call.writer()
    _unlocked(issue)
    body = stored(call.text("IssueComment", "body"), call.site.settings.rewrite)
    try:
        comment = call.site.comment(call.site.key(issue), body, bearer.login, call.app_slug())
    except Impossible as impossible:
        raise refused("IssueComment", impossible) from None
    shown = call.render.comment(issue, comment)
    return Reply(shown, 201, {"Location": shown["url"]})


def edit_comment(call: Call) -> Reply:
    """`PATCH …/issues/comments/{comment_id}`: one's own, or anyone's with push access."""
    issue, comment = _own(call)
    _unlocked(issue)
    try:
        body = stored(call.text("IssueComment", "body"), call.site.settings.rewrite)
        call.site.edit_comment(comment.id, body)
    except Impossible as impossible:
        raise refused("IssueComment", impossible) from None
    return Reply(call.render.comment(issue, comment))


def delete_comment(call: Call) -> Reply:
    """`DELETE …/issues/comments/{comment_id}`: one's own, or anyone's with push access."""
    _, comment = _own(call)
    call.site.delete_comment(comment.id)
    return Reply(None, 204)


def _read(call: Call, issue: Issue, comment: Comment) -> Json:
    """A comment as it is given back later than by its write."""
    body = stored(comment.body, call.site.settings.rewrite_later)
    return {**call.render.comment(issue, comment), "body": body}


def _unlocked(issue: Issue) -> None:
    if issue.locked:
        raise ApiError(403, "Unable to create comment because issue is locked.")


def _found(call: Call) -> tuple[Issue, Comment]:
    result = call.site.comment_by_id(call.number("comment_id"))
    if result is None or result[0].repo_id != call.repo.id:
        raise not_found()
    return result


def _own(call: Call) -> tuple[Issue, Comment]:
    issue, comment = _found(call)
    if call.writer().login != comment.author:
        call.require(call.repo, "push")
    return issue, comment

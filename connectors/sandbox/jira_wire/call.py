"""One request to a sandbox Jira, and how Jira refuses one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from werkzeug import Request, Response

from connectors.sandbox.jira_truth.admin import JiraAdminMoves
from connectors.sandbox.jira_truth.model import Comment, JiraIssue
from connectors.sandbox.world import Account

Behind = Callable[[int], JiraAdminMoves | None]
"""The site as it was so many seconds ago, or None for now."""


class Refusal(Exception):
    """An answer with an error status, in Jira's shape."""

    def __init__(self, status: int, *messages: str, **errors: str) -> None:
        self.status = status
        self.body = {"errorMessages": list(messages), "errors": errors}
        super().__init__(*messages)


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer; no body at all for None."""
    if body is None:
        return Response(status=status)
    return Response(orjson.dumps(body), status=status, content_type="application/json;charset=UTF-8")


@dataclass
class Call:
    """A request by an account, in version 2 or 3.

    `base` is the URL in front of `/rest` that was called, `home` the one that people open.
    """

    site: JiraAdminMoves
    request: Request
    account: Account
    base: str
    home: str
    version: int
    behind: Behind

    def late(self, seconds: int, about: JiraIssue | None = None) -> "Call":
        """The same request to the site as it was so many seconds ago, if what it is about was there then."""
        past = self.behind(seconds)
        if past is None or (about is not None and about.id not in past.issues):
            return self
        return replace(self, site=past)

    @property
    def cloud(self) -> bool:
        """Whether the site shows its Cloud face."""
        return self.site.face == "cloud"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The caller's time zone, which times are printed in."""
        return ZoneInfo(self.account.time_zone)

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object in the request. Refuses anything else."""
        data = self.json()
        if not isinstance(data, dict):
            raise Refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        return data

    def json(self) -> Any:
        """The JSON in the request. Refuses another content type, and text that is no JSON."""
        if self.request.mimetype != "application/json":
            raise Refusal(415, "Unsupported Media Type")
        try:
            return orjson.loads(self.request.get_data())
        except orjson.JSONDecodeError:
            raise Refusal(
                400, "There was an error parsing JSON. Check that your request body is valid."
            ) from None

    def url(self, path: str) -> str:
        """The URL of a resource of the REST API."""
        return f"{self.base}/rest/api/{self.version}/{path}"

    def many(self, name: str) -> list[str]:
        """A query parameter that may be repeated or hold a comma-separated list."""
        values = self.request.args.getlist(name)
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def number(self, name: str, default: int, source: dict[str, Any] | None = None) -> int:
        """A whole number from the query, or from a body; refuses what is none, or below 0."""
        given = (self.request.args if source is None else source).get(name, default)
        try:
            number = int(given)
        except (TypeError, ValueError):
            number = -1
        if number < 0:
            raise Refusal(400, f"The value '{given}' is no valid {name}.")
        return number

    def need(self, permission: str, complaint: str) -> None:
        """Refuse with 403 unless the caller has this permission."""
        if permission not in self.account.permissions:
            raise Refusal(403, complaint)

    def visible(self, issue: JiraIssue) -> bool:
        """Whether the caller may see the issue."""
        return self.site.sees(self.account, issue)

    def issue(self, id_or_key: str) -> JiraIssue:
        """The issue, if the caller may see it; refuses with 404 otherwise."""
        issue = self.site.by_key(id_or_key)
        if issue is None or not self.visible(issue):
            raise Refusal(
                404,
                "Issue does not exist or you do not have permission to see it."
                if self.cloud
                else "Issue Does Not Exist",
            )
        return issue

    def comment(self, issue: JiraIssue, id_: str) -> Comment:
        """A comment of the issue; refuses with 404 if there is none."""
        for comment in self.site.threads.get(issue.id, ()):
            if str(comment.id) == id_ and comment.id not in self.site.hidden_comments:
                return comment
        raise Refusal(404, f"Can not find a comment for the id: {id_}.")


def invalid(field: str, complaint: str) -> Refusal:
    """The refusal, with 400, of a value of a field."""
    return Refusal(400, **{field: complaint})


def check_open(issue: JiraIssue) -> None:
    """Refuse with 403 to change what is archived."""
    if issue.archived:
        raise Refusal(403, "You can't edit this issue as it has been archived.")


def check_editable(issue: JiraIssue) -> None:
    """Refuse with 400 to edit an issue whose workflow step has `jira.issue.editable` set to false."""
    if not issue.editable:
        raise Refusal(400, "This issue is in a non-editable workflow step.")

"""Jira's answers for tests that look at one exchange: payload shapes of the vendor, served by `responses`."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
import responses
from requests import PreparedRequest

from connectors.jira.settings import JiraSettings
from connectors.jira.tracker import JiraTracker, open_tracker
from tests.conformance import DictMemory

SITE = "https://acme.atlassian.net"
API = f"{SITE}/rest/api/2/"
NOW = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
DATE = "Mon, 02 Mar 2026 10:00:00 GMT"
MYSELF = {"accountId": "5b10:me", "displayName": "Milepost", "accountType": "atlassian"}

EPIC_LINK: dict[str, Any] = {
    "id": "customfield_10008", "name": "Epic Link", "custom": True, "clauseNames": ["cf[10008]", "Epic Link"],
    "schema": {"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-epic-link", "customId": 10008},
}  # fmt: skip
SPRINT: dict[str, Any] = {
    "id": "customfield_10007", "name": "Sprint", "custom": True,
    "schema": {"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
}  # fmt: skip
POINTS: dict[str, Any] = {
    "id": "customfield_10016", "name": "Story point estimate", "custom": True,
    "schema": {"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"},
}  # fmt: skip
OLD_POINTS: dict[str, Any] = {
    "id": "customfield_10002", "name": "Story Points", "custom": True,
    "schema": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
}  # fmt: skip
SUMMARY: dict[str, Any] = {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string"}}


def row(number: int = 1, **fields: Any) -> dict[str, Any]:
    """One issue as Jira prints it; `fields` replace or add."""
    usual = {
        "summary": f"Task {number}",
        "status": {"name": "To Do", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}},
        "issuetype": {"name": "Task", "subtask": False, "hierarchyLevel": 0},
        "project": {"id": "10000", "key": "BLOG"},
        "labels": [],
        "created": "2026-01-05T09:00:00.000+0100",
        "updated": "2026-02-05T09:00:00.000+0100",
    }
    return {"id": str(10_000 + number), "key": f"BLOG-{number}", "fields": {**usual, **fields}}


def comment(number: int, body: str, author: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One comment as Jira prints it."""
    return {"id": str(number), "body": body, "author": MYSELF if author is None else author, **more}


class Exchange:
    """One Jira of `responses`, and the connector opened on it."""

    def __init__(self, mock: responses.RequestsMock, *, cloud: bool = True, **settings: Any) -> None:
        self.mock = mock
        self.memory = DictMemory()
        self.notices: list[str] = []
        usual = {"url": SITE, "projects": ["BLOG"], "email": "bot@acme.example", "token": "hush-hush",
                 "backoff": 0, "write_spacing": 0}  # fmt: skip
        self.settings = JiraSettings.model_validate({**usual, **settings})
        self.cloud = cloud

    def usual(
        self, *, myself: bool = True, server: bool = True, fields: Iterable[dict[str, Any]] = ()
    ) -> None:
        """Answer what every run asks first."""
        if myself:
            self.json("GET", "myself", MYSELF if self.cloud else {"key": "me", "name": "bot"})
        if server:
            kind = {"version": "1001.0.0", "deploymentType": "Cloud" if self.cloud else "Server"}
            self.json(
                "GET", "serverInfo", {**kind, "baseUrl": SITE, "serverTime": "2026-03-02T10:00:00.000+0000"}
            )
        self.json("GET", "project/BLOG", {"id": "10000", "key": "BLOG"})
        self.json("GET", "field", [SUMMARY, EPIC_LINK, SPRINT, POINTS, *fields])

    def json(self, method: str, path: str, body: Any, status: int = 200, **headers: str) -> None:
        """Answer one path with this JSON; given again, the next call gets the next, the last one stays."""
        known = {"Date": DATE, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = b"" if status == 204 else orjson.dumps(body)
        self.mock.add(
            method, API + path, body=sent, status=status, headers=known, content_type="application/json"
        )

    def call(self, method: str, path: str, answer: Callable[[Any], Any]) -> None:
        """Answer one path with what `answer` makes of the request's JSON."""

        def reply(request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            sent = orjson.loads(request.body) if request.body else None
            return 200, {"Date": DATE}, orjson.dumps(answer(sent))

        self.mock.add_callback(method, API + path, reply, content_type="application/json")

    def open(self) -> JiraTracker:
        """Open the connector, as the next run does."""
        return open_tracker(
            "work", self.settings, memory=self.memory, clock=lambda: NOW, notify=self.notices.append
        )

    def sent(self, method: str, path: str) -> list[Any]:
        """The JSON bodies that were sent there."""
        calls = [one.request for one in self.mock.calls]
        wanted = [
            one for one in calls if one.method == method and str(one.url).partition("?")[0] == API + path
        ]
        return [orjson.loads(one.body) if one.body else None for one in wanted]

    def asked(self, path: str) -> int:
        """How often this path was asked for, by any method."""
        return sum(str(one.request.url).partition("?")[0] == API + path for one in self.mock.calls)


def cloud_exchange(mock: responses.RequestsMock, **settings: Any) -> Exchange:
    """A Jira Cloud that has answered what every run asks first."""
    exchange = Exchange(mock, **settings)
    exchange.usual()
    return exchange


def center_exchange(mock: responses.RequestsMock) -> Exchange:
    """A Jira Data Center that has answered what every run asks first."""
    exchange = Exchange(mock, cloud=False, email=None, auth="bearer")
    exchange.usual()
    return exchange

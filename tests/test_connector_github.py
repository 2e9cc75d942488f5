"""The GitHub connector keeps what every connector owes, on a sandbox over real HTTP."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from werkzeug import Request, Response

from connectors.github.settings import GitHubSettings
from connectors.github.tracker import GitHubTracker, open_tracker
from connectors.models import Capability, IssueRef
from connectors.sandbox.faults import Fault, Hook, Html, Kind, Lost, Replace, Reset, Status, Truncated
from connectors.sandbox.github_world import TOKEN, GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import NAME, ConnectorConformance, Harness, Sent, Trouble

REPO = "acme/site"
OUTSIDE = "acme/elsewhere"


class GitHubHarness(Harness):
    needs = frozenset(Capability)
    unknown_key = f"{REPO}#9999"

    def __init__(self, server: SandboxServer, site: GitHubSite) -> None:
        super().__init__()
        self.server = server
        self.site = site
        site.create_repo(REPO)
        site.create_repo(OUTSIDE)

    def open(self, *, token: str | None = None) -> GitHubTracker:
        settings = GitHubSettings(
            url=self.server.url(self.site.name) + self.site.api_path,
            repositories=(REPO,),
            token=SecretStr(token or TOKEN),
            write_spacing=0,
        )
        return open_tracker(
            NAME,
            settings,
            memory=self.memory,
            clock=self.server.world.clock.now,
            notify=self.notices.append,
            sleep=lambda seconds: None,
        )

    def pass_time(self, by: timedelta) -> None:
        self.server.world.clock.advance(by.total_seconds())

    def create(
        self,
        title: str,
        *,
        labels: Iterable[str] = (),
        parent: IssueRef | None = None,
        body: str = "",
        outside: bool = False,
    ) -> IssueRef:
        issue = self.site.create_issue(OUTSIDE if outside else REPO, title, labels=labels, body=body)
        ref = IssueRef(NAME, str(issue.id), self.site.key(issue))
        if parent is not None:
            self.site.add_sub_issue(parent.key, ref.key)
        return ref

    def edit(self, ref: IssueRef, title: str) -> None:
        self.site.edit(ref.key, title=title)

    def finish(self, ref: IssueRef) -> None:
        self.site.close(ref.key)

    def give_up(self, ref: IssueRef) -> None:
        self.site.close(ref.key, reason="not_planned")

    def move(self, ref: IssueRef) -> IssueRef:
        """GitHub keeps ids only where the whole repository moves; a transferred issue gets a new one."""
        self.site.rename_repo(REPO, "acme/web")
        return IssueRef(NAME, ref.id, self.site.key(self.site.issue(ref.key)))

    def delete(self, ref: IssueRef) -> None:
        self.site.delete(ref.key)

    def comment_by_other(self, ref: IssueRef, body: str) -> str:
        return str(self.site.comment(ref.key, body).id)

    def delete_comment(self, ref: IssueRef, comment_id: str) -> None:
        self.site.delete_comment(int(comment_id))

    def add_label(self, ref: IssueRef, label: str) -> None:
        self.site.add_labels(ref.key, label)

    def labels(self, ref: IssueRef) -> set[str]:
        return set(self.site.label_names(self.site.issue(ref.key)))

    def comments(self, ref: IssueRef) -> list[str]:
        return [comment.body for comment in self.site.comments(ref.key)]

    def title_query(self, word: str) -> str:
        return f"{word} in:title"

    def trouble(self, what: Trouble, *, writes: bool, times: int | None = 1) -> None:
        for method in ("POST", "PATCH", "DELETE") if writes else ("GET",):
            path = "^(?!/graphql)" if writes else ""
            self.server.plan(Fault(kind=KINDS[what], method=method, path=path, times=times))

    def spoil(self, ref: IssueRef) -> None:
        def change(request: Request, response: Response) -> Response:
            rows = orjson.loads(response.get_data())
            for row in rows:
                if row["id"] == int(ref.id):
                    row["created_at"] = "yesterday"
            response.set_data(orjson.dumps(rows))
            return response

        self.server.plan(Fault(kind=Replace(change), method="GET", path="/issues$", times=None))

    def before_label_write(self, call: Callable[[], object]) -> None:
        self.server.plan(Fault(kind=Hook(call), method="POST", path="/labels$"))

    def sent(self) -> list[Sent]:
        return [
            Sent(one.method, one.path, one.method == "GET" or one.path == "/graphql")
            for one in self.server.log
        ]


def _refusal(code: int, headers: dict[str, str] | None = None, **body: Any) -> Status:
    return Status(code, headers or {}, {"documentation_url": "https://docs.github.com/rest", **body})


KINDS: dict[Trouble, Kind] = {
    Trouble.BAD_GATEWAY: Status(502, {}, "bad gateway"),
    Trouble.RESET: Reset(),
    Trouble.LOST: Lost(),
    Trouble.HTML: Html(),
    Trouble.TRUNCATED: Truncated(),
    Trouble.RATE_LIMIT: _refusal(429, {"Retry-After": "0"}, message="Too many requests"),
    Trouble.PATIENCE: _refusal(429, {"Retry-After": "86400"}, message="Too many requests"),
    Trouble.FORBIDDEN: _refusal(403, message="Resource not accessible by personal access token"),
    Trouble.GONE: _refusal(404, message="Not Found"),
}


@pytest.fixture
def harness() -> Iterator[GitHubHarness]:
    site = GitHubSite("github")
    with SandboxServer(World.of(site)) as server:
        yield GitHubHarness(server, site)


class TestGitHub(ConnectorConformance):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        site = GitHubSite("github")
        with SandboxServer(World.of(site)) as server:
            yield GitHubHarness(server, site)

"""A GitHub connector to test: opened on the sandbox, or on `responses` at https://api.github.com."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from connectors.github.settings import GitHubSettings
from connectors.github.tracker import GitHubTracker, open_tracker
from connectors.interface import ConnectorState
from connectors.models import Interest, Issue, Page, Unread
from connectors.sandbox.github_world import TOKEN, GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import DictMemory

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DATE = "Mon, 02 Mar 2026 09:00:00 GMT"
BASE = "https://api.github.com"
API = "https://api.github.com/repos"


class Waits:
    """Remembers what the connector said and how long it would have slept."""

    def __init__(self) -> None:
        self.reason: list[str] = []
        self.slept: list[float] = []


def hub(
    waits: Waits | None = None,
    *,
    memory: ConnectorState | None = None,
    clock: Callable[[], datetime] = lambda: NOW,
    **values: Any,
) -> GitHubTracker:
    """A tracker called "hub"; `values` are settings, with a token and one repository unless given."""
    waits = waits or Waits()
    usual = {"repositories": ["acme/site"], "token": TOKEN, "write_spacing": 0}
    return open_tracker(
        "hub",
        GitHubSettings.model_validate({**usual, **values}),
        memory=memory or DictMemory(),
        clock=clock,
        notify=waits.reason.append,
        sleep=waits.slept.append,
    )


def on_sandbox(server: SandboxServer, site: GitHubSite, **values: Any) -> GitHubTracker:
    """The same tracker on a site of the sandbox, by the sandbox's clock."""
    url = server.url(site.name) + site.api_path
    return hub(**{"clock": server.world.clock.now, "url": url, **values})


def pull(
    tracker: GitHubTracker, cursor: str | None = None, **interest: Any
) -> tuple[dict[str, Issue], list[Unread], str]:
    """One whole pull: issues by key, what could not be read, and the cursor. Fails if one came twice."""
    wanted = Interest(**{name: _frozen(value) for name, value in interest.items()})
    found = tracker.reader.changed_since(cursor, wanted)
    pages: list[Page] = list(found.pages)
    issues = [issue for page in pages for issue in page.issues]
    by_key = {issue.ref.key: issue for issue in issues}
    assert len(by_key) == len(issues)
    return by_key, [one for page in pages for one in page.unread], found.cursor


def _frozen(value: Any) -> Any:
    return value if isinstance(value, bool) else frozenset(value)


def row(**changes: Any) -> dict[str, Any]:
    """One issue as GitHub lists it; `changes` replace fields."""
    return {
        "id": 3141592653,
        "node_id": "I_kwDO",
        "number": 7,
        "url": f"{API}/acme/site/issues/7",
        "repository_url": f"{API}/acme/site",
        "html_url": "https://github.com/acme/site/issues/7",
        "title": "Write 5 initial posts",
        "state": "open",
        "state_reason": None,
        "labels": [{"id": 1, "name": "blog", "color": "ededed"}, "plain"],
        "assignees": [{"login": "octocat"}, {"login": "hubot"}],
        "milestone": {"title": "Q1", "number": 2},
        "type": {"id": 3, "name": "Task"},
        "parent_issue_url": f"{API}/acme/plans/issues/4",
        "body": "- [x] one\n- [ ] two",
        "comments": 0,
        "created_at": "2026-01-05T08:00:00Z",
        "updated_at": "2026-01-06T10:30:00+02:00",
        "closed_at": None,
        **changes,
    }


class Hub:
    """A sandbox and the memory that lasts from one run to the next."""

    def __init__(self, server: SandboxServer, site: GitHubSite) -> None:
        self.server = server
        self.site = site
        self.memory = DictMemory()

    def fill(self, repository: str, count: int) -> list[str]:
        made = [self.site.create_issue(repository, f"Task {number}") for number in range(count)]
        return [self.site.key(issue) for issue in made]

    def open(self, **values: object) -> GitHubTracker:
        return on_sandbox(self.server, self.site, memory=self.memory, **values)

    def organisation(self, **values: object) -> GitHubTracker:
        return self.open(repositories=[], organization="acme", **values)

    def asked(self) -> list[str]:
        """The paths that were asked for since the last time."""
        log, self.server.log = self.server.log, []
        return [one.path for one in log]

    def later(self, seconds: float = 3600) -> None:
        self.server.world.clock.advance(seconds)


@contextmanager
def running() -> Iterator[Hub]:
    """A hub with three repositories of one owner."""
    site = GitHubSite("github")
    with SandboxServer(World.of(site)) as server:
        for name in ("acme/site", "acme/app", "acme/plans"):
            site.create_repo(name)
        yield Hub(server, site)

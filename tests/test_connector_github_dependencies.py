"""What blocks an issue on GitHub, where the list of its blockers cannot be had or is remembered wrongly."""

from collections.abc import Iterator

import pytest

from connectors.github.blockers import _ANSWERS
from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import DictMemory
from tests.github_builders import Waits, on_sandbox, pull
from tests.tools.openapi import kept_to

SITE = "acme/site"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    site = GitHubSite("hub")
    site.create_repo(SITE)
    for number in range(1, 9):
        site.create_issue(SITE, f"Task {number}")
        if number > 1:
            site.block(f"{SITE}#{number}", f"{SITE}#1")
    with SandboxServer(World.of(site)) as running, kept_to(running):
        yield running


def site_of(server: SandboxServer) -> GitHubSite:
    site = server.world.sites["hub"]
    assert isinstance(site, GitHubSite)
    return site


def test_a_list_of_blockers_that_fails_is_notified_once_and_not_asked_for_without_end(
    server: SandboxServer,
) -> None:
    waits = Waits()
    server.plan(Fault(kind=Status(500), path="/dependencies/blocked_by$", times=None))
    tracker = on_sandbox(server, site_of(server), waits=waits, attempts=1)
    issues, unread, _ = pull(tracker)
    tracker.close()
    assert not unread
    assert {issue.unnamed_blockers for issue in issues.values()} == {0, 1}
    assert not any(issue.blocked_by for issue in issues.values())
    assert sum("dependencies" in each.path for each in server.log) == 3
    (line,) = [each for each in waits.reason if "dependencies" in each]
    assert "is counted and not named" in line


@pytest.mark.parametrize(
    "stored", ["[]", "{", '{"1": [1, 2, 3]}', '{"1": ["2026-01-01T00:00:00Z", 1, [[1]]]}']
)
def test_what_is_remembered_and_damaged_is_asked_for_again(server: SandboxServer, stored: str) -> None:
    memory = DictMemory()
    first = on_sandbox(server, site_of(server), memory=memory)
    _, _, cursor = pull(first)
    first.close()
    memory.set(_ANSWERS, stored)
    second = on_sandbox(server, site_of(server), memory=memory)
    issues, _, _ = pull(second, cursor)
    second.close()
    blocked = [issue for issue in issues.values() if issue.blocked_by]
    assert len(blocked) == 7
    assert {blocker.ref.key for issue in blocked for blocker in issue.blocked_by} == {f"{SITE}#1"}

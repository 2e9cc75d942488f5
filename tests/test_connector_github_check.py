"""What `milepost check` tells of a GitHub account and its repositories."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from connectors.github.check import UNPROVEN
from connectors.github.tracker import GitHubTracker
from connectors.models import Capability
from tests.github_builders import BASE, hub


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def findings(tracker: GitHubTracker, *needs: Capability) -> dict[str, tuple[bool, str, str]]:
    return {one.what: (one.ok, one.reason, one.hint) for one in tracker.check(frozenset(needs))}


def test_a_check_tells_what_the_account_may_not_do_and_how_to_mend_it(api: responses.RequestsMock) -> None:
    scopes = {"X-OAuth-Scopes": "read:org", "X-RateLimit-Remaining": "10", "X-RateLimit-Limit": "5000"}
    api.get(f"{BASE}/user", json={"login": "octocat"}, headers=scopes)
    roles = {"pull": True, "triage": False, "push": False}
    api.get(f"{BASE}/repos/acme/site", json={"full_name": "acme/site", "permissions": roles})
    api.post(
        f"{BASE}/graphql", json={"errors": [{"message": "Field 'subIssues' doesn't exist on type 'Issue'"}]}
    )
    told = findings(hub(), *Capability)
    assert told["account"][1] == "signed in as octocat"
    assert told["token scopes"] == (
        False,
        "read:org",
        "Give the token the scope repo (private) or public_repo, or use a fine-grained token",
    )
    assert told["rate limit"][:2] == (False, "10 of 5000 requests left in this hour")
    assert told["repository acme/site: write comments"][0]
    assert "triage or write" in told["repository acme/site: change labels"][2]
    assert not told["repository acme/site: define labels"][0]
    assert not told["sub-issues"][0]


@pytest.mark.parametrize(
    ("answer", "well", "said"),
    [
        ({"full_name": "acme/web"}, True, "called acme/web today"),
        ({"full_name": "acme/site", "has_issues": False}, False, "issues are disabled"),
        ({"full_name": "acme/site", "archived": True}, True, "archived"),
    ],
)
def test_a_check_tells_what_became_of_a_repository(
    api: responses.RequestsMock, answer: dict[str, Any], well: bool, said: str
) -> None:
    api.get(f"{BASE}/user", json={"login": "octocat"})
    api.get(f"{BASE}/repos/acme/site", json=answer)
    api.post(f"{BASE}/graphql", json={"data": {"nodes": []}})
    ok, text, hint = findings(hub(), Capability.COMMENT)["repository acme/site"]
    assert ok is well, "what milepost can work with by itself is no failure"
    assert said in text
    assert hint


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-OAuth-Scopes": "repo"}, "allowed"),
        ({}, UNPROVEN),
    ],
)
def test_a_check_tells_what_a_token_cannot_prove_beforehand(
    api: responses.RequestsMock, headers: dict[str, str], said: str
) -> None:
    api.get(f"{BASE}/user", json={"login": "octocat"}, headers=headers)
    roles = {"pull": True, "push": True}
    api.get(f"{BASE}/repos/acme/site", json={"full_name": "acme/site", "permissions": roles})
    api.post(f"{BASE}/graphql", json={"data": {"nodes": []}})
    ok, text, hint = findings(hub(), Capability.LABEL)["repository acme/site: change labels"]
    assert (ok, text) == (True, said)
    assert ("Issues: read and write" in hint) == (said != "allowed")

"""What GitHub can answer wrongly, and what the connector makes of it; one exchange at a time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import responses
from responses import matchers

from connectors.errors import BadConfiguration, InvalidResponse, Refused, Unavailable
from connectors.models import IssueRef, PostedComment
from tests.github_builders import BASE, DATE, NOW, Waits, hub, pull, row

LIST = f"{BASE}/repos/acme/site/issues"
ISSUE = f"{BASE}/repos/acme/site/issues/7"
REF = IssueRef("hub", "3141592653", "acme/site#7")
COMMENT = PostedComment("55", "old", mine=True)


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def waits() -> Waits:
    return Waits()


# Redirects


def test_a_moved_list_is_followed_with_its_query(api: responses.RequestsMock) -> None:
    api.get(
        LIST,
        status=301,
        headers={"Location": "https://api.github.com/repositories/7/issues"},
    )
    query = {"state": "all", "sort": "created", "direction": "desc", "per_page": "100"}
    api.get(f"{BASE}/repositories/7/issues", json=[row()], match=[matchers.query_param_matcher(query)])
    assert pull(hub())[0].keys() == {"acme/site#7"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "place",
    ["https://evil.example/repos/acme/site", "http://api.github.com/repos/acme/site", "//evil.example"],
)
def test_no_redirect_leads_to_another_server(api: responses.RequestsMock, status: int, place: str) -> None:
    api.get(LIST, status=status, headers={"Location": place})
    with pytest.raises(BadConfiguration, match="moved to"):
        pull(hub())
    assert len(api.calls) == 1


def test_a_redirect_without_a_place_and_one_in_a_circle_end(api: responses.RequestsMock) -> None:
    api.get(LIST, status=301)
    with pytest.raises(BadConfiguration):
        pull(hub())
    api.replace("GET", LIST, status=301, headers={"Location": "/repos/acme/site/issues"})
    with pytest.raises(BadConfiguration, match="times in a row"):
        pull(hub())


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_comment_on_a_moved_issue_is_written_once_at_its_new_place(
    api: responses.RequestsMock, status: int
) -> None:
    moved = {"Location": "https://api.github.com/repositories/7/issues/7"}
    api.post(f"{ISSUE}/comments", status=status, headers=moved)
    api.get(ISSUE, status=301, headers=moved)
    new = {"url": "https://api.github.com/repos/acme/web/issues/7"}
    api.get(f"{BASE}/repositories/7/issues/7", json=row(**new))
    there = api.post(f"{BASE}/repos/acme/web/issues/7/comments", status=201, json={"id": 9, "body": "x"})
    assert hub().writer.create_comment(REF, "x milepost:a", "milepost:a").id == "9"
    assert there.call_count == 1


def test_a_redirect_that_leads_nowhere_new_writes_nothing(api: responses.RequestsMock) -> None:
    api.post(f"{ISSUE}/comments", status=307, headers={"Location": "https://api.github.com/elsewhere"})
    api.get(ISSUE, json=row())
    with pytest.raises(BadConfiguration, match="moved to"):
        hub().writer.create_comment(REF, "x", "milepost:a")


# Pages


@pytest.mark.parametrize(
    "link", ["https://evil.example/x?page=2", "https://api.github.com:8443/x", "http://api.github.com/x"]
)
def test_a_next_page_on_another_server_is_garbled(api: responses.RequestsMock, link: str) -> None:
    api.get(f"{BASE}/repos/acme/site/labels", json=[], headers={"Link": f'<{link}>; rel="next"'})
    with pytest.raises(InvalidResponse, match="another server"):
        hub().reader.label_definitions("acme/site")


def test_a_next_page_beside_the_prefix_is_garbled(api: responses.RequestsMock) -> None:
    base = "https://git.example/api/v3"
    api.get(
        f"{base}/repos/acme/site/labels",
        json=[],
        headers={"Link": '<https://git.example/api/v3x/more>; rel="next"'},
    )
    with pytest.raises(InvalidResponse):
        hub(url="https://git.example/api/v3").reader.label_definitions("acme/site")


def test_pages_in_a_circle_are_garbled(api: responses.RequestsMock) -> None:
    url = f"{BASE}/repos/acme/site/labels"
    api.get(url, json=[{"name": "x", "color": "ededed"}], headers={"Link": f'<{url}?after=x>; rel="next"'})
    with pytest.raises(InvalidResponse, match="came before"):
        hub().reader.label_definitions("acme/site")


# Rate limits


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds"),
    [
        (403, {"Retry-After": "7"}, "", 7),
        (429, {"Retry-After": "7"}, "", 7),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772442042"},
            "API rate limit exceeded",
            43,
        ),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772442042"}, "", 43),
        (403, {"X-RateLimit-Remaining": "9"}, "You have exceeded a secondary rate limit", 60),
        (429, {}, "", 60),
    ],
)
def test_a_rate_limit_is_waited_for_as_github_asks_and_said_aloud(
    api: responses.RequestsMock,
    waits: Waits,
    status: int,
    headers: dict[str, str],
    message: str,
    seconds: float,
) -> None:
    url = f"{BASE}/repos/acme/site/labels"
    api.get(url, status=status, headers={"Date": DATE, **headers}, json={"message": message})
    api.get(url, json=[])
    an_hour_off = hub(waits, clock=lambda: NOW + timedelta(hours=1))
    assert an_hour_off.reader.label_definitions("acme/site") == ()
    assert waits.slept == [seconds]
    assert "hub: rate limit, waiting" in waits.reason[0]


def test_secondary_limits_in_a_row_are_waited_for_longer_and_longer(
    api: responses.RequestsMock, waits: Waits
) -> None:
    url = f"{BASE}/repos/acme/site/labels"
    api.get(url, status=403, json={"message": "You have exceeded a secondary rate limit."})
    with pytest.raises(Unavailable):
        hub(waits, attempts=4).reader.label_definitions("acme/site")
    assert waits.slept == [60, 120, 240]


def test_a_wait_beyond_what_is_allowed_is_not_begun(api: responses.RequestsMock, waits: Waits) -> None:
    api.get(f"{BASE}/repos/acme/site/labels", status=403, headers={"Retry-After": "600"}, json={})
    with pytest.raises(Unavailable, match="asked to wait 10 min, allowed are 10 s"):
        hub(waits, max_wait=10).reader.label_definitions("acme/site")
    assert waits.slept == []


# Refusals


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({"X-Accepted-GitHub-Permissions": "issues=write"}, "needs the permission issues=write"),
        (
            {"X-OAuth-Scopes": "read:org", "X-Accepted-OAuth-Scopes": "repo"},
            "needs the scope repo; it has read:org",
        ),
        ({"X-OAuth-Scopes": "", "X-Accepted-OAuth-Scopes": "repo"}, "needs the scope repo; it has none"),
        ({"X-GitHub-SSO": "required; url=https://x"}, "single sign-on"),
        ({}, "lacks the permission"),
    ],
)
def test_a_refused_write_says_which_permission_is_missing(
    api: responses.RequestsMock, headers: dict[str, str], hint: str
) -> None:
    api.post(f"{ISSUE}/comments", status=403, headers=headers, json={"message": "Forbidden"})
    with pytest.raises(Refused) as caught:
        hub().writer.create_comment(REF, "x", "milepost:a")
    assert hint in caught.value.hint
    assert "HTTP 403: Forbidden" in caught.value.reason


def test_a_missing_repository_is_a_mistake_that_names_it(api: responses.RequestsMock) -> None:
    api.get(LIST, status=404, json={"message": "Not Found"})
    with pytest.raises(BadConfiguration, match=r"acme/site: HTTP 404: Not Found.*spelling"):
        pull(hub())


def test_disabled_issues_are_a_mistake_that_says_so(api: responses.RequestsMock) -> None:
    api.get(f"{BASE}/repos/acme/site/issues", status=410, json={"message": "Issues are disabled"})
    with pytest.raises(BadConfiguration, match="Issues are disabled in acme/site"):
        hub().reader.present()


def test_a_tracker_without_a_token_sends_nothing(api: responses.RequestsMock) -> None:
    with pytest.raises(BadConfiguration, match="Set MILEPOST_TRACKERS__HUB__TOKEN"):
        hub(token=None).reader.present()
    assert len(api.calls) == 0


def test_certificates_that_are_not_there_are_named(api: responses.RequestsMock) -> None:
    with pytest.raises(BadConfiguration, match=r"there is no file /nowhere/ca\.pem"):
        hub(ca_file="/nowhere/ca.pem").reader.present()
    assert len(api.calls) == 0


@pytest.mark.parametrize("body", ["{}", "5", "null"])
def test_an_answer_of_another_shape_is_garbled(api: responses.RequestsMock, body: str) -> None:
    api.get(LIST, body=body, content_type="application/json")
    with pytest.raises(InvalidResponse, match="expected a list"):
        pull(hub())


# GraphQL


@pytest.mark.parametrize(
    "error",
    [
        {"type": "FORBIDDEN", "message": "SAML enforcement"},
        {"type": "INSUFFICIENT_SCOPES", "message": "needs read:org"},
        {"message": "Something went wrong"},
    ],
)
def test_a_tree_that_graphql_does_not_answer_is_told_of_its_root_and_the_lists_are_read(
    api: responses.RequestsMock, error: dict[str, str]
) -> None:
    api.get(LIST, json=[row()], headers={"Date": DATE})
    api.post(f"{BASE}/graphql", json={"data": None, "errors": [error]})
    found, unread, _ = pull(hub(), roots=["acme/site#1"])
    assert found.keys() == {"acme/site#7"}
    assert [one.key for one in unread] == ["acme/site#1"]
    assert error["message"] in unread[0].why

"""What GitHub can answer wrongly, and what the connector makes of it; one exchange at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from responses import matchers

from connectors.contract import (
    AnswerLost,
    BadConfiguration,
    Capability,
    Garbled,
    IssueRef,
    LabelDefinition,
    Missing,
    PostedComment,
    Refused,
    Unavailable,
)
from connectors.github.client import GitHubTracker
from tests.github_builders import BASE, DATE, Waits, hub, pull, row

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


def start(api: responses.RequestsMock) -> None:
    """The question with which every pull begins."""
    api.get(f"{BASE}/repos/acme/site", json={"full_name": "acme/site"}, headers={"Date": DATE})


# Redirects


def test_a_moved_list_is_followed_with_its_query(api: responses.RequestsMock) -> None:
    start(api)
    api.get(
        f"{BASE}/repos/acme/site/issues",
        status=301,
        headers={"Location": "https://api.github.com/repositories/7/issues"},
    )
    query = {"state": "all", "sort": "updated", "direction": "asc", "per_page": "100"}
    api.get(f"{BASE}/repositories/7/issues", json=[row()], match=[matchers.query_param_matcher(query)])
    assert pull(hub())[0].keys() == {"acme/site#7"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "place",
    ["https://evil.example/repos/acme/site", "http://api.github.com/repos/acme/site", "//evil.example"],
)
def test_no_redirect_leads_to_another_server(api: responses.RequestsMock, status: int, place: str) -> None:
    api.get(f"{BASE}/repos/acme/site", status=status, headers={"Location": place})
    with pytest.raises(BadConfiguration, match="moved to"):
        pull(hub())
    assert len(api.calls) == 1


def test_a_redirect_without_a_place_and_one_in_a_circle_end(api: responses.RequestsMock) -> None:
    api.get(f"{BASE}/repos/acme/site", status=301)
    with pytest.raises(BadConfiguration):
        pull(hub())
    api.replace("GET", f"{BASE}/repos/acme/site", status=301, headers={"Location": "/repos/acme/site"})
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
    with pytest.raises(Garbled, match="another server"):
        hub().reader.label_definitions("acme/site")


def test_a_next_page_beside_the_prefix_is_garbled(api: responses.RequestsMock) -> None:
    base = "https://git.example:443/api/v3"
    api.get(
        f"{base}/repos/acme/site/labels",
        json=[],
        headers={"Link": '<https://git.example/api/v3x/more>; rel="next"'},
    )
    with pytest.raises(Garbled):
        hub(url="https://git.example/api/v3").reader.label_definitions("acme/site")


def test_pages_in_a_circle_are_garbled(api: responses.RequestsMock) -> None:
    url = f"{BASE}/repos/acme/site/labels"
    api.get(url, json=[], headers={"Link": f'<{url}?after=x>; rel="next"'})
    with pytest.raises(Garbled, match="came before"):
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
    assert hub(waits).reader.label_definitions("acme/site") == ()
    assert waits.slept == [seconds]
    assert "hub: rate limit, waiting" in waits.said[0]


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
    assert "HTTP 403: Forbidden" in caught.value.said


def test_a_missing_repository_is_a_mistake_that_names_it(api: responses.RequestsMock) -> None:
    api.get(f"{BASE}/repos/acme/site", status=404, json={"message": "Not Found"})
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


@pytest.mark.parametrize("body", ["[]", "5", "null"])
def test_an_answer_of_another_shape_is_garbled(api: responses.RequestsMock, body: str) -> None:
    api.get(f"{BASE}/repos/acme/site", body=body, content_type="application/json")
    with pytest.raises(Garbled, match="expected an object"):
        pull(hub())


# Search


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"total_count": 1001, "incomplete_results": False, "items": []}, "1001 issues match"),
        ({"total_count": 1, "incomplete_results": True, "items": []}, "are incomplete"),
        ({"total_count": 1, "incomplete_results": False, "items": [{}]}, "a result without id"),
        ({"items": []}, "are incomplete"),
    ],
)
def test_a_search_that_is_not_complete_cannot_be_measured(
    api: responses.RequestsMock, answer: dict[str, Any], said: str
) -> None:
    api.get(f"{BASE}/search/issues", json=answer)
    with pytest.raises(Refused, match=f"cannot measure: .*{said}"):
        hub().reader.matching("label:blog")


def test_a_query_that_is_too_long_is_not_sent(api: responses.RequestsMock) -> None:
    with pytest.raises(Refused, match=r"cannot measure.*256"):
        hub().reader.matching("label:" + "x" * 256)
    assert len(api.calls) == 0


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("label:blog", "label:blog is:issue repo:acme/site"),
        ("is:pr label:blog", "is:pr label:blog repo:acme/site"),
        ("type:issue x", "type:issue x repo:acme/site"),
        ("this:issue", "this:issue is:issue repo:acme/site"),
    ],
)
def test_each_repository_is_searched_by_itself_for_issues_unless_said(
    api: responses.RequestsMock, query: str, sent: str
) -> None:
    ours = {"id": 1, "repository_url": "https://api.github.com/repos/Acme/Site"}
    theirs = {"id": 2, "repository_url": "https://api.github.com/repos/acme/other"}
    api.get(
        f"{BASE}/search/issues",
        json={"total_count": 2, "incomplete_results": False, "items": [ours, theirs]},
        match=[matchers.query_param_matcher({"q": sent, "per_page": "100"})],
    )
    assert hub().reader.matching(query) == {"1"}


# Comments


@pytest.mark.parametrize("answer", [{"body": "<html>"}, {"json": {}}, {"json": []}, {"json": {"id": None}}])
def test_a_success_without_a_comment_is_a_lost_answer(
    api: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    api.post(f"{ISSUE}/comments", status=201, **answer)
    with pytest.raises(AnswerLost):
        hub().writer.create_comment(REF, "x", "milepost:a")


def test_a_mark_that_the_body_lacks_is_added_out_of_sight(api: responses.RequestsMock) -> None:
    body = {"body": "Half done\n\n<!-- milepost:a -->"}
    api.post(f"{ISSUE}/comments", json={"id": 9}, match=[matchers.json_params_matcher(body)])
    assert hub().writer.create_comment(REF, "Half done", "milepost:a").body == body["body"]


def test_a_key_that_names_another_issue_now_has_nothing_posted(api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=row(id=99))
    assert hub().reader.posted([REF]) == {}


def test_a_comment_of_a_deleted_account_is_not_ours(api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=row(comments=1))
    api.get(
        f"{ISSUE}/comments", json=[{"id": 5, "body": "milepost:a", "user": None}, {"id": 6, "body": None}]
    )
    (comment,) = hub().reader.posted([REF])[REF].comments
    assert (comment.id, comment.mine) == ("5", False)


def test_a_token_that_may_not_ask_for_its_user_is_known_by_graphql(api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=row(comments=1))
    comment = {"id": 5, "body": "milepost:a", "user": {"login": "github-actions[bot]"}}
    api.get(f"{ISSUE}/comments", json=[comment])
    api.get(f"{BASE}/user", status=403, json={"message": "Resource not accessible by integration"})
    api.post(f"{BASE}/graphql", json={"data": {"viewer": {"login": "github-actions[bot]"}}})
    assert hub().reader.posted([REF])[REF].comments[0].mine


# Labels


def test_a_label_that_github_silently_drops_is_refused(api: responses.RequestsMock) -> None:
    api.post(f"{ISSUE}/labels", json=[{"name": "kept"}])
    with pytest.raises(Refused, match=r"did not add.*triage or write"):
        hub().writer.change_labels(REF, ["new"], [])


def test_a_label_that_stays_after_its_removal_is_refused(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/old", json=[{"name": "OLD"}])
    with pytest.raises(Refused, match="did not remove"):
        hub().writer.change_labels(REF, [], ["old"])


def test_the_case_of_labels_does_not_matter(api: responses.RequestsMock) -> None:
    api.post(f"{ISSUE}/labels", json=[{"name": "Blog"}])
    assert hub().writer.change_labels(REF, ["blog"], []) == ("Blog",)


def test_a_removed_label_goes_out_quoted(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/milestone%2Fa%20b%3F%23%C3%A9", json=[])
    assert hub().writer.change_labels(REF, [], ["milestone/a b?#é"]) == ()


@pytest.mark.parametrize("name", ["", " ", ".", ".."])
def test_a_label_whose_removal_would_clear_all_labels_is_never_sent(
    api: responses.RequestsMock, name: str
) -> None:
    writer = hub().writer
    definition = LabelDefinition(name, "ededed", "")
    attempts: list[Callable[[], object]] = [
        lambda: writer.change_labels(REF, [], [name]),
        lambda: writer.change_labels(REF, [name], []),
        lambda: writer.define_label("acme/site", definition),
        lambda: writer.remove_label_definition("acme/site", name),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="cannot be a label"):
            attempt()
    assert len(api.calls) == 0


def test_labels_of_an_issue_that_is_gone_are_missing(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/old", status=404, json={"message": "Not Found"})
    api.get(f"{ISSUE}/labels", status=404, json={"message": "Not Found"})
    with pytest.raises(Missing):
        hub().writer.change_labels(REF, [], ["old"])


def test_a_label_is_defined_or_its_definition_changed(api: responses.RequestsMock) -> None:
    url = f"{BASE}/repos/acme/site/labels"
    wanted = {"color": "0e8a16", "description": "On track "}
    exists = {"message": "Validation Failed", "errors": [{"code": "already_exists"}]}
    api.post(
        url, status=422, json=exists, match=[matchers.json_params_matcher({"name": "on/track", **wanted})]
    )
    api.patch(f"{url}/on%2Ftrack", json={"name": "on/track"}, match=[matchers.json_params_matcher(wanted)])
    definition = LabelDefinition("on/track", "#0E8A16", "On track 🎯")
    hub().writer.define_label("acme/site", definition)
    assert len(api.calls) == 2


def test_a_label_that_github_will_not_define_is_refused(api: responses.RequestsMock) -> None:
    errors = [{"resource": "Label", "code": "invalid", "field": "color"}]
    answer = {"message": "Validation Failed", "errors": errors}
    api.post(f"{BASE}/repos/acme/site/labels", status=422, json=answer)
    with pytest.raises(Refused, match="Validation Failed; color invalid"):
        hub().writer.define_label("acme/site", LabelDefinition("x", "zzz", ""))


def test_a_repository_that_moved_gets_its_labels_at_its_new_place(api: responses.RequestsMock) -> None:
    api.post(
        f"{BASE}/repos/acme/site/labels", status=307, headers={"Location": f"{BASE}/repositories/7/labels"}
    )
    api.get(f"{BASE}/repos/acme/site", status=301, headers={"Location": f"{BASE}/repositories/7"})
    api.get(f"{BASE}/repositories/7", json={"full_name": "acme/web"})
    api.post(f"{BASE}/repos/acme/web/labels", status=201, json={"name": "x"})
    hub().writer.define_label("acme/site", LabelDefinition("x", "ededed", ""))


@pytest.mark.parametrize("container", ["", "acme", "acme/..", "acme/site/../x"])
def test_no_path_is_made_of_what_is_no_repository(api: responses.RequestsMock, container: str) -> None:
    with pytest.raises(Missing):
        hub().reader.label_definitions(container)
    with pytest.raises(Missing):
        hub().writer.remove_label_definition(container, "x")
    with pytest.raises(Missing):
        hub().writer.create_comment(IssueRef("hub", "1", f"{container}#1"), "x", "milepost:a")
    assert len(api.calls) == 0


# GraphQL


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "FORBIDDEN", "message": "SAML enforcement"}, Refused),
        ({"type": "INSUFFICIENT_SCOPES", "message": "needs read:org"}, Refused),
        ({"message": "Something went wrong"}, Garbled),
    ],
)
def test_errors_of_graphql_come_as_success_and_are_sorted(
    api: responses.RequestsMock, error: dict[str, str], expected: type[Exception]
) -> None:
    start(api)
    api.post(f"{BASE}/graphql", json={"data": None, "errors": [error]})
    with pytest.raises(expected, match=error["message"]):
        pull(hub(), roots=["acme/site#1"])


# Checking


def findings(tracker: GitHubTracker, *needs: Capability) -> dict[str, tuple[bool, str, str]]:
    return {one.what: (one.ok, one.said, one.hint) for one in tracker.check(frozenset(needs))}


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
    ("answer", "said"),
    [
        ({"full_name": "acme/web"}, "now called acme/web"),
        ({"full_name": "acme/site", "has_issues": False}, "issues are disabled"),
        ({"full_name": "acme/site", "archived": True}, "archived"),
    ],
)
def test_a_check_tells_what_became_of_a_repository(
    api: responses.RequestsMock, answer: dict[str, Any], said: str
) -> None:
    api.get(f"{BASE}/user", json={"login": "octocat"})
    api.get(f"{BASE}/repos/acme/site", json=answer)
    api.post(f"{BASE}/graphql", json={"data": {"nodes": []}})
    ok, text, hint = findings(hub(), Capability.COMMENT)["repository acme/site"]
    assert not ok
    assert said in text
    assert hint

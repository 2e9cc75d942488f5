"""Jira's paging, logins and odd answers, one exchange at a time."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import responses

from connectors.contract import (
    AnswerLost,
    BadConfiguration,
    Capability,
    Garbled,
    Interest,
    IssueRef,
    Missing,
    PostedComment,
    Refused,
    TrackerError,
    Unavailable,
)
from tests.conformance import MARK, body, pull
from tests.jira_answers import API, DATE, MYSELF, OLD_POINTS, SITE, Exchange, comment, row

REF = IssueRef("work", "10001", "BLOG-1")
ALL = frozenset({Capability.READ, Capability.COMMENT, Capability.LABEL})


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def cloud(mock: responses.RequestsMock) -> Exchange:
    exchange = Exchange(mock)
    exchange.usual()
    return exchange


@pytest.fixture
def center(mock: responses.RequestsMock) -> Exchange:
    exchange = Exchange(mock, cloud=False, email=None, auth="bearer")
    exchange.usual()
    return exchange


def keys(exchange: Exchange, cursor: str | None = None, interest: Interest | None = None) -> list[str]:
    return sorted(ref.key for ref in pull(exchange.open(), cursor, interest))


# Cloud's pages


def test_pages_follow_their_tokens_to_the_end(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": [row(1)], "nextPageToken": "a", "isLast": False})
    cloud.json("POST", "search/jql", {"issues": [], "nextPageToken": "b", "isLast": False})
    cloud.json("POST", "search/jql", {"issues": [row(2)], "isLast": True})
    assert keys(cloud) == ["BLOG-1", "BLOG-2"]
    sent = cloud.sent("POST", "search/jql")
    assert [one.get("nextPageToken") for one in sent] == [None, "a", "b"]
    assert len({one["jql"] for one in sent}) == 1


def test_only_fields_that_are_used_are_asked_for(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": []})
    pull(cloud.open())
    (sent,) = cloud.sent("POST", "search/jql")
    assert "*all" not in sent["fields"]
    assert "description" not in sent["fields"]
    assert {"summary", "status", "parent", "customfield_10016"} <= set(sent["fields"])


@pytest.mark.parametrize(
    "second",
    [
        {"issues": [row(2)], "nextPageToken": "a"},
        {"issues": [row(2)], "isLast": False},
        {"issues": [row(2)], "nextPageToken": 7},
        {"issues": "none"},
        {"issues": [1]},
        {"errorMessages": []},
        [],
    ],
)
def test_pages_that_do_not_add_up_are_garbled_and_not_the_end(cloud: Exchange, second: Any) -> None:
    cloud.json("POST", "search/jql", {"issues": [row(1)], "nextPageToken": "a"})
    cloud.json("POST", "search/jql", second)
    with pytest.raises(Garbled):
        pull(cloud.open())


def test_empty_pages_without_end_are_garbled(cloud: Exchange) -> None:
    for token in "abcdef":
        cloud.json("POST", "search/jql", {"issues": [], "nextPageToken": token})
    with pytest.raises(Garbled, match="nobody can tell"):
        pull(cloud.open())


def test_an_issue_that_comes_twice_counts_once(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": [row(1), row(2)], "nextPageToken": "a"})
    cloud.json("POST", "search/jql", {"issues": [row(2), row(3)]})
    assert keys(cloud) == ["BLOG-1", "BLOG-2", "BLOG-3"]


def test_ids_alone_are_asked_for_by_the_thousand(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": [{"id": "10001", "key": "BLOG-1"}]})
    assert cloud.open().reader.present() == {"10001"}
    (sent,) = cloud.sent("POST", "search/jql")
    assert (sent["fields"], sent["maxResults"]) == (["id"], 5_000)


def test_an_id_sweep_with_an_issue_without_id_is_garbled(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": [{"key": "BLOG-1"}]})
    with pytest.raises(Garbled):
        cloud.open().reader.present()


# Data Center's pages


def paged(exchange: Exchange, total: list[int], cap: int = 2) -> None:
    """A search by offset over `total`, which the test may change, with at most `cap` rows a page."""

    def answer(sent: Any) -> Any:
        start = sent["startAt"]
        page = [row(number) for number in total[start : start + min(cap, sent["maxResults"])]]
        return {"startAt": start, "maxResults": cap, "total": len(total), "issues": page}

    exchange.call("POST", "search", answer)


def test_offsets_advance_by_what_came_however_small_the_server_caps(center: Exchange) -> None:
    paged(center, [1, 2, 3, 4, 5])
    assert keys(center) == [f"BLOG-{number}" for number in (1, 2, 3, 4, 5)]
    assert [one["startAt"] for one in center.sent("POST", "search")] == [0, 1, 2, 3]


def test_rows_that_leave_while_they_are_read_hide_no_other(center: Exchange) -> None:
    world = [1, 2, 3, 4, 5, 6]

    def answer(sent: Any) -> Any:
        start = sent["startAt"]
        page = [row(number) for number in world[start : start + 3]]
        if start == 0 and 1 in world:
            world.remove(1)
            world.remove(2)
        return {"total": len(world), "issues": page}

    center.call("POST", "search", answer)
    assert keys(center) == [f"BLOG-{number}" for number in (1, 2, 3, 4, 5, 6)]


def test_a_list_that_never_holds_still_is_unavailable(center: Exchange) -> None:
    numbers = iter(range(1_000))

    def answer(sent: Any) -> Any:
        return {"total": 100, "issues": [row(next(numbers)), row(next(numbers))]}

    center.call("POST", "search", answer)
    with pytest.raises(Unavailable, match="changed while they were read"):
        pull(center.open())


def test_an_empty_page_before_the_end_is_no_end(center: Exchange) -> None:
    center.json("POST", "search", {"total": 3, "issues": []})
    with pytest.raises(Unavailable):
        pull(center.open())


def test_a_page_without_total_is_garbled(center: Exchange) -> None:
    center.json("POST", "search", {"issues": [row(1)]})
    with pytest.raises(Garbled):
        pull(center.open())


def test_the_order_does_not_follow_the_time_of_change(center: Exchange) -> None:
    paged(center, [])
    pull(center.open())
    (sent,) = center.sent("POST", "search")
    assert sent["jql"].endswith("ORDER BY created ASC, key ASC")


# Which kind of server


def test_the_kind_of_server_is_remembered_between_runs(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": []})
    cloud.open().reader.present()
    cloud.open().reader.present()
    assert cloud.asked("serverInfo") == 1


def test_a_site_that_moved_to_cloud_is_noticed(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    exchange.usual()
    known = {"url": SITE, "cloud": False, "version": "9.12.0", "site": SITE}
    exchange.memory.set("jira.server", orjson.dumps(known).decode())
    exchange.json("POST", "search", {"errorMessages": ["Removed."]}, status=410)
    exchange.json("POST", "search/jql", {"issues": [row(1)]})
    assert exchange.open().reader.present() == {"10001"}


@pytest.mark.parametrize("known", ["", "{", "[]", "{}", '{"url": "https://other.example", "cloud": false}'])
def test_what_was_remembered_of_another_server_is_asked_again(cloud: Exchange, known: str) -> None:
    cloud.memory.set("jira.server", known)
    cloud.json("POST", "search/jql", {"issues": []})
    cloud.open().reader.present()
    assert cloud.asked("serverInfo") == 1


@pytest.mark.parametrize("path", ["myself", "serverInfo"])
def test_an_address_without_jira_is_a_configuration_error(mock: responses.RequestsMock, path: str) -> None:
    exchange = Exchange(mock)
    exchange.json("GET", path, {}, status=404)
    exchange.usual()
    with pytest.raises(BadConfiguration, match="no Jira here"):
        pull(exchange.open())


def test_something_else_at_the_address_is_garbled(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    exchange.json("GET", "serverInfo", {"hello": "world"})
    exchange.usual()
    with pytest.raises(Garbled, match="no answer of a Jira"):
        pull(exchange.open())


# Logging in


def test_the_login_is_proved_before_anything_else(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": []})
    cloud.open().reader.present()
    assert str(cloud.mock.calls[0].request.url) == API + "myself"
    assert cloud.asked("myself") == 1


@pytest.mark.parametrize(
    "headers",
    [{"X_AUSERNAME": "anonymous"}, {"X_Seraph_LoginReason": "AUTHENTICATED_FAILED"},
     {"X_Seraph_LoginReason": "OUT,AUTHENTICATED_FAILED"}],
)  # fmt: skip
def test_an_answer_to_nobody_is_a_failed_login_and_not_an_empty_tracker(
    cloud: Exchange, headers: dict[str, Any]
) -> None:
    cloud.json("POST", "search/jql", {"issues": []}, **headers)
    with pytest.raises(BadConfiguration, match="MILEPOST_TRACKERS__WORK__TOKEN"):
        cloud.open().reader.present()


def test_a_refused_login_says_which_secrets_and_that_scoped_tokens_need_the_gateway(
    mock: responses.RequestsMock,
) -> None:
    exchange = Exchange(mock)
    exchange.json("GET", "myself", {"message": "Client must be authenticated"}, status=401)
    with pytest.raises(BadConfiguration) as caught:
        exchange.open().reader.present()
    assert "MILEPOST_TRACKERS__WORK__TOKEN" in caught.value.hint
    assert "MILEPOST_TRACKERS__WORK__EMAIL" in caught.value.hint
    assert "api.atlassian.com/ex/jira" in caught.value.hint
    assert "hush" not in str(caught.value)


def test_a_captcha_is_named(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    reason = "CAPTCHA_CHALLENGE; login-url=https://acme.atlassian.net/login.jsp"
    exchange.json("GET", "myself", {}, status=403, X_Authentication_Denied_Reason=reason)
    with pytest.raises(BadConfiguration, match="CAPTCHA"):
        exchange.open().reader.present()


def test_without_a_token_nothing_is_sent(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock, token=None)
    with pytest.raises(BadConfiguration, match="Set MILEPOST_TRACKERS__WORK__TOKEN"):
        exchange.open().reader.present()
    assert len(mock.calls) == 0


def test_a_redirect_is_not_followed_with_the_token(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    exchange.json("GET", "myself", {}, status=302, Location="https://elsewhere.example/login?os=1")
    with pytest.raises(BadConfiguration, match=r"https://elsewhere\.example/login "):
        exchange.open().reader.present()
    assert len(mock.calls) == 1


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, "Basic Ym90QGFjbWUuZXhhbXBsZTpodXNoLWh1c2g="),
        ({"auth": "bearer"}, "Bearer hush-hush"),
    ],
)
def test_the_token_is_sent_as_configured(
    mock: responses.RequestsMock, settings: dict[str, Any], header: str
) -> None:
    exchange = Exchange(mock, **settings)
    exchange.usual()
    exchange.json("POST", "search/jql", {"issues": []})
    exchange.open().reader.present()
    assert {call.request.headers["Authorization"] for call in mock.calls} == {header}


def test_behind_the_gateway_every_url_keeps_its_prefix_and_links_lead_to_the_site(
    mock: responses.RequestsMock,
) -> None:
    gateway = "https://api.atlassian.com/ex/jira/1f-2a"
    exchange = Exchange(mock, url=gateway)
    for path, answer in (
        ("myself", MYSELF),
        ("serverInfo", {"deploymentType": "Cloud", "version": "1", "baseUrl": SITE}),
        ("field", [OLD_POINTS]),
    ):
        mock.get(f"{gateway}/rest/api/2/{path}", json=answer)
    mock.post(f"{gateway}/rest/api/2/search/jql", json={"issues": [row(1)]})
    (issue,) = pull(exchange.open()).values()
    assert issue.url == f"{SITE}/browse/BLOG-1"


# Scope, fields, queries


def test_a_jql_that_jira_refuses_is_a_configuration_error_in_jiras_words(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"errorMessages": ["Field 'colour' does not exist."]}, status=400)
    with pytest.raises(BadConfiguration, match="Field 'colour' does not exist"):
        cloud.open().reader.matching("colour = red")


def test_a_query_that_would_widen_the_scope_is_refused_before_it_is_sent(cloud: Exchange) -> None:
    with pytest.raises(BadConfiguration, match="parenthesis"):
        cloud.open().reader.matching("labels = x) OR (labels = y")
    assert cloud.asked("search/jql") == 0


def test_a_query_is_asked_within_the_scope(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": []})
    cloud.open().reader.matching("labels = x OR labels = y ORDER BY rank")
    (sent,) = cloud.sent("POST", "search/jql")
    assert sent["jql"].startswith('(project in ("BLOG")) AND (labels = x OR labels = y) ORDER BY created')


def test_a_field_that_does_not_exist_is_named_with_its_near_misses(cloud: Exchange) -> None:
    with pytest.raises(BadConfiguration) as caught:
        pull(cloud.open(), None, Interest(fields=frozenset({"Sprnt"})))
    assert "'Sprnt'" in caught.value.said
    assert "'Sprint'" in caught.value.hint


def test_an_override_is_taken_by_name_or_id_and_alone(mock: responses.RequestsMock) -> None:
    for override in ("story points", "customfield_10002"):
        exchange = Exchange(mock, story_points=override)
        exchange.usual(fields=[OLD_POINTS])
        exchange.json("POST", "search/jql", {"issues": [row(1, customfield_10016=8, customfield_10002=3)]})
        (issue,) = pull(exchange.open()).values()
        assert issue.points == 3
        mock.reset()


def test_an_override_that_does_not_exist_is_told_by_its_setting(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock, sprint="Sprinte")
    exchange.usual()
    with pytest.raises(BadConfiguration, match="sprint = 'Sprinte'"):
        pull(exchange.open())


def test_fields_the_mapping_asks_for_come_by_its_own_spelling(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": [row(1, customfield_10016=8)]})
    interest = Interest(fields=frozenset({"story point ESTIMATE", "summary"}))
    (issue,) = pull(cloud.open(), None, interest).values()
    assert issue.fields == (("story point ESTIMATE", 8), ("summary", "Task 1"))


def test_a_bulk_answer_with_errors_tells_what_could_not_be_sent(cloud: Exchange) -> None:
    errors = [{"id": "10002", "errorMessage": "Try again."}]
    cloud.json("POST", "issue/bulkfetch", {"issues": [row(1)], "issueErrors": errors})
    page = cloud.open().reader.fetch(["BLOG-1", "BLOG-2"])
    assert [issue.ref.key for issue in page.issues] == ["BLOG-1"]
    assert [one.id for one in page.unread] == ["10002"]


def test_an_issue_that_jira_could_not_send_does_not_look_gone(cloud: Exchange) -> None:
    errors = [{"id": "10001", "errorMessage": "Try again."}]
    cloud.json("POST", "issue/bulkfetch", {"issues": [], "issueErrors": errors})
    with pytest.raises(Unavailable, match="could not send"):
        cloud.open().reader.posted([REF])


def test_keys_are_fetched_a_hundred_at_a_time(cloud: Exchange) -> None:
    cloud.json("POST", "issue/bulkfetch", {"issues": []})
    cloud.open().reader.fetch([f"BLOG-{number}" for number in range(1, 251)])
    assert [len(one["issueIdsOrKeys"]) for one in cloud.sent("POST", "issue/bulkfetch")] == [100, 100, 50]


# The window of an incremental pull


def test_the_window_reaches_back_by_the_servers_clock_with_an_overlap(cloud: Exchange) -> None:
    cloud.json("POST", "search/jql", {"issues": []})
    first = cloud.open().reader.changed_since(None, Interest())
    list(first.pages)
    cursor = orjson.loads(first.cursor)
    assert cursor["instant"] == "2026-03-02T10:00:00+00:00"
    cursor["instant"] = "2026-03-02T09:00:00+00:00"
    again = cloud.open().reader.changed_since(orjson.dumps(cursor).decode(), Interest())
    list(again.pages)
    assert "updated >= -66m" in cloud.sent("POST", "search/jql")[-1]["jql"]


def test_a_cursor_from_the_servers_future_means_a_full_pull(cloud: Exchange) -> None:
    cursor = orjson.loads(cloud.open().reader.changed_since(None, Interest()).cursor)
    cursor["instant"] = "2026-03-03T00:00:00+00:00"
    assert cloud.open().reader.changed_since(orjson.dumps(cursor).decode(), Interest()).full


def test_a_reading_that_outlasts_its_overlap_is_read_again_with_a_wider_window(
    mock: responses.RequestsMock,
) -> None:
    exchange = Exchange(mock)
    exchange.usual()
    exchange.json("POST", "search/jql", {"issues": []})
    first = exchange.open().reader.changed_since(None, Interest())
    list(first.pages)
    again = exchange.open().reader.changed_since(first.cursor, Interest())
    mock.replace(
        "POST", API + "search/jql", json={"issues": []}, headers={"Date": DATE.replace("10:00", "10:30")}
    )
    list(again.pages)
    jqls = [one["jql"] for one in exchange.sent("POST", "search/jql")[1:]]
    assert "updated >= -6m" in jqls[0]
    assert "updated >= -96m" in jqls[1]
    assert len(jqls) == 2


# Writing


def test_a_comment_carries_its_mark_beside_the_text(cloud: Exchange) -> None:
    cloud.json("POST", "issue/10001/comment", comment(5, body("Half done")), status=201)
    written = cloud.open().writer.create_comment(REF, body("Half done"), MARK)
    (sent,) = cloud.sent("POST", "issue/10001/comment")
    assert sent["properties"] == [{"key": "milepost", "value": {"mark": MARK}}]
    assert "visibility" not in sent
    assert (written.id, written.mine) == ("5", True)
    assert written.url == f"{SITE}/browse/BLOG-1?focusedCommentId=5"


def test_who_may_see_a_comment_is_sent_with_every_edit(cloud: Exchange) -> None:
    cloud.json("PUT", "issue/10001/comment/5", comment(5, "x"))
    hidden = PostedComment("5", "old", mine=True, visibility=("role", "Developers"))
    cloud.open().writer.edit_comment(REF, hidden, body("All done"), MARK)
    (sent,) = cloud.sent("PUT", "issue/10001/comment/5")
    assert sent["visibility"] == {"type": "role", "value": "Developers"}


def test_settings_hide_comments_from_outsiders_and_customers(mock: responses.RequestsMock) -> None:
    visible = {"type": "group", "value": "staff"}
    exchange = Exchange(mock, comment_visibility=visible, internal_comments=True)
    exchange.usual()
    exchange.json("POST", "issue/10001/comment", comment(5, "x"), status=201)
    exchange.open().writer.create_comment(REF, body("Half done"), MARK)
    (sent,) = exchange.sent("POST", "issue/10001/comment")
    assert sent["visibility"] == visible
    assert {"key": "sd.public.comment", "value": {"internal": True}} in sent["properties"]


def test_a_server_without_comment_properties_gets_the_mark_in_the_text(center: Exchange) -> None:
    refusal = {"errorMessages": ['Unrecognized field "properties" (Class CommentJsonBean)']}
    center.json("POST", "issue/10001/comment", refusal, status=400)
    center.json("POST", "issue/10001/comment", comment(5, "x", {"key": "me", "name": "bot"}), status=201)
    center.json("POST", "issue/10001/comment", comment(6, "x", {"key": "me", "name": "bot"}), status=201)
    assert center.open().writer.create_comment(REF, "Half done", MARK).mine
    center.open().writer.create_comment(REF, body("Half done"), MARK)
    sent = center.sent("POST", "issue/10001/comment")
    assert ["properties" in one for one in sent] == [True, False, False]
    assert [one["body"].count(MARK) for one in sent] == [0, 1, 1]


def test_where_customers_must_not_see_a_comment_it_is_never_written_without_that_property(
    mock: responses.RequestsMock,
) -> None:
    exchange = Exchange(mock, cloud=False, internal_comments=True)
    exchange.usual()
    exchange.json("POST", "issue/10001/comment", {"errorMessages": ["properties?"]}, status=400)
    with pytest.raises(Refused):
        exchange.open().writer.create_comment(REF, body("Half done"), MARK)
    assert exchange.asked("issue/10001/comment") == 1


@pytest.mark.parametrize("answer", [{}, {"id": None, "body": "x"}, [], {"comments": []}])
def test_a_create_that_answers_with_something_else_counts_as_lost(cloud: Exchange, answer: Any) -> None:
    cloud.json("POST", "issue/10001/comment", answer, status=201)
    with pytest.raises(AnswerLost):
        cloud.open().writer.create_comment(REF, body("Half done"), MARK)
    assert cloud.asked("issue/10001/comment") == 1


def test_a_create_is_not_turned_into_a_get_by_a_redirect(cloud: Exchange) -> None:
    cloud.json("POST", "issue/10001/comment", {}, status=301, Location=API + "issue/10001/comment")
    with pytest.raises(BadConfiguration, match="moved to"):
        cloud.open().writer.create_comment(REF, body("Half done"), MARK)
    assert len(cloud.sent("GET", "issue/10001/comment")) == 0


def test_an_edit_that_is_refused_because_the_comment_is_gone_says_missing(center: Exchange) -> None:
    refusal = {"errorMessages": ["Can not find a comment for the id: 5."]}
    center.json("PUT", "issue/10001/comment/5", refusal, status=400)
    center.json("GET", "issue/10001/comment/5", {}, status=404)
    with pytest.raises(Missing):
        center.open().writer.edit_comment(REF, PostedComment("5", "old", mine=True), body("x"), MARK)


def test_labels_change_by_verbs_and_are_read_again(cloud: Exchange) -> None:
    cloud.json("PUT", "issue/10001", {}, status=204)
    cloud.json("GET", "issue/10001", row(1, labels=["foreign", "new"]))
    assert cloud.open().writer.change_labels(REF, ["new"], ["old", "new"]) == ("foreign", "new")
    (sent,) = cloud.sent("PUT", "issue/10001")
    assert sent == {"update": {"labels": [{"add": "new"}, {"remove": "old"}]}}


def test_labels_that_were_taken_but_not_changed_are_refused(cloud: Exchange) -> None:
    cloud.json("PUT", "issue/10001", {}, status=204)
    cloud.json("GET", "issue/10001", row(1, labels=["old"]))
    with pytest.raises(Refused, match="did not do it: new, old"):
        cloud.open().writer.change_labels(REF, ["new"], ["old"])


@pytest.mark.parametrize("label", ["two words", "", "x" * 256, "tab\tbed"])
def test_a_label_that_jira_cannot_hold_is_refused_before_it_is_sent(cloud: Exchange, label: str) -> None:
    with pytest.raises(Refused):
        cloud.open().writer.change_labels(REF, [label], [])
    assert len(cloud.mock.calls) == 0


def test_no_label_to_change_writes_nothing(cloud: Exchange) -> None:
    cloud.json("GET", "issue/10001", row(1, labels=["kept"]))
    assert cloud.open().writer.change_labels(REF, [], []) == ("kept",)
    assert cloud.sent("PUT", "issue/10001") == []


# What stands on an issue


def test_a_mark_that_stands_only_beside_the_text_is_found(cloud: Exchange) -> None:
    cloud.json("POST", "issue/bulkfetch", {"issues": [row(1)]})
    properties = [{"key": "milepost", "value": {"mark": MARK}}]
    marked = comment(5, "Somebody cut the last line off", properties=properties)
    others = [comment(6, "Hello"), comment(7, "x", properties=[{"key": "milepost", "value": "x"}])]
    cloud.json("GET", "issue/10001/comment", {"total": 3, "comments": [marked, *others]})
    (found,) = cloud.open().reader.posted([REF])[REF].comments
    assert (found.id, found.mark) == ("5", MARK)


def test_a_server_that_ignores_paging_ends_the_list(center: Exchange) -> None:
    center.json("GET", "issue/10001", row(1))
    center.json("GET", "issue/10001/comment", {"total": 9, "comments": [comment(5, body("x"))]})
    assert len(center.open().reader.posted([REF])[REF].comments) == 1
    assert center.asked("issue/10001/comment") == 2


def test_the_author_is_known_by_account_and_not_by_display_name(cloud: Exchange) -> None:
    cloud.json("POST", "issue/bulkfetch", {"issues": [row(1)]})
    impostor = {"accountId": "5b10:other", "displayName": "Milepost", "name": "Milepost"}
    answer = {"total": 1, "comments": [comment(5, body("x"), impostor)]}
    cloud.json("GET", "issue/10001/comment", answer)
    (found,) = cloud.open().reader.posted([REF])[REF].comments
    assert not found.mine


# Rate limits


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (429, {"Retry_After": "4000"}, "67 min"),
        (429, {"X_RateLimit_Reset": "2026-03-02T11:30Z"}, "90 min"),
        (503, {"Retry_After": "Mon, 02 Mar 2026 13:00:00 GMT"}, "3.0 h"),
    ],
)
def test_a_wait_beyond_reason_is_told_by_whichever_header_asks(
    cloud: Exchange, status: int, headers: dict[str, Any], said: str
) -> None:
    cloud.json("POST", "search/jql", {}, status=status, **headers)
    with pytest.raises(Unavailable, match=f"asked to wait {said}"):
        cloud.open().reader.present()


# Checking


def granted(*missing: str) -> dict[str, Any]:
    names = ("BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_OWN_COMMENTS", "DELETE_OWN_COMMENTS", "EDIT_ISSUES")
    return {"permissions": {name: {"key": name, "havePermission": name not in missing} for name in names}}


def test_a_check_names_each_missing_permission_and_the_tokens_scope(cloud: Exchange) -> None:
    cloud.json("POST", "search/approximate-count", {"count": 12})
    cloud.json("GET", "mypermissions", granted("ADD_COMMENTS"))
    findings = {finding.what: finding for finding in cloud.open().check(ALL)}
    bad = findings["write comments in BLOG"]
    assert (bad.ok, bad.said) == (False, "missing: ADD_COMMENTS")
    assert "write:jira-work" in bad.hint
    assert findings["read issues in BLOG"].ok
    assert findings["change labels in BLOG"].ok
    assert "12 issues" in findings["scope"].said


def test_a_check_tells_which_fields_it_found_and_in_which_order(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    exchange.usual(fields=[OLD_POINTS])
    exchange.json("POST", "search/approximate-count", {"count": 0})
    exchange.json("GET", "mypermissions", granted())
    findings = {finding.what: finding for finding in exchange.open().check(ALL)}
    points = findings["story points"]
    assert points.said == "Story point estimate (customfield_10016), then Story Points (customfield_10002)"
    assert "story_points = …" in points.hint
    assert "Nothing is in scope" in findings["scope"].hint


def test_a_check_with_a_bad_jql_still_looks_at_the_rest(cloud: Exchange) -> None:
    cloud.json("POST", "search/approximate-count", {"errorMessages": ["No such field."]}, status=400)
    cloud.json("GET", "mypermissions", granted())
    findings = cloud.open().check(ALL)
    assert [finding.what for finding in findings if not finding.ok] == ["scope"]
    assert any(finding.what.startswith("change labels") for finding in findings)


def test_a_check_of_a_tracker_without_projects_asks_for_the_whole_site(
    mock: responses.RequestsMock,
) -> None:
    exchange = Exchange(mock, cloud=False, projects=[], jql="labels = web")
    exchange.usual()
    exchange.json("POST", "search", {"total": 1, "issues": []})
    exchange.json("GET", "mypermissions", granted("EDIT_ISSUES"))
    findings = exchange.open().check(ALL)
    assert [finding.what for finding in findings if not finding.ok] == [
        "change labels in at least one project"
    ]
    assert "projectKey" not in str(mock.calls[-1].request.url)


@pytest.mark.parametrize("spoiled", ["myself", "serverInfo", "field", "mypermissions"])
def test_no_answer_makes_a_check_raise(mock: responses.RequestsMock, spoiled: str) -> None:
    exchange = Exchange(mock, attempts=1)
    exchange.json("GET", spoiled, "nonsense")
    exchange.usual()
    exchange.json("POST", "search/approximate-count", {"count": 1})
    exchange.json("GET", "mypermissions", granted())
    exchange.mock.remove("GET", API + spoiled)
    exchange.json("GET", spoiled, "nonsense")
    assert any(not finding.ok for finding in exchange.open().check(ALL))


def test_no_error_ever_tells_the_token(mock: responses.RequestsMock) -> None:
    for status in (400, 401, 403, 404, 500):
        exchange = Exchange(mock, attempts=1)
        exchange.json("GET", "myself", {"message": "no"}, status=status)
        with pytest.raises(TrackerError) as caught:
            exchange.open().reader.present()
        assert "hush" not in f"{caught.value} {caught.value!r}"
        mock.reset()

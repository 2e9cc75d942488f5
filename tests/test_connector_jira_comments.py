"""Comments and labels: what is sent to Jira, and what is made of its answers."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from connectors.errors import AnswerLost, BadConfiguration, Missing, Refused
from connectors.models import IssueRef, PostedComment
from tests.conformance import MARK, body, posted_on
from tests.jira_answers import (
    API,
    SITE,
    Exchange,
    center_exchange,
    cloud_exchange,
    comment,
    row,
)

REF = IssueRef("work", "10001", "BLOG-1")


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def cloud(mock: responses.RequestsMock) -> Exchange:
    return cloud_exchange(mock)


@pytest.fixture
def center(mock: responses.RequestsMock) -> Exchange:
    return center_exchange(mock)


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
    assert [one["body"].count(MARK) for one in sent] == [1, 1, 1]


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
    (found,) = posted_on(cloud.open().reader, REF).comments
    assert (found.id, found.mark) == ("5", MARK)


def test_a_server_that_ignores_paging_ends_the_list(center: Exchange) -> None:
    center.json("GET", "issue/10001", row(1))
    center.json("GET", "issue/10001/comment", {"total": 9, "comments": [comment(5, body("x"))]})
    assert len(posted_on(center.open().reader, REF).comments) == 1
    assert center.asked("issue/10001/comment") == 2


def test_the_author_is_known_by_account_and_not_by_display_name(cloud: Exchange) -> None:
    cloud.json("POST", "issue/bulkfetch", {"issues": [row(1)]})
    impostor = {"accountId": "5b10:other", "displayName": "Milepost", "name": "Milepost"}
    answer = {"total": 1, "comments": [comment(5, body("x"), impostor)]}
    cloud.json("GET", "issue/10001/comment", answer)
    (found,) = posted_on(cloud.open().reader, REF).comments
    assert not found.mine

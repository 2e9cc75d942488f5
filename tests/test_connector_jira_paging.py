"""Jira's pages: followed to their end, or an error, whatever the server does between them."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from connectors.errors import InvalidResponse, Unavailable
from tests.conformance import pull
from tests.jira_answers import (
    Exchange,
    center_exchange,
    cloud_exchange,
    row,
)


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


def keys(exchange: Exchange) -> list[str]:
    return sorted(ref.key for ref in pull(exchange.open()))


# Cloud's pages


def test_pages_follow_their_tokens_to_the_end(mock: responses.RequestsMock) -> None:
    cloud = cloud_exchange(mock, workers=1)
    cloud.json("POST", "search/jql", {"issues": [row(1)], "nextPageToken": "a", "isLast": False})
    for _ in range(2):  # a page without rows is asked for twice before it is believed
        cloud.json("POST", "search/jql", {"issues": [], "nextPageToken": "b", "isLast": False})
    cloud.json("POST", "search/jql", {"issues": [row(2)], "isLast": True})
    assert keys(cloud) == ["BLOG-1", "BLOG-2"]
    sent = cloud.sent("POST", "search/jql")
    assert [one.get("nextPageToken") for one in sent] == [None, "a", "a", "b"]
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
    with pytest.raises(InvalidResponse):
        pull(cloud.open())


def test_empty_pages_without_end_are_garbled(cloud: Exchange) -> None:
    for token in "abcdef":
        cloud.json("POST", "search/jql", {"issues": [], "nextPageToken": token})
    with pytest.raises(InvalidResponse, match="nobody can tell"):
        pull(cloud.open())


def test_an_issue_that_comes_twice_counts_once(mock: responses.RequestsMock) -> None:
    cloud = cloud_exchange(mock, workers=1)
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
    with pytest.raises(InvalidResponse):
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
    # The pages after the first are asked for side by side, so that they may arrive in any order.
    assert sorted(one["startAt"] for one in center.sent("POST", "search")) == [0, 1, 2, 3]


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
    with pytest.raises(InvalidResponse):
        pull(center.open())


def test_the_order_does_not_follow_the_time_of_change(center: Exchange) -> None:
    paged(center, [])
    pull(center.open())
    (sent,) = center.sent("POST", "search")
    assert sent["jql"].endswith("ORDER BY created ASC, key ASC")

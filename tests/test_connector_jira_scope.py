"""What is asked of Jira: scope, queries, fields and the window of an incremental pull."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import responses

from connectors.errors import BadConfiguration, Unavailable
from connectors.models import Interest, IssueRef
from tests.conformance import pull
from tests.jira_answers import (
    API,
    DATE,
    OLD_POINTS,
    Exchange,
    cloud_exchange,
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


def test_a_field_that_does_not_exist_is_named_with_its_near_misses_and_the_rest_is_read(
    cloud: Exchange,
) -> None:
    cloud.json("POST", "search/jql", {"issues": [row(1)]})
    found = cloud.open().reader.changed_since(None, Interest(fields=frozenset({"Sprnt"})))
    assert [issue.ref.key for page in found.pages for issue in page.issues] == ["BLOG-1"]
    (sentence,) = found.missing_fields.values()
    assert "'Sprnt'" in sentence
    assert "'Sprint'" in sentence


def test_an_override_is_taken_by_name_or_id_and_alone(mock: responses.RequestsMock) -> None:
    for override in ("story points", "customfield_10002"):
        exchange = Exchange(mock, story_points=override)
        exchange.usual(fields=[OLD_POINTS])
        exchange.json("POST", "search/jql", {"issues": [row(1, customfield_10016=8, customfield_10002=3)]})
        (issue,) = pull(exchange.open()).values()
        assert issue.points == 3
        mock.reset()


@pytest.mark.parametrize("setting", ["sprint", "story_points", "team", "mirror_field", "epic_link"])
@pytest.mark.parametrize("name", ["Sprinte", "customfield_10017", "Colour"])
def test_an_override_that_does_not_exist_is_told_by_its_setting_and_the_rest_is_read(
    mock: responses.RequestsMock, setting: str, name: str
) -> None:
    override: dict[str, Any] = {setting: name}
    exchange = Exchange(mock, **override)
    exchange.usual()
    exchange.json("POST", "search/jql", {"issues": [row(1, customfield_10016=8)]})
    (issue,) = pull(exchange.open()).values()
    assert issue.points == (None if setting == "story_points" else 8)
    (notice,) = exchange.notices
    assert f"{setting} = '{name}', and this Jira has no such field" in notice
    assert "by its id" not in notice
    near = {"Sprinte": "'Sprint' (customfield_10007)", "customfield_10017": "(customfield_10007)"}
    assert near.get(name, "GET /rest/api/2/field") in notice
    pull(exchange.open())
    assert len(exchange.notices) == 2  # told in each run, though the fields are asked for once a day


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
    found = cloud.open().reader.posted([REF])[REF]
    assert isinstance(found, Unavailable)
    assert "could not send" in str(found)


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
    assert "updated >= -68m" in cloud.sent("POST", "search/jql")[-1]["jql"]


def test_a_server_whose_clock_ran_ahead_by_two_minutes_is_asked_once(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    exchange.usual()
    exchange.json("POST", "search/jql", {"issues": []})
    first = exchange.open().reader.changed_since(None, Interest())
    list(first.pages)
    mock.remove("POST", API + "search/jql")
    ahead = {"Date": DATE.replace("10:00:00", "10:02:00"), "X_AACCOUNTID": "5f00"}
    exchange.json("POST", "search/jql", {"issues": [row(1)]}, 200, **ahead)
    asked = len(exchange.sent("POST", "search/jql"))
    list(exchange.open().reader.changed_since(first.cursor, Interest()).pages)
    assert len(exchange.sent("POST", "search/jql")) == asked + 1


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
    mock.remove("POST", API + "search/jql")
    exchange.json("POST", "search/jql", {"issues": [row(1)], "nextPageToken": "a"})
    exchange.json("POST", "search/jql", {"issues": [row(2)]}, Date=DATE.replace("10:00", "10:30"))
    list(exchange.open().reader.changed_since(first.cursor, Interest()).pages)
    jqls = [one["jql"] for one in exchange.sent("POST", "search/jql")[1:]]
    assert "updated >= -8m" in jqls[0]
    assert "updated >= -8m" in jqls[1]
    assert "updated >= -96m" in jqls[2]
    assert len(jqls) == 3

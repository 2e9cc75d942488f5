"""What `milepost check` says of a Jira."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from connectors.errors import TrackerError
from connectors.models import Capability
from tests.jira_answers import (
    API,
    OLD_POINTS,
    Exchange,
    cloud_exchange,
)

ALL = frozenset({Capability.READ, Capability.COMMENT, Capability.LABEL})


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def cloud(mock: responses.RequestsMock) -> Exchange:
    return cloud_exchange(mock)


# Checking


def granted(*missing: str) -> dict[str, Any]:
    names = ("BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_OWN_COMMENTS", "DELETE_OWN_COMMENTS", "EDIT_ISSUES")
    return {"permissions": {name: {"key": name, "havePermission": name not in missing} for name in names}}


def test_a_check_names_each_missing_permission_and_the_tokens_scope(cloud: Exchange) -> None:
    cloud.json("POST", "search/approximate-count", {"count": 12})
    cloud.json("GET", "mypermissions", granted("ADD_COMMENTS"))
    findings = {finding.what: finding for finding in cloud.open().check(ALL)}
    bad = findings["write comments in BLOG"]
    assert (bad.ok, bad.reason) == (False, "missing: ADD_COMMENTS")
    assert "write:jira-work" in bad.hint
    assert findings["read issues in BLOG"].ok
    assert findings["change labels in BLOG"].ok
    assert "12 issues" in findings["scope"].reason
    assert findings["change labels in BLOG"].reason == "granted to the account"
    assert "show only when it is written" in findings["single issues"].reason
    assert "token scopes" not in findings


def test_a_check_tells_which_fields_it_found_and_for_which_projects(mock: responses.RequestsMock) -> None:
    exchange = Exchange(mock)
    exchange.usual(fields=[OLD_POINTS])
    exchange.json("POST", "search/approximate-count", {"count": 0})
    exchange.json("GET", "mypermissions", granted())
    findings = {finding.what: finding for finding in exchange.open().check(ALL)}
    assert findings["story points of company-managed projects"].reason == "Story Points (customfield_10002)"
    assert (
        findings["story points of team-managed projects"].reason == "Story point estimate (customfield_10016)"
    )
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

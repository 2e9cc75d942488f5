"""Which Jira this is, and that nobody's answers are taken for the account's."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import responses

from connectors.errors import BadConfiguration, InvalidResponse, Unavailable
from connectors.models import Capability
from tests.conformance import pull
from tests.jira_answers import (
    API,
    MYSELF,
    OLD_POINTS,
    SITE,
    Exchange,
    cloud_exchange,
    row,
)

ALL = frozenset({Capability.READ, Capability.COMMENT, Capability.LABEL})


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def cloud(mock: responses.RequestsMock) -> Exchange:
    return cloud_exchange(mock)


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
    with pytest.raises(InvalidResponse, match="no answer of a Jira"):
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

"""A search on GitHub is complete and within the scope, or an error."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses
from responses import matchers

from connectors.errors import Refused
from tests.github_builders import BASE, hub


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


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

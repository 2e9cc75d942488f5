"""Nothing is missed whatever the server's clock, ours, or a proxy between them says."""

from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest

from connectors.github.tracker import GitHubTracker
from connectors.models import Interest
from connectors.sandbox.faults import Fault, Headers, SkewedDate
from tests.github_builders import Hub, pull, running
from tests.github_builders import hub as opened


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as made:
        yield made


def ahead(hub: Hub) -> GitHubTracker:
    """A tracker whose own clock is two hours ahead."""
    url = hub.server.url(hub.site.name) + hub.site.api_path
    return opened(memory=hub.memory, url=url, clock=lambda: hub.server.world.clock.now() + timedelta(hours=2))


def test_without_a_date_nothing_is_lost_though_our_clock_is_two_hours_ahead(hub: Hub) -> None:
    hub.fill("acme/site", 3)
    hub.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    cursor = pull(ahead(hub))[2]
    for number in range(5):
        hub.later(600)
        hub.site.edit("acme/site#1", title=f"Edit {number}")
        issues, _, cursor = pull(ahead(hub), cursor)
        assert issues["acme/site#1"].title == f"Edit {number}"


def test_without_a_date_for_some_pulls_none_of_them_moves_past_what_was_seen(hub: Hub) -> None:
    hub.fill("acme/site", 3)
    cursor = pull(ahead(hub))[2]
    hub.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    hub.later()
    cursor = pull(ahead(hub), cursor)[2]
    hub.later(300)
    hub.site.edit("acme/site#1", title="Changed")
    hub.server.clear_faults()
    assert "acme/site#1" in pull(ahead(hub), cursor)[0]


def test_an_empty_repository_without_a_date_is_read_whole_again(hub: Hub) -> None:
    hub.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    cursor = pull(ahead(hub))[2]
    hub.later(60)
    hub.fill("acme/site", 1)
    assert pull(ahead(hub), cursor)[0].keys() == {"acme/site#1"}


def test_a_cursor_later_than_the_servers_present_is_refused(hub: Hub) -> None:
    hub.fill("acme/site", 3)
    hub.server.plan(Fault(kind=SkewedDate(7200), times=1))
    cursor = pull(hub.open())[2]
    hub.later(600)
    hub.site.edit("acme/site#1", title="Changed")
    found = hub.open().reader.changed_since(cursor, Interest())
    issues = {issue.ref.key: issue.title for page in found.pages for issue in page.issues}
    assert found.full
    assert issues["acme/site#1"] == "Changed"


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59+00:00", "2150-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"]
)
def test_a_cursor_that_cannot_be_makes_the_pull_full(hub: Hub, at: str) -> None:
    hub.fill("acme/site", 1)
    cursor = orjson.loads(pull(hub.open())[2])
    cursor["at"] = at
    hub.later()
    found = hub.open().reader.changed_since(orjson.dumps(cursor).decode(), Interest())
    assert found.full
    assert [issue.ref.key for page in found.pages for issue in page.issues] == ["acme/site#1"]


def test_a_note_of_a_pull_without_a_date_that_is_lost_makes_the_next_full(hub: Hub) -> None:
    hub.fill("acme/site", 1)
    hub.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    cursor = pull(hub.open())[2]
    hub.memory.facts.clear()
    assert hub.open().reader.changed_since(cursor, Interest()).full

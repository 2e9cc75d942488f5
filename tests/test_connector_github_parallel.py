"""Many requests at once, and few of them; errors end all."""

import threading
from collections.abc import Iterator
from contextlib import closing

import orjson
import pytest
from werkzeug import Request, Response

from connectors.errors import Unavailable
from connectors.http.workers import cancelled, merge
from connectors.models import Interest
from connectors.sandbox.faults import Fault, Replace, Status
from tests.github_builders import Hub, pull, running


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as one:
        yield one


# How many requests


@pytest.mark.parametrize(
    ("issues", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (950, 10)]
)
def test_a_first_pull_costs_its_pages_and_nothing_more(hub: Hub, issues: int, pages: int) -> None:
    hub.fill("acme/site", issues)
    hub.later()
    assert len(pull(hub.open())[0]) == issues
    assert len(hub.server.log) == pages
    assert all(one.path.endswith("/issues") for one in hub.server.log)


def test_a_first_pull_of_an_organisation_costs_its_pages_and_three_requests(hub: Hub) -> None:
    for repository, issues in (("acme/site", 200), ("acme/app", 130), ("acme/plans", 101)):
        hub.fill(repository, issues)
    hub.later()
    assert len(pull(hub.organisation())[0]) == 431
    paths = hub.asked()
    assert len(paths) == (2 + 2 + 2) + 3
    assert [paths.count(path) for path in ("/orgs/acme/repos", "/orgs/acme/issues")] == [1, 2]


def test_where_nothing_changed_a_repository_costs_one_request(hub: Hub) -> None:
    (root, child) = hub.fill("acme/site", 2)
    hub.site.add_sub_issue(root, child)
    hub.later()
    cursor = pull(hub.open(), roots=[root], keys=[child])[2]
    hub.asked()
    for _ in range(3):
        hub.later()
        found, _, cursor = pull(hub.open(), cursor, roots=[root], keys=[child])
        assert found == {}
        assert hub.asked() == ["/repos/acme/site/issues"]


def test_where_nothing_changed_all_that_is_outside_costs_one_request_more(hub: Hub) -> None:
    (root,), children = hub.fill("acme/plans", 1), hub.fill("acme/app", 60)
    for child in children:
        hub.site.add_sub_issue(root, child)
    (target,) = hub.fill("acme/plans", 1)
    hub.later()
    cursor = pull(hub.open(), roots=[root], keys=[target])[2]
    hub.asked()
    hub.later()
    found, _, cursor = pull(hub.open(), cursor, roots=[root], keys=[target])
    assert found == {}
    assert hub.asked() == ["/repos/acme/site/issues", "/graphql"]
    hub.site.close(children[7])
    hub.later()
    assert pull(hub.open(), cursor, roots=[root], keys=[target])[0].keys() == {children[7]}


def test_where_nothing_changed_an_organisation_costs_one_request(hub: Hub) -> None:
    hub.fill("acme/site", 130)
    keys = hub.fill("acme/app", 20)
    hub.later()
    cursor = pull(hub.organisation())[2]
    hub.asked()
    hub.later()
    found, _, cursor = pull(hub.organisation(), cursor)
    assert found == {}
    assert hub.asked() == ["/orgs/acme/issues"]
    hub.site.close(keys[3])
    hub.later()
    assert pull(hub.organisation(), cursor)[0].keys() == {keys[3]}
    assert hub.asked() == ["/orgs/acme/issues"]


def test_an_organisation_that_is_read_beside_repositories_outside_of_it_tells_of_both(hub: Hub) -> None:
    hub.site.create_repo("other/thing")
    keys = [*hub.fill("acme/site", 2), *hub.fill("other/thing", 2)]
    scope = {"repositories": ["other/thing", "acme/site"], "organization": "acme"}
    hub.later()
    cursor = pull(hub.open(**scope))[2]
    for key in keys:
        hub.site.close(key)
    hub.asked()
    assert pull(hub.open(**scope), cursor)[0].keys() == set(keys)
    assert sorted(hub.asked()) == ["/orgs/acme/issues", "/repos/other/thing/issues"]


# Whether an organisation's list is believed


def test_an_organisations_list_that_is_refused_is_not_needed(hub: Hub) -> None:
    (key,) = hub.fill("acme/app", 1)
    hub.server.plan(
        Fault(kind=Status(403, {}, {"message": "Forbidden"}), path="/orgs/acme/issues", times=None)
    )
    hub.later()
    cursor = pull(hub.organisation())[2]
    hub.site.close(key)
    assert pull(hub.organisation(), cursor)[0].keys() == {key}


def without(word: str) -> Replace:
    """The answer as it would be if the account could not see these rows."""

    def change(request: Request, response: Response) -> Response:
        rows = [one for one in response.get_json() if word not in one["url"]]
        if request.args.get("per_page") == "1":
            response.headers["Link"] = f'<{request.url}&page=2>; rel="last"'
        response.set_data(orjson.dumps(rows))
        return response

    return Replace(change)


def test_an_organisations_list_that_lacks_issues_is_not_believed(hub: Hub) -> None:
    hub.fill("acme/site", 2)
    (key,) = hub.fill("acme/app", 1)
    hub.server.plan(Fault(kind=without("acme/app"), path="/orgs/acme/issues$", times=None))
    hub.later()
    cursor = pull(hub.organisation())[2]
    hub.site.close(key)
    assert pull(hub.organisation(), cursor)[0].keys() == {key}


def test_what_an_organisations_list_kept_back_is_read_after_the_sweep_that_finds_out(hub: Hub) -> None:
    hub.fill("acme/site", 2)
    (key,) = hub.fill("acme/app", 1)
    hub.later()
    cursor = pull(hub.organisation())[2]
    hub.server.plan(Fault(kind=without("acme/app"), path="/orgs/acme/issues$", times=None))
    hub.site.close(key)
    found, _, cursor = pull(hub.organisation(), cursor)
    assert found == {}
    hub.later()
    hub.organisation().reader.present()
    again = hub.organisation().reader.changed_since(cursor, Interest())
    assert again.full
    assert key in {issue.ref.key for page in again.pages for issue in page.issues if issue.status == "closed"}
    assert not hub.organisation().reader.changed_since(again.cursor, Interest()).full


# Side by side


def test_side_by_side_brings_what_one_after_the_other_brings(hub: Hub) -> None:
    for number in range(7):
        hub.site.create_repo(f"acme/part-{number}")
        hub.fill(f"acme/part-{number}", 30 * number)
    one, many = pull(hub.organisation(workers=1))[0], pull(hub.organisation(workers=4))[0]
    assert one == many
    assert len(one) == 630


@pytest.mark.parametrize("nth", [1, 4, 8])
def test_a_fault_in_one_repository_is_its_own_and_is_made_good_by_the_next_pull(hub: Hub, nth: int) -> None:
    hub.fill("acme/site", 350)
    hub.fill("acme/app", 350)
    refusal = Status(403, {}, {"message": "Forbidden"})
    hub.server.plan(Fault(kind=refusal, path="^/repo.*/issues$", nth=nth))
    first = hub.organisation().reader.changed_since(None, Interest())
    came = {issue.ref.key for page in first.pages for issue in page.issues}
    (failed,) = first.failed()
    assert "HTTP 403: Forbidden" in failed.error
    hub.later()
    second = hub.organisation().reader.changed_since(first.cursor, Interest())
    came |= {issue.ref.key for page in second.pages for issue in page.issues}
    assert (len(came), second.full, second.failed()) == (700, False, ())


def test_a_rate_limit_that_one_thread_meets_is_kept_by_all(hub: Hub) -> None:
    for number in range(6):
        hub.site.create_repo(f"acme/part-{number}")
        hub.fill(f"acme/part-{number}", 2)
    limit = Status(429, {"Retry-After": "86400"}, {"message": "Too many requests"})
    hub.server.plan(Fault(kind=limit, path="^/repos/acme/part-2/issues$", times=None))
    with pytest.raises(Unavailable, match="asked to wait"):
        pull(hub.organisation())


def test_requests_are_counted_and_what_is_left_is_known(hub: Hub) -> None:
    hub.fill("acme/site", 2)
    tracker = hub.open()
    pull(tracker)
    assert tracker.transport.used == 1
    left = tracker.transport.remaining()
    pull(tracker)
    assert (tracker.transport.remaining() or 0) == (left or 0) - 1
    tracker.close()
    assert hub.open().transport.budget.used() == 2


# Streams that are read at once


def test_each_stream_keeps_its_order_and_none_is_lost() -> None:
    streams = [[(name, number) for number in range(50)] for name in range(9)]
    with closing(merge(streams, lambda: 4, 4, 3)) as found:
        got = list(found)
    assert sorted(got) == [each for stream in streams for each in stream]
    for name in range(9):
        assert [each for each in got if each[0] == name] == streams[name]


def test_no_more_is_read_ahead_than_there_is_room_for() -> None:
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            yield number

    with closing(merge([numbers()], lambda: 1, 1, 2)) as found:
        assert next(found) == 0
        ahead = threading.Event()
        ahead.wait(0.05)
        assert len(read) <= 1 + 2 + 1
    assert len(read) < 10


def test_the_error_of_a_stream_is_raised_and_ends_the_others() -> None:
    def bad() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    def endless() -> Iterator[int]:
        while not cancelled():
            yield 2

    with pytest.raises(ValueError, match="broken"):
        list(merge([endless(), bad()], lambda: 2, 2, 2))
    assert [one for one in threading.enumerate() if one.name.startswith("milepost_")] == []


def test_fewer_threads_go_on_where_fewer_are_allowed() -> None:
    running: set[str] = set()
    allowed = [4]

    def stream(number: int) -> Iterator[int]:
        if number >= 8:
            running.add(threading.current_thread().name)
        yield number
        allowed[0] = 1

    assert sorted(merge((stream(number) for number in range(40)), lambda: allowed[0], 4, 1)) == [*range(40)]
    assert len(running) <= 4

"""Many requests at once, and few of them: lists stay whole whatever moves meanwhile, and errors end all."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug import Request, Response

from connectors.contract import Interest, Issue, Refused, Unavailable
from connectors.github.client import GitHubTracker
from connectors.parallel import cancelled, merged
from connectors.sandbox.faults import Fault, Hook, Replace, Status
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import DictMemory
from tests.github_builders import on_sandbox, pull

HOUR = 3600
OPS = ("edit", "close", "create", "delete", "leave", "arrive")


class Hub:
    """A sandbox and the memory that lasts from one run to the next."""

    def __init__(self, server: SandboxServer, site: GitHubSite) -> None:
        self.server = server
        self.site = site
        self.memory = DictMemory()

    def fill(self, repository: str, count: int) -> list[str]:
        made = [self.site.create_issue(repository, f"Task {number}") for number in range(count)]
        return [self.site.key(issue) for issue in made]

    def open(self, **values: object) -> GitHubTracker:
        return on_sandbox(self.server, self.site, memory=self.memory, **values)

    def organisation(self, **values: object) -> GitHubTracker:
        return self.open(repositories=[], organization="acme", **values)

    def asked(self) -> list[str]:
        """The paths that were asked for since the last time."""
        log, self.server.log = self.server.log, []
        return [one.path for one in log]

    def later(self, seconds: float = HOUR) -> None:
        self.server.world.clock.advance(seconds)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as one:
        yield one


@contextmanager
def running() -> Iterator[Hub]:
    """A hub with three repositories of one owner."""
    site = GitHubSite("github")
    with SandboxServer(World.of(site)) as server:
        for name in ("acme/site", "acme/app", "acme/plans"):
            site.create_repo(name)
        yield Hub(server, site)


# Whatever moves


@dataclass(frozen=True)
class Move:
    """What somebody does just before the connector's `nth` request for a page; `place` picks the issue."""

    nth: int
    what: str
    place: int


MOVES = st.lists(
    st.builds(Move, st.integers(1, 7), st.sampled_from(OPS), st.integers(0, 10**6)), min_size=1, max_size=6
)


def apply(site: GitHubSite, move: Move) -> None:
    here = [site.key(each) for each in site.issues.values() if site.key(each).startswith("acme/site#")]
    there = [site.key(each) for each in site.issues.values() if site.key(each).startswith("acme/app#")]
    key = here[move.place % len(here)]
    match move.what:
        case "edit":
            site.edit(key, title=f"Moved {site.now()}")
        case "close":
            site.close(key)
        case "create":
            site.create_issue("acme/site", "New")
        case "delete":
            site.delete(key)
        case "leave":
            site.transfer(key, "acme/app")
        case _:
            if there:
                site.transfer(there[move.place % len(there)], "acme/site")


@pytest.mark.parametrize("by_cursor", [False, True])
@settings(max_examples=25, deadline=None)
@given(moves=MOVES)
def test_no_issue_is_lost_whatever_moves_between_any_two_pages(by_cursor: bool, moves: list[Move]) -> None:
    with running() as hub:
        hub.fill("acme/site", 130)
        hub.fill("acme/app", 4)
        hub.fill("acme/site", 200)
        hub.site.repo("acme/site").large = by_cursor
        hub.later()
        for move in moves:
            hub.server.plan(Fault(kind=Hook(partial(apply, hub.site, move)), path="/issues$", nth=move.nth))
        first = hub.open().reader.changed_since(None, Interest())
        found = [issue for page in first.pages for issue in page.issues]
        hub.server.clear_faults()
        second = hub.open().reader.changed_since(first.cursor, Interest())
        assert not second.full
        found += [issue for page in second.pages for issue in page.issues]
        newest: dict[str, Issue] = {}
        for issue in found:
            if issue.ref.id not in newest or newest[issue.ref.id].updated <= issue.updated:
                newest[issue.ref.id] = issue
        truth = {
            str(issue.id): (hub.site.key(issue), issue.title, issue.state)
            for issue in hub.site.issues.values()
            if hub.site.key(issue).startswith("acme/site#")
        }
        known = {id_: (one.ref.key, one.title, one.status) for id_, one in newest.items() if id_ in truth}
        assert known == truth
        assert hub.open().reader.present() == truth.keys()


@settings(max_examples=15, deadline=None)
@given(moves=MOVES)
def test_a_sweep_finds_all_that_stays_whatever_moves_meanwhile(moves: list[Move]) -> None:
    with running() as hub:
        hub.fill("acme/site", 130)
        hub.fill("acme/app", 4)
        hub.fill("acme/site", 200)
        before = {str(id_) for id_ in hub.site.issues}
        for move in moves:
            hub.server.plan(Fault(kind=Hook(partial(apply, hub.site, move)), path="/issues$", nth=move.nth))
        present = hub.open().reader.present()
        after = {
            str(one.id) for one in hub.site.issues.values() if hub.site.key(one).startswith("acme/site#")
        }
        assert after & before <= present


# How many requests


def test_a_first_pull_costs_its_pages_and_one_request_that_is_free(hub: Hub) -> None:
    hub.fill("acme/site", 950)
    hub.later()
    assert len(pull(hub.open())[0]) == 950
    assert len(hub.server.log) == 10 + 1
    assert hub.server.log[-1].status == 304
    assert all(one.path.endswith("/issues") for one in hub.server.log)


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
def test_a_fault_in_one_repository_fails_the_whole_pull(hub: Hub, nth: int) -> None:
    hub.fill("acme/site", 350)
    hub.fill("acme/app", 350)
    refusal = Status(403, {}, {"message": "Forbidden"})
    hub.server.plan(Fault(kind=refusal, path="^/repo.*/issues$", nth=nth))
    before = dict(hub.memory.facts)
    with pytest.raises(Refused):
        list(hub.organisation().reader.changed_since(None, Interest()).pages)
    assert hub.memory.facts == before
    assert len(pull(hub.organisation())[0]) == 700


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
    with closing(merged(streams, lambda: 4, 4, 3)) as found:
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

    with closing(merged([numbers()], lambda: 1, 1, 2)) as found:
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
        list(merged([endless(), bad()], lambda: 2, 2, 2))
    assert [one for one in threading.enumerate() if one.name.startswith("milepost_")] == []


def test_fewer_threads_go_on_where_fewer_are_allowed() -> None:
    running: set[str] = set()
    allowed = [4]

    def stream(number: int) -> Iterator[int]:
        if number >= 8:
            running.add(threading.current_thread().name)
        yield number
        allowed[0] = 1

    assert sorted(merged((stream(number) for number in range(40)), lambda: allowed[0], 4, 1)) == [*range(40)]
    assert len(running) <= 4

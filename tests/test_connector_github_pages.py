"""Lists stay whole though each page is asked for once, whatever moves meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st
from requests import PreparedRequest

from connectors.github.tracker import GitHubTracker
from connectors.models import Interest, Issue
from connectors.sandbox.faults import Fault, Hook
from connectors.sandbox.github_world import GitHubSite
from tests.github_builders import BASE, Hub, row, running
from tests.github_builders import hub as opened

OPS = ("edit", "close", "create", "delete", "leave", "arrive")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as one:
        yield one


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


def happen(site: GitHubSite, what: str, key: str) -> None:
    """What happens to an issue within its repository."""
    match what:
        case "edit":
            site.edit(key, title=f"Moved {site.now()}")
        case "close":
            site.close(key)
        case "create":
            site.create_issue(key.partition("#")[0], "New")
        case "delete":
            site.delete(key)


def apply(site: GitHubSite, move: Move) -> None:
    here = [site.key(each) for each in site.issues.values() if site.key(each).startswith("acme/site#")]
    there = [site.key(each) for each in site.issues.values() if site.key(each).startswith("acme/app#")]
    key = here[move.place % len(here)]
    if move.what == "leave":
        site.transfer(key, "acme/app")
    elif move.what == "arrive":
        if there:
            site.transfer(there[move.place % len(there)], "acme/site")
    else:
        happen(site, move.what, key)


def plan(hub: Hub, moves: list[Move], act: Callable[[GitHubSite, Move], None]) -> None:
    for move in moves:
        hub.server.plan(Fault(kind=Hook(partial(act, hub.site, move)), path="/issues$", nth=move.nth))


Known = dict[str, tuple[str, str, str]]
"""Key, title and status of issues by their ids."""


def known_after_two_pulls(hub: Hub, opened: Callable[[], GitHubTracker]) -> Known:
    """What a pull in which things move and one after it brought."""
    first = opened().reader.changed_since(None, Interest())
    found = [issue for page in first.pages for issue in page.issues]
    hub.server.clear_faults()
    second = opened().reader.changed_since(first.cursor, Interest())
    assert not second.full
    found += [issue for page in second.pages for issue in page.issues]
    newest: dict[str, Issue] = {}
    for issue in found:
        if issue.ref.id not in newest or newest[issue.ref.id].updated <= issue.updated:
            newest[issue.ref.id] = issue
    return {id_: (one.ref.key, one.title, one.status) for id_, one in newest.items()}


def truth(hub: Hub, scope: str) -> Known:
    """What is there now, of the keys that begin so."""
    return {
        str(issue.id): (hub.site.key(issue), issue.title, issue.state)
        for issue in hub.site.issues.values()
        if hub.site.key(issue).startswith(scope)
    }


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
        plan(hub, moves, apply)
        found = known_after_two_pulls(hub, hub.open)
        there = truth(hub, "acme/site#")
        assert {id_: one for id_, one in found.items() if id_ in there} == there
        assert hub.open().reader.present() == there.keys()


def apply_anywhere(site: GitHubSite, move: Move) -> None:
    """The same in any repository of the organisation; what leaves one arrives at another."""
    issues = [*site.issues.values()]
    key = site.key(issues[move.place % len(issues)])
    if move.what in ("leave", "arrive"):
        others = [name for name in ("acme/site", "acme/app", "acme/plans") if not key.startswith(f"{name}#")]
        site.transfer(key, others[move.place % 2])
    else:
        happen(site, move.what, key)


@pytest.mark.parametrize("workers", [1, 4])
@settings(max_examples=15, deadline=None)
@given(moves=MOVES)
def test_no_issue_of_an_organisation_is_lost_whatever_moves_meanwhile(
    workers: int, moves: list[Move]
) -> None:
    with running() as hub:
        hub.fill("acme/site", 100)
        hub.fill("acme/app", 150)
        hub.fill("acme/site", 100)
        hub.fill("acme/plans", 201)
        hub.later()
        plan(hub, moves, apply_anywhere)
        found = known_after_two_pulls(hub, partial(hub.organisation, workers=workers))
        there = truth(hub, "acme/")
        assert {id_: one for id_, one in found.items() if id_ in there} == there
        assert hub.organisation().reader.present() == there.keys()


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("gone", [[1], [100], [101], [200], [201], [*range(1, 102)], [*range(150, 300)]])
def test_what_goes_between_any_two_pages_takes_nothing_along(hub: Hub, nth: int, gone: list[int]) -> None:
    keys = hub.fill("acme/site", 300)
    hub.later()

    def remove() -> None:
        for number in gone:
            hub.site.delete(keys[number - 1])

    hub.server.plan(Fault(kind=Hook(remove), path="/issues$", nth=nth))
    present = hub.open().reader.present()
    assert truth(hub, "acme/site#").keys() <= present


@settings(max_examples=15, deadline=None)
@given(moves=MOVES)
def test_a_sweep_finds_all_that_stays_whatever_moves_meanwhile(moves: list[Move]) -> None:
    with running() as hub:
        hub.fill("acme/site", 130)
        hub.fill("acme/app", 4)
        hub.fill("acme/site", 200)
        before = {str(id_) for id_ in hub.site.issues}
        plan(hub, moves, apply)
        present = hub.open().reader.present()
        assert truth(hub, "acme/site#").keys() & before <= present


# Issues of one second


@dataclass(frozen=True)
class Shelf:
    """A GitHub's answers for a list in which so many issues were created in each second.

    Those of one second stand in the order of their ids, whichever way the list goes.
    """

    issues: int
    a_second: int

    def __call__(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
        page, last = int(asked.get("page", 1)), max(1, -(-self.issues // 100))
        sign = -1 if asked["direction"] == "desc" else 1
        ids = sorted(range(self.issues), key=lambda id_: (sign * self._second(id_), id_))
        rows = [self._row(id_) for id_ in ids[100 * (page - 1) : 100 * page]]
        places = [("prev", page - 1)] * (page > 1) + [("next", page + 1), ("last", last)] * (page < last)
        base = f"{BASE}/repos/acme/site/issues?direction={asked['direction']}&page="
        links = ", ".join(f'<{base}{number}>; rel="{name}"' for name, number in places)
        return 200, {"Link": links} if links else {}, orjson.dumps(rows)

    def _second(self, id_: int) -> int:
        return id_ // self.a_second

    def _row(self, id_: int) -> dict[str, object]:
        second = self._second(id_)
        return row(id=id_, number=id_ + 1, created_at=f"2026-01-05T08:{second // 60:02}:{second % 60:02}Z")


@pytest.mark.parametrize("a_second", [1, 3, 7, 250])
@pytest.mark.parametrize("issues", [100, 101, 150, 200, 201, 299, 300, 350])
def test_no_issue_is_lost_of_a_second_that_stands_the_same_way_in_both_directions(
    issues: int, a_second: int
) -> None:
    with responses.RequestsMock() as api:
        api.add_callback("GET", f"{BASE}/repos/acme/site/issues", Shelf(issues, a_second))
        assert len(opened().reader.present()) == issues
        most = -(-issues // 100) + (2 if a_second > 1 or issues % 100 == 99 else 0)
        assert len(api.calls) <= most

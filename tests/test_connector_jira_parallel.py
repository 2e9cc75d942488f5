"""Pages read beside one another make the same whole as pages read in a row, whatever moves meanwhile."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug import Request, Response

from connectors.errors import TrackerError
from connectors.jira.id_set import IdSet
from connectors.jira.tracker import JiraTracker
from connectors.models import Interest, IssueRef, Page
from connectors.sandbox.faults import Close, Fault, Hook, Replace, Status
from connectors.sandbox.jira_truth.store import Face
from tests.conformance import pull
from tests.test_connector_jira import FACES, OUTSIDE, PROJECT, JiraHarness, harness_of

ASKED = {"cloud": "/issue/bulkfetch", "datacenter": "/search"}
"""Where the pages of a long pull are asked for."""


@pytest.fixture(params=FACES)
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    yield from harness_of(request.param)


@pytest.fixture
def cloud() -> Iterator[JiraHarness]:
    yield from harness_of("cloud")


@pytest.fixture
def center() -> Iterator[JiraHarness]:
    yield from harness_of("datacenter")


def paths(jira: JiraHarness) -> list[str]:
    return [one.path.rpartition("/rest/api/2/")[2] for one in jira.server.log]


def small(jira: JiraHarness, **more: int) -> JiraTracker:
    """A tracker with short pages, so that few issues make many."""
    return jira.open(token=None, page_size=5, **more)


# How many requests


def test_a_long_pull_costs_its_pages_and_three_requests(jira: JiraHarness) -> None:
    for number in range(1_234):
        jira.create(f"Task {number}")
    assert len(pull(jira.open())) == 1_234
    assert len(jira.server.log) <= 13 + 3


def test_a_short_first_pull_costs_no_more_than_what_it_must_know(jira: JiraHarness) -> None:
    jira.create("A")
    pull(jira.open())
    assert len(jira.server.log) == 2
    assert paths(jira)[0] == "field"


def test_one_request_where_nothing_changed(jira: JiraHarness) -> None:
    jira.create("A")
    jira.pass_time(timedelta(hours=1))
    first = jira.open().reader.changed_since(None, Interest())
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    jira.server.log.clear()
    second = jira.open().reader.changed_since(first.cursor, Interest())
    assert [issue for page in second.pages for issue in page.issues] == []
    assert len(jira.server.log) == 1
    assert not second.full
    jira.pass_time(timedelta(minutes=5))
    assert pull(jira.open(), second.cursor) == {}
    assert len(jira.server.log) == 2


def test_a_few_changes_cost_their_own_page(jira: JiraHarness) -> None:
    refs = [jira.create(f"Task {number}") for number in range(30)]
    jira.pass_time(timedelta(hours=1))
    first = jira.open().reader.changed_since(None, Interest())
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    for ref in refs[:3]:
        jira.edit(ref, "After")
    jira.server.log.clear()
    assert set(pull(jira.open(), first.cursor)) == set(refs[:3])
    assert len(jira.server.log) == 1


# Faults


@pytest.mark.parametrize("fault", [Status(500), Status(403), Status(200, {}, "no JSON"), Close()], ids=repr)
def test_a_fault_in_the_seventh_of_nine_pages_ends_the_pull_and_loses_nothing(
    jira: JiraHarness, fault: Status | Close
) -> None:
    refs = {jira.create(f"Task {number}") for number in range(45)}
    jira.server.plan(Fault(kind=fault, path=ASKED[jira.site.face], nth=7, times=None))
    tracker = small(jira, attempts=2)
    broken = tracker.reader.changed_since(None, Interest())
    came = []
    with pytest.raises(TrackerError):
        came += [issue.ref for page in broken.pages for issue in page.issues]
    jira.server.clear_faults()
    assert set(pull(small(jira))) == refs


def test_the_seventh_page_that_fails_once_is_asked_again(jira: JiraHarness) -> None:
    refs = {jira.create(f"Task {number}") for number in range(45)}
    jira.server.plan(Fault(kind=Status(503), path=ASKED[jira.site.face], nth=7))
    assert set(pull(small(jira))) == refs


def test_a_rate_limit_in_the_midst_loses_nothing(jira: JiraHarness) -> None:
    refs = {jira.create(f"Task {number}") for number in range(45)}
    limit = Status(429, {"Retry-After": "0"}, {"errorMessages": ["Too many."]})
    jira.server.plan(Fault(kind=limit, path=ASKED[jira.site.face], nth=4, times=3))
    tracker = small(jira, attempts=9)
    assert set(pull(tracker)) == refs


def test_a_pull_that_nobody_reads_to_its_end_leaves_nothing_running(jira: JiraHarness) -> None:
    for number in range(100):
        jira.create(f"Task {number}")
    pages = small(jira).reader.changed_since(None, Interest()).pages
    for _ in range(4):
        next(pages)
    del pages
    asked = len(jira.server.log)
    jira.create("Later")
    assert len(jira.server.log) == asked < 20


# What moves between the listing and the fetch


def before_page(jira: JiraHarness, number: int, call: Callable[[], object]) -> None:
    def alone() -> None:
        with jira.server.world.lock:
            call()

    jira.server.plan(Fault(kind=Hook(alone), path=ASKED[jira.site.face], nth=number))


def test_an_issue_that_changes_in_between_comes_as_it_is_then(cloud: JiraHarness) -> None:
    refs = [cloud.create(f"Task {number}") for number in range(30)]
    before_page(cloud, 1, lambda: cloud.edit(refs[20], "After"))
    assert pull(small(cloud))[refs[20]].title == "After"


def test_an_issue_that_changes_behind_the_reading_comes_with_the_next_pull(jira: JiraHarness) -> None:
    refs = [jira.create(f"Task {number}") for number in range(30)]
    jira.pass_time(timedelta(hours=1))
    tracker = small(jira)
    first = tracker.reader.changed_since(None, Interest())
    list(first.pages)
    jira.edit(refs[0], "After")
    jira.pass_time(timedelta(hours=1))
    assert pull(small(jira), first.cursor)[refs[0]].title == "After"


def test_an_issue_that_vanishes_in_between_takes_no_other_with_it(jira: JiraHarness) -> None:
    refs = [jira.create(f"Task {number}") for number in range(45)]
    before_page(jira, 3, lambda: jira.delete(refs[3]))
    before_page(jira, 4, lambda: jira.delete(refs[40]))
    found = set(pull(small(jira)))
    assert set(refs) - {refs[3], refs[40]} <= found


def test_rows_that_move_out_of_the_scope_between_pages_hide_no_other(center: JiraHarness) -> None:
    refs = [center.create(f"Task {number}") for number in range(60)]

    def leave() -> None:
        for ref in refs[:3]:
            center.move(ref)

    before_page(center, 4, leave)
    assert set(refs[3:]) <= set(pull(small(center)))


def test_a_row_that_moves_into_the_scope_between_pages_hides_no_other(center: JiraHarness) -> None:
    old = center.create("Old", outside=True)
    refs = {center.create(f"Task {number}") for number in range(60)}
    before_page(center, 2, lambda: center.site.move(old.id, PROJECT))
    assert refs <= set(pull(small(center)))


def test_an_issue_that_the_bulk_fetch_leaves_out_is_looked_up_by_itself(cloud: JiraHarness) -> None:
    refs = [cloud.create(f"Task {number}") for number in range(30)]
    hide(cloud, {refs[12].id, refs[17].id})
    assert set(pull(small(cloud))) == set(refs)


def test_a_bulk_fetch_that_brings_nothing_is_not_believed(cloud: JiraHarness) -> None:
    refs = [cloud.create(f"Task {number}") for number in range(120)]
    hide(cloud, {ref.id for ref in refs})
    assert set(pull(small(cloud))) == set(refs)


def test_a_site_without_the_bulk_fetch_is_read_page_by_page(cloud: JiraHarness) -> None:
    refs = {cloud.create(f"Task {number}") for number in range(30)}
    cloud.server.plan(Fault(kind=Status(404), path="/issue/bulkfetch", times=None))
    assert set(pull(small(cloud))) == refs


def test_what_the_bulk_fetch_could_not_send_is_told(cloud: JiraHarness) -> None:
    refs = [cloud.create(f"Task {number}") for number in range(30)]

    def change(request: Request, response: Response) -> Response:
        answer = orjson.loads(response.get_data())
        answer["issueErrors"] = [{"id": one["id"]} for one in answer["issues"] if one["id"] == refs[9].id]
        answer["issues"] = [one for one in answer["issues"] if one["id"] != refs[9].id]
        response.set_data(orjson.dumps(answer))
        return response

    cloud.server.plan(Fault(kind=Replace(change), path="/issue/bulkfetch", times=None))
    pages: list[Page] = list(small(cloud).reader.changed_since(None, Interest()).pages)
    assert [one.id for page in pages for one in page.unread] == [refs[9].id]
    assert len({issue.ref for page in pages for issue in page.issues}) == 29


def hide(cloud: JiraHarness, ids: set[str]) -> None:
    """Let the bulk fetch leave these out."""

    def change(request: Request, response: Response) -> Response:
        answer = orjson.loads(response.get_data())
        answer["issues"] = [one for one in answer["issues"] if one["id"] not in ids]
        response.set_data(orjson.dumps(answer))
        return response

    cloud.server.plan(Fault(kind=Replace(change), path="/issue/bulkfetch", times=None))


# Parallel equals sequential


STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 10_000), st.sampled_from([PROJECT, OUTSIDE])), max_size=10
)
"""What happens while pages are read: which thing, to which issue, and where it moves if it moves."""


def disturb(jira: JiraHarness, refs: list[IssueRef], steps: list[tuple[int, int, str]]) -> None:
    """Let the next thing happen to one issue, or a new one come; pages are asked for by several threads."""
    with jira.server.world.lock:
        what, which, place = steps.pop() if steps else (6, 0, "")
        living = [ref for ref in refs if int(ref.id) in jira.site.issues]
        ref = living[which % len(living)]
        match what:
            case 0:
                jira.delete(ref)
            case 1 | 2:
                jira.site.move(ref.id, place)
            case 3:
                refs.append(jira.create("Added"))
            case 4 | 5:
                jira.edit(ref, f"Edit {which}")


@pytest.mark.parametrize("face", FACES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_a_parallel_pull_and_the_next_end_where_a_sequential_one_does(
    face: Face, steps: list[tuple[int, int, str]]
) -> None:
    for jira in harness_of(face):
        refs = [jira.create(f"Task {number}", outside=number % 7 == 0) for number in range(60)]
        jira.pass_time(timedelta(hours=1))
        happens = partial(disturb, jira, refs, list(steps))
        jira.server.plan(Fault(kind=Hook(happens), path="/search|/bulkfetch", nth=2, times=len(steps)))
        first = small(jira, id_page_size=20).reader.changed_since(None, Interest())
        stored = {issue.ref: issue for page in first.pages for issue in page.issues}
        jira.server.clear_faults()
        jira.pass_time(timedelta(minutes=30))
        tracker = small(jira)
        stored |= pull(tracker, first.cursor)
        present = tracker.reader.present()
        truth = pull(small(jira, workers=1))
        assert present == {ref.id for ref in truth}
        assert {ref: issue for ref, issue in stored.items() if ref.id in present} == truth


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
def test_any_number_of_workers_reads_the_same(jira: JiraHarness, workers: int) -> None:
    refs = {jira.create(f"Task {number}", labels=["x"]) for number in range(53)}
    found = pull(small(jira, workers=workers, id_page_size=20))
    assert set(found) == refs
    assert found == pull(small(jira, workers=1))


# The share of the API quota


def test_a_pull_beyond_the_share_is_put_off(jira: JiraHarness) -> None:
    for number in range(60):
        jira.create(f"Task {number}")

    def change(request: Request, response: Response) -> Response:
        now = jira.server.world.clock.now()
        response.headers["X-RateLimit-Limit"] = "10"
        response.headers["X-RateLimit-Remaining"] = "9"
        response.headers["X-RateLimit-Reset"] = (now + timedelta(hours=1)).isoformat()
        return response

    jira.server.plan(Fault(kind=Replace(change), times=None))
    tracker = small(jira, workers=1)
    with pytest.raises(TrackerError, match="put off: milepost's share of the API quota is spent"):
        pull(tracker)
    assert len(jira.server.log) == 5
    tracker.close()
    with pytest.raises(TrackerError, match="put off"):
        pull(small(jira))
    assert len(jira.server.log) == 5
    jira.pass_time(timedelta(hours=2))
    jira.server.clear_faults()
    assert len(pull(small(jira))) == 60


# Ids


@given(st.lists(st.one_of(st.integers(0, 10**20).map(str), st.text(max_size=5))))
def test_a_set_of_ids_is_a_set(ids: list[str]) -> None:
    kept, truth = IdSet(), set[str]()
    for identity in ids:
        assert kept.add(identity) == (identity not in truth)
        truth.add(identity)
    assert all(identity in kept for identity in truth)
    assert "no such id" not in kept or "no such id" in truth

"""More places that go wrong by themselves: what rests on them waits, all else goes on, and all heals."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Kind, Replace, Status
from connectors.sandbox.github_wire.render import node_id
from core.steps.run_report import Report
from core.sync import sync
from tests.runs import CLOUD, DATACENTER, MARKETING, House, house, milestone, percents

RUNS = 3
SHOP = milestone("shop", 'repository = "acme/shop"', 'tracking = "acme/shop#1"')
TRACKED = 'tracking = "MKT-7"'
WORDS = milestone("words", 'project = "MKT"\nlabel = "words"', 'tracking = "MKT-7"')


def furnished(here: House) -> House:
    """Two repositories, each with a milestone, and one more project's milestone."""
    here.github.create_repo("acme/shop")
    for title in ("Open a shop", "Choose what to sell", "Find out what it costs"):
        here.github.create_issue("acme/shop", title)
    here.github.close("acme/shop#2")
    here.jira.create_issue("MKT", "Find better words", type="Epic")
    here.jira.create_issue("MKT", "Read what others write", labels=["words"])
    here.settings["github"] = {"repositories": ["acme/site", "acme/shop"]}
    here.limits = here.limits.model_copy(update={"max_jump_points": 100})
    return here


def go_on(here: House, number: int) -> None:
    """Something gets done in each tracker before run number 0, 1 or 2."""
    here.world.clock.advance(900)
    here.jira.transition(("BLOG-4", "MKT-4", "MKT-8")[number], "Done", "Done")
    here.github.close(("acme/site#4", "acme/shop#3", "acme/site#5")[number])


def headlines(here: House) -> dict[str, list[int]]:
    """The percentage that each comment tells first."""
    return {key: percents(body) for key, body in here.ours().items()}


def story(folder: Path, face: str, spoil: Callable[[House], object] | None) -> list[dict[str, list[int]]]:
    """The headlines after each of three runs with the fault, and after the day that follows."""
    told = []
    with house(folder, face, MARKETING + SHOP + WORDS) as here:
        furnished(here).sync()
        if spoil is not None:
            spoil(here)
        for number in range(RUNS):
            go_on(here, number)
            here.sync()
            told.append(headlines(here))
        here.server.clear_faults()
        for _ in range(2):
            here.world.clock.advance(86_400 / 2 + 60)
            report = here.sync()
        assert not report.failed, (report.line, report.conclusion.problems)
        told.append(headlines(here))
    return told


@cache
def well(face: str) -> list[dict[str, list[int]]]:
    """The story without a fault."""
    with TemporaryDirectory() as folder:
        return story(Path(folder), face, None)


def together(
    folder: Path, spoil: Callable[[House], object], spared: set[str], face: str = CLOUD
) -> list[dict[str, list[int]]]:
    """The headlines with the fault; what is spared, and all at the end, is as without it."""
    told = story(folder, face, spoil)
    for number, (right, now) in enumerate(zip(well(face), told, strict=True)):
        same = right.keys() if number == RUNS else spared
        assert {key: now[key] for key in same} == {key: right[key] for key in same}, number
    return told


JIRA = {"BLOG-1", "MKT-2", "MKT-7"}
GITHUB = {"acme/site#1", "acme/shop#1"}


def changed(change: Callable[[Any], Any]) -> Replace:
    """The answer as `change` makes it of the sandbox's."""

    def spoil(_request: Request, response: Response) -> Response:
        if response.get_data():
            response.set_data(json.dumps(change(json.loads(response.get_data()))))
        return response

    return Replace(spoil)


# GraphQL


@pytest.mark.parametrize("type_", ["SOMETHING_WENT_WRONG", "RESOURCE_LIMITS_EXCEEDED", None])
def test_an_error_about_one_node_beside_the_data_of_others_costs_only_its_tree(
    type_: str | None, tmp_path: Path
) -> None:
    def spoil(here: House) -> None:
        node = node_id("I", here.github.issue("acme/site#1").id)

        def change(answer: Any) -> Any:
            nodes = answer.get("data", {}).get("nodes") or []
            answer["data"]["nodes"] = [None if each and each.get("id") == node else each for each in nodes]
            answer["errors"] = [{"type": type_, "message": "Something went wrong", "path": ["nodes", 0]}]
            return answer

        here.server.plan(Fault(kind=changed(change), path="/graphql$", body=node, times=None))

    told = together(tmp_path, spoil, {*JIRA - {"MKT-2"}, "acme/shop#1"})
    assert [each["acme/site#1"] for each in told[:RUNS]] == [told[0]["acme/site#1"]] * RUNS


# Totals that lie


def lying(total: int) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        if isinstance(answer, dict) and "total" in answer:
            answer["total"] = total
        return answer

    return change


@pytest.mark.parametrize(("total", "face"), [(0, CLOUD), (10**9, CLOUD), (-1, DATACENTER), (50, DATACENTER)])
def test_a_total_of_comments_that_lies_holds_nothing_but_that_issue(
    total: int, face: str, tmp_path: Path
) -> None:
    def spoil(here: House) -> None:
        path = rf"/issue/{here.jira.issue('BLOG-1').id}/comment$"
        here.server.plan(Fault(kind=changed(lying(total)), site="jira", path=path, method="GET", times=None))

    together(tmp_path, spoil, (JIRA | GITHUB) - {"BLOG-1"}, face)


@pytest.mark.parametrize("total", [0, 10**6])
def test_a_total_of_a_search_that_lies_takes_nothing_away(total: int, tmp_path: Path) -> None:
    def spoil(here: House) -> None:
        here.server.plan(Fault(kind=changed(lying(total)), site="jira", path="/search$", times=None))

    told = together(tmp_path, spoil, GITHUB, DATACENTER)
    assert {tuple(each["BLOG-1"]) for each in told} <= {(), (65,), (90,)}


# Odd values in one row


def row_of(key: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    """Changes the row of one issue wherever it stands in an answer."""
    number = key.partition("#")[2]
    repository = key.partition("#")[0]

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not ("title" in value or "fields" in value):
            return False
        page = str(value.get("html_url") or "")
        return value.get("key") == key or (bool(number) and page.endswith(f"/{repository}/issues/{number}"))

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(each) for each in value]
        if isinstance(value, dict):
            return change(value) if fits(value) else {name: walk(each) for name, each in value.items()}
        return value

    return walk


def set_to(**values: Any) -> Callable[[dict[str, Any]], Any]:
    def change(row: dict[str, Any]) -> Any:
        fields = row.get("fields")
        inner = fields if isinstance(fields, dict) else row
        inner.update({name: value for name, value in values.items() if name in inner})
        return row

    return change


ODD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "labels null": set_to(labels=None),
    "labels of numbers": set_to(labels=[1, {"name": 2}]),
    "state weird": set_to(state="weird", status={"name": "Weird", "statusCategory": {"key": "weird"}}),
    "title null": set_to(title=None, summary=None),
    "no zone": set_to(updated_at="2027-02-01T00:00:00", updated="2027-02-01T00:00:00"),
    "year 0": set_to(updated_at="0000-01-01T00:00:00Z", updated="0000-01-01T00:00:00.000+0000"),
    "year 9999": set_to(updated_at="9999-12-31T23:59:59Z", updated="9999-12-31T23:59:59.000-1200"),
    "id a float": lambda row: {**row, "id": 1.5},
    "id text": lambda row: {**row, "id": str(row["id"])},
    "not an object": lambda row: [1],
    "null": lambda row: None,
    "empty": lambda row: {},
}


SOME = [(odd, "acme/shop#3") for odd in ODD] + [
    (odd, "BLOG-4") for odd in ("state weird", "year 9999", "id a float", "not an object")
]


@pytest.mark.parametrize(("odd", "key"), SOME)
def test_an_odd_value_in_one_row_costs_only_what_rests_on_it(odd: str, key: str, tmp_path: Path) -> None:
    def spoil(here: House) -> None:
        site = "github" if "#" in key else "jira"
        here.server.plan(Fault(kind=changed(row_of(key, ODD[odd])), site=site, times=None))

    rests = {"BLOG-1"} if key == "BLOG-4" else {"acme/shop#1"}
    together(tmp_path, spoil, (JIRA | GITHUB) - rests)


HOSTILE = ["a\x00b", "a\ud800b", "ghp_" + "a" * 36, "\u202eabc", "x" * 100_000, "\n\n# h", "\ufdd0\uffff"]


def test_hostile_titles_cost_nothing(tmp_path: Path) -> None:
    def spoil(here: House) -> None:
        keys = ("BLOG-4", "acme/shop#3", "acme/site#4", "BLOG-2", "MKT-8", "acme/site#5", "acme/site#2")
        for key, title in zip(keys, HOSTILE, strict=True):
            change = row_of(key, set_to(title=title, summary=title))
            here.server.plan(Fault(kind=changed(change), times=None))

    together(tmp_path, spoil, JIRA | GITHUB)


def test_a_page_address_that_looks_like_a_token_has_no_effect(tmp_path: Path) -> None:
    def spoil(here: House) -> None:
        url = "https://github.com/ghp_" + "a" * 36 + "/x/issues/1"
        here.server.plan(
            Fault(kind=changed(row_of("acme/shop#3", lambda row: {**row, "html_url": url})), times=None)
        )

    together(tmp_path, spoil, JIRA | GITHUB - {"acme/shop#1"})


def test_rows_that_come_twice_in_a_list_count_once(tmp_path: Path) -> None:
    def doubled(answer: Any) -> Any:
        if isinstance(answer, list):
            return [*answer, *answer]
        if isinstance(answer, dict) and isinstance(answer.get("issues"), list):
            return {**answer, "issues": [*answer["issues"], *answer["issues"]]}
        return answer

    def spoil(here: House) -> None:
        here.server.plan(
            Fault(
                kind=changed(doubled), path=r"/issues$|/search|/bulkfetch|/labels$", method=None, times=None
            )
        )

    together(tmp_path, spoil, JIRA | GITHUB)


# Defects of a connector


class Defective:
    """A tracker, or one half of it, that raises what no tracker should in one of its methods."""

    def __init__(self, inner: Any, method: str, error: BaseException) -> None:
        self._inner, self._method, self._error = inner, method, error

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == self._method:
            return self._raise
        return Defective(found, self._method, self._error) if name in ("reader", "writer") else found

    def _raise(self, *_: Any, **__: Any) -> Any:
        raise self._error


METHODS = [
    "changed_since", "survey", "locate", "fetch", "matching", "posted", "comment", "label_definitions",
    "create_comment", "edit_comment", "change_labels", "define_label",
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "name"), [(method, ("jira", "github")[number % 2]) for number, method in enumerate(METHODS)]
)
def test_whatever_a_connector_raises_costs_only_its_own_tracker(
    method: str, name: str, tmp_path: Path
) -> None:
    errors: list[BaseException] = [RuntimeError("odd"), RecursionError("deep"), MemoryError()]
    with house(tmp_path, mapping=MARKETING + SHOP + WORDS + QUERIES) as here:
        furnished(here)
        if method not in ("create_comment", "define_label"):
            here.sync()

        def spoilt_run(error: BaseException) -> Report:
            with here.job() as job, job.store.lock():
                broken = {**job.trackers, name: Defective(job.trackers[name], method, error)}
                return sync(replace(job, trackers=broken))

        for number, error in enumerate(errors):
            go_on(here, number)
            here.world.clock.advance(90_000)
            spoilt_run(error)
        other = "acme/shop#1" if name == "jira" else "MKT-7"
        assert percents(here.ours()[other]) == [100]
        here.world.clock.advance(90_000)
        here.sync()
        here.world.clock.advance(90_000)
        here.agreed()


QUERIES = milestone("asked", 'jql = "labels = words"', 'tracking = "MKT-3"') + milestone(
    "found", 'search = "is:closed"', 'tracking = "acme/shop#2"'
)


# Queries and the tracker's own


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
@pytest.mark.parametrize("kind", [Status(400, body={"errorMessages": ["no"]}), Status(403), Status(500)])
def test_a_query_that_fails_costs_only_the_milestones_on_it(kind: Kind, face: str, tmp_path: Path) -> None:
    mapping = MARKETING + SHOP + WORDS + QUERIES
    with house(tmp_path, face, mapping) as here:
        furnished(here).sync()
        here.server.plan(Fault(kind=kind, site="jira", path="/search", body="labels = words", times=None))
        for number in range(RUNS):
            go_on(here, number)
            report = here.sync()
            assert report.failed
            assert any("labels = words" in problem for problem in report.conclusion.problems)
        assert percents(here.ours()["MKT-3"]) == []
        assert percents(here.ours()["MKT-7"]) == [100]
        assert percents(here.ours()["BLOG-1"]) == [90]
        here.server.clear_faults()
        here.agreed()
        assert percents(here.ours()["MKT-3"]) == [100]

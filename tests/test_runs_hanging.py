"""Lists whose answer never ends: they cost what rests on them, end by a limit, and all heals."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.sandbox.faults import Drip, Fault, Hang
from tests.runs import CLOUD, DATACENTER, MARKETING, House, house, percents
from tests.test_runs_isolation_kinds import (
    GITHUB,
    JIRA,
    QUERIES,
    RUNS,
    SHOP,
    WORDS,
    furnished,
    go_on,
    together,
)

SILENCE = 0.5
"""Seconds without a byte that end a wait for an answer in these tests."""


class Fast(threading.local):
    """Seconds that pass a second with every look, for each thread by itself.

    A list that drips is looked at without end, an ordinary answer some ten times, so that the limit of five
    minutes for a whole answer ends the first and leaves the others alone, without waiting.
    """

    seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.http.deadline.monotonic", Fast())


@dataclass
class Hanging:
    """Lets the answers to one path begin and never end."""

    kind: Drip | Hang
    site: str
    path: str | Callable[[House], str]
    body: str | None = None
    planned: list[Fault] = field(default_factory=list)

    def __call__(self, here: House) -> None:
        if isinstance(self.kind, Hang):
            here.settings[self.site] |= {"read_timeout": SILENCE, "attempts": 1}
        path = self.path if isinstance(self.path, str) else self.path(here)
        fault = Fault(kind=self.kind, site=self.site, path=path, body=self.body, times=None)
        self.planned.append(here.server.plan(fault))


def costs_only_what_rests_on_it(
    folder: Path, spoil: Hanging, rests: set[str], face: str = CLOUD
) -> list[dict[str, list[int]]]:
    """The headlines of three runs with the hanging list and after it; all but `rests` is as without it."""
    told = together(folder, spoil, (JIRA | GITHUB) - rests, face)
    assert all(fault.fired for fault in spoil.planned)
    return told


def _comments(here: House) -> str:
    return rf"/issue/{here.jira.issue('BLOG-1').id}/comment"


KINDS = pytest.mark.parametrize("kind", [Drip(), Hang()], ids=["drips", "hangs"])


@KINDS
def test_a_list_of_comments_of_jira_costs_only_its_issue(kind: Drip | Hang, tmp_path: Path) -> None:
    costs_only_what_rests_on_it(tmp_path, Hanging(kind, "jira", _comments), {"BLOG-1"})


@KINDS
def test_a_list_of_comments_of_github_costs_only_its_issue(kind: Drip | Hang, tmp_path: Path) -> None:
    costs_only_what_rests_on_it(
        tmp_path, Hanging(kind, "github", "/acme/shop/issues/1/comments$"), {"acme/shop#1"}
    )


@KINDS
def test_a_list_of_issues_of_a_repository_costs_only_what_rests_on_it(
    kind: Drip | Hang, tmp_path: Path
) -> None:
    costs_only_what_rests_on_it(tmp_path, Hanging(kind, "github", "/acme/shop/issues$"), {"acme/shop#1"})


@KINDS
def test_a_list_of_label_definitions_costs_only_labels_there(kind: Drip | Hang, tmp_path: Path) -> None:
    costs_only_what_rests_on_it(tmp_path, Hanging(kind, "github", "/acme/shop/labels$"), set())


@KINDS
@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_a_search_of_jira_costs_only_what_rests_on_jira(kind: Drip | Hang, face: str, tmp_path: Path) -> None:
    rests = JIRA | {"acme/site#1"}
    told = costs_only_what_rests_on_it(tmp_path, Hanging(kind, "jira", r"/search(/jql)?$"), rests, face)
    assert [each["MKT-7"] for each in told[:RUNS]] == [told[0]["MKT-7"]] * RUNS


@KINDS
def test_a_query_of_a_rule_costs_only_its_milestone(kind: Drip | Hang, tmp_path: Path) -> None:
    with house(tmp_path, mapping=MARKETING + SHOP + WORDS + QUERIES) as here:
        furnished(here).sync()
        Hanging(kind, "jira", "/search", "labels = words")(here)
        for number in range(RUNS):
            go_on(here, number)
            report = here.sync()
            assert report.failed
            [problem] = [each for each in report.conclusion.problems if "labels = words" in each]
            assert ("took more than 300 s" if kind == Drip() else "before the answer was in") in problem
        assert percents(here.ours()["MKT-7"]) == [100]
        assert percents(here.ours()["acme/shop#1"]) == [100]
        here.server.clear_faults()
        here.agreed()
        assert percents(here.ours()["MKT-3"]) == [100]

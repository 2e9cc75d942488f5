"""What `milepost status` says of the issues and rules that the mapping does not bring together."""

from collections.abc import Collection
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from connectors.models import Container, Issue, IssueRef, Page, Pull
from core.cli.last_run import MOST_CLOSED, closed_lines, container_lines, reach_lines
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.actions import Held
from core.rollup.refresh import refresh
from core.rollup.rollup_rules import RollupRules
from core.steps.evaluate import evaluate
from core.steps.queries import QueryResults
from core.store import open_store
from core.store.stored_values import StoredContainer
from mappings.rule import Rule
from tests.builders import GITHUB, JIRA, NOON, a_mapping, a_milestone, an_issue


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lines(*issues: Issue, tracking: Collection[IssueRef] = ()) -> list[str]:
    """The lines for one milestone with two rules, and these issues; labels decide which it tags."""
    rules = (Rule(label=("blog",)), Rule(name="Texts", label=("texts",)))
    mapping = a_mapping([a_milestone("blog", rules=rules)])
    infos = {info.name: info for info in (JIRA, GITHUB)}
    with open_store("milepost.db") as store:
        store.save_pull("jira", Pull("cursor", iter([Page(issues)]), full=True), NOON - timedelta(hours=1))
        scheme = RollupRules.of(mapping, infos, store.resolver(), ProgressPolicy(), 10)
        with store.updating_rollup() as writer:
            refresh(writer, scheme)
        evaluation = evaluate(
            scheme, QueryResults(), store.rollup(), store.resolver(), {}, {}, (), HealthPolicy(), NOON, UTC
        )
        return list(reach_lines(evaluation, tracking))


def test_issues_that_no_rule_tags_are_counted_by_place() -> None:
    told = lines(an_issue("BLOG-1", labels=("blog",)), an_issue("BLOG-2"), an_issue("BLOG-3"))
    assert told[0] == "1 of 3 issues count somewhere; no rule tags 2: 2 in BLOG"


def test_an_issue_that_carries_a_comment_is_no_forgotten_work() -> None:
    epic = an_issue("MKT-1")
    told = lines(an_issue("BLOG-1", labels=("blog", "texts")), epic, tracking=[epic.ref])
    assert told[0] == "1 of 1 issues count somewhere"


def test_places_that_cannot_be_measured_are_told_with_the_reason() -> None:
    places = [
        StoredContainer(Container("3", "acme/site", writable=True)),
        StoredContainer(Container("4", "acme/shut", error="answered 451"), failed_at=NOON),
        StoredContainer(Container("5", "acme/thin"), doubt="it lists none of 4 issues"),
    ]
    assert [line.plain for line in container_lines(places)] == [
        f"  acme/shut cannot be measured since {NOON:%Y-%m-%d %H:%M} UTC: answered 451",
        "  acme/thin cannot be measured: it lists none of 4 issues",
    ]
    assert list(container_lines(places[:1])) == []


def test_places_that_take_no_writes_are_told_and_a_long_list_is_cut() -> None:
    assert list(closed_lines(())) == []
    several = [Held(f"github: acme/{number}", "archived", "") for number in range(MOST_CLOSED + 2)]
    lines = [line.plain for line in closed_lines(several)]
    assert lines[:2] == ["counted as it stands, and not written to:", "  github: acme/0: archived"]
    assert lines[-1] == "  and 2 more places"
    assert len(lines) == MOST_CLOSED + 2

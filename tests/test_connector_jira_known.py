"""What is remembered between runs: believed for a day, asked again where it is contradicted or not enough."""

from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest

from connectors.jira.tracker import open_tracker
from connectors.models import Interest
from tests.conformance import NAME, pull
from tests.test_connector_jira import FACES, PROJECT, JiraHarness, harness_of

HOUR = timedelta(hours=1)


@pytest.fixture(params=FACES)
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    for jira in harness_of(request.param):
        jira.site.create_issue(PROJECT, "A", points=3)
        jira.pass_time(HOUR)
        yield jira


def asked(jira: JiraHarness) -> list[str]:
    """The paths that were asked for since the last look."""
    found = [one.path.rpartition("/rest/api/2/")[2] for one in jira.server.log]
    jira.server.log.clear()
    return found


def run(jira: JiraHarness, cursor: str | None = None, interest: Interest | None = None) -> str:
    """One whole pull of one run; its cursor."""
    tracker = jira.open()
    found = tracker.reader.changed_since(cursor, interest or Interest())
    list(found.pages)
    tracker.close()
    return found.cursor


def test_what_was_found_is_asked_again_after_a_day(jira: JiraHarness) -> None:
    cursor = run(jira)
    jira.pass_time(timedelta(hours=23))
    asked(jira)
    run(jira, cursor)
    assert "field" not in asked(jira)
    jira.pass_time(timedelta(hours=2))
    run(jira, cursor)
    assert "field" in asked(jira)


def test_a_field_that_the_mapping_wants_anew_is_asked_for_and_brings_everything(jira: JiraHarness) -> None:
    jira.site.add_field("Country", "text")
    cursor = run(jira)
    asked(jira)
    found = jira.open().reader.changed_since(cursor, Interest(fields=frozenset({"Country"})))
    assert found.full
    assert len(list(found.pages)) >= 1
    assert "field" in asked(jira)


def test_a_field_that_is_missing_from_an_issue_is_asked_for_once_more(jira: JiraHarness) -> None:
    cursor = run(jira)
    known = orjson.loads(jira.memory.facts["jira.fields"])
    known["map"]["points"] = ["customfield_99999"]  # as if it had been deleted and made anew since
    jira.memory.set("jira.fields", orjson.dumps(known).decode())
    run(jira)  # brings an issue without it
    asked(jira)
    found = jira.open().reader.changed_since(cursor, Interest())
    assert [issue.points for page in found.pages for issue in page.issues] in ([], [3])
    assert "field" in asked(jira)


def test_a_field_that_is_always_missing_is_asked_for_once(jira: JiraHarness) -> None:
    jira.site.add_field("Country", "text")
    interest = Interest(fields=frozenset({"Country"}))
    cursor = run(jira, None, interest)
    cursor = run(jira, cursor, interest)
    asked(jira)
    run(jira, cursor, interest)
    assert "field" not in asked(jira)


def test_a_local_clock_that_is_wrong_by_days_costs_one_request_more_once(jira: JiraHarness) -> None:
    cursor = run(jira)

    def wrong() -> str:
        tracker = open_tracker(
            NAME,
            jira.settings(),
            memory=jira.memory,
            clock=lambda: jira.server.world.clock.now() + timedelta(hours=5),
            notify=jira.notices.append,
        )
        found = tracker.reader.changed_since(cursor, Interest())
        list(found.pages)
        tracker.close()
        return found.cursor

    jira.pass_time(HOUR)
    asked(jira)
    first = wrong()
    assert len(asked(jira)) == 2
    jira.pass_time(HOUR)
    second = wrong()
    assert len(asked(jira)) == 1
    instants = [orjson.loads(text)["instant"] for text in (first, second)]
    assert instants == sorted(instants)
    assert instants[1] <= jira.server.world.clock.now().isoformat()


def test_the_answers_own_headers_prove_the_login(jira: JiraHarness) -> None:
    run(jira)
    assert "myself" not in asked(jira)
    assert len(pull(jira.open())) == 1
    assert "myself" not in asked(jira)


@pytest.mark.parametrize(("back", "full"), [(timedelta(seconds=100), False), (timedelta(minutes=30), True)])
def test_a_servers_clock_that_went_back_costs_a_full_pull_only_beyond_the_overlap(
    jira: JiraHarness, back: timedelta, full: bool
) -> None:
    cursor = run(jira)
    ref = jira.create("Late")
    jira.pass_time(-back)
    found = jira.open().reader.changed_since(cursor, Interest())
    assert found.full == full
    assert ref in {issue.ref for page in found.pages for issue in page.issues}

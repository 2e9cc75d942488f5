"""Clocks that are wrong and repositories that are renamed, over several pulls."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.models import Interest, Posted
from connectors.sandbox.faults import Fault, Headers, SkewedDate
from tests.github_builders import Hub, running
from tests.test_connector_github_lasting import BOTH, Copy

NAMED: dict[str, object] = {"repositories": ["acme/site", "acme/app"]}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as made:
        yield made


def ahead(hub: Hub, hours: int, **values: object) -> dict[str, object]:
    now = hub.server.world.clock.now
    return {**values, "clock": lambda: now() + timedelta(hours=hours)}


@BOTH
def test_without_a_date_a_clock_of_ours_that_is_ahead_loses_no_change(
    hub: Hub, settings: dict[str, object]
) -> None:
    (key,) = hub.fill("acme/app", 1)
    copy = Copy()
    copy.pull(hub, settings, Interest())
    hub.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    for number in range(6):
        hub.later(600)
        copy.pull(hub, ahead(hub, 2, **settings), Interest())
        hub.later(600)
        hub.site.edit(key, title=f"Good {number}")
    hub.server.clear_faults()
    hub.later(600)
    copy.pull(hub, settings, Interest())
    assert copy.issues[key].title == "Good 5"


@BOTH
def test_from_the_first_pull_on_without_a_date_no_change_is_lost(
    hub: Hub, settings: dict[str, object]
) -> None:
    hub.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    (key,) = hub.fill("acme/app", 1)
    copy = Copy()
    for number in range(6):
        copy.pull(hub, ahead(hub, 5, **settings), Interest())
        hub.later(600)
        hub.site.edit(key, title=f"Good {number}")
        hub.later(1200)
    copy.pull(hub, settings, Interest())
    assert copy.issues[key].title == "Good 5"


@BOTH
def test_a_date_that_was_ahead_once_costs_a_full_reading_and_no_change(
    hub: Hub, settings: dict[str, object]
) -> None:
    (key,) = hub.fill("acme/app", 1)
    copy = Copy()
    hub.server.plan(Fault(kind=SkewedDate(7200), times=None))
    copy.pull(hub, settings, Interest())
    hub.server.clear_faults()
    hub.later(600)
    hub.site.edit(key, title="Good")
    hub.later(600)
    copy.pull(hub, settings, Interest())
    assert copy.issues[key].title == "Good"


def test_a_renamed_repository_stays_in_scope_by_either_name_and_takes_writes(hub: Hub) -> None:
    key, other = hub.fill("acme/app", 2)
    copy = Copy()
    copy.pull(hub, NAMED, Interest(roots=frozenset({key})))
    ref = copy.issues[key].ref
    hub.site.rename_repo("acme/app", "acme/web")
    hub.later()
    hub.site.edit(f"acme/web#{other.partition('#')[2]}", title="Changed")
    hub.later()
    copy.pull(hub, NAMED, Interest(roots=frozenset({key})))
    tracker = hub.open(**NAMED)
    assert tracker.info.owns(key)
    assert tracker.info.owns("acme/web#1")
    assert not tracker.info.owns("acme/plans#1")
    assert len({issue.ref for issue in copy.issues.values()}) == 2
    tracker.writer.create_comment(ref, "Hello milepost:a:b", "milepost:a:b")
    assert tracker.writer.change_labels(ref, ["new"], []) == ("new",)
    found = tracker.reader.posted([ref])[ref]
    assert isinstance(found, Posted)
    assert len(found.comments) == 1
    survey = tracker.reader.survey(Interest(containers=frozenset({"acme/app", "acme/site", "no/where"})))
    surveyed = [issue.ref for page in survey.pages for issue in page.issues]
    assert len(surveyed) == len(set(surveyed)) == 2
    names = survey.names()
    assert names.keys() == {"acme/app", "acme/site"}
    by_id = {one.id: one.name for one in survey.containers()}
    assert by_id[names["acme/app"]] == "acme/web"


def test_a_repository_that_is_configured_by_its_old_and_its_new_name_is_one(hub: Hub) -> None:
    hub.fill("acme/app", 3)
    hub.site.rename_repo("acme/app", "acme/web")
    settings: dict[str, object] = {"repositories": ["acme/app", "acme/web"]}
    for _ in range(2):
        survey = hub.open(**settings).reader.survey(Interest())
        assert len({issue.ref for page in survey.pages for issue in page.issues}) == 3
        assert [one.name for one in survey.containers()] == ["acme/web"]
        assert len(set(survey.names().values())) == 1
        hub.later()


@BOTH
def test_a_survey_tells_what_is_archived_and_where_nothing_may_be_written(
    hub: Hub, settings: dict[str, object]
) -> None:
    hub.site.archive_repo("acme/app")
    hub.site.grant("acme/plans", "milepost-bot", "pull")
    survey = hub.open(**settings).reader.survey(Interest())
    list(survey.pages)
    found = {one.name: (one.archived, one.writable) for one in survey.containers()}
    assert found["acme/app"][0]
    assert found["acme/plans"] == (False, False)
    assert found["acme/site"] == (False, True)


def test_a_repository_of_an_organisation_that_comes_into_sight_is_surveyed_at_once(hub: Hub) -> None:
    settings: dict[str, object] = {"repositories": [], "organization": "acme"}
    hub.site.create_repo("acme/secret", private=True)
    keys = hub.fill("acme/secret", 4)
    hub.site.revoke("acme/secret")
    hub.fill("acme/site", 1)
    copy = Copy()
    copy.pull(hub, settings, Interest())
    assert len(copy.issues) == 1
    hub.site.grant("acme/secret", "milepost-bot", "push")
    hub.later(86_400)
    survey = hub.open(**settings).reader.survey(Interest())
    assert {issue.ref.key for page in survey.pages for issue in page.issues} > set(keys)

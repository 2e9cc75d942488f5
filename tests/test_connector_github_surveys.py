"""Surveys of GitHub: whole rows repository by repository, and what is told of each repository."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.github.tracker import GitHubTracker
from connectors.models import Container, Interest, Issue
from connectors.sandbox.faults import Fault, Html, Kind, Status
from tests.github_builders import Hub, pull, running

ORGANISATION: dict[str, Any] = {"repositories": [], "organization": "acme"}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as made:
        yield made


def survey(
    tracker: GitHubTracker, **interest: Any
) -> tuple[dict[str, Issue], dict[str, Container], dict[str, str]]:
    found = tracker.reader.survey(Interest(**interest))
    issues = {issue.ref.key: issue for page in found.pages for issue in page.issues}
    return issues, {one.name: one for one in found.containers()}, dict(found.names())


def id_of(hub: Hub, name: str) -> str:
    return str(hub.site.repo(name).id)


@pytest.mark.parametrize("scope", [{"repositories": ["acme/site", "acme/app", "acme/plans"]}, ORGANISATION])
def test_a_survey_tells_of_each_repository_its_id_and_whether_it_takes_writes(
    hub: Hub, scope: dict[str, Any]
) -> None:
    keys = hub.fill("acme/site", 2) + hub.fill("acme/app", 1)
    hub.site.archive_repo("acme/app")
    hub.site.grant("acme/plans", "milepost-bot", "pull")
    issues, containers, names = survey(hub.open(**scope))
    assert issues.keys() == set(keys)
    assert containers == {
        "acme/app": Container(id_of(hub, "acme/app"), "acme/app", archived=True, writable=True),
        "acme/plans": Container(id_of(hub, "acme/plans"), "acme/plans", writable=False),
        "acme/site": Container(id_of(hub, "acme/site"), "acme/site", writable=True),
    }
    assert names == {name: id_of(hub, name) for name in scope["repositories"]}


@pytest.mark.parametrize(
    "kind",
    [Html(), *(Status(code, {}, {"message": "Sorry"}) for code in (403, 404, 410, 451, 500))],
    ids=str,
)
@pytest.mark.parametrize("scope", [{"repositories": ["acme/site", "acme/app"]}, ORGANISATION])
def test_a_repository_that_cannot_be_listed_is_told_and_the_others_come(
    hub: Hub, kind: Kind, scope: dict[str, Any]
) -> None:
    keys = hub.fill("acme/site", 2)
    hub.fill("acme/app", 2)
    survey(hub.open(**scope))
    hub.server.plan(Fault(kind=kind, path="^/repos/acme/app", times=None))
    issues, containers, _ = survey(hub.open(**scope))
    assert issues.keys() == set(keys)
    assert containers["acme/app"].error
    assert containers["acme/app"].id == id_of(hub, "acme/app") or "organization" not in scope
    assert [one.name for one in containers.values() if one.error] == ["acme/app"]


def test_what_came_into_sight_with_old_dates_is_in_the_next_survey(hub: Hub) -> None:
    hub.fill("acme/site", 1)
    hub.site.create_repo("acme/secret", private=True)
    hub.site.revoke("acme/secret")
    old = hub.fill("acme/secret", 4)
    cursor = pull(hub.organisation())[2]
    hub.later(86_400)
    hub.site.grant("acme/secret", "milepost-bot", "push")
    issues, _, _ = survey(hub.organisation())
    assert set(old) <= issues.keys()
    # The organisation's own list went by what was in sight then, and its changes still come.
    hub.site.edit(old[0], title="Changed")
    assert pull(hub.organisation(), cursor)[0].keys() >= {old[0]}


def test_a_survey_brings_labels_and_milestones_as_they_are_called_now(hub: Hub) -> None:
    hub.site.create_issue("acme/site", "Task", labels=["old"])
    hub.later()
    hub.site.rename_label("acme/site", "old", "new")
    assert survey(hub.open())[0]["acme/site#1"].labels == ("new",)


def test_a_survey_of_an_organisation_does_not_go_by_its_own_list(hub: Hub) -> None:
    keys = hub.fill("acme/site", 2) + hub.fill("acme/app", 2)
    pull(hub.organisation())
    hub.server.plan(Fault(kind=Status(200, {}, []), path="^/orgs/acme/issues$", times=None))
    assert survey(hub.organisation())[0].keys() == set(keys)


def test_a_list_of_an_organisation_that_lacks_issues_is_no_longer_gone_by_after_a_survey(hub: Hub) -> None:
    hub.fill("acme/site", 2)
    cursor = pull(hub.organisation())[2]
    hub.later()
    hub.site.edit("acme/site#1", title="Missed")
    hub.server.plan(Fault(kind=Status(200, {}, []), path="^/orgs/acme/issues$", times=None))
    cursor = pull(hub.organisation(), cursor)[2]
    assert survey(hub.organisation())[0]["acme/site#1"].title == "Missed"
    hub.later()
    hub.site.edit("acme/site#2", title="Seen")
    assert pull(hub.organisation(), cursor)[0]["acme/site#2"].title == "Seen"


# Names


def test_a_renamed_repository_is_in_scope_by_both_names_and_read_by_its_new_one(hub: Hub) -> None:
    hub.fill("acme/site", 3)
    hub.later()
    before, _, cursor = pull(hub.open())
    hub.site.rename_repo("acme/site", "acme/web")
    hub.later()
    hub.site.edit("acme/web#1", title="Changed")
    found, _, cursor = pull(hub.open(), cursor)
    assert {issue.ref for issue in found.values()} <= {issue.ref for issue in before.values()}
    assert found.keys() == {"acme/web#1"}
    tracker = hub.open()
    assert tracker.info.owns("acme/web#1")
    assert tracker.info.owns("acme/site#1")
    assert not tracker.info.owns("acme/other#1")
    hub.later()
    hub.asked()
    pull(hub.open(), cursor)
    assert hub.asked() == ["/repos/acme/web/issues"]
    issues, containers, names = survey(hub.open(), containers=frozenset({"acme/site", "acme/app"}))
    assert {issue.container for issue in issues.values()} == {"acme/web"}
    assert containers.keys() == {"acme/web"}
    assert names == {"acme/site": id_of(hub, "acme/web"), "acme/app": id_of(hub, "acme/app")}


def test_two_names_of_one_repository_bring_each_issue_once(hub: Hub) -> None:
    hub.fill("acme/site", 3)
    hub.site.rename_repo("acme/site", "acme/web")
    both = ["acme/site", "acme/web"]
    survey(hub.open(repositories=both))
    assert len(pull(hub.open(repositories=both))[0]) == 3
    assert survey(hub.open(repositories=both))[1].keys() == {"acme/web"}


def test_a_new_repository_under_the_old_name_is_read_when_the_renamed_one_is_gone(hub: Hub) -> None:
    hub.fill("acme/site", 1)
    hub.site.rename_repo("acme/site", "acme/web")
    survey(hub.open())
    hub.server.plan(Fault(kind=Status(404, {}, {}), path="^/repos/acme/web", times=None))
    hub.site.create_repo("acme/site")
    hub.fill("acme/site", 2)
    assert pull(hub.open())[0].keys() == {"acme/site#1", "acme/site#2"}


def test_a_search_goes_by_todays_name(hub: Hub) -> None:
    hub.fill("acme/site", 2)
    hub.site.rename_repo("acme/site", "acme/web")
    survey(hub.open())
    assert len(hub.open().reader.matching("Task")) == 2


@pytest.mark.parametrize(
    "fact", ['{"acme/site": 5}', '{"acme/site": ["1", "../x"]}', "[]", "{", '{"x": ["1", "a/b"]}']
)
def test_impossible_names_that_were_stored_count_as_none(hub: Hub, fact: str) -> None:
    hub.fill("acme/site", 1)
    hub.memory.facts["github.names"] = fact
    tracker = hub.open()
    assert pull(tracker)[0].keys() == {"acme/site#1"}
    assert not tracker.info.owns("a/b#1")

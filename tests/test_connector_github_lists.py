"""Lists are complete though the world moves while they are read, in repositories and organisations."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import responses
from responses import matchers

from connectors.errors import BadConfiguration, InvalidResponse, Refused
from connectors.models import Capability, Interest, LabelDefinition
from connectors.sandbox.faults import Fault, Hook, Status
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import posted_on
from tests.github_builders import BASE, DATE, NOW, hub, on_sandbox, pull, row


@pytest.fixture
def site() -> GitHubSite:
    made = GitHubSite("github")
    for name in ("acme/site", "acme/app", "other/thing"):
        made.create_repo(name)
    return made


@pytest.fixture
def server(site: GitHubSite) -> Iterator[SandboxServer]:
    with SandboxServer(World.of(site)) as running:
        yield running


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def fill(site: GitHubSite, count: int, repository: str = "acme/site") -> list[str]:
    return [site.key(site.create_issue(repository, f"Task {n}")) for n in range(count)]


def at_once(server: SandboxServer, site: GitHubSite, count: int) -> None:
    """Issues that all changed in one second, as a bulk edit leaves them."""
    moment = server.world.clock.now()
    for _ in range(count):
        server.world.clock.set(moment)
        site.create_issue("acme/site", "Bulk")


def test_no_row_is_lost_when_one_on_a_page_that_was_read_changes(
    server: SandboxServer, site: GitHubSite
) -> None:
    keys = fill(site, 250)
    server.plan(Fault(kind=Hook(lambda: site.edit(keys[0], title="Moved")), path="/issues$", nth=2))
    server.plan(Fault(kind=Hook(lambda: site.edit(keys[5], title="Moved")), path="/issues$", nth=3))
    pages = list(on_sandbox(server, site).reader.changed_since(None, Interest()).pages)
    issues = [issue for page in pages for issue in page.issues]
    assert {issue.ref.key for issue in issues} == set(keys)
    newest = {issue.ref.key: issue.title for issue in issues}
    assert newest[keys[0]] == newest[keys[5]] == "Moved"


def test_no_row_is_lost_from_a_second_that_fills_many_pages(server: SandboxServer, site: GitHubSite) -> None:
    fill(site, 30)
    at_once(server, site, 330)
    fill(site, 30)
    first = site.issue("acme/site#40")
    server.plan(Fault(kind=Hook(lambda: site.edit(site.key(first), title="Moved")), path="/issues$", nth=3))
    assert len(on_sandbox(server, site).reader.present()) == 390


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 201])
def test_the_borders_of_pages_hide_nothing(server: SandboxServer, site: GitHubSite, count: int) -> None:
    keys = fill(site, count)
    assert pull(on_sandbox(server, site))[0].keys() == set(keys)


def test_lists_by_cursor_are_read_like_lists_by_number(server: SandboxServer, site: GitHubSite) -> None:
    site.repo("acme/site").large = True
    at_once(server, site, 230)
    assert len(on_sandbox(server, site).reader.present()) == 230


def test_an_organisation_is_all_its_repositories(server: SandboxServer, site: GitHubSite) -> None:
    fill(site, 3)
    fill(site, 2, "acme/app")
    fill(site, 1, "other/thing")
    tracker = on_sandbox(server, site, repositories=[], organization="Acme")
    found, _, _ = pull(tracker)
    assert sorted(found) == ["acme/app#1", "acme/app#2", "acme/site#1", "acme/site#2", "acme/site#3"]
    assert tracker.reader.present() == {issue.ref.id for issue in found.values()}
    assert all(tracker.info.owns(key) for key in found)


def test_an_organisation_and_one_of_its_repositories_bring_each_issue_once(
    server: SandboxServer, site: GitHubSite
) -> None:
    fill(site, 3)
    assert len(pull(on_sandbox(server, site, repositories=["ACME/site"], organization="acme"))[0]) == 3


def test_a_repository_that_leaves_the_organisation_meanwhile_is_no_error(
    server: SandboxServer, site: GitHubSite
) -> None:
    fill(site, 2)
    fill(site, 2, "acme/app")
    gone = Status(404, {}, {"message": "Not Found"})
    server.plan(Fault(kind=gone, path="/repos/acme/app/issues$", times=None))
    found = pull(on_sandbox(server, site, repositories=[], organization="acme"))[0]
    assert sorted(found) == ["acme/site#1", "acme/site#2"]


def test_an_organisation_that_is_not_there_is_named(server: SandboxServer, site: GitHubSite) -> None:
    tracker = on_sandbox(server, site, repositories=[], organization="nobody")
    for ask in (lambda: pull(tracker), lambda: tracker.reader.present()):
        with pytest.raises(BadConfiguration, match="the organisation nobody"):
            ask()


def test_a_check_of_an_organisation_tells_where_it_may_not_write(
    server: SandboxServer, site: GitHubSite
) -> None:
    site.grant("acme/app", "milepost-bot", "pull")
    found = on_sandbox(server, site, repositories=[], organization="acme").check(frozenset(Capability))
    bad = {one.what: one.reason for one in found if not one.ok}
    assert bad == {
        "organisation acme: change labels": "not allowed in acme/app",
        "organisation acme: define labels": "not allowed in acme/app",
    }


def test_a_renamed_repository_keeps_its_issues_under_its_new_name(
    server: SandboxServer, site: GitHubSite
) -> None:
    fill(site, 120)
    before = {issue.ref for issue in pull(on_sandbox(server, site))[0].values()}
    site.rename_repo("acme/site", "acme/web")
    found = pull(on_sandbox(server, site))[0]
    assert {issue.ref for issue in found.values()} == before
    assert all(issue.container == "acme/web" for issue in found.values())


def test_a_repository_that_is_spelt_otherwise_is_spelt_as_configured(
    server: SandboxServer, site: GitHubSite
) -> None:
    fill(site, 1)
    (issue,) = pull(on_sandbox(server, site, repositories=["Acme/SITE"]))[0].values()
    assert (issue.ref.key, issue.container) == ("Acme/SITE#1", "Acme/SITE")


def test_pull_requests_come_only_where_asked_for_but_count_as_present(
    server: SandboxServer, site: GitHubSite
) -> None:
    fill(site, 1)
    change = site.create_issue("acme/site", "Change", pull_request=True)
    tracker = on_sandbox(server, site)
    assert pull(tracker)[0].keys() == {"acme/site#1"}
    assert pull(tracker, pull_requests=True)[0][site.key(change)].pull_request
    assert str(change.id) in tracker.reader.present()


def test_pull_requests_that_are_asked_for_make_the_pull_full(server: SandboxServer, site: GitHubSite) -> None:
    fill(site, 1)
    site.create_issue("acme/site", "Change", pull_request=True)
    _, _, cursor = pull(on_sandbox(server, site))
    server.world.clock.advance(3600)
    assert on_sandbox(server, site).reader.changed_since(cursor, Interest(pull_requests=True)).full
    assert on_sandbox(server, site, repositories=["acme/app"]).reader.changed_since(cursor, Interest()).full
    assert not on_sandbox(server, site).reader.changed_since(cursor, Interest()).full


def test_an_enterprise_server_is_reached_under_its_path() -> None:
    site = GitHubSite("ghe", "3.17")
    site.create_repo("acme/site")
    site.create_repo("acme/app")
    with SandboxServer(World.of(site)) as server:
        keys = fill(site, 3)
        child = fill(site, 1, "acme/app")[0]
        site.add_sub_issue(keys[0], child)
        found, _, _ = pull(on_sandbox(server, site), roots=[keys[0]])
        assert found.keys() == {*keys, child}


def test_a_transferred_issue_is_fetched_and_written_to_where_it_is_now(
    server: SandboxServer, site: GitHubSite
) -> None:
    (key,) = fill(site, 1)
    tracker = on_sandbox(server, site)
    ref = pull(tracker)[0][key].ref
    moved = site.transfer(key, "acme/app")
    (issue,) = tracker.reader.fetch([key]).issues
    assert issue.ref.key == moved
    tracker.writer.create_comment(ref, "Hello milepost:a", "milepost:a")
    assert [comment.body for comment in site.comments(moved)] == ["Hello milepost:a"]
    assert posted_on(tracker.reader, ref).ref.key == moved
    tracker.writer.change_labels(ref, ["new"], ["old"])
    assert site.label_names(site.issue(moved)) == ["new"]


def test_labels_of_a_repository_are_defined_changed_read_and_removed(
    server: SandboxServer, site: GitHubSite
) -> None:
    tracker = on_sandbox(server, site)
    for colour in ("0e8a16", "d93f0b"):
        tracker.writer.define_label("acme/site", LabelDefinition("goal/a b", colour, "What for"))
        assert tracker.reader.label_definitions("acme/site") == (
            LabelDefinition("goal/a b", colour, "What for"),
        )
    tracker.writer.remove_label_definition("acme/site", "goal/a b")
    tracker.writer.remove_label_definition("acme/site", "goal/a b")
    assert tracker.reader.label_definitions("acme/site") == ()


def test_without_push_access_labels_are_refused_and_comments_are_not(
    server: SandboxServer, site: GitHubSite
) -> None:
    (key,) = fill(site, 1)
    site.grant("acme/site", "milepost-bot", "pull")
    tracker = on_sandbox(server, site)
    ref = pull(tracker)[0][key].ref
    with pytest.raises(Refused):
        tracker.writer.change_labels(ref, ["new"], [])
    assert tracker.writer.create_comment(ref, "Hello milepost:a", "milepost:a").mine


def test_a_list_out_of_order_is_read_along_its_links(api: responses.RequestsMock) -> None:
    """Going by the time of the last row would skip rows if the server did not sort."""
    url = f"{BASE}/repos/acme/site/issues"
    late, early = row(updated_at="2026-01-09T00:00:00Z"), row(id=2, updated_at="2026-01-01T00:00:00Z")
    api.get(
        url,
        json=[late, early],
        headers={"Link": f'<{url}?page=2>; rel="next"'},
        match=[matchers.query_param_matcher({"state": "all"}, strict_match=False)],
    )
    api.get(url, json=[row(id=3)], match=[matchers.query_param_matcher({"page": "2"})])
    assert hub().reader.present() == {"3141592653", "2", "3"}


def test_a_row_without_an_id_makes_presence_garbled(api: responses.RequestsMock) -> None:
    api.get(f"{BASE}/repos/acme/site/issues", json=[row(id=None)])
    with pytest.raises(InvalidResponse, match="without an id"):
        hub().reader.present()


def test_a_pull_overlaps_the_one_before_by_five_minutes_of_githubs_own_time(
    api: responses.RequestsMock,
) -> None:
    api.get(f"{BASE}/repos/acme/site/issues", json=[], headers={"Date": DATE})
    _, _, cursor = pull(hub(clock=lambda: NOW + timedelta(days=1)))
    pull(hub(), cursor)
    assert "since=2026-03-02T08%3A55%3A00Z" in str(api.calls[-1].request.url)

"""What a survey of Jira lists, what it says of projects, and where issues are that no list has."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.models import Capability, Container, Fate, Interest, IssueOutline, IssueRef
from connectors.sandbox.faults import Fault, Headers, Status
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import pull
from tests.test_connector_jira import JiraHarness

TWO: dict[str, Any] = {"projects": ["BLOG", "HR"]}


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    site = JiraSite("jira", request.param)
    with SandboxServer(World.of(site)) as server:
        yield JiraHarness(server, site)


def ref(jira: JiraHarness, key: str) -> IssueRef:
    return IssueRef("work", str(jira.site.issue(key).id), key)


def survey(
    jira: JiraHarness, interest: Interest | None = None, **more: Any
) -> tuple[dict[str, IssueOutline], tuple[Container, ...], dict[str, str]]:
    """Outlines by key, containers, and names of one survey that was read to its end."""
    found = jira.open(**more).reader.survey(interest or Interest())
    outlines = {one.ref.key: one for page in found.pages for one in page.outlines}
    return outlines, found.containers(), dict(found.names())


def test_an_outline_equals_that_of_the_issue_read_whole_epic_links_and_versions_too(
    jira: JiraHarness,
) -> None:
    epic = jira.site.create_issue("BLOG", "Epic", type="Epic")
    jira.site.create_issue(
        "BLOG", "Story", parent=epic.key, points=3, priority="High", components=["web"],
        versions=["1.0"], labels=["b", "a"],
    )  # fmt: skip
    jira.site.create_issue("BLOG", "Part", type="Sub-task", parent="BLOG-2")
    whole = pull(jira.open())
    outlines, _, _ = survey(jira)
    assert len(outlines) == 3
    for issue in whole.values():
        assert not outlines[issue.ref.key].differs(IssueOutline.of(issue))


def test_a_change_that_moves_no_time_shows_in_the_outline(jira: JiraHarness) -> None:
    jira.create("Task")
    before, _, _ = survey(jira)
    jira.site.move_status("To Do", "done")
    after, _, _ = survey(jira)
    assert before["BLOG-1"].updated == after["BLOG-1"].updated
    assert after["BLOG-1"].differs(before["BLOG-1"])


def test_a_long_survey_asks_for_large_pages(jira: JiraHarness) -> None:
    for number in range(250):
        jira.create(f"Task {number}")
    jira.server.log.clear()
    assert len(survey(jira)[0]) == 250
    lists = [one for one in jira.server.log if "/search" in one.path or "bulkfetch" in one.path]
    assert len(lists) <= (6 if jira.site.face == "cloud" else 1)


def test_a_hidden_project_takes_no_other_down_and_is_told_with_its_id(jira: JiraHarness) -> None:
    jira.create("Here")
    jira.create("There", outside=True)
    _, before, _ = survey(jira, **TWO)
    jira.site.hide_project("HR")
    outlines, containers, names = survey(jira, **TWO)
    assert outlines.keys() == {"BLOG-1"}
    blog, hr = sorted(containers, key=lambda one: one.name)
    assert not blog.error
    assert "404" in hr.error
    assert {one.id for one in containers} == {one.id for one in before}
    assert "HR" not in names


def test_a_project_whose_own_address_fails_is_listed_all_the_same(jira: JiraHarness) -> None:
    jira.create("Here")
    jira.create("There", outside=True)
    jira.server.plan(Fault(kind=Status(500), path="/project/HR$", times=None))
    outlines, containers, _ = survey(jira, **TWO)
    assert outlines.keys() == {"BLOG-1", "HR-1"}
    assert [one.error for one in containers] == ["", ""]


def test_a_renamed_project_is_read_and_its_old_name_leads_to_its_id(jira: JiraHarness) -> None:
    jira.create("Task")
    _, (before,), _ = survey(jira)
    jira.site.rename_project("BLOG", "NEWS")
    outlines, (after,), names = survey(jira, Interest(containers=frozenset({"HR", "NEWS", "no-such"})))
    assert outlines.keys() == {"NEWS-1"}
    assert (after.id, after.name) == (before.id, "NEWS")
    assert names["BLOG"] == names["NEWS"] == before.id
    assert names.keys() == {"BLOG", "NEWS", "HR"}


def test_an_archived_project_is_told_and_spoils_nothing(jira: JiraHarness) -> None:
    jira.create("Here")
    there = jira.create("There", outside=True)
    jira.site.archive_project("HR")
    outlines, containers, _ = survey(jira, **TWO)
    assert outlines.keys() == {"BLOG-1"}
    assert {one.name: one.archived for one in containers} == {"BLOG": False, "HR": True}
    jira.pass_time(timedelta(hours=2))
    assert jira.open(**TWO).reader.locate([there])[there].fate is Fate.ARCHIVED


def test_projects_of_a_scope_by_jql_are_those_of_its_issues(jira: JiraHarness) -> None:
    jira.create("Here")
    jira.create("There", outside=True)
    _, containers, _ = survey(jira, projects=[], jql='summary ~ "There"')
    assert [one.name for one in containers] == ["HR"]


# Where an issue is


@pytest.mark.parametrize("bulk", [False, True])
def test_an_archived_issue_is_told_from_one_that_is_gone_and_one_that_is_there(
    jira: JiraHarness, bulk: bool
) -> None:
    jira.site.quirks.bulk_has_archived = bulk
    refs = [jira.create(name) for name in ("There", "Archived", "Gone", "Hidden")]
    _, archived, gone, hidden = refs
    jira.finish(archived)
    jira.pass_time(timedelta(days=1))
    jira.site.archive(archived.key)
    jira.delete(gone)
    jira.site.hide(hidden.key)
    found = jira.open().reader.locate(refs)
    assert [found[one].fate for one in refs] == [Fate.PRESENT, Fate.ARCHIVED, Fate.GONE, Fate.GONE]
    issue = found[archived].issue
    assert issue is not None
    assert issue.archived
    assert issue.status == "Done"


def test_an_issue_that_changed_just_now_is_not_archived_because_the_index_is_late(jira: JiraHarness) -> None:
    jira.create("Old")
    jira.site.answer_late(searches=600)
    new = jira.create("New")
    assert jira.open().reader.locate([new])[new].fate is Fate.PRESENT


def test_one_lookup_that_fails_is_unknown_and_the_others_are_told(jira: JiraHarness) -> None:
    first, second = jira.create("A"), jira.create("B")
    jira.site.spoil(first.key)
    jira.server.plan(Fault(kind=Status(500), method="GET", path=f"/issue/{first.id}$", times=None))
    found = jira.open().reader.locate([first, second])
    assert found[first].fate is Fate.UNKNOWN
    assert "500" in found[first].reason
    assert found[second].fate is Fate.PRESENT


def test_one_lookup_that_is_forbidden_is_hidden(jira: JiraHarness) -> None:
    first = jira.create("A")
    jira.site.spoil(first.key)
    jira.server.plan(Fault(kind=Status(403), method="GET", path=f"/issue/{first.id}$", times=None))
    assert jira.open().reader.locate([first])[first].fate is Fate.HIDDEN


# Projects that fail while changes are read


def test_a_hidden_project_is_told_by_a_pull_and_read_from_where_it_stopped(jira: JiraHarness) -> None:
    jira.create("Here")
    there = jira.create("There", outside=True)
    first = jira.open(**TWO).reader.changed_since(None, Interest())
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    jira.site.hide_project("HR")
    jira.edit(there, "Changed while hidden")
    cursor = first.cursor
    for number in range(2):
        jira.pass_time(timedelta(hours=1))
        jira.edit(IssueRef("work", str(jira.site.issue("BLOG-1").id), "BLOG-1"), f"Edit {number}")
        second = jira.open(**TWO).reader.changed_since(cursor, Interest())
        titles = [issue.title for page in second.pages for issue in page.issues]
        assert titles == [f"Edit {number}"]
        assert not second.full
        (failed,) = second.failed()
        assert (failed.name, "404" in failed.error) == ("HR", True)
        assert "project HR was not read" in jira.notices[-1]
        cursor = second.cursor
    jira.site.hide_project("HR", hidden=False)
    jira.pass_time(timedelta(hours=1))
    third = jira.open(**TWO).reader.changed_since(cursor, Interest())
    assert "Changed while hidden" in [issue.title for page in third.pages for issue in page.issues]
    assert third.failed() == ()
    jira.pass_time(timedelta(hours=1))
    fourth = jira.open(**TWO).reader.changed_since(third.cursor, Interest())
    assert [page for page in fourth.pages if page.issues] == []


def test_a_project_that_was_never_read_is_read_whole_when_it_comes(jira: JiraHarness) -> None:
    jira.create("Here")
    jira.create("There", outside=True)
    jira.pass_time(timedelta(days=30))
    jira.site.hide_project("HR")
    first = jira.open(**TWO).reader.changed_since(None, Interest())
    assert {issue.ref.key for page in first.pages for issue in page.issues} == {"BLOG-1"}
    assert [one.name for one in first.failed()] == ["HR"]
    jira.site.hide_project("HR", hidden=False)
    second = jira.open(**TWO).reader.changed_since(first.cursor, Interest())
    assert {issue.ref.key for page in second.pages for issue in page.issues} == {"BLOG-1", "HR-1"}


def test_without_a_date_header_the_server_is_asked_for_its_time_and_nothing_is_lost(
    jira: JiraHarness,
) -> None:
    task = jira.create("Before")
    jira.server.plan(Fault(kind=Headers({"Date": None}), times=None))
    first = jira.open().reader.changed_since(None, Interest())
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    jira.edit(task, "After")
    jira.pass_time(timedelta(minutes=30))
    second = jira.open().reader.changed_since(first.cursor, Interest())
    assert not second.full
    assert [issue.title for page in second.pages for issue in page.issues] == ["After"]
    jira.pass_time(timedelta(hours=1))
    third = jira.open().reader.changed_since(second.cursor, Interest())
    assert not third.full
    assert [page for page in third.pages if page.issues] == []


# What a check says of projects


def test_a_check_tells_renamed_archived_and_hidden_projects_and_looks_at_the_others(
    jira: JiraHarness,
) -> None:
    jira.create("Task")
    for key in ("OLD", "PAST", "GONE"):
        jira.site.add_project(key)
    scope = ["BLOG", "OLD", "PAST", "GONE"]
    jira.site.rename_project("OLD", "NEW")
    jira.site.archive_project("PAST")
    jira.site.hide_project("GONE")
    found = {one.what: one for one in jira.open(projects=scope).check(frozenset({Capability.READ}))}
    assert "project BLOG" not in found
    assert (found["project OLD"].ok, found["project OLD"].reason) == (True, "called NEW today")
    assert (found["project PAST"].ok, found["project PAST"].reason) == (True, "archived")
    assert not found["project GONE"].ok
    assert found["scope"].ok
    assert "1 issues" in found["scope"].reason
    assert found["read issues in BLOG"].ok


def test_a_check_tells_a_setting_that_names_no_field_and_the_fields_that_are_there(jira: JiraHarness) -> None:
    findings = jira.open(story_points="Pints").check(frozenset())
    (bad,) = [one for one in findings if not one.ok]
    assert "story_points = 'Pints'" in bad.reason
    assert any(one.what == "sprint" for one in findings)

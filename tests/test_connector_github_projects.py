"""Projects as the connector reads them: in pages, at intervals, and from where the last pull was stored."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.github.project_values import MOST_CHANGED, PER_PAGE_SECONDS
from connectors.github.settings import GitHubSettings
from connectors.github.tracker import GitHubTracker
from connectors.models import Interest, Issue, StatusCategory
from connectors.sandbox.faults import Fault, Hook, Replace, Status
from connectors.sandbox.github_truth.model import Project
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import DictMemory
from tests.github_builders import Waits, on_sandbox, pull
from tests.tools.openapi import kept_to

SITE = "acme/site"
SIZE = "roadmap/Size"


class Board:
    """A site with a project of the organisation, and a tracker that reads it run by run."""

    def __init__(self, server: SandboxServer, site: GitHubSite) -> None:
        self.server, self.site = server, site
        self.memory, self.waits = DictMemory(), Waits()
        self.cursor: str | None = None
        site.create_repo(SITE)
        site.allow_projects()
        self.project: Project = site.create_project("acme", "Roadmap")
        site.add_project_field(self.project, "Size", "NUMBER")
        self.settings: dict[str, Any] = {"projects": {"roadmap": "acme/1"}}

    def fill(self, count: int, size: int = 1) -> None:
        """So many issues on the project."""
        for number in range(1, count + 1):
            self.site.create_issue(SITE, f"Issue {number}")
            self.site.set_in_project(self.project, f"{SITE}#{number}", "Size", size)

    def tracker(self) -> GitHubTracker:
        return on_sandbox(
            self.server, self.site, memory=self.memory, waits=self.waits, backoff=0, **self.settings
        )

    def pull(
        self, *, store: bool = True, wait: float = 900, fields: tuple[str, ...] = (SIZE,)
    ) -> dict[str, Any]:
        """The sizes by number of the issues that a run gets."""
        self.site.clock.advance(wait)
        issues, unread, cursor = pull(self.tracker(), self.cursor, fields=fields, pull_requests=True)
        assert not unread
        if store:
            self.cursor = cursor
        self.issues: dict[str, Issue] = issues
        return {key.rpartition("#")[2]: dict(issue.fields)[fields[0]] for key, issue in issues.items()}

    def asked(self) -> list[str]:
        """What was asked since this was asked last."""
        paths = [each.path for each in self.server.log]
        self.server.log.clear()
        return paths


@pytest.fixture
def at() -> Iterator[Board]:
    site = GitHubSite("hub")
    with SandboxServer(World.of(site)) as server, kept_to(server):
        yield Board(server, site)


def test_values_of_every_kind_come_as_rules_take_them(at: Board) -> None:
    at.fill(1, size=3)
    fields = [("Note", "TEXT", "soon"), ("Due", "DATE", "2027-03-01"), ("Part", "NUMBER", 2.5)]
    for name, kind, value in fields:
        at.site.add_project_field(at.project, name, kind)
        at.site.set_in_project(at.project, f"{SITE}#1", name, value)
    at.site.add_project_field(at.project, "Sprint", "ITERATION", ["Sprint 1"])
    at.site.set_in_project(at.project, f"{SITE}#1", "Sprint", "Sprint 1")
    at.site.set_in_project(at.project, f"{SITE}#1", "Status", "Todo")
    names = ("roadmap/Note", "Roadmap/due", "roadmap/ part", "roadmap/Sprint", "roadmap/STATUS", SIZE)
    at.pull(fields=names)
    assert dict(at.issues[f"{SITE}#1"].fields) == dict(
        zip(names, ("soon", "2027-03-01", 2.5, "Sprint 1", "Todo", 3), strict=True)
    )


def test_a_pull_request_on_a_project_has_values_too(at: Board) -> None:
    at.site.create_issue(SITE, "Pull", pull_request=True)
    at.site.set_in_project(at.project, f"{SITE}#1", "Size", 3)
    assert at.pull() == {"1": 3}
    at.site.set_in_project(at.project, f"{SITE}#1", "Size", 5)
    assert at.pull() == {"1": 5}


def test_what_changed_comes_again_until_it_was_stored(at: Board) -> None:
    at.fill(3)
    at.pull()
    assert at.pull() == {}
    at.site.set_in_project(at.project, f"{SITE}#2", "Size", 8)
    assert at.pull(store=False) == {"2": 8}
    assert at.pull() == {"2": 8}
    assert at.pull() == {}


def test_an_issue_outside_of_the_scope_is_not_brought_in_by_a_project(at: Board) -> None:
    at.fill(1)
    at.site.create_repo("acme/other")
    at.site.create_issue("acme/other", "Elsewhere")
    at.pull()
    at.site.set_in_project(at.project, "acme/other#1", "Size", 8)
    assert at.pull() == {}


def test_a_project_of_many_pages_is_read_whole_at_intervals_that_grow_with_it(at: Board) -> None:
    at.fill(250)
    assert at.pull() == {str(number): 1 for number in range(1, 251)}
    assert at.asked().count("/graphql") == 1 + 3
    at.site.set_in_project(at.project, f"{SITE}#7", "Size", 8)
    pause = 2 * PER_PAGE_SECONDS
    assert at.pull(wait=pause - 20, fields=(SIZE,)).get("7") is None
    assert "/graphql" not in at.asked()
    assert at.pull(wait=20) == {"7": 8}


def test_after_many_changes_the_lists_are_read_and_not_issue_by_issue(at: Board) -> None:
    count = MOST_CHANGED + 1
    at.fill(count)
    at.pull()
    at.asked()
    for number in range(1, count + 1):
        at.site.set_in_project(at.project, f"{SITE}#{number}", "Size", 2)
    assert at.pull() == {str(number): 2 for number in range(1, count + 1)}
    assert len([path for path in at.asked() if path != "/graphql"]) <= 5


def test_an_item_that_is_moved_while_pages_are_read_loses_no_value(at: Board) -> None:
    at.fill(150)
    at.pull()

    def moved() -> None:
        at.project.items.insert(0, at.project.items.pop(120))

    at.server.plan(Fault(kind=Hook(moved), path="/graphql", body="ProjectItems", nth=2))
    assert at.pull() == {}
    assert at.pull() == {}


def test_pages_shrink_where_the_server_says_that_they_are_too_large(at: Board) -> None:
    at.fill(30)
    at.site.settings.graphql_size = 10
    assert len(at.pull()) == 30
    assert set(at.pull(wait=10).values()) <= {1}


def test_a_fault_of_one_project_leaves_its_values_as_they_were_and_is_told(at: Board) -> None:
    at.fill(2)
    at.pull()
    at.server.plan(Fault(kind=Status(502), path="/graphql", times=None))
    at.site.edit(f"{SITE}#1", title="Renamed")
    at.site.clock.advance(900)
    tracker = at.tracker()
    found = tracker.reader.changed_since(at.cursor, _interest())
    assert "could not be read" in found.missing_fields[SIZE]
    issues = [issue for page in found.pages for issue in page.issues]
    assert [dict(issue.fields)[SIZE] for issue in issues] == [1]
    assert any("the project roadmap (acme/1) was not read" in line for line in at.waits.reason)
    at.cursor = found.cursor
    at.server.clear_faults()
    assert at.pull() == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"x": 1}', '{"x": {"roadmap": 1}}', '{"x": {"roadmap": {"items": "x"}}}']
)
@pytest.mark.parametrize("fact", ["github.projects", "github.project.roadmap"])
def test_what_is_remembered_and_impossible_counts_as_unset(at: Board, fact: str, text: str) -> None:
    at.fill(2)
    at.pull()
    at.memory.set(fact, text)
    assert at.pull() == {"1": 1, "2": 1}
    assert at.pull() == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b'"nodes":[', b'"nodes":[7,'),
        lambda body: body.replace(b'"nameWithOwner":"acme/site"', b'"nameWithOwner":7'),
        lambda body: body.replace(b'"v0":{"number":1.0}', b'"v0":{"number":"much"}'),
        lambda body: body.replace(b'"hasNextPage":false', b'"hasNextPage":true'),
        lambda body: body.replace(b'"items":{', b'"things":{'),
    ],
)
def test_odd_answers_are_a_failure_of_the_project_alone(at: Board, change: Any) -> None:
    at.fill(2)

    def changed(_: Any, response: Any) -> Any:
        response.set_data(change(response.get_data()))
        return response

    at.server.plan(Fault(kind=Replace(changed), path="/graphql", body="ProjectItems", times=None))
    found = at.tracker().reader.changed_since(None, _interest())
    assert len([issue for page in found.pages for issue in page.issues]) == 2
    assert list(found.missing_fields) == [SIZE]


def test_a_field_that_shows_what_the_issue_has_is_none_of_the_project(at: Board) -> None:
    at.fill(1)
    found = at.tracker().reader.changed_since(None, _interest("roadmap/Labels", "roadmap/Nothing", SIZE))
    assert set(found.missing_fields) == {"roadmap/Labels", "roadmap/Nothing"}
    assert "use the key of rules" in found.missing_fields["roadmap/Labels"]
    (page,) = found.pages
    assert [dict(issue.fields)[SIZE] for issue in page.issues] == [1]


def test_an_old_enterprise_server_has_no_projects(at: Board) -> None:
    at.fill(1)
    at.site.enterprise = "3.8"
    found = at.tracker().reader.changed_since(None, _interest())
    assert found.missing_fields == {SIZE: "this GitHub has no projects"}


def test_an_open_issue_is_in_progress_by_its_status_only_where_the_settings_say_so(at: Board) -> None:
    at.fill(3)
    for number, status in ((1, "Todo"), (2, "In Progress"), (3, "In Progress")):
        at.site.set_in_project(at.project, f"{SITE}#{number}", "Status", status)
    at.site.close(f"{SITE}#3")
    at.settings["status_field"] = "roadmap/Status"
    at.pull()
    assert {issue.category for issue in at.issues.values()} == {StatusCategory.TODO, StatusCategory.DONE}
    at.settings["in_progress_statuses"] = ["in  PROGRESS"]
    at.pull()
    assert [at.issues[f"{SITE}#{number}"].category for number in (1, 2, 3)] == [
        StatusCategory.TODO,
        StatusCategory.IN_PROGRESS,
        StatusCategory.DONE,
    ]
    second = at.issues[f"{SITE}#2"]
    assert (second.status, second.status_option, bool(second.status_option_id)) == (
        "open",
        "In Progress",
        True,
    )
    at.settings["in_progress_statuses"] = [second.status_option_id]
    at.pull()
    assert at.issues[f"{SITE}#2"].category is StatusCategory.IN_PROGRESS


def test_a_field_of_the_organisation_tells_the_status_as_well(at: Board) -> None:
    at.fill(2)
    at.site.add_issue_field("Stage", "single_select", ["Idea", "Review"])
    at.site.set_issue_field(f"{SITE}#2", "Stage", "Review")
    at.settings |= {"status_field": "stage", "in_progress_statuses": ["Review"]}
    at.pull(fields=("Size",))
    assert [at.issues[f"{SITE}#{n}"].status_option for n in (1, 2)] == ["", "Review"]
    assert at.issues[f"{SITE}#2"].category is StatusCategory.IN_PROGRESS
    assert "/graphql" not in at.asked()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"projects": {"roadmap": "acme"}}, "owner/number"),
        ({"projects": {"roadmap": "acme/0"}}, "owner/number"),
        ({"projects": {"road map": "acme/1"}}, "as the name of a project"),
        ({"projects": {"a/b": "acme/1"}}, "as the name of a project"),
        ({"projects": {"a": "acme/1", "b": "ACME/1"}}, "named twice"),
        ({"projects": {"a": "acme/1", "A": "acme/2"}}, "named twice"),
        ({"status_field": "rodmap/Status", "projects": {"roadmap": "acme/1"}}, "names no project"),
        ({"in_progress_statuses": ["Doing"]}, "needs status_field"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        GitHubSettings.model_validate({"repositories": [SITE], **values})


@pytest.mark.parametrize(
    "text",
    [
        "acme/7",
        "https://github.com/orgs/acme/projects/7",
        "https://github.example/users/acme/projects/7/views/2",
        "orgs/acme/projects/7/",
    ],
)
def test_a_project_is_named_by_owner_and_number_or_by_its_address(text: str) -> None:
    settings = GitHubSettings.model_validate({"repositories": [SITE], "projects": {"roadmap": text}})
    assert [str(each) for each in settings.project_names.values()] == ["roadmap (acme/7)"]


def _interest(*names: str) -> Interest:
    return Interest(fields=frozenset(names or (SIZE,)), pull_requests=True)


def test_nothing_is_read_of_a_project_that_nobody_asks_for(at: Board) -> None:
    at.fill(1)
    at.pull(fields=("Size",))
    assert "/graphql" not in at.asked()

"""What administrators do in the sandbox's Jira, what of it moves `updated`, and what then refuses."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.tools.openapi import Watch, jira_contract, jira_path


class Desk:
    """One running site, asked as plainly as can be."""

    def __init__(self, site: JiraSite, server: SandboxServer) -> None:
        self.site = site
        self.server = server
        self.session = requests.Session()
        if site.face == "cloud":
            self.session.auth = ("milepost@sandbox.test", "sandbox")
        else:
            self.session.headers["Authorization"] = "Bearer sandbox"

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        url = f"{self.server.url('jira')}/rest/api/2/{path}"
        return self.session.request(method, url, json=body, params=params, timeout=5)

    def row(self, key: str = "BLOG-2") -> Any:
        answer = self.ask("GET", f"issue/{key}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def search(self, jql: str) -> requests.Response:
        body = {"jql": jql, "fields": ["summary", "status"], "maxResults": 50}
        return self.ask("POST", "search/jql" if self.site.face == "cloud" else "search", body)

    def found(self, jql: str = "project = BLOG ORDER BY key ASC") -> list[str]:
        answer = self.search(jql)
        assert answer.status_code == 200, answer.text
        return [row["key"] for row in answer.json()["issues"]]


@pytest.fixture(params=["cloud", "datacenter"])
def at(request: pytest.FixtureRequest) -> Iterator[Desk]:
    site = JiraSite("jira", request.param)
    site.create_issue("BLOG", "Set up an attractive blog", type="Epic")
    site.create_issue(
        "BLOG",
        "Create blog homepage",
        parent="BLOG-1",
        points=3,
        priority="High",
        components=["web"],
        versions=["1.0"],
        sprints=["Sprint 1"],
    )
    site.create_issue("BLOG", "Draft", type="Sub-task", parent="BLOG-2")
    watch = Watch(jira_contract(), jira_path) if site.face == "cloud" else None
    with SandboxServer(World.of(site)) as server:
        if watch:
            server.answers.append(watch)
        desk = Desk(site, server)
        yield desk
        desk.session.close()
    assert not watch or not watch.problems, "\n".join(watch.problems)


def named(field: str) -> Callable[[Any], Any]:
    return lambda row: [each["name"] for each in row["fields"][field]]


RENAMES: dict[str, tuple[Callable[[JiraSite], Any], Callable[[Any], Any], Any]] = {
    "version": (lambda site: site.rename_version("BLOG", "1.0", "1.1"), named("fixVersions"), ["1.1"]),
    "component": (lambda site: site.rename_component("BLOG", "web", "www"), named("components"), ["www"]),
    "status": (
        lambda site: site.rename_status("To Do", "Open"),
        lambda row: row["fields"]["status"]["name"],
        "Open",
    ),
    "category": (
        lambda site: site.move_status("To Do", "done"),
        lambda row: row["fields"]["status"]["statusCategory"]["key"],
        "done",
    ),
    "type": (
        lambda site: site.rename_type("Task", "Chore"),
        lambda row: row["fields"]["issuetype"]["name"],
        "Chore",
    ),
    "priority": (
        lambda site: site.rename_priority("High", "Urgent"),
        lambda row: row["fields"]["priority"]["name"],
        "Urgent",
    ),
    "sprint": (
        lambda site: site.rename_sprint("Sprint 1", "Winter"),
        lambda row: "Winter" in str(row["fields"]),
        True,
    ),
    "project": (
        lambda site: site.rename_project("BLOG", "NEWS"),
        lambda row: (row["key"], row["fields"]["project"]["key"]),
        ("NEWS-2", "NEWS"),
    ),
}


@pytest.mark.parametrize("rename", RENAMES)
@pytest.mark.parametrize("touch", [False, True])
def test_an_administrator_s_change_shows_on_the_issue_and_moves_its_time_only_by_the_quirk(
    at: Desk, rename: str, touch: bool
) -> None:
    move, read, expected = RENAMES[rename]
    at.site.quirks.definitions_touch = touch
    before = at.row()["fields"]["updated"]
    move(at.site)
    assert read(at.row()) == expected
    assert (at.row()["fields"]["updated"] != before) is touch


def test_a_renamed_field_keeps_its_id(at: Desk) -> None:
    [field] = [each for each in at.site.fields if each.id in at.site.issue("BLOG-2").custom]
    at.site.rename_field(field.name, "Effort")
    names = {each["id"]: each["name"] for each in at.ask("GET", "field").json()}
    assert names[field.id] == "Effort"
    assert at.row()["fields"][field.id] == 3


def test_old_keys_of_a_renamed_project_and_of_its_issues_lead_to_the_new_ones(at: Desk) -> None:
    id_ = at.ask("GET", "project/BLOG").json()["id"]
    at.site.rename_project("BLOG", "NEWS")
    assert at.row("BLOG-2")["key"] == "NEWS-2"
    assert at.ask("GET", "project/BLOG").json()["key"] == "NEWS"
    assert at.ask("GET", f"project/{id_}").json()["key"] == "NEWS"
    keys = ["NEWS-1", "NEWS-2", "NEWS-3"]
    assert at.found("project = BLOG ORDER BY key ASC") == at.found("project = NEWS ORDER BY key ASC") == keys
    assert at.found("key = BLOG-2") == ["NEWS-2"]
    at.site.rename_project("NEWS", "PRESS")
    assert at.row("BLOG-2")["key"] == at.row("NEWS-2")["key"] == "PRESS-2"
    assert at.site.create_issue("BLOG", "One more").key == "PRESS-4"


def test_an_archived_issue_is_opened_by_its_id_found_by_no_search_and_refuses_writes(at: Desk) -> None:
    before = at.row()["fields"]["updated"]
    id_ = at.row()["id"]
    at.site.archive("BLOG-2")
    assert at.found() == ["BLOG-1"], "its sub-task goes with it"
    assert at.found(f"id = {id_}") == []
    assert at.row(id_)["fields"]["updated"] == before
    assert at.ask("POST", "issue/BLOG-2/comment", {"body": "x"}).status_code == 403
    assert at.ask("PUT", "issue/BLOG-2", {"update": {"labels": [{"add": "x"}]}}).status_code == 403
    at.site.restore("BLOG-2")
    assert at.found() == ["BLOG-1", "BLOG-2", "BLOG-3"]
    assert at.row()["fields"]["updated"] == before


def test_a_bulk_fetch_leaves_archived_issues_out_unless_the_quirk_says_otherwise(at: Desk) -> None:
    if at.site.face != "cloud":
        pytest.skip("Data Center has no bulk fetch")
    at.site.archive("BLOG-3")
    body = {"issueIdsOrKeys": ["BLOG-2", "BLOG-3"], "fields": ["summary"]}
    assert [row["key"] for row in at.ask("POST", "issue/bulkfetch", body).json()["issues"]] == ["BLOG-2"]
    at.site.quirks.bulk_has_archived = True
    assert len(at.ask("POST", "issue/bulkfetch", body).json()["issues"]) == 2


def test_an_archived_project_is_in_no_list_and_no_query_may_name_it(at: Desk) -> None:
    at.site.create_issue("MKT", "Other")
    at.site.archive_project("BLOG")
    listed = at.ask("GET", "project").json()
    assert [each["key"] for each in listed] == ["MKT"]
    assert at.search("project = BLOG").status_code == 400
    assert at.found("created > 2000-01-01") == ["MKT-1"]
    assert at.row("BLOG-2")["key"] == "BLOG-2"
    assert at.ask("GET", "project/BLOG").status_code == 200
    at.site.archive_project("BLOG", archived=False)
    assert len(at.found()) == 3


def test_a_project_out_of_sight_does_not_exist_and_comes_back_with_old_issues(at: Desk) -> None:
    at.site.hide_project("BLOG")
    assert at.ask("GET", "project/BLOG").status_code == at.ask("GET", "issue/BLOG-2").status_code == 404
    assert at.search("project = BLOG").status_code == 400
    at.site.hide_project("BLOG", hidden=False)
    assert len(at.found()) == 3


def test_a_security_level_hides_an_issue_or_is_shown_on_it(at: Desk) -> None:
    at.site.secure("BLOG-2", "Board only")
    assert at.ask("GET", "issue/BLOG-2").status_code == 404
    at.site.secure("BLOG-2", "Staff", seen=True)
    assert at.row()["fields"]["security"]["name"] == "Staff"
    at.site.secure("BLOG-2", None)
    assert at.row()["fields"]["security"] is None


def test_an_issue_that_its_workflow_closes_takes_no_edit_and_no_edit_of_a_comment(at: Desk) -> None:
    made = at.ask("POST", "issue/BLOG-2/comment", {"body": "one"}).json()["id"]
    at.site.freeze("BLOG-2")
    assert at.ask("PUT", "issue/BLOG-2", {"update": {"labels": [{"add": "x"}]}}).status_code == 400
    assert at.ask("PUT", f"issue/BLOG-2/comment/{made}", {"body": "two"}).status_code == 400
    assert at.ask("POST", "issue/BLOG-2/comment", {"body": "two"}).status_code == 201
    at.site.freeze("BLOG-2", frozen=False)
    assert at.ask("PUT", "issue/BLOG-2", {"update": {"labels": [{"add": "x"}]}}).status_code == 204


@pytest.mark.parametrize("owner", ["BLOG", "BLOG-2"])
def test_a_screen_without_labels_refuses_them_and_nothing_else(at: Desk, owner: str) -> None:
    at.site.take_off_screen(owner)
    answer = at.ask("PUT", "issue/BLOG-2", {"update": {"labels": [{"add": "x"}]}})
    assert answer.status_code == 400
    assert "not on the appropriate screen" in answer.json()["errors"]["labels"]
    assert at.ask("PUT", "issue/BLOG-2", {"fields": {"summary": "New"}}).status_code == 204
    at.site.take_off_screen(owner, off=False)
    assert at.ask("PUT", "issue/BLOG-2", {"update": {"labels": [{"add": "x"}]}}).status_code == 204


def test_a_late_search_shows_changes_and_new_issues_only_after_its_lag_and_an_id_is_fresh(at: Desk) -> None:
    at.site.answer_late(searches=720)
    at.site.transition("BLOG-2", "Done")
    at.site.create_issue("BLOG", "New")
    rows = at.search("project = BLOG ORDER BY key ASC").json()["issues"]
    assert [(row["key"], row["fields"]["status"]["name"]) for row in rows][1:] == [
        ("BLOG-2", "To Do"),
        ("BLOG-3", "To Do"),
    ]
    assert at.row()["fields"]["status"]["name"] == "Done"
    assert at.row("BLOG-4")["fields"]["summary"] == "New"
    at.site.clock.advance(719)
    assert at.found("status = Done") == []
    at.site.clock.advance(1)
    assert at.found("status = Done") == ["BLOG-2"]
    assert len(at.found()) == 4


def test_reconciling_ids_makes_a_late_search_look_at_them_as_they_are(at: Desk) -> None:
    if at.site.face != "cloud":
        pytest.skip("Data Center has no such parameter")
    at.site.answer_late(searches=720)
    at.site.transition("BLOG-2", "Done")
    body = {"jql": "status = Done", "fields": ["summary"], "reconcileIssues": [at.site.issue("BLOG-2").id]}
    assert [row["key"] for row in at.ask("POST", "search/jql", body).json()["issues"]] == ["BLOG-2"]


def test_a_late_list_of_comments_lacks_a_new_one_that_its_id_opens(at: Desk) -> None:
    at.site.answer_late(comments=60)
    made = at.ask("POST", "issue/BLOG-2/comment", {"body": "new"}).json()["id"]
    assert at.ask("GET", "issue/BLOG-2/comment").json()["comments"] == []
    assert at.ask("GET", f"issue/BLOG-2/comment/{made}").json()["body"] == "new"
    at.site.clock.advance(60)
    assert len(at.ask("GET", "issue/BLOG-2/comment").json()["comments"]) == 1


def test_a_list_counts_comments_that_it_does_not_show(at: Desk) -> None:
    secret = at.site.comment("BLOG-2", "for the board", "ana")
    at.site.comment("BLOG-2", "for all", "ana")
    at.site.hide_comment(secret)
    page = at.ask("GET", "issue/BLOG-2/comment").json()
    assert (page["total"], [each["body"] for each in page["comments"]]) == (2, ["for all"])
    assert at.ask("GET", f"issue/BLOG-2/comment/{secret.id}").status_code == 404


def test_an_imported_issue_bears_its_old_dates_and_no_search_for_changes_has_it(at: Desk) -> None:
    created, updated = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)
    key = at.site.import_issue("BLOG", "From elsewhere", created=created, updated=updated).key
    assert at.row(key)["fields"]["updated"].startswith("2020-01-02")
    assert key in at.found()
    assert key not in at.found('updated >= "2026-01-01"')


def test_a_bulk_fetch_names_what_it_cannot_give(at: Desk) -> None:
    if at.site.face != "cloud":
        pytest.skip("Data Center has no bulk fetch")
    id_ = at.site.spoil("BLOG-2").id
    body = {"issueIdsOrKeys": ["BLOG-1", "BLOG-2"], "fields": ["summary"]}
    answer = at.ask("POST", "issue/bulkfetch", body).json()
    assert [row["key"] for row in answer["issues"]] == ["BLOG-1"]
    assert [each["id"] for each in answer["issueErrors"]] == [str(id_)]
    at.site.spoil("BLOG-2", spoiled=False)
    assert at.ask("POST", "issue/bulkfetch", body).json()["issueErrors"] == []


def test_a_database_of_three_byte_characters_answers_500_to_longer_ones(at: Desk) -> None:
    at.site.quirks.bmp_only = True
    made = at.ask("POST", "issue/BLOG-2/comment", {"body": "fine ✓"})
    assert made.status_code == 201
    assert at.ask("POST", "issue/BLOG-2/comment", {"body": "launch 🚀"}).status_code == 500
    edit = at.ask("PUT", f"issue/BLOG-2/comment/{made.json()['id']}", {"body": "launch 🚀"})
    assert edit.status_code == 500
    assert len(at.site.comments("BLOG-2")) == 1


def test_a_quiet_edit_without_admin_rights_is_ignored_or_refused(at: Desk) -> None:
    body = {"update": {"labels": [{"add": "x"}]}}
    assert at.ask("PUT", "issue/BLOG-2", body, notifyUsers="false").status_code == 204
    assert at.site.issue("BLOG-2").labels == []
    for status in (400, 403):
        at.site.quirks.quiet_refusal = status
        assert at.ask("PUT", "issue/BLOG-2", body, notifyUsers="false").status_code == status
    assert at.ask("PUT", "issue/BLOG-2", body).status_code == 204


@pytest.mark.parametrize(
    ("how", "expected"),
    [("one blank line", "a\n\n- b"), ("plain marks", "a\n\n\n\n* b"), ("", "a  \n\n\n\n- b")],
)
def test_a_server_stores_a_comment_as_it_likes(at: Desk, how: str, expected: str) -> None:
    at.site.quirks.rewrite = how
    made = at.ask("POST", "issue/BLOG-2/comment", {"body": "a  \n\n\n\n- b"}).json()
    assert made["body"] == at.site.comments("BLOG-2")[0].body == expected
    edited = at.ask("PUT", f"issue/BLOG-2/comment/{made['id']}", {"body": "a  \n\n\n\n- b"}).json()
    assert edited["body"] == expected


def test_a_saved_world_keeps_what_administrators_did(at: Desk, tmp_path: Path) -> None:
    site = at.site
    site.rename_project("BLOG", "NEWS")
    site.rename_priority("High", "Urgent")
    site.archive("NEWS-3")
    site.freeze("NEWS-2")
    site.secure("NEWS-2", "Staff", seen=True)
    site.take_off_screen("NEWS")
    site.spoil("NEWS-1")
    site.hide_comment(site.comment("NEWS-1", "x", "ana"))
    site.quirks.rewrite, site.quirks.quiet_refusal = "plain marks", 403
    world = World.of(site)
    world.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json").sites["jira"]
    assert isinstance(again, JiraSite)
    assert again.dump() == site.dump()
    assert again.issue("BLOG-2").key == "NEWS-2"
    assert again.lacks(again.issue("NEWS-2"), "labels")
    assert again.quirks == site.quirks

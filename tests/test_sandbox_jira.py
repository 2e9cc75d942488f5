"""The sandbox's Jira, spoken to by the unchanged `jira` library; Cloud is held to Atlassian's document."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from jira import JIRA, JIRAError

from connectors.sandbox.jira_truth.model import BOT_PERMISSIONS
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.tools.openapi import Watch, jira_contract, jira_path


@dataclass
class Desk:
    """A site, the server in front of it, and the library in front of that."""

    site: JiraSite
    server: SandboxServer
    jira: JIRA

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """A request through the library's own session; the JSON of the answer, None if it has none."""
        url = f"{self.server.url('jira')}/rest/api/2/{path}"
        answer = self.jira._session.request(method, url, json=body, params=params)
        return answer.json() if answer.content else None


def a_site(face: str) -> JiraSite:
    site = JiraSite("jira", "cloud" if face == "cloud" else "datacenter")
    site.create_issue("BLOG", "Set up an attractive blog", type="Epic", labels=["foreign"])
    site.create_issue(
        "BLOG",
        "Create blog homepage",
        parent="BLOG-1",
        assignee="mia",
        points=3,
        team="Red",
        components=["web"],
        versions=["1.0"],
        sprints=["Sprint 1"],
        description="h1. Home",
    )
    site.create_issue("BLOG", "Draft", type="Sub-task", parent="BLOG-2", status="Done")
    return site


def open_client(server: SandboxServer, face: str) -> JIRA:
    if face == "cloud":
        return JIRA(
            server.url("jira"), basic_auth=("milepost@sandbox.test", "sandbox"), max_retries=0, timeout=5
        )
    return JIRA(server.url("jira"), token_auth="sandbox", max_retries=0, timeout=5)


@pytest.fixture(params=["cloud", "datacenter"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    yield from at_desk(request.param)


@pytest.fixture
def cloud() -> Iterator[Desk]:
    yield from at_desk("cloud")


@pytest.fixture
def datacenter() -> Iterator[Desk]:
    yield from at_desk("datacenter")


def at_desk(face: str) -> Iterator[Desk]:
    site = a_site(face)
    watch = Watch(jira_contract(), jira_path) if face == "cloud" else None
    with SandboxServer(World.of(site)) as server:
        if watch:
            server.answers.append(watch)
        client = open_client(server, face)
        try:
            yield Desk(site, server, client)
        finally:
            client._session.close()
    if watch:
        assert watch.checked > 0
        assert watch.problems == []


def keys(issues: Any) -> list[str]:
    return [issue.key for issue in issues]


def refusal(caught: pytest.ExceptionInfo[JIRAError]) -> tuple[int | None, str]:
    return caught.value.status_code, caught.value.text or ""


def test_the_library_tells_the_faces_apart(desk: Desk) -> None:
    info = desk.jira.server_info()
    assert info["deploymentType"] == ("Cloud" if desk.site.face == "cloud" else "Server")
    assert info["serverTime"].startswith("2026-03-02T09:")


def test_the_library_finds_issues_page_by_page(desk: Desk) -> None:
    for number in range(230):
        desk.site.create_issue("WEB", f"Page {number}")
    found = desk.jira.search_issues("project = WEB ORDER BY key", maxResults=0, fields="summary")
    assert keys(found) == [f"WEB-{number}" for number in range(1, 231)]


def test_an_issue_shows_all_that_a_reader_needs(desk: Desk) -> None:
    fields = desk.jira.issue("BLOG-2").raw["fields"]
    by_name = {field["name"]: field["id"] for field in desk.jira.fields()}
    assert fields["status"]["statusCategory"]["key"] == "new"
    assert fields["resolution"] is None
    assert [one["name"] for one in fields["components"]] == ["web"]
    assert [one["name"] for one in fields["fixVersions"]] == ["1.0"]
    assert fields["priority"]["name"] == "Medium"
    assert fields["issuetype"]["subtask"] is False
    assert [one["key"] for one in fields["subtasks"]] == ["BLOG-3"]
    assert fields["created"].endswith(".000+0000")
    points = "Story point estimate" if desk.site.face == "cloud" else "Story Points"
    assert fields[by_name[points]] == 3


def test_cloud_shows_parents_account_ids_levels_and_sprints_as_objects(cloud: Desk) -> None:
    fields = cloud.jira.issue("BLOG-2").raw["fields"]
    assert fields["parent"]["key"] == "BLOG-1"
    assert fields["assignee"]["accountId"] == cloud.site.person("mia").id
    assert fields["issuetype"]["hierarchyLevel"] == 0
    assert fields["customfield_10020"][0]["name"] == "Sprint 1"
    assert fields["customfield_10001"]["name"] == "Red"


def test_data_center_shows_epic_links_user_names_and_sprints_as_text(datacenter: Desk) -> None:
    fields = datacenter.jira.issue("BLOG-2").raw["fields"]
    assert fields["parent"] is None
    assert fields["customfield_10101"] == "BLOG-1"
    assert fields["assignee"]["name"] == "mia"
    assert "hierarchyLevel" not in fields["issuetype"]
    assert fields["customfield_10100"][0].startswith("com.atlassian.greenhopper.service.sprint.Sprint@")
    assert "state=ACTIVE,name=Sprint 1," in fields["customfield_10100"][0]
    assert datacenter.jira.issue("BLOG-3").raw["fields"]["parent"]["key"] == "BLOG-2"


def test_times_are_printed_in_the_zone_of_the_caller(desk: Desk) -> None:
    desk.site.add_account(replace(desk.site.bot, time_zone="Asia/Kolkata"))
    updated = desk.jira.issue("BLOG-1").fields.updated
    assert updated.startswith("2026-03-02T14:30:")
    assert updated.endswith("+0530")


def test_a_comment_is_written_edited_and_deleted_through_the_library(desk: Desk) -> None:
    before = desk.site.issue("BLOG-1").updated
    comment = desk.jira.add_comment("BLOG-1", "h1. Progress")
    assert desk.site.issue("BLOG-1").updated > before
    comment.update(body="h1. More progress")
    assert [one.body for one in desk.jira.comments("BLOG-1")] == ["h1. More progress"]
    comment.delete()
    assert desk.site.comments("BLOG-1") == []


def test_comments_carry_properties_that_only_come_when_asked_for(desk: Desk) -> None:
    mark = [{"key": "milepost", "value": {"mark": "blog"}}]
    made = desk.call("POST", "issue/BLOG-1/comment", {"body": "text", "properties": mark})
    plain = desk.call("GET", "issue/BLOG-1/comment")
    whole = desk.call("GET", "issue/BLOG-1/comment", expand="properties")
    assert "properties" not in plain["comments"][0]
    assert whole["comments"][0]["properties"] == mark
    assert desk.call("GET", f"comment/{made['id']}/properties/milepost")["value"] == {"mark": "blog"}


def test_comments_come_by_offset_in_either_direction(desk: Desk) -> None:
    for number in range(5):
        desk.site.comment("BLOG-1", f"{number}", author="mia")
    page = desk.call("GET", "issue/BLOG-1/comment", startAt=1, maxResults=2, orderBy="-created")
    assert [one["body"] for one in page["comments"]] == ["3", "2"]
    assert (page["startAt"], page["maxResults"], page["total"]) == (1, 2, 5)


def test_a_visibility_that_is_not_sent_again_is_lost(desk: Desk) -> None:
    level = {"type": "role", "value": "Developers"}
    id_ = desk.call("POST", "issue/BLOG-1/comment", {"body": "x", "visibility": level})["id"]
    assert desk.call("GET", f"issue/BLOG-1/comment/{id_}")["visibility"] == level
    desk.call("PUT", f"issue/BLOG-1/comment/{id_}", {"body": "y", "visibility": level})
    assert desk.site.comments("BLOG-1")[0].visibility == level
    desk.call("PUT", f"issue/BLOG-1/comment/{id_}", {"body": "z"})
    assert desk.site.comments("BLOG-1")[0].visibility is None


def test_cloud_lists_comments_by_id(cloud: Desk) -> None:
    ids = [cloud.site.comment(key, key).id for key in ("BLOG-1", "BLOG-2")]
    page = cloud.call("POST", "comment/list", {"ids": [*ids, 99]}, expand="properties")
    assert [one["body"] for one in page["values"]] == ["BLOG-1", "BLOG-2"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"body": ""}, "Comment body can not be empty!"),
        ({"body": "x" * 32_768}, "exceeds the allowed limit of 32,767"),
        ({"body": {"type": "doc"}}, "wiki markup only"),
        ({"body": "x", "visibility": {"type": "nobody", "value": "x"}}, "visibility"),
        ({"body": "x", "properties": [{"key": 1}]}, "A property has"),
    ],
)
def test_a_comment_that_jira_would_not_take_is_refused(body: Any, complaint: str, desk: Desk) -> None:
    with pytest.raises(JIRAError) as caught:
        desk.call("POST", "issue/BLOG-1/comment", body)
    status, text = refusal(caught)
    assert status == 400
    assert complaint in text
    assert desk.site.comments("BLOG-1") == []


def test_labels_are_added_and_removed_one_by_one(desk: Desk) -> None:
    issue = desk.jira.issue("BLOG-1")
    desk.site.add_labels("BLOG-1", "between")
    issue.update(update={"labels": [{"add": "goal/show"}, {"remove": "foreign"}]})
    assert desk.site.issue("BLOG-1").labels == ["between", "goal/show"]


def test_an_edit_that_changes_nothing_does_not_touch_the_issue(desk: Desk) -> None:
    before = desk.site.issue("BLOG-1").updated
    desk.call("PUT", "issue/BLOG-1", {"update": {"labels": [{"add": "foreign"}, {"remove": "none"}]}})
    assert desk.site.issue("BLOG-1").updated == before


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"update": {"labels": [{"add": "two words"}]}}, "The label 'two words' contains spaces"),
        ({"update": {"labels": [{"add": "x" * 256}]}}, "maximum length of 255"),
        ({"fields": {"labels": ["a"]}, "update": {"labels": [{"add": "b"}]}}, "cannot appear in both"),
        ({"update": {"labels": ["a"]}}, "one operation"),
        ({"update": {"labels": [{"multiply": "a"}]}}, "does not support"),
        ({"fields": {"nonsense": 1}}, "It is not on the appropriate screen"),
        ({"fields": {"summary": ""}}, "empty"),
        ({"fields": {"summary": "New", "priority": {"name": "Urgent"}}}, "no priority"),
        ({"properties": [{"key": "x" * 256, "value": 1}]}, "property key"),
        ({"properties": [{"key": "x", "value": "y" * 32_768}]}, "property value"),
    ],
)
def test_an_edit_that_jira_would_not_take_changes_nothing(body: Any, complaint: str, desk: Desk) -> None:
    before = desk.site.dump()
    with pytest.raises(JIRAError) as caught:
        desk.call("PUT", "issue/BLOG-1", body)
    status, text = refusal(caught)
    assert status == 400
    assert complaint in text
    assert desk.site.dump() == before


def test_labels_and_a_property_are_written_in_one_request(desk: Desk) -> None:
    body = {"update": {"labels": [{"add": "a"}]}, "properties": [{"key": "milepost", "value": {"v": 1}}]}
    desk.call("PUT", "issue/BLOG-1", body)
    issue = desk.call("GET", "issue/BLOG-1", fields="labels", properties="milepost")
    assert issue["fields"] == {"labels": ["foreign", "a"]}
    assert issue["properties"] == {"milepost": {"v": 1}}


def test_issue_properties_are_written_read_and_deleted(desk: Desk) -> None:
    path = "issue/BLOG-1/properties/milepost"
    desk.call("PUT", path, {"v": 1})
    assert desk.call("GET", path) == {"key": "milepost", "value": {"v": 1}}
    assert [one["key"] for one in desk.call("GET", "issue/BLOG-1/properties")["keys"]] == ["milepost"]
    desk.call("DELETE", path)
    with pytest.raises(JIRAError) as caught:
        desk.call("GET", path)
    assert refusal(caught)[0] == 404
    assert [one.status for one in desk.server.log[-5:]] == [201, 200, 200, 204, 404]


def test_an_edit_without_notification_is_ignored_unless_an_administrator_asks(desk: Desk) -> None:
    desk.call("PUT", "issue/BLOG-1", {"fields": {"summary": "Ignored"}}, notifyUsers="false")
    assert desk.site.issue("BLOG-1").summary == "Set up an attractive blog"
    desk.site.add_account(replace(desk.site.bot, permissions=BOT_PERMISSIONS | {"ADMINISTER"}))
    desk.call("PUT", "issue/BLOG-1", {"fields": {"summary": "Done"}}, notifyUsers="false")
    assert desk.site.issue("BLOG-1").summary == "Done"


def test_a_transition_through_the_library_resolves_and_reopens(desk: Desk) -> None:
    desk.jira.transition_issue("BLOG-2", "Done", fields={"resolution": {"name": "Won't Do"}})
    issue = desk.jira.issue("BLOG-2")
    assert issue.fields.status.name == "Done"
    assert issue.raw["fields"]["resolution"]["name"] == "Won't Do"
    assert issue.fields.resolutiondate is not None
    desk.jira.transition_issue("BLOG-2", "In Progress")
    issue = desk.jira.issue("BLOG-2")
    assert (issue.fields.resolution, issue.fields.resolutiondate) == (None, None)


def test_an_issue_is_created_through_the_library(desk: Desk) -> None:
    fields = {
        "project": {"key": "BLOG"},
        "summary": "New",
        "issuetype": {"name": "Sub-task"},
        "parent": {"key": "BLOG-2"},
        "labels": ["x"],
    }
    made = desk.jira.create_issue(fields=fields)
    record = desk.site.issue(made.key)
    assert (record.summary, record.labels, record.parent) == ("New", ["x"], desk.site.issue("BLOG-2").id)
    assert record.reporter == desk.site.bot.id


def test_a_moved_issue_answers_to_its_old_key(desk: Desk) -> None:
    id_ = desk.jira.issue("BLOG-2").id
    assert desk.site.move("BLOG-2", "WEB") == "WEB-1"
    moved = desk.jira.issue("BLOG-2")
    assert (moved.key, moved.id) == ("WEB-1", id_)
    assert keys(desk.jira.search_issues("key = BLOG-2")) == ["WEB-1"]


def test_a_deleted_or_hidden_issue_leaves_nothing_behind(desk: Desk) -> None:
    desk.site.hide("BLOG-1")
    desk.call("DELETE", "issue/BLOG-2", deleteSubtasks="true")
    for key in ("BLOG-1", "BLOG-2", "BLOG-3"):
        with pytest.raises(JIRAError) as caught:
            desk.jira.issue(key)
        assert refusal(caught)[0] == 404
    assert desk.jira.search_issues("project = BLOG") == []


def test_an_issue_with_subtasks_is_not_deleted_by_accident(desk: Desk) -> None:
    with pytest.raises(JIRAError, match="has subtasks"):
        desk.call("DELETE", "issue/BLOG-2")
    assert desk.site.issue("BLOG-3").parent is not None


def test_bad_jql_is_refused_in_jiras_words(desk: Desk) -> None:
    for jql in ("project = NOPE", "nonsense", "foo = bar"):
        with pytest.raises(JIRAError) as caught:
            desk.jira.search_issues(jql)
        status, text = refusal(caught)
        assert status == 400
        assert "does not exist" in text or "Error in the JQL Query" in text


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        ("ADD_COMMENTS", "POST", "issue/BLOG-1/comment", {"body": "x"}),
        ("EDIT_ISSUES", "PUT", "issue/BLOG-1", {"fields": {"summary": "x"}}),
        ("EDIT_ISSUES", "PUT", "issue/BLOG-1/properties/x", {"v": 1}),
        ("DELETE_ISSUES", "DELETE", "issue/BLOG-3", None),
        ("TRANSITION_ISSUES", "POST", "issue/BLOG-1/transitions", {"transition": {"id": "31"}}),
        ("CREATE_ISSUES", "POST", "issue", {"fields": {"project": {"key": "BLOG"}, "summary": "x"}}),
    ],
)
def test_a_missing_permission_is_refused(
    permission: str, method: str, path: str, body: Any, desk: Desk
) -> None:
    desk.site.add_account(replace(desk.site.bot, permissions=BOT_PERMISSIONS - {permission}))
    before = desk.site.dump()
    with pytest.raises(JIRAError) as caught:
        desk.call(method, path, body)
    status, text = refusal(caught)
    assert status == 403
    assert "permission" in text
    assert desk.site.dump() == before
    shown = desk.call("GET", "mypermissions", permissions=f"{permission},BROWSE_PROJECTS")["permissions"]
    assert {name: one["havePermission"] for name, one in shown.items()} == {
        permission: False,
        "BROWSE_PROJECTS": True,
    }


def test_only_an_own_comment_may_be_changed_without_the_right_to_all(desk: Desk) -> None:
    comment = desk.site.comment("BLOG-1", "by mia", author="mia")
    for method, body in (("PUT", {"body": "x"}), ("DELETE", None)):
        with pytest.raises(JIRAError) as caught:
            desk.call(method, f"issue/BLOG-1/comment/{comment.id}", body)
        assert refusal(caught)[0] == 403
    assert comment.body == "by mia"


def test_the_caller_knows_who_he_is_and_which_projects_there_are(desk: Desk) -> None:
    me = desk.jira.myself()
    assert me["displayName"] == "milepost"
    assert me["timeZone"] == "UTC"
    assert [one.key for one in desk.jira.projects()] == ["BLOG"]
    assert desk.jira.project("BLOG").name == "Blog"
    with pytest.raises(JIRAError, match="No project could be found"):
        desk.jira.project("NOPE")


def test_the_check_finds_an_answer_that_breaks_the_document() -> None:
    site = a_site("cloud")
    watch = Watch(jira_contract(), jira_path)
    with SandboxServer(World.of(site)) as server:
        server.answers.append(watch)
        client = open_client(server, "cloud")
        site.threads[10002] = []
        site.comment("BLOG-1", "x").visibility = {"type": "nobody", "value": "x"}
        client.comments("BLOG-1")
        client._session.close()
    assert any("'nobody' is not one of" in problem for problem in watch.problems)

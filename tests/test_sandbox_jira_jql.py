"""JQL in the sandbox: what it finds, in which order, and what it refuses."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.jql.evaluate import run
from connectors.sandbox.jql.parse import JqlError, parse
from connectors.sandbox.jql.vocabulary import Vocabulary
from connectors.sandbox.world import Clock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_site(face: str = "cloud") -> JiraSite:
    """BLOG-1 is an epic over BLOG-2, BLOG-3 (which has the sub-task BLOG-4); BLOG-5 and WEB-1 stand alone."""
    site = JiraSite("jira", "cloud" if face == "cloud" else "datacenter", Clock(NOON))
    site.create_issue("BLOG", "Set up an attractive blog", type="Epic", labels=["goal/show"])
    site.create_issue(
        "BLOG",
        "Create blog homepage",
        parent="BLOG-1",
        assignee="mia",
        points=3,
        components=["web"],
        versions=["1.0"],
    )
    site.add_sprint("Sprint 1", "closed")
    site.create_issue(
        "BLOG",
        "Write 5 initial posts",
        parent="BLOG-1",
        type="Story",
        labels=["text", "urgent"],
        sprints=["Sprint 1", "Sprint 2"],
    )
    site.create_issue("BLOG", "First post", type="Sub-task", parent="BLOG-3", status="Done")
    site.create_issue("BLOG", "Old banner", status="Done", resolution="Won't Do", labels=["text"])
    site.create_issue(
        "WEB", "Page of authors", status="In Progress", priority="High", team="Red", description="a photo"
    )
    return site


def found(jql: str, site: JiraSite | None = None, zone: str = "UTC", order: str = "ORDER BY id ASC") -> str:
    site = site or a_site()
    words = Vocabulary(site, replace(site.bot, time_zone=zone))
    return " ".join(site.issues[id_].key for id_ in run(parse(f"{jql} {order}"), words))


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = BLOG", "BLOG-1 BLOG-2 BLOG-3 BLOG-4 BLOG-5"),
        ("project in (web, 'Blog') AND type = Epic", "BLOG-1"),
        ("project != BLOG", "WEB-1"),
        ("project not in (BLOG)", "WEB-1"),
        ("key = blog-2", "BLOG-2"),
        ("issuekey in (BLOG-5, WEB-1)", "BLOG-5 WEB-1"),
        ("key > BLOG-3", "BLOG-4 BLOG-5 WEB-1"),
        ("status = 'In Progress'", "WEB-1"),
        ('statusCategory = Done and resolution != "Won\'t Do"', "BLOG-4"),
        ("statusCategory in (new, indeterminate) and project = WEB", "WEB-1"),
        ("resolution = Unresolved", "BLOG-1 BLOG-2 BLOG-3 WEB-1"),
        ("resolution is EMPTY", "BLOG-1 BLOG-2 BLOG-3 WEB-1"),
        ("resolution is not null", "BLOG-4 BLOG-5"),
        ("labels = text", "BLOG-3 BLOG-5"),
        ("labels = 'goal/show'", "BLOG-1"),
        ('labels in (urgent, "goal/show")', "BLOG-1 BLOG-3"),
        ("labels != urgent", "BLOG-1 BLOG-5"),
        ("labels not in (text)", "BLOG-1"),
        ("labels = nowhere", ""),
        ("labels is empty", "BLOG-2 BLOG-4 WEB-1"),
        ("labels in (urgent, EMPTY) and project = BLOG", "BLOG-2 BLOG-3 BLOG-4"),
        ("component = web", "BLOG-2"),
        ("fixVersion = 1.0", "BLOG-2"),
        ("issuetype = Story", "BLOG-3"),
        ("type in subTaskIssueTypes()", "BLOG-4"),
        ("type not in standardIssueTypes()", "BLOG-4"),
        ("assignee = mia", "BLOG-2"),
        ("assignee != mia", ""),
        ("assignee = currentUser()", ""),
        ("assignee is EMPTY and labels is EMPTY", "BLOG-4 WEB-1"),
        ("reporter = reporter and key = WEB-1", "WEB-1"),
        ("priority = High", "WEB-1"),
        ("priority > Medium", "WEB-1"),
        ("sprint = 'Sprint 1'", "BLOG-3"),
        ("sprint in openSprints()", "BLOG-3"),
        ("sprint in futureSprints()", ""),
        ("parent = BLOG-1", "BLOG-2 BLOG-3"),
        ("parent in (BLOG-1, BLOG-3)", "BLOG-2 BLOG-3 BLOG-4"),
        ('"Epic Link" = BLOG-1', "BLOG-2 BLOG-3"),
        ("parentEpic = BLOG-1", "BLOG-2 BLOG-3 BLOG-4"),
        ("parent is EMPTY", "BLOG-1 BLOG-5 WEB-1"),
        ("cf[10016] = 3", "BLOG-2"),
        ('"Story point estimate" >= 2', "BLOG-2"),
        ("cf[10016] is EMPTY and type = Story", "BLOG-3"),
        ("Team = Red", "WEB-1"),
        ("summary ~ post", "BLOG-4"),
        ("summary ~ 'post*'", "BLOG-3 BLOG-4"),
        ("summary ~ '\"initial posts\"'", "BLOG-3"),
        ("summary ~ 'posts initial'", "BLOG-3"),
        ("text ~ PHOTO", "WEB-1"),
        ("summary !~ blog and project = BLOG", "BLOG-3 BLOG-4 BLOG-5"),
        ("not project = BLOG", "WEB-1"),
        ("!(project = BLOG)", "WEB-1"),
        ("project = WEB or labels = urgent and status = 'To Do'", "BLOG-3 WEB-1"),
        ("(project = WEB or labels = text) and status = Done", "BLOG-5"),
        ("project = WEB || key = BLOG-1 && type = Epic", "BLOG-1 WEB-1"),
    ],
)
def test_a_query_finds(jql: str, keys: str) -> None:
    assert found(jql) == keys


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("parent = BLOG-1", ""),
        ("parent = BLOG-3", "BLOG-4"),
        ("'Epic Link' = BLOG-1", "BLOG-2 BLOG-3"),
        ("cf[10101] = BLOG-1", "BLOG-2 BLOG-3"),
        ("cf[10106] > 2", "BLOG-2"),
    ],
)
def test_data_center_keeps_epics_apart_from_parents(jql: str, keys: str) -> None:
    assert found(jql, a_site("datacenter")) == keys


@pytest.mark.parametrize(
    ("jql", "complaint"),
    [
        ("foo = 1", "Field 'foo' does not exist"),
        ("cf[1] = 1", "Field 'cf[1]' does not exist"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("project in (BLOG, NOPE)", "The value 'NOPE' does not exist"),
        ("status = Doing", "The value 'Doing' does not exist for the field 'status'."),
        ("statusCategory = Doing", "does not exist"),
        ("assignee = nobody", "does not exist"),
        ("sprint = 'Sprint 9'", "does not exist"),
        ("component = nope", "does not exist"),
        ("fixVersion = 9", "does not exist"),
        ("resolution = Fixed", "does not exist"),
        ("priority = Urgent", "does not exist"),
        ("key = BLOG-99", "An issue with key 'BLOG-99' does not exist"),
        ("parent = BLOG-99", "An issue with key 'BLOG-99' does not exist"),
        ("assignee in membersOf('x')", "Unable to find JQL function 'membersOf(x)'"),
        ("updated > yesterday()", "Unable to find JQL function 'yesterday()'"),
        ("project ~ BLOG", "The operator '~' is not supported by the 'project' field."),
        ("status > Done", "The operator '>' is not supported by the 'status' field."),
        ("summary = post", "The operator '=' is not supported by the 'summary' field."),
        ("updated ~ x", "The operator '~' is not supported"),
        ("updated > soon", "Date value 'soon' for field 'updated' is invalid"),
        ("updated > '2026-13-01'", "Date value '2026-13-01'"),
        ("updated > startOfDay('-1w')", "expects an increment"),
        ("cf[10016] > many", "'many' is an invalid number"),
        ("status was Done", "History searches"),
        ("status changed", "History searches"),
        ("project = A B", "'B' was not expected here. (line 1, character 13)"),
        ("status = In Progress", "'Progress' was not expected here"),
        ("project =", "ends too early"),
        ("project = BLOG AND", "not expected"),
        ("(project = BLOG", "ends too early"),
        ("project in ()", "not expected"),
        ("labels = a@b", "not expected"),
        ("project", "ends too early"),
        ("= BLOG", "not expected"),
        ("project = 'BLOG", "not expected"),
        ("key = BLOG-1 ORDER BY nonsense", "Field 'nonsense' does not exist"),
        ("key = BLOG-1 ORDER BY labels", "Not able to sort using field 'labels'"),
        ("key = BLOG-1 ORDER BY key sideways", "not expected"),
    ],
)
def test_what_is_not_understood_is_refused(jql: str, complaint: str) -> None:
    site = a_site()
    with pytest.raises(JqlError) as caught:
        run(parse(jql), Vocabulary(site, site.bot))
    assert complaint in str(caught.value)


def test_parent_epic_is_no_field_of_data_center() -> None:
    with pytest.raises(JqlError, match="parentEpic"):
        found("parentEpic = BLOG-1", a_site("datacenter"))


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        ("", "WEB-1 BLOG-5 BLOG-4 BLOG-3 BLOG-2 BLOG-1"),
        ("ORDER BY key", "BLOG-1 BLOG-2 BLOG-3 BLOG-4 BLOG-5 WEB-1"),
        ("ORDER BY created", "WEB-1 BLOG-5 BLOG-4 BLOG-3 BLOG-2 BLOG-1"),
        ("ORDER BY updated ASC, key", "BLOG-1 BLOG-2 BLOG-3 BLOG-4 BLOG-5 WEB-1"),
        ("order by project desc, key desc", "WEB-1 BLOG-5 BLOG-4 BLOG-3 BLOG-2 BLOG-1"),
        ("ORDER BY priority DESC, id", "WEB-1 BLOG-1 BLOG-2 BLOG-3 BLOG-4 BLOG-5"),
        ("ORDER BY cf[10016], id", "BLOG-2 BLOG-1 BLOG-3 BLOG-4 BLOG-5 WEB-1"),
    ],
)
def test_the_order_is_the_one_asked_for(order: str, keys: str) -> None:
    assert found("", order=order) == keys


@pytest.mark.parametrize(
    ("jql", "zone", "hit"),
    [
        ("updated >= '2026-03-02 12:00'", "UTC", True),
        ("updated >= '2026-03-02 12:01'", "UTC", False),
        ("updated >= '2026-03-02 13:00'", "Europe/Berlin", True),
        ("updated >= '2026-03-02 13:01'", "Europe/Berlin", False),
        ("updated >= '2026/03/02 07:00'", "America/New_York", True),
        ("updated < '2026-03-03'", "UTC", True),
        ("updated >= -1h", "Asia/Tokyo", True),
        ("updated >= '-1w 2d'", "UTC", True),
        ("updated >= 1h", "UTC", False),
        (f"updated >= {int(NOON.timestamp() * 1000)}", "Asia/Tokyo", True),
        (f"updated >= {int(NOON.timestamp() * 1000) + 60_000}", "Asia/Tokyo", False),
        ("updated <= now()", "UTC", True),
        ("created > startOfDay()", "UTC", True),
        ("created > startOfDay(1)", "UTC", False),
        ("created > startOfWeek('-1w') and created < endOfMonth()", "UTC", True),
        ("created > startOfYear(-1) and created < endOfYear()", "UTC", True),
        ("resolved is EMPTY", "UTC", True),
        ("resolved > -1d", "UTC", False),
    ],
)
def test_times_are_read_in_the_zone_of_the_caller(jql: str, zone: str, hit: bool) -> None:
    site = JiraSite("jira", clock=Clock(NOON))
    site.create_issue("BLOG", "One")
    assert found(jql, site, zone) == ("BLOG-1" if hit else "")


def test_a_question_for_recent_changes_is_right_after_the_clock_was_turned_back() -> None:
    site = a_site()
    site.clock.advance(3600)
    site.edit("BLOG-2", summary="Late")
    site.clock.set(NOON)
    site.edit("WEB-1", summary="Early again")
    assert found("updated >= '2026-03-02 12:30'", site) == "BLOG-2"


def test_hidden_issues_match_nothing() -> None:
    site = a_site()
    site.hide("BLOG-2")
    assert found("parent = BLOG-1", site) == "BLOG-3"
    with pytest.raises(JqlError, match="does not exist"):
        found("key = BLOG-2", site)


def test_an_unknown_value_matches_nothing_with_a_warning_where_the_caller_wants_to_go_on() -> None:
    site = a_site()
    words = Vocabulary(site, site.bot, strict=False)
    assert run(parse("key in (BLOG-99, BLOG-98)"), words) == []
    assert "An issue with key 'BLOG-99' does not exist for field 'key'." in words.warnings

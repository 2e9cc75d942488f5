"""Who may read a repository or a project, as each tracker tells: in lists, by itself, and without a login."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from connectors.audience import Audience
from connectors.errors import TrackerError
from connectors.jira.fields import FieldMap
from connectors.jira.issues import IssueParser
from connectors.models import Capability, Interest, IssueOutline
from connectors.sandbox.faults import Fault, Html, Kind, Reset, Status
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import pull as pull_jira
from tests.github_builders import Hub, pull, running
from tests.jira_answers import API, cloud_exchange, row
from tests.test_connector_jira import JiraHarness

ORGANISATION: dict[str, Any] = {"repositories": [], "organization": "acme"}
REPOSITORIES = ["acme/site", "acme/app", "acme/plans"]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as made:
        made.site.show_repo("acme/site", "public")
        made.site.show_repo("acme/app", "internal")
        yield made


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    site = JiraSite("jira", request.param)
    with SandboxServer(World.of(site)) as server:
        yield JiraHarness(server, site)


@pytest.mark.parametrize(
    "scope", [{"repositories": REPOSITORIES}, {"repositories": [], "organization": "acme"}]
)
def test_a_repository_is_public_or_the_organisations_and_a_survey_told_it_already(
    hub: Hub, scope: dict[str, Any]
) -> None:
    tracker = hub.open(**scope)
    list(tracker.reader.survey(Interest()).pages)
    hub.asked()
    assert tracker.audiences(REPOSITORIES) == {
        "acme/site": Audience.PUBLIC,
        "acme/app": Audience.ORGANISATION,
        "acme/plans": Audience.ORGANISATION,
    }
    assert hub.asked() == []


def test_a_repository_of_which_nothing_was_told_is_asked_for_by_itself(hub: Hub) -> None:
    tracker = hub.open()
    pull(tracker)
    hub.asked()
    assert tracker.audiences(["acme/plans", "acme/none"]) == {
        "acme/plans": Audience.ORGANISATION,
        "acme/none": None,
    }
    assert hub.asked() == ["/repos/acme/plans", "/repos/acme/none"]


def test_a_repository_that_does_not_answer_now_is_told_with_its_error(hub: Hub) -> None:
    hub.server.plan(Fault(kind=Status(502), path="^/repos/acme/app$", times=None))
    found = hub.open().audiences(["acme/app", "acme/site"])
    assert found["acme/site"] is Audience.PUBLIC
    assert isinstance(found["acme/app"], TrackerError)


def test_a_project_that_jira_shows_without_a_login_is_public(jira: JiraHarness) -> None:
    tracker = jira.open()
    assert tracker.audiences(["BLOG", "HR"]) == dict.fromkeys(["BLOG", "HR"], Audience.ORGANISATION)
    jira.site.open_project("HR")
    assert tracker.audiences(["BLOG", "HR"])["HR"] is Audience.PUBLIC
    jira.site.open_project("HR", opened=False)
    assert tracker.audiences(["HR"]) == {"HR": Audience.ORGANISATION}


def test_a_service_management_project_is_public_unless_its_customers_see_no_comment(
    jira: JiraHarness,
) -> None:
    jira.site.serve_customers("HR")
    assert jira.open().audiences(["BLOG", "HR"]) == {"BLOG": Audience.ORGANISATION, "HR": Audience.PUBLIC}
    hidden = {"internal_comments": True}, {"comment_visibility": {"type": "role", "value": "Agents"}}
    for settings in hidden:
        asked = len(jira.server.log)
        assert jira.open(**settings).audiences(["HR"]) == {"HR": Audience.ORGANISATION}
        assert sum(each.path.endswith("/project/HR") for each in jira.server.log[asked:]) == 1
    jira.site.serve_customers("HR", served=False)
    assert jira.open().audiences(["HR"]) == {"HR": Audience.ORGANISATION}


def test_check_says_which_projects_show_comments_to_customers(jira: JiraHarness) -> None:
    jira.site.serve_customers("BLOG")
    [told] = [one for one in jira.open().check(frozenset(Capability)) if "customers" in one.reason]
    assert (told.what, told.ok) == ("project BLOG", True)
    assert "counts as public" in told.reason
    assert "internal_comments = true" in told.hint
    for settings in ({"internal_comments": True}, {"audiences": {"BLOG": "organisation"}}):
        found = jira.open(**settings).check(frozenset(Capability))
        assert not [one for one in found if "customers" in one.reason]


@pytest.mark.parametrize(
    "kind", [Html(), Status(401), Status(403), Status(302, {"Location": "https://sso.example/"})], ids=str
)
def test_a_login_page_in_the_way_of_a_visitor_means_that_nobody_may_look(
    jira: JiraHarness, kind: Kind
) -> None:
    tracker = jira.open()
    jira.site.open_project("BLOG")
    jira.server.plan(Fault(kind=kind, path="/project/BLOG$"))  # the visitor comes first
    assert tracker.audiences(["BLOG"]) == {"BLOG": Audience.ORGANISATION}


def test_a_project_that_does_not_answer_a_visitor_is_asked_again_later(jira: JiraHarness) -> None:
    tracker = jira.open()
    jira.server.plan(Fault(kind=Status(502), path="/project/BLOG$", times=None))
    answers = tracker.audiences(["BLOG", "HR"])
    assert answers["HR"] is Audience.ORGANISATION
    assert isinstance(answers["BLOG"], TrackerError)
    jira.server.clear_faults()
    jira.server.plan(Fault(kind=Reset(), path="/project/", times=None))
    assert isinstance(tracker.audiences(["BLOG"])["BLOG"], TrackerError)


def test_the_visitor_sends_no_credentials_and_no_cookies() -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        tracker = cloud_exchange(mock).open()
        tracker.site()
        assert tracker.audiences(["BLOG"]) == {"BLOG": Audience.PUBLIC}
        asked = [call.request for call in mock.calls if str(call.request.url) == f"{API}project/BLOG"]
        assert len(asked) == 1
        assert not {"Authorization", "Cookie"} & asked[0].headers.keys()


def test_an_issue_tells_its_security_level_whole_and_in_outline(jira: JiraHarness) -> None:
    made = jira.create("Plan")
    assert pull_jira(jira.open())[made].security is None
    jira.site.secure(made.key, "Board", seen=True)
    whole = pull_jira(jira.open())[made]
    assert whole.security
    (outline,) = [one for page in jira.open().reader.survey(Interest()).pages for one in page.outlines]
    assert outline.security == whole.security
    assert not outline.differs(IssueOutline.of(whole))


@pytest.mark.parametrize("odd", [{"name": "Board"}, {}, "Board", 7, ["Board"], {"id": None}])
def test_whatever_stands_as_a_security_level_restricts(odd: object) -> None:
    issue = IssueParser("work", "https://x", FieldMap(), checklists=False).issue(row(security=odd))
    assert getattr(issue, "security", None)

"""The Jira connector keeps what every connector owes, on both faces of a sandbox over real HTTP."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import orjson
import pytest
from werkzeug import Request, Response

from connectors.jira.settings import JiraSettings
from connectors.jira.tracker import JiraTracker, open_tracker
from connectors.models import Interest, IssueRef
from connectors.sandbox.faults import Fault, Hook, Html, Kind, Lost, Replace, Reset, Status, Truncated
from connectors.sandbox.jira_truth.store import Face
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import NAME, ConnectorConformance, Harness, Sent, Trouble, posted_on, pull

PROJECT = "BLOG"
OUTSIDE = "HR"
_ASKING = ("/search", "/search/jql", "/approximate-count", "/bulkfetch")


class JiraHarness(Harness):
    unknown_key = f"{PROJECT}-9999"

    def __init__(self, server: SandboxServer, site: JiraSite) -> None:
        super().__init__()
        self.server = server
        self.site = site
        site.add_project(PROJECT)
        site.add_project(OUTSIDE)

    def settings(self, token: str | None = None, **more: object) -> JiraSettings:
        return JiraSettings.model_validate(
            {
                "url": self.server.url(self.site.name),
                "projects": [PROJECT],
                "email": self.site.bot.email if self.site.face == "cloud" else None,
                "token": token or self.site.bot.token,
                "write_spacing": 0,
                "backoff": 0,
                **more,
            }
        )

    def open(self, *, token: str | None = None, **more: object) -> JiraTracker:
        return open_tracker(
            NAME,
            self.settings(token, **more),
            memory=self.memory,
            clock=self.server.world.clock.now,
            notify=self.notices.append,
        )

    def pass_time(self, by: timedelta) -> None:
        self.server.world.clock.advance(by.total_seconds())

    def create(
        self,
        title: str,
        *,
        labels: Iterable[str] = (),
        parent: IssueRef | None = None,
        body: str = "",
        outside: bool = False,
    ) -> IssueRef:
        if parent is not None:
            self.site.edit(parent.key, type="Epic")
        issue = self.site.create_issue(
            OUTSIDE if outside else PROJECT,
            title,
            labels=list(labels),
            description=body or None,
            parent=parent.key if parent else None,
        )
        return IssueRef(NAME, str(issue.id), issue.key)

    def edit(self, ref: IssueRef, title: str) -> None:
        self.site.edit(ref.id, summary=title)

    def finish(self, ref: IssueRef) -> None:
        self.site.transition(ref.id, "Done")

    def give_up(self, ref: IssueRef) -> None:
        self.site.transition(ref.id, "Done", "Won't Do")

    def move(self, ref: IssueRef) -> IssueRef:
        return IssueRef(NAME, ref.id, self.site.move(ref.id, OUTSIDE))

    def delete(self, ref: IssueRef) -> None:
        self.site.delete(ref.id)

    def comment_by_other(self, ref: IssueRef, body: str) -> str:
        return str(self.site.comment(ref.id, body, "ann").id)

    def delete_comment(self, ref: IssueRef, comment_id: str) -> None:
        (comment,) = [one for one in self.site.comments(ref.id) if str(one.id) == comment_id]
        self.site.delete_comment(comment)

    def add_label(self, ref: IssueRef, label: str) -> None:
        self.site.add_labels(ref.id, label)

    def labels(self, ref: IssueRef) -> set[str]:
        return set(self.site.issue(ref.id).labels)

    def comments(self, ref: IssueRef) -> list[str]:
        return [comment.body for comment in self.site.comments(ref.id)]

    def title_query(self, word: str) -> str:
        return f'summary ~ "{word}"'

    def trouble(self, what: Trouble, *, writes: bool, times: int | None = 1) -> None:
        path = r"/issue/\d+(/comment(/\d+)?)?$" if writes else "/search"
        for method in ("POST", "PUT", "DELETE") if writes else ("GET", "POST"):
            self.server.plan(Fault(kind=KINDS[what], method=method, path=path, times=times))

    def spoil(self, ref: IssueRef) -> None:
        def change(request: Request, response: Response) -> Response:
            answer = orjson.loads(response.get_data())
            for row in answer["issues"]:
                if row["id"] == ref.id:
                    row["fields"]["status"] = "yesterday"
            response.set_data(orjson.dumps(answer))
            return response

        self.server.plan(Fault(kind=Replace(change), path="/search", times=None))

    def before_label_write(self, call: Callable[[], object]) -> None:
        self.server.plan(Fault(kind=Hook(call), method="PUT", path=r"/issue/\d+$"))

    def sent(self) -> list[Sent]:
        return [
            Sent(one.method, one.path, one.method == "GET" or one.path.endswith(_ASKING))
            for one in self.server.log
        ]


KINDS: dict[Trouble, Kind] = {
    Trouble.BAD_GATEWAY: Status(502, {}, "bad gateway"),
    Trouble.RESET: Reset(),
    Trouble.LOST: Lost(),
    Trouble.HTML: Html(),
    Trouble.TRUNCATED: Truncated(),
    Trouble.RATE_LIMIT: Status(429, {"Retry-After": "0"}, {"errorMessages": ["Rate limit exceeded."]}),
    Trouble.PATIENCE: Status(429, {"Retry-After": "86400"}, {"errorMessages": ["Rate limit exceeded."]}),
    Trouble.FORBIDDEN: Status(403, {}, {"errorMessages": ["You do not have permission."]}),
    Trouble.GONE: Status(404, {}, {"errorMessages": ["null for uri"]}),
}


def harness_of(face: Face) -> Iterator[JiraHarness]:
    site = JiraSite("jira", face=face)
    with SandboxServer(World.of(site)) as server:
        yield JiraHarness(server, site)


class TestJiraCloud(ConnectorConformance):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield from harness_of("cloud")


class TestJiraDataCenter(ConnectorConformance):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield from harness_of("datacenter")


FACES: list[Face] = ["cloud", "datacenter"]


@pytest.fixture(params=FACES)
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    yield from harness_of(request.param)


def test_a_tree_is_walked_to_its_last_level(jira: JiraHarness) -> None:
    epic = jira.site.create_issue(PROJECT, "Epic", type="Epic")
    task = jira.site.create_issue(OUTSIDE, "Task", parent=epic)
    sub_task = jira.site.create_issue(OUTSIDE, "Sub-task", type="Sub-task", parent=task)
    found = pull(jira.open(), None, Interest(roots=frozenset({epic.key})))
    by_key = {issue.ref.key: issue for issue in found.values()}
    assert set(by_key) == {epic.key, task.key, sub_task.key}
    assert [by_key[one.key].level for one in (epic, task, sub_task)] == [1, 0, -1]
    assert by_key[task.key].parent_key == epic.key
    assert by_key[sub_task.key].parent_key == task.key


def test_what_a_root_takes_in_with_an_old_subtree_comes_though_the_subtree_rested(jira: JiraHarness) -> None:
    epic = jira.site.create_issue(PROJECT, "Epic", type="Epic")
    task = jira.site.create_issue(OUTSIDE, "Task")
    sub_task = jira.site.create_issue(OUTSIDE, "Sub-task", type="Sub-task", parent=task)
    interest = Interest(roots=frozenset({epic.key}))
    jira.pass_time(timedelta(hours=1))
    first = jira.open().reader.changed_since(None, interest)
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    jira.site.edit(task.key, parent=epic.key)
    found = pull(jira.open(), first.cursor, interest)
    assert {issue.ref.key for issue in found.values()} >= {task.key, sub_task.key}


def test_a_tree_out_of_scope_that_rested_is_not_read_again(jira: JiraHarness) -> None:
    epic = jira.create("Epic")
    child = jira.create("Child", parent=epic, outside=True)
    interest = Interest(roots=frozenset({epic.key}))
    jira.pass_time(timedelta(hours=1))
    first = jira.open().reader.changed_since(None, interest)
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    assert child not in pull(jira.open(), first.cursor, interest)


def test_what_the_interest_brings_from_outside_is_present_too(jira: JiraHarness) -> None:
    epic = jira.create("Epic")
    child = jira.create("Child", parent=epic, outside=True)
    named = jira.create("Named", outside=True)
    jira.create("Unrelated", outside=True)
    reader = jira.open().reader
    interest = Interest(roots=frozenset({epic.key}), keys=frozenset({named.key}))
    list(reader.changed_since(None, interest).pages)
    assert reader.present() == {epic.id, child.id, named.id}


def test_points_sprints_and_fields_come_through(jira: JiraHarness) -> None:
    jira.site.create_issue(
        PROJECT, "A", points=3, sprints=["Sprint 1"], components=["Blog"], versions=["1.0"], assignee="ann"
    )
    (issue,) = pull(jira.open()).values()
    assert issue.points == 3
    assert issue.sprints == ("Sprint 1",)
    assert (issue.components, issue.versions) == (("Blog",), ("1.0",))
    assert issue.assignees


def test_a_local_clock_that_jumps_loses_nothing(jira: JiraHarness) -> None:
    ref = jira.create("Before")
    jira.pass_time(timedelta(hours=1))
    first = jira.open().reader.changed_since(None, Interest())
    list(first.pages)
    jira.pass_time(timedelta(hours=1))
    jira.edit(ref, "After")
    tracker = open_tracker(
        NAME,
        jira.settings(),
        memory=jira.memory,
        clock=lambda: jira.server.world.clock.now() - timedelta(days=400),
        notify=jira.notices.append,
    )
    assert pull(tracker, first.cursor)[ref].title == "After"


def test_a_login_that_the_site_takes_for_nobody_is_noticed(jira: JiraHarness) -> None:
    jira.create("A")
    jira.site.anonymous = True
    findings = jira.open(token="wrong").check(jira.needs)
    assert [finding.ok for finding in findings] == [False]


def test_an_account_in_a_far_zone_misses_no_change(jira: JiraHarness) -> None:
    ref = jira.create("Before")
    jira.pass_time(timedelta(hours=1))
    first = jira.open().reader.changed_since(None, Interest())
    list(first.pages)
    bot = jira.site.bot
    jira.site.accounts[bot.id] = type(bot)(**{**bot.dump(), "time_zone": "Pacific/Kiritimati"})
    jira.edit(ref, "After")
    assert pull(jira.open(), first.cursor)[ref].title == "After"


def test_a_mark_is_kept_as_a_property_too(jira: JiraHarness) -> None:
    ref = jira.create("A")
    tracker = jira.open()
    written = tracker.writer.create_comment(ref, "The mark is only beside this text", "milepost:t:1:x")
    (found,) = posted_on(tracker.reader, ref).comments
    assert found.id == written.id
    assert found.mark == "milepost:t:1:x"


def test_many_small_pages_make_the_same_whole(jira: JiraHarness) -> None:
    refs = {jira.create(f"Task {number}") for number in range(23)}
    tracker = jira.open(page_size=5, id_page_size=4)
    assert set(pull(tracker)) == refs
    assert tracker.reader.present() == {ref.id for ref in refs}


def test_a_scope_by_jql_with_an_order_of_its_own_is_read_whole(jira: JiraHarness) -> None:
    kept = jira.create("Kept", labels=["web"], outside=True)
    jira.create("Other")
    tracker = jira.open(projects=[], jql="labels = web OR labels = shop ORDER BY updated DESC")
    assert set(pull(tracker)) == {kept}

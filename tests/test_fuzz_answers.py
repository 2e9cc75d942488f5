"""Whole answers as no vendor documents them, body and headers, through everything that a connector asks."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug import Request, Response

from connectors.errors import TrackerError
from connectors.models import Capability, Interest, IssueRef, LabelDefinition, PostedComment
from connectors.registry import connector
from connectors.sandbox.faults import Fault, Replace
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.seed import world_for
from connectors.sandbox.server import SandboxServer
from tests.conformance import DictMemory
from tests.hostile import CHANGES, Change, changed, spoil

FACES = {"jira": ("jira", "cloud"), "center": ("jira", "datacenter"), "github": ("github", "")}
NAMES = tuple(FACES)
MARK = "milepost:test:1:0123456789ab"
ISSUES = {"jira": "BLOG-1", "center": "BLOG-1", "github": "acme/site#1"}
HEADERS = (
    "Date",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Content-Type",
    "X-AUSERNAME",
    "X-AACCOUNTID",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Resource",
)
ODD = (
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "99999999999999999999",
    "9" * 5000,
    "\u0661",
    "\x80\xff",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Mon, 99 Foo 2026 99:99:99 +9999",
    "9999-12-31T23:59:59-23:59",
    "<http://[::1>; rel=next",
    '<http://evil.example/x>; rel="next"',
    '<>; rel="next"',
    ";;;,,,<",
    "application/json; charset=utf-7",
)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    world = world_for(FACES)
    for site in world.sites.values():
        if isinstance(site, JiraSite | GitHubSite):
            site.comment(ISSUES[site.name], "By a person")
    with SandboxServer(world) as running:
        yield running


class Opened:
    """One tracker on the sandbox, in its second run: what the first has remembered is there."""

    def __init__(self, server: SandboxServer, name: str, memory: DictMemory) -> None:
        kind, face = FACES[name]
        found = connector(kind)
        assert found is not None
        usual = {"kind": kind, "url": server.url(name), "token": "sandbox", "write_spacing": 0}
        patience = {"backoff": 0, "attempts": 1, "max_wait": 0, "workers": 1}
        own: dict[str, object] = {"repositories": ["acme/site"]}
        if kind == "jira":
            own = {"projects": ["BLOG", "MKT"], "site_url": f"https://{name}.example"}
            own |= {"email": "milepost@sandbox.test"} if face == "cloud" else {}
        self.key = ISSUES[name]
        site = server.world.sites[name]
        assert isinstance(site, JiraSite | GitHubSite)
        self.id = str(site.issue(self.key).id)
        self.query = "project = BLOG" if kind == "jira" else "is:issue repo:acme/site"
        self.container = "BLOG" if kind == "jira" else "acme/site"
        self.tracker = found.open(
            name,
            found.settings.model_validate(usual | patience | own),
            memory=memory,
            clock=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC),
            notify=lambda _line: None,
        )

    def everything(self, cursor: str | None = None) -> Iterator[Callable[[], object]]:
        """Everything that a run may ask."""
        reader, ref = self.tracker.reader, IssueRef(self.tracker.info.name, self.id, self.key)
        interest = Interest(frozenset({self.key}), frozenset({self.key}), frozenset({"Budget"}), True, True)
        yield lambda: list(reader.changed_since(cursor, interest).pages)
        yield reader.present
        yield lambda: reader.fetch([self.key, self.id])
        yield lambda: reader.matching(self.query)
        yield lambda: reader.posted([ref])
        yield lambda: reader.label_definitions(self.container)
        yield lambda: self.tracker.check(frozenset(Capability))
        yield lambda: self.tracker.writer.change_labels(ref, ["x"], ["y"])
        yield from self.writing(ref)
        yield self.tracker.close

    def writing(self, ref: IssueRef) -> Iterator[Callable[[], object]]:
        """A comment that comes, changes and goes; and a label that is defined."""
        writer, written = self.tracker.writer, list[PostedComment]()
        yield lambda: written.append(writer.create_comment(ref, f"text {MARK}", MARK))
        for comment in written:
            yield partial(writer.edit_comment, ref, comment, f"more {MARK}", MARK)
            yield partial(writer.delete_comment, ref, comment)
        if self.tracker.info.has_label_definitions:
            yield lambda: writer.define_label(self.container, LabelDefinition("x", "0e8a16", "What for"))
            yield lambda: writer.remove_label_definition(self.container, "x")


def asked(server: SandboxServer, name: str, fault: Fault) -> None:
    """Ask everything while something goes wrong, and again when it is over; only TrackerErrors may come."""
    memory, errors = DictMemory(), []
    server.plan(fault)
    for ask in Opened(server, name, memory).everything():
        try:
            ask()
        except TrackerError as error:
            errors.append(str(error))
    server.clear_faults()
    assert [said for said in errors if not said.isprintable() or len(said) > 1_500] == []
    for ask in Opened(server, name, memory).everything():
        with suppress(TrackerError):  # a quota that was said to be spent may still count
            ask()


FUZZ = hypothesis_settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(st.lists(CHANGES, min_size=1, max_size=2), st.integers(1, 12), st.sampled_from([1, 3, None]))
def test_no_body_of_an_answer_makes_a_connector_fail_in_a_way_of_its_own(
    server: SandboxServer, name: str, changes: list[Change], nth: int, times: int | None
) -> None:
    asked(server, name, Fault(kind=Replace(spoil(*changes)), site=name, nth=nth, times=times))


@pytest.mark.parametrize("body", ["null", "3", '"x"', "[]", "{}", "[1]", "[null]", '[{"id": []}]'])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_of_another_shape_at_any_request_is_an_error_of_its_tracker(
    server: SandboxServer, name: str, body: str
) -> None:
    def change(request: Request, response: Response) -> Response:
        response.set_data(body)
        return response

    opened, before = Opened(server, name, DictMemory()), len(server.log)
    for ask in opened.everything():
        with suppress(TrackerError):
            ask()
    for nth in range(1, len(server.log) - before + 1):
        server.plan(Fault(kind=Replace(change), site=name, nth=nth))
        for ask in Opened(server, name, DictMemory()).everything():
            with suppress(TrackerError):
                ask()
        server.clear_faults()


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(st.sampled_from(HEADERS), st.sampled_from(ODD), st.sampled_from([200, 403, 429, 503]))
@example("X-RateLimit-Reset", "99999999999999999999", 200)
@example("Date", "Fri, 31 Dec 9999 23:59:59 GMT", 200)
def test_no_header_of_an_answer_makes_a_connector_fail_in_a_way_of_its_own(
    server: SandboxServer, name: str, header: str, value: str, status: int
) -> None:
    def change(request: Request, response: Response) -> Response:
        response.headers[header] = value.encode("utf-8").decode("latin-1")
        if header.startswith("X-RateLimit"):
            response.headers.setdefault("X-RateLimit-Limit", "5000")
            response.headers["X-RateLimit-Remaining"] = "0" if header.endswith("Reset") else value
            response.headers[header] = value.encode("utf-8").decode("latin-1")
        response.status_code = status
        return response

    asked(server, name, Fault(kind=Replace(change), site=name, times=None))


def test_what_spoils_an_answer_changes_it() -> None:
    assert changed({"a": 1}, (0, 0, "replace")) == {"a": None}
    assert changed({"a": 1}, (0, 0, "remove")) == {}
    assert changed([1], (0, 0, "repeat")) == [1, 1]

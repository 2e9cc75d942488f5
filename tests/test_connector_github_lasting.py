"""Single resources of GitHub answer one lasting fault for ten pulls and surveys; nothing else is affected."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import pytest
from werkzeug import Request, Response

from connectors.errors import TrackerError
from connectors.models import Interest, Issue, IssueRef, Posted
from connectors.sandbox.faults import Fault, Html, Kind, Replace, Status
from connectors.sandbox.github_wire.render import node_id
from tests.github_builders import Hub, running

PULLS = 10


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as made:
        yield made


def changed(answer: object) -> Replace:
    """Handle the request, then answer this instead."""

    def change(request: Request, response: Response) -> Response:
        response.set_data(orjson.dumps(answer))
        return response

    return Replace(change)


FAULTS: dict[str, Kind] = {
    "500": Status(500),
    "502": Status(502),
    "403": Status(403, {}, {"message": "Forbidden"}),
    "404": Status(404, {}, {"message": "Not Found"}),
    "410": Status(410, {}, {"message": "Issues are disabled"}),
    "451": Status(451, {}, {"message": "Repository access blocked", "block": {"reason": "dmca"}}),
    "a web page": Html(),
    "an object": changed({"message": "odd"}),
    "text": changed("odd"),
    "null": changed(None),
}
EVERY_FAULT = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
SETTINGS: dict[str, dict[str, object]] = {
    "repositories": {"repositories": ["acme/site", "acme/app", "acme/plans"]},
    "an organisation": {"repositories": [], "organization": "acme"},
}
BOTH = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


@dataclass
class Copy:
    """What pulls brought so far, by key."""

    issues: dict[str, Issue] = field(default_factory=dict)
    cursor: str | None = None
    failed: dict[str, str] = field(default_factory=dict)
    unread: set[str | None] = field(default_factory=set)

    def pull(self, hub: Hub, settings: dict[str, object], interest: Interest) -> None:
        tracker = hub.open(**{"attempts": 1, **settings})
        found = tracker.reader.changed_since(self.cursor, interest)
        pages = list(found.pages)
        self.issues.update((issue.ref.key, issue) for page in pages for issue in page.issues)
        self.failed = {one.name: one.error for one in found.failed()}
        self.unread = {one.key for page in pages for one in page.unread}
        self.cursor = found.cursor
        tracker.close()


def titles(copy: Copy, repository: str) -> set[str]:
    return {issue.title for issue in copy.issues.values() if issue.container == repository}


@BOTH
@EVERY_FAULT
def test_a_list_that_fails_for_ten_pulls_costs_no_change_of_the_others_and_is_read_later(
    hub: Hub, settings: dict[str, object], fault: Kind
) -> None:
    (bad,), (good,) = hub.fill("acme/app", 1), hub.fill("acme/site", 1)
    hub.later()
    copy = Copy()
    copy.pull(hub, settings, Interest())
    hub.server.plan(Fault(kind=fault, path="/repos/acme/app/issues$", times=None))
    counts = []
    for number in range(PULLS):
        hub.later(120)
        hub.site.edit(good, title=f"Good {number}")
        if number == 3:
            hub.site.edit(bad, title="Changed while its list failed")
        hub.later(120)
        hub.asked()
        copy.pull(hub, settings, Interest())
        counts.append(len(hub.asked()))
        assert titles(copy, "acme/site") == {f"Good {number}"}
        if "organization" not in settings:
            assert copy.failed.keys() == {"acme/app"}
    assert max(counts[2:]) <= max(counts[:2])
    hub.server.clear_faults()
    hub.later(7200)
    copy.pull(hub, settings, Interest())
    assert copy.failed == {}
    assert titles(copy, "acme/app") == {"Changed while its list failed"}


@BOTH
@EVERY_FAULT
def test_a_list_that_never_answered_is_read_whole_once_it_does(
    hub: Hub, settings: dict[str, object], fault: Kind
) -> None:
    hub.fill("acme/app", 3)
    hub.fill("acme/site", 3)
    hub.fill("acme/plans", 1)
    hub.server.plan(Fault(kind=fault, path="/repos/acme/app/issues$", times=None))
    copy = Copy()
    for _ in range(3):
        hub.later(86_400)
        copy.pull(hub, settings, Interest())
        assert copy.failed.keys() == {"acme/app"}
        assert copy.failed["acme/app"]
        assert {issue.container for issue in copy.issues.values()} == {"acme/site", "acme/plans"}
    hub.server.clear_faults()
    hub.later()
    copy.pull(hub, settings, Interest())
    assert copy.failed == {}
    assert len(copy.issues) == 7


@BOTH
@EVERY_FAULT
def test_a_survey_tells_the_list_that_fails_and_brings_the_others(
    hub: Hub, settings: dict[str, object], fault: Kind
) -> None:
    hub.fill("acme/app", 2)
    good = hub.fill("acme/site", 2)
    hub.server.plan(Fault(kind=fault, path="/repos/acme/app/issues$", times=None))
    for _ in range(2):
        found = hub.open(attempts=1, **settings).reader.survey(Interest())
        keys = {issue.ref.key for page in found.pages for issue in page.issues}
        assert keys == set(good)
        errors = {one.name: bool(one.error) for one in found.containers()}
        assert errors == {"acme/app": True, "acme/plans": False, "acme/site": False}
        assert all(one.id.isdigit() for one in found.containers())


@EVERY_FAULT
def test_a_survey_of_one_repository_tells_that_its_list_fails(hub: Hub, fault: Kind) -> None:
    hub.fill("acme/site", 2)
    hub.server.plan(Fault(kind=fault, path="/repos/acme/site/issues$", times=None))
    found = hub.open(attempts=1).reader.survey(Interest())
    assert [page.issues for page in found.pages if page.issues] == []
    assert [(one.name, bool(one.error)) for one in found.containers()] == [("acme/site", True)]


@EVERY_FAULT
def test_an_organisations_own_list_that_fails_costs_no_issue(hub: Hub, fault: Kind) -> None:
    settings = SETTINGS["an organisation"]
    keys = [*hub.fill("acme/app", 2), *hub.fill("acme/site", 2)]
    copy = Copy()
    copy.pull(hub, settings, Interest())
    hub.server.plan(Fault(kind=fault, path="/orgs/acme/issues$", times=None))
    for number in range(PULLS):
        hub.later()
        hub.site.edit(keys[0], title=f"Good {number}")
        copy.pull(hub, settings, Interest())
        assert copy.issues[keys[0]].title == f"Good {number}"
        assert copy.failed == {}
    found = hub.open(attempts=1, **settings).reader.survey(Interest())
    assert {issue.ref.key for page in found.pages for issue in page.issues} == set(keys)


GRAPHQL: dict[str, Kind] = {
    **{name: FAULTS[name] for name in ("502", "403", "a web page", "null")},
    "an error": changed({"data": None, "errors": [{"message": "Something went wrong"}]}),
    "out of resources": changed(
        {"data": {"nodes": [None]}, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Too much"}]}
    ),
}


@pytest.mark.parametrize("fault", GRAPHQL.values(), ids=GRAPHQL)
def test_one_tree_that_fails_for_pulls_on_end_leaves_the_other_trees_as_they_are(
    hub: Hub, fault: Kind
) -> None:
    roots = hub.fill("acme/plans", 4)
    children = hub.fill("acme/app", 4)
    for root, child in zip(roots, children, strict=True):
        hub.site.add_sub_issue(root, child)
    interest = Interest(roots=frozenset(roots))
    copy = Copy()
    hub.later()
    copy.pull(hub, {}, interest)
    node = node_id("I", hub.site.issue(roots[1]).id)
    hub.server.plan(Fault(kind=fault, path="/graphql$", body=node, times=None))
    counts = []
    for number in range(5):
        hub.later()
        hub.site.edit(children[0], title=f"Good {number}")
        hub.later(120)
        hub.asked()
        copy.pull(hub, {}, interest)
        counts.append(len(hub.asked()))
        assert copy.issues[children[0]].title == f"Good {number}"
        assert copy.unread == {roots[1]}
        assert copy.issues[children[1]].parent_key == roots[1]
    assert max(counts[2:]) <= max(counts[:2])
    hub.server.clear_faults()
    late = hub.fill("acme/app", 1)[0]
    hub.site.add_sub_issue(roots[1], late)
    hub.later()
    copy.pull(hub, {}, interest)
    assert copy.unread == set()
    assert copy.issues[late].parent_key == roots[1]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_comments_that_cannot_be_listed_are_an_error_of_that_issue_and_it_is_not_gone(
    hub: Hub, fault: Kind
) -> None:
    keys = hub.fill("acme/site", 3)
    refs = [IssueRef("hub", str(hub.site.issue(key).id), key) for key in keys]
    for key in keys:
        hub.site.comment(key, "Hello milepost:a:b")
    hub.server.plan(Fault(kind=fault, path=f"/issues/{keys[1].partition('#')[2]}/comments$", times=None))
    found = hub.open(attempts=1).reader.posted(refs)
    assert isinstance(found[refs[0]], Posted)
    assert isinstance(found[refs[2]], Posted)
    assert isinstance(found[refs[1]], TrackerError)


@pytest.mark.parametrize("name", ["500", "502", "403", "451", "a web page", "an object", "text", "null"])
def test_an_issue_that_cannot_be_read_is_an_error_of_its_own(hub: Hub, name: str) -> None:
    keys = hub.fill("acme/site", 3)
    refs = [IssueRef("hub", str(hub.site.issue(key).id), key) for key in keys]
    path = f"/issues/{keys[1].partition('#')[2]}$"
    hub.server.plan(Fault(kind=FAULTS[name], path=path, times=None))
    found = hub.open(attempts=1).reader.posted(refs)
    assert [isinstance(found.get(ref), Posted) for ref in refs] == [True, False, True]
    assert isinstance(found[refs[1]], TrackerError)

"""What goes wrong in one repository, tree or issue for ten pulls is told there, and all else is read."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from werkzeug import Request, Response

from connectors.errors import BadConfiguration, TrackerError, Unavailable
from connectors.models import Container, Fate, Interest, Issue, IssueRef, Unread
from connectors.sandbox.faults import Close, Fault, Html, Kind, Replace, Status
from tests.github_builders import Hub, pull, running

LASTING: dict[str, Kind] = {
    **{str(code): Status(code, {}, {"message": "Sorry"}) for code in (403, 404, 410, 451, 500, 503)},
    "html": Html(),
    "shape": Status(200, {}, {"message": "an object"}),
    "closed": Close(),
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as made:
        yield made


def read(
    hub: Hub, cursor: str | None, *, roots: tuple[str, ...] = (), **values: Any
) -> tuple[dict[str, Issue], list[Unread], tuple[Container, ...], str]:
    found = hub.open(**values).reader.changed_since(cursor, Interest(roots=frozenset(roots)))
    pages = list(found.pages)
    issues = {issue.ref.key: issue for page in pages for issue in page.issues}
    return issues, [one for page in pages for one in page.unread], found.failed(), found.cursor


BOTH = ["acme/site", "acme/app"]
ORGANISATION: dict[str, Any] = {"repositories": [], "organization": "acme"}


@pytest.mark.parametrize("kind", LASTING.values(), ids=LASTING)
@pytest.mark.parametrize("scope", [{"repositories": BOTH}, {**ORGANISATION}], ids=["named", "organisation"])
def test_a_repository_that_fails_for_ten_pulls_is_told_and_the_others_are_read(
    hub: Hub, kind: Kind, scope: dict[str, Any]
) -> None:
    hub.fill("acme/site", 3)
    hub.fill("acme/app", 3)
    _, _, _, cursor = read(hub, None, **scope)
    hub.server.plan(Fault(kind=kind, path="^/repos/acme/app/issues$", times=None))
    # The organisation's own list would hide that one of its repositories fails.
    hub.memory.facts.pop("github.organisation", None)
    hub.later()
    hub.site.edit("acme/app#2", title="Late")
    asked = []
    for number in range(10):
        hub.later()
        hub.site.edit("acme/site#1", title=f"Edit {number}")
        hub.asked()
        issues, _, failed, cursor = read(hub, cursor, **scope)
        asked.append(len(hub.asked()))
        assert issues["acme/site#1"].title == f"Edit {number}"
        assert [(one.name, bool(one.error)) for one in failed] == [("acme/app", True)]
    assert len(set(asked)) == 1
    hub.server.clear_faults()
    issues, _, failed, cursor = read(hub, cursor, **scope)
    assert issues["acme/app#2"].title == "Late"
    assert failed == ()
    hub.later()
    assert read(hub, cursor, **scope)[0].keys() <= {"acme/site#1"}


def test_a_repository_that_fails_from_the_first_pull_on_comes_whole_when_it_answers(hub: Hub) -> None:
    hub.fill("acme/site", 2)
    hub.fill("acme/app", 2)
    hub.server.plan(Fault(kind=Status(500), path="^/repos/acme/app/issues$", times=None))
    _, _, failed, cursor = read(hub, None, repositories=BOTH)
    assert [one.name for one in failed] == ["acme/app"]
    hub.server.clear_faults()
    hub.later(86_400)
    issues, _, failed, _ = read(hub, cursor, repositories=BOTH)
    assert {"acme/app#1", "acme/app#2"} <= issues.keys()


@pytest.mark.parametrize("fact", ['{"x": 5}', "[]", "5", "{", '{"%s": {"behind": {"acme/app": 5, "x": ""}}}'])
def test_an_impossible_note_of_what_is_behind_counts_as_none(hub: Hub, fact: str) -> None:
    hub.fill("acme/site", 2)
    _, _, _, cursor = read(hub, None, repositories=BOTH)
    at = orjson.loads(cursor)
    name = f"{at['at']} {at['n']} {at['scope']}"
    hub.memory.facts["github.reading"] = fact.replace("%s", name)
    hub.later()
    assert read(hub, cursor, repositories=BOTH)[2] == ()


def test_a_configured_repository_that_is_gone_is_a_mistake_where_it_is_the_only_one(hub: Hub) -> None:
    hub.fill("acme/site", 1)
    with pytest.raises(BadConfiguration, match="acme/gone"):
        read(hub, None, repositories=["acme/gone"])
    issues, _, failed, _ = read(hub, None, repositories=["acme/gone", "acme/site"])
    assert issues.keys() == {"acme/site#1"}
    assert [(one.name, "404" in one.error) for one in failed] == [("acme/gone", True)]


def test_where_no_repository_answers_the_tracker_is_down_before_all_were_asked(hub: Hub) -> None:
    for number in range(6):
        hub.site.create_repo(f"acme/part-{number}")
    hub.server.plan(Fault(kind=Status(503), path="^/repos/.*/issues$", times=None))
    with pytest.raises(Unavailable):
        read(hub, None, workers=1, attempts=1, **ORGANISATION)
    assert len([path for path in hub.asked() if path.endswith("/issues") and "/repos/" in path]) <= 5


def test_a_pull_that_is_not_stored_reads_the_same_again(hub: Hub) -> None:
    hub.fill("acme/app", 2)
    hub.server.plan(Fault(kind=Status(500), path="^/repos/acme/app/issues$", times=None))
    _, _, _, first = read(hub, None, repositories=BOTH)
    hub.server.clear_faults()
    hub.later()
    for _ in range(2):  # the cursor of the first of these is lost
        issues, _, _, _ = read(hub, first, repositories=BOTH)
        assert issues.keys() == {"acme/app#1", "acme/app#2"}


def test_an_organisations_list_that_fails_is_replaced_by_those_of_its_repositories(hub: Hub) -> None:
    hub.fill("acme/site", 3)
    hub.fill("acme/app", 3)
    cursor = read(hub, None, **ORGANISATION)[3]
    hub.later()
    hub.site.edit("acme/app#2", title="Changed")
    hub.server.plan(Fault(kind=Status(500), path="^/orgs/acme/issues$", times=None))
    for _ in range(3):
        issues, _, failed, _ = read(hub, cursor, **ORGANISATION)
        assert issues["acme/app#2"].title == "Changed"
        assert failed == ()


# Trees


def tree(hub: Hub, children: int = 3) -> str:
    root = hub.fill("acme/site", 1)[0]
    for key in hub.fill("acme/plans", children):
        hub.site.add_sub_issue(root, key)
    return root


@pytest.mark.parametrize("kind", [Status(500), Status(502), Html(), Status(200, {}, {"data": {"nodes": 5}})])
def test_trees_that_are_not_answered_for_ten_pulls_are_told_of_their_roots(hub: Hub, kind: Kind) -> None:
    root, other = tree(hub), hub.fill("acme/site", 1)[0]
    _, _, _, cursor = read(hub, None, roots=(root,))
    hub.later()
    hub.server.plan(Fault(kind=kind, path="/graphql$", body="Children", times=None))
    hub.site.edit("acme/plans#1", title="Late")
    asked = []
    for number in range(10):
        hub.later()
        hub.site.edit(other, title=f"Edit {number}")
        hub.asked()
        issues, unread, _, cursor = read(hub, cursor, roots=(root,))
        asked.append(len(hub.asked()))
        assert issues[other].title == f"Edit {number}"
        assert [one.key for one in unread] == [root]
    assert len(set(asked[1:])) == 1
    hub.server.clear_faults()
    issues, unread, _, cursor = read(hub, cursor, roots=(root,))
    assert issues["acme/plans#1"].title == "Late"
    assert issues["acme/plans#1"].parent_key == root
    assert unread == []


def test_a_tree_that_is_too_much_at_once_is_asked_for_in_smaller_parts(hub: Hub) -> None:
    roots = [tree(hub, 4) for _ in range(3)]
    hub.site.settings.graphql_size = 2
    issues, unread, _, _ = read(hub, None, roots=tuple(roots))
    assert unread == []
    assert sum(issue.container == "acme/plans" for issue in issues.values()) == 12


def test_a_tree_that_is_too_much_however_small_is_told_and_takes_bounded_requests(hub: Hub) -> None:
    roots = [tree(hub, 2) for _ in range(20)]
    error = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
    hub.server.plan(
        Fault(
            kind=Status(200, {}, {"data": {}, "errors": [error]}), path="/graphql$", body="Child", times=None
        )
    )
    issues, unread, _, _ = read(hub, None, roots=tuple(roots))
    assert {one.key for one in unread} == set(roots)
    assert all("Resource limits" in one.why for one in unread)
    assert set(roots) <= issues.keys()
    assert len(hub.asked()) < 100


@pytest.mark.parametrize("field", ["fullDatabaseId", "number", "repository", "subIssuesSummary"])
@pytest.mark.parametrize("value", [5.5, "x", [], {}])
def test_one_sub_issue_that_makes_no_sense_is_told_of_its_parent(hub: Hub, field: str, value: Any) -> None:
    root, other = tree(hub), tree(hub)

    def change(request: Request, response: Response) -> Response:
        answer = orjson.loads(response.get_data())
        answer["data"]["nodes"][0]["subIssues"]["nodes"][0][field] = value
        response.set_data(orjson.dumps(answer))
        return response

    hub.server.plan(Fault(kind=Replace(change), path="/graphql$", body="Children"))
    issues, unread, _, _ = read(hub, None, roots=(root, other))
    assert [one.key for one in unread] == [root]
    assert sum(issue.container == "acme/plans" for issue in issues.values()) == 5


# Single issues


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        (Status(500), Fate.UNKNOWN),
        (Html(), Fate.UNKNOWN),
        (Status(403, {}, {"message": "No"}), Fate.HIDDEN),
        (Status(451, {}, {"message": "No"}), Fate.HIDDEN),
        (Status(404), Fate.GONE),
        (Status(410), Fate.GONE),
    ],
)
def test_where_one_issue_is_does_not_depend_on_another(hub: Hub, kind: Kind, fate: Fate) -> None:
    hub.fill("acme/site", 3)
    refs = [issue.ref for issue in pull(hub.open())[0].values()]
    hub.server.plan(Fault(kind=kind, path="/issues/2$", times=None))
    found = hub.open().reader.locate(refs)
    assert {ref.key: each.fate for ref, each in found.items()} == {
        "acme/site#1": Fate.PRESENT,
        "acme/site#2": fate,
        "acme/site#3": Fate.PRESENT,
    }


def test_three_look_ups_in_a_row_without_an_answer_are_the_trackers(hub: Hub) -> None:
    hub.server.plan(Fault(kind=Status(500), path="/issues/", times=None))
    with pytest.raises(TrackerError):
        hub.open().reader.locate(
            [IssueRef("hub", str(number), f"acme/site#{number}") for number in range(1, 6)]
        )

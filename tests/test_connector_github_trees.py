"""Trees of sub-issues: whole at any depth and across repositories, cheap, and right after every change."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import pytest
from werkzeug import Request, Response

from connectors.errors import Unavailable
from connectors.github.pull import NO_TREES, WALK_AGAIN
from connectors.models import Issue, Unread
from connectors.sandbox.faults import Fault, Replace, Status
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import DictMemory
from tests.github_builders import on_sandbox, pull

HOUR = 3600


@dataclass
class Hub:
    server: SandboxServer
    site: GitHubSite
    memory: DictMemory = field(default_factory=DictMemory)

    def issue(self, repository: str, title: str, parent: str | None = None) -> str:
        key = self.site.key(self.site.create_issue(repository, title))
        if parent is not None:
            self.site.add_sub_issue(parent, key)
        return key

    def pull(
        self, *roots: str, cursor: str | None = None, keys: tuple[str, ...] = ()
    ) -> tuple[dict[str, Issue], list[Unread], str]:
        """One run: a tracker of its own, on the memory that lasts, an hour after the one before."""
        self.server.world.clock.advance(HOUR)
        return pull(on_sandbox(self.server, self.site, memory=self.memory), cursor, roots=roots, keys=keys)

    def move_silently(self, child: str, parent: str | None) -> None:
        """Give an issue another parent without anybody's `updated_at` moving."""
        issue = self.site.issue(child)
        if issue.parent is not None:
            self.site.issues[issue.parent].children.remove(issue.id)
        issue.parent = None
        if parent is not None:
            above = self.site.issue(parent)
            above.children.append(issue.id)
            issue.parent = above.id
        self.server.world.clock.advance(WALK_AGAIN.total_seconds())


@pytest.fixture
def hub() -> Iterator[Hub]:
    yield from _hub(None)


@pytest.fixture
def old_server() -> Iterator[Hub]:
    yield from _hub("3.14")


def _hub(enterprise: str | None) -> Iterator[Hub]:
    site = GitHubSite("github", enterprise)
    with SandboxServer(World.of(site)) as server:
        for name in ("acme/site", "acme/plans", "acme/app"):
            site.create_repo(name)
        yield Hub(server, site)


def test_a_tree_is_whole_at_any_depth_and_across_repositories(hub: Hub) -> None:
    root = hub.issue("acme/plans", "Root")
    above, expected = root, {}
    for depth in range(6):
        key = hub.issue(("acme/site", "acme/app")[depth % 2], f"Level {depth}", above)
        expected[key] = above
        above = key
    found, unread, _ = hub.pull(root)
    assert unread == []
    assert {key: issue.parent_key for key, issue in found.items() if key != root} == expected
    assert all(found[key].parent_id == found[above].ref.id for key, above in expected.items())
    assert root in found


def test_membership_costs_no_request_per_parent(hub: Hub) -> None:
    root = hub.issue("acme/plans", "Root")
    parents = [hub.issue("acme/plans", f"Part {n}", root) for n in range(30)]
    children = [hub.issue("acme/plans", f"Child of {parent}", parent) for parent in parents for _ in "ab"]
    first, _, cursor = hub.pull(root)
    assert first.keys() >= {*parents, *children}
    hub.server.log.clear()
    again, _, _ = hub.pull(root, cursor=cursor)
    assert again == {}
    assert len(hub.server.log) <= 6


def test_more_than_a_hundred_below_one_parent_come_page_by_page(hub: Hub) -> None:
    root = hub.issue("acme/plans", "Root")
    children = {hub.issue("acme/app", f"Child {n}") for n in range(130)}
    for child in children:
        hub.move_silently(child, root)
    found, unread, _ = hub.pull(root)
    assert found.keys() == {root, *children}
    assert unread == []
    singles = [one for one in hub.server.log if one.method == "GET" and "/issues/" in one.path]
    assert len(singles) <= 3


def test_a_child_that_joins_without_being_updated_is_seen(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")
    inside, outside = hub.issue("acme/site", "Inside"), hub.issue("acme/app", "Outside")
    _, _, cursor = hub.pull(root)
    hub.move_silently(inside, root)
    hub.move_silently(outside, root)
    found, _, cursor = hub.pull(root, cursor=cursor)
    assert {key: issue.parent_key for key, issue in found.items()} == {inside: root, outside: root}
    assert hub.pull(root, cursor=cursor)[0] == {}


def test_a_child_that_leaves_without_being_updated_comes_again_without_parent(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")
    inside, outside = hub.issue("acme/site", "Inside", root), hub.issue("acme/app", "Outside", root)
    _, _, cursor = hub.pull(root)
    hub.move_silently(inside, None)
    hub.move_silently(outside, None)
    found, _, cursor = hub.pull(root, cursor=cursor)
    assert {key: issue.parent_key for key, issue in found.items()} == {inside: None, outside: None}
    assert hub.pull(root, cursor=cursor)[0] == {}


def test_a_pull_that_is_not_kept_loses_no_leaving_child(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")
    child = hub.issue("acme/app", "Child", root)
    _, _, cursor = hub.pull(root)
    hub.move_silently(child, None)
    assert hub.pull(root, cursor=cursor)[0].keys() == {child}
    assert hub.pull(root, cursor=cursor)[0].keys() == {child}


def test_a_child_that_moves_from_parent_to_parent_tells_the_new_one(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")
    one, two = hub.issue("acme/site", "One", root), hub.issue("acme/site", "Two", root)
    child = hub.issue("acme/app", "Child", one)
    _, _, cursor = hub.pull(root)
    hub.move_silently(child, two)
    found, _, _ = hub.pull(root, cursor=cursor)
    assert {key: issue.parent_key for key, issue in found.items()} == {child: two}


def test_a_root_that_is_named_later_brings_its_whole_tree(hub: Hub) -> None:
    first, late = hub.issue("acme/site", "First"), hub.issue("acme/plans", "Late")
    child = hub.issue("acme/app", "Child", late)
    _, _, cursor = hub.pull(first)
    found, _, _ = hub.pull(first, late, cursor=cursor)
    assert found.keys() == {late, child}


def test_without_memory_of_the_trees_a_pull_is_full(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")
    child = hub.issue("acme/app", "Child", root)
    _, _, cursor = hub.pull(root)
    hub.memory.facts.clear()
    assert hub.pull(root, cursor=cursor)[0].keys() == {root, child}


def test_a_root_that_was_transferred_is_found_where_it_is_now(hub: Hub) -> None:
    root = hub.issue("acme/plans", "Root")
    child = hub.issue("acme/app", "Child", root)
    moved = hub.site.transfer(root, "acme/app")
    found, unread, _ = hub.pull(root)
    assert found.keys() == {moved, child}
    assert found[child].parent_key == moved
    assert unread == []


def test_a_root_that_is_nowhere_is_told(hub: Hub) -> None:
    found, unread, _ = hub.pull("acme/plans#99")
    assert found == {}
    assert [one.key for one in unread] == ["acme/plans#99"]
    assert "no such issue" in unread[0].why


def test_a_root_below_another_root_has_its_parent(hub: Hub) -> None:
    upper = hub.issue("acme/plans", "Upper")
    lower = hub.issue("acme/plans", "Lower", upper)
    child = hub.issue("acme/app", "Child", lower)
    found, _, _ = hub.pull(lower, upper)
    assert found[lower].parent_id == found[upper].ref.id
    assert {key: issue.parent_key for key, issue in found.items()} == {
        upper: None,
        lower: upper,
        child: lower,
    }


def test_keys_out_of_scope_come_again_only_when_they_changed(hub: Hub) -> None:
    key = hub.issue("acme/plans", "Target")
    found, _, cursor = hub.pull(keys=(key, "acme/plans#99"))
    assert found.keys() == {key}
    again, _, cursor = hub.pull(keys=(key,), cursor=cursor)
    assert again == {}
    hub.site.edit(key, title="Other")
    changed, _, _ = hub.pull(keys=(key,), cursor=cursor)
    assert changed[key].title == "Other"


def test_a_pull_request_that_is_named_stays_out_unless_asked_for(hub: Hub) -> None:
    key = hub.site.key(hub.site.create_issue("acme/plans", "Change", pull_request=True))
    assert hub.pull(keys=(key,))[0] == {}
    asked, _, _ = pull(on_sandbox(hub.server, hub.site), keys=[key], pull_requests=True)
    assert asked[key].pull_request


def test_an_old_enterprise_server_is_pulled_without_trees_and_asked_once_a_day(old_server: Hub) -> None:
    root = old_server.issue("acme/site", "Root")
    target = old_server.issue("acme/plans", "Target")
    found, unread, cursor = old_server.pull(root, keys=(target,))
    assert found.keys() == {root, target}
    assert unread == []
    assert NO_TREES in old_server.memory.facts
    old_server.server.log.clear()
    old_server.pull(root, cursor=cursor, keys=(target,))
    assert not any("graphql" in one.path for one in old_server.server.log)
    old_server.server.world.clock.advance(24 * HOUR)
    old_server.pull(root, cursor=cursor)
    assert any("graphql" in one.path for one in old_server.server.log)


def test_spent_graphql_points_are_a_rate_limit_though_they_come_as_success(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")
    hub.site.settings.graphql_exhausted = True
    with pytest.raises(Unavailable, match=r"API rate limit exceeded|asked to wait"):
        hub.pull(root)


def test_a_root_that_makes_no_sense_in_graphql_is_asked_for_by_rest(hub: Hub) -> None:
    root = hub.issue("acme/site", "Root")

    def change(request: Request, response: Response) -> Response:
        response.set_data(b'{"data": {"k0": {"found": {"fullDatabaseId": "1"}}}}')
        return response

    hub.server.plan(Fault(kind=Replace(change), path="/graphql$"))
    found, unread, _ = hub.pull(root)
    assert found.keys() == {root}
    assert unread == []


def test_what_this_account_may_not_see_is_told_and_the_rest_comes(hub: Hub) -> None:
    root, hidden = hub.issue("acme/site", "Root"), hub.issue("acme/plans", "Hidden")

    def change(request: Request, response: Response) -> Response:
        answer = orjson.loads(response.get_data())
        error = {"type": "FORBIDDEN", "path": ["k0"], "message": "Resource protected by SAML"}
        response.set_data(orjson.dumps({"data": {**answer["data"], "k0": None}, "errors": [error]}))
        return response

    refusal = Status(403, {"X-GitHub-SSO": "required"}, {"message": "Resource protected by SAML"})
    hub.server.plan(Fault(kind=Replace(change), path="/graphql$", body="ByPlace"))
    hub.server.plan(Fault(kind=refusal, path="/repos/acme/plans/issues", times=None))
    found, unread, _ = hub.pull(hidden, root)
    assert found.keys() == {root}
    reason = "GET /repos/acme/plans/issues/1: HTTP 403: Resource protected by SAML"
    assert [(one.key, one.why) for one in unread] == [(hidden, reason)]

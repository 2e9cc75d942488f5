"""The sandbox's GitHub answers the unchanged PyGithub as GitHub would, within GitHub's own document."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from github import GithubException, UnknownObjectException

from connectors.sandbox.github_truth.truth import Impossible
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.world import World
from tests.sandbox_github import Lab, lab

SITE = "acme/site"


@pytest.fixture
def at() -> Iterator[Lab]:
    with lab() as made:
        yield made


def test_an_issue_is_read_with_all_that_was_put_into_it(at: Lab) -> None:
    at.site.create_issue(
        SITE, "Blog", body="text", labels=["web"], type="task", milestone="Launch", assignees=["ana"]
    )
    issue = at.client().get_repo(SITE).get_issue(1)
    assert (issue.title, issue.body, issue.state, issue.comments) == ("Blog", "text", "open", 0)
    assert [label.name for label in issue.labels] == ["web"]
    assert issue.milestone is not None
    assert (issue.milestone.title, issue.milestone.open_issues) == ("Launch", 1)
    assert [user.login for user in issue.assignees] == ["ana"]
    assert issue.type is not None
    assert issue.type.name == "Task"
    assert issue.created_at == at.site.clock.now() == issue.updated_at


def test_an_issue_made_over_the_wire_belongs_to_the_bearer(at: Lab) -> None:
    made = at.client().get_repo(SITE).create_issue("New", body="text", labels=["a", "b"])
    assert (made.number, made.user.login) == (1, "milepost-bot")
    assert at.site.label_names(at.site.issue(f"{SITE}#1")) == ["a", "b"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [("completed", "completed"), ("not_planned", "not_planned"), ("duplicate", "duplicate")],
)
def test_closing_tells_the_reason_and_reopening_takes_it_back(at: Lab, asked: str, told: str) -> None:
    at.site.create_issue(SITE, "Blog", author="milepost-bot")
    issue = at.client().get_repo(SITE).get_issue(1)
    issue.edit(state="closed", state_reason=asked)
    assert (issue.state, issue.state_reason) == ("closed", told)
    assert issue.closed_at == at.site.clock.now()
    issue.edit(state="open")
    assert (issue.state, issue.state_reason) == ("open", "reopened")
    assert issue.raw_data["closed_at"] is None


def test_comments_are_written_listed_edited_and_deleted(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog")
    at.site.comment(f"{SITE}#1", "by a person", author="ana")
    issue = at.client(per_page=2).get_repo(SITE).get_issue(1)
    mine = issue.create_comment("by milepost <!-- milepost:x -->")
    issue.create_comment("another")
    assert [comment.user.login for comment in issue.get_comments()] == [
        "ana",
        "milepost-bot",
        "milepost-bot",
    ]
    mine.edit("changed")
    assert mine.updated_at > mine.created_at
    assert issue.get_comment(mine.id).body == "changed"
    later = mine.updated_at
    assert [comment.id for comment in issue.get_comments(since=later)] == [mine.id]
    mine.delete()
    with pytest.raises(UnknownObjectException):
        issue.get_comment(mine.id)


def test_a_comment_may_be_65536_characters_long_and_no_longer(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog")
    issue = at.client().get_repo(SITE).get_issue(1)
    assert len(issue.create_comment("é" * 65_536).body) == 65_536
    with pytest.raises(GithubException) as refused:
        issue.create_comment("é" * 65_537)
    assert refused.value.status == 422
    assert refused.value.data["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"


@pytest.mark.parametrize("change", ["comment", "edit", "delete", "label", "unlabel", "child", "orphan"])
def test_every_change_of_what_belongs_to_an_issue_bumps_its_update_time(at: Lab, change: str) -> None:
    site, key, child = at.site, f"{SITE}#1", f"{SITE}#2"
    site.create_issue(SITE, "Blog", labels=["old"])
    site.create_issue(SITE, "Page")
    if change == "orphan":
        site.add_sub_issue(key, child)
    comment = site.comment(key, "text")
    before = site.issue(key).updated_at
    moves: dict[str, Callable[[], object]] = {
        "comment": lambda: site.comment(key, "more"),
        "edit": lambda: site.edit_comment(comment.id, "other"),
        "delete": lambda: site.delete_comment(comment.id),
        "label": lambda: site.add_labels(key, "new"),
        "unlabel": lambda: site.remove_labels(key, "old"),
        "child": lambda: site.add_sub_issue(key, child),
        "orphan": lambda: site.remove_sub_issue(key, child),
    }
    moves[change]()
    assert site.issue(key).updated_at > before


def test_labels_are_added_and_removed_one_by_one(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog", labels=["foreign"])
    issue = at.client().get_repo(SITE).get_issue(1)
    issue.add_to_labels("Mine", "FOREIGN")
    assert [label.name for label in issue.get_labels()] == ["foreign", "Mine"]
    issue.remove_from_labels("mine")
    assert [label.name for label in issue.get_labels()] == ["foreign"]
    with pytest.raises(GithubException, match="Label does not exist"):
        issue.remove_from_labels("mine")
    issue.set_labels("x", "y")
    assert [label.name for label in issue.get_labels()] == ["x", "y"]


def test_a_slash_in_a_label_must_be_encoded_in_a_path(at: Lab) -> None:
    at.server.answers.clear()  # the document cannot tell an encoded slash from a plain one
    at.site.create_issue(SITE, "Blog", labels=["goal/blog"])
    assert at.send("DELETE", f"/repos/{SITE}/issues/1/labels/goal/blog").status_code == 404
    assert at.send("DELETE", f"/repos/{SITE}/issues/1/labels/goal%2Fblog").json() == []


def test_label_definitions_are_made_changed_and_removed(at: Lab) -> None:
    repo = at.client().get_repo(SITE)
    at.site.create_issue(SITE, "Blog")
    label = repo.create_label("health", "0E8A16", "How it goes")
    at.site.add_labels(f"{SITE}#1", "health")
    label.edit("Health", "ffffff", "Other")
    found = repo.get_label("HEALTH")
    assert (found.name, found.color, found.description) == ("Health", "ffffff", "Other")
    assert [each.name for each in repo.get_issue(1).labels] == ["Health"]
    found.delete()
    assert list(repo.get_labels()) == []
    assert repo.get_issue(1).labels == []


@pytest.mark.parametrize(
    ("name", "description", "field", "code"),
    [
        ("WEB", "", "name", "already_exists"),
        ("x" * 51, "", "name", "custom"),
        ("x", "y" * 101, "description", "custom"),
        ("x", "\N{ROCKET}", "description", "custom"),
    ],
)
def test_a_label_that_github_would_not_define_is_refused_in_its_shape(
    at: Lab, name: str, description: str, field: str, code: str
) -> None:
    repo = at.client().get_repo(SITE)
    repo.create_label("web", "ededed")
    with pytest.raises(GithubException) as refused:
        repo.create_label(name, "ededed", description)
    assert refused.value.status == 422
    assert refused.value.data["message"] == "Validation Failed"
    error = refused.value.data["errors"][0]
    assert (error["resource"], error["field"], error["code"]) == ("Label", field, code)


def test_the_rocket_may_stand_in_a_label_s_name(at: Lab) -> None:
    assert at.client().get_repo(SITE).create_label("\N{ROCKET}", "ededed").name == "\N{ROCKET}"


def test_milestones_are_listed_by_state(at: Lab) -> None:
    repo = at.client().get_repo(SITE)
    made = repo.create_milestone("Launch", description="first")
    assert [each.title for each in repo.get_milestones()] == ["Launch"]
    assert list(repo.get_milestones(state="closed")) == []
    assert repo.get_milestone(made.number).creator.login == "milepost-bot"
    with pytest.raises(GithubException, match="already_exists"):
        repo.create_milestone("Launch")


def test_sub_issues_of_another_repository_are_read_and_moved(at: Lab) -> None:
    at.site.create_repo("acme/app")
    at.site.create_issue(SITE, "Goal")
    child = at.site.create_issue("acme/app", "Task")
    parent = at.client().get_repo(SITE).get_issue(1)
    assert parent.add_sub_issue(child.id).number == 1
    assert [each.repository.full_name for each in parent.get_sub_issues()] == ["acme/app"]
    shown = at.get(f"/repos/{SITE}/issues/1").json()
    assert shown["sub_issues_summary"] == {"total": 1, "completed": 0, "percent_completed": 0}
    assert at.get("/repos/acme/app/issues/1").json()["parent_issue_url"] == f"{at.url}/repos/{SITE}/issues/1"
    assert at.get("/repos/acme/app/issues/1/parent").json()["number"] == 1
    at.site.close("acme/app#1", "not_planned")
    assert at.get(f"/repos/{SITE}/issues/1").json()["sub_issues_summary"]["percent_completed"] == 100
    parent.remove_sub_issue(child.id)
    assert list(parent.get_sub_issues()) == []
    assert at.get("/repos/acme/app/issues/1/parent").status_code == 404


def test_a_family_has_one_parent_no_circle_and_eight_levels() -> None:
    site = GitHubSite("hub")
    site.create_repo(SITE)
    keys = [f"{SITE}#{site.create_issue(SITE, 'x').number}" for _ in range(10)]
    for above, below in pairwise(keys[:8]):
        site.add_sub_issue(above, below)
    for parent, child, said in [
        (keys[7], keys[8], "layers"),
        (keys[5], keys[0], "circular"),
        (keys[9], keys[3], "one parent"),
    ]:
        with pytest.raises(Impossible, match=said):
            site.add_sub_issue(parent, child)
    site.create_repo("other/place")
    site.create_issue("other/place", "x")
    with pytest.raises(Impossible, match="same owner"):
        site.add_sub_issue(keys[9], "other/place#1")


def test_a_parent_has_at_most_a_hundred_sub_issues(at: Lab) -> None:
    ids = [at.site.create_issue(SITE, "x").id for _ in range(102)]
    for number in range(2, 102):
        at.site.add_sub_issue(f"{SITE}#1", f"{SITE}#{number}")
    answer = at.send("POST", f"/repos/{SITE}/issues/1/sub_issues", {"sub_issue_id": ids[101]})
    assert answer.status_code == 422
    assert "100" in answer.json()["errors"][0]["message"]


def test_a_renamed_repository_is_found_under_its_new_place_with_the_query_kept(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog")
    repo = at.site.rename_repo(SITE, "acme/www")
    answer = at.get(f"/repos/{SITE}/issues?state=all&per_page=100")
    place = f"{at.url}/repositories/{repo.id}/issues?state=all&per_page=100"
    assert (answer.status_code, answer.headers["Location"]) == (301, place)
    assert at.get(place).json()[0]["repository_url"] == f"{at.url}/repos/acme/www"
    assert at.client().get_repo(SITE).full_name == "acme/www"
    for method, path in [("POST", "/issues/1/comments"), ("PATCH", "/issues/1")]:
        told = at.send(method, f"/repos/{SITE}{path}", {"body": "x"})
        assert (told.status_code, told.headers["Location"]) == (
            307,
            f"{at.url}/repositories/{repo.id}{path}",
        )
    assert at.site.comments("acme/www#1") == []


def test_a_transferred_issue_gets_a_new_id_and_number_and_leaves_a_way_to_it(at: Lab) -> None:
    site = at.site
    site.create_repo("acme/app")
    site.define_label(site.repo("acme/app"), "both")
    site.create_issue("acme/app", "there already")
    old = site.create_issue(SITE, "Blog", labels=["both", "here"], milestone="Launch")
    old_id = old.id
    site.create_issue(SITE, "Page")
    site.add_sub_issue(f"{SITE}#1", f"{SITE}#2")
    comment = site.comment(f"{SITE}#1", "text").id
    assert site.transfer(f"{SITE}#1", "acme/app") == "acme/app#2"
    answer = at.get(f"/repos/{SITE}/issues/1/comments?per_page=5")
    target = f"{at.url}/repositories/{site.repo('acme/app').id}/issues/2/comments?per_page=5"
    assert (answer.status_code, answer.headers["Location"]) == (301, target)
    found = at.client().get_repo(SITE).get_issue(1)
    assert (found.id != old_id, found.number) == (True, 2)
    assert found.raw_data["milestone"] is None
    assert [label.name for label in found.labels] == ["both"]
    assert [each.number for each in found.get_sub_issues()] == [2]
    assert [each.id != comment for each in found.get_comments()] == [True]


def test_a_deleted_issue_is_gone_and_one_that_never_was_is_not_found(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog")
    at.site.delete(f"{SITE}#1")
    assert at.get(f"/repos/{SITE}/issues/1").status_code == 410
    assert at.get(f"/repos/{SITE}/issues/2").status_code == 404
    assert at.get(f"/repos/{SITE}/issues?state=all").json() == []


def test_pull_requests_stand_among_the_issues_with_their_own_key(at: Lab) -> None:
    at.site.create_issue(SITE, "Fix", pull_request=True)
    (shown,) = at.get(f"/repos/{SITE}/issues").json()
    assert shown["pull_request"]["url"] == f"{at.url}/repos/{SITE}/pulls/1"
    assert "type" not in shown
    assert at.get(f"/repos/{SITE}/pulls/1").json()["number"] == 1


def test_the_world_survives_being_saved_and_read_again() -> None:
    site = GitHubSite("hub", "3.17")
    site.create_repo(SITE)
    site.create_issue(SITE, "Goal", labels=["a"], milestone="m", type="Bug")
    site.create_issue(SITE, "Task")
    site.add_sub_issue(f"{SITE}#1", f"{SITE}#2")
    comment = site.comment(f"{SITE}#1", "text")
    site.transfer(f"{SITE}#2", site.create_repo("acme/app").full_name)
    again = GitHubSite.load(site.dump())
    assert again.dump() == site.dump()
    assert again.edit_comment(comment.id, "changed") is again.comments(f"{SITE}#1")[0]
    assert again.issue(f"{SITE}#2").parent == again.issue(f"{SITE}#1").id


def test_nothing_moves_the_clock_but_a_change(at: Lab) -> None:
    at.site.create_issue(SITE, "Blog")
    before = at.site.clock.now()
    list(at.client().get_repo(SITE).get_issues())
    assert at.site.clock.now() == before
    at.client().get_repo(SITE).get_issue(1).create_comment("x")
    assert (at.site.clock.now() - before).total_seconds() == 1


def test_times_are_the_world_s() -> None:
    start = datetime(2020, 2, 29, 12, tzinfo=UTC)
    site = GitHubSite("hub")
    World.of(site, start=start)
    site.create_repo(SITE)
    assert site.create_issue(SITE, "Blog").created_at == start.timestamp() + 2

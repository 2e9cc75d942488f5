"""What administrators do on the sandbox's GitHub, what of it moves an issue's time, and what then refuses."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.world import World
from tests.sandbox_github import Lab, lab, numbers

SITE = "acme/site"
LIST = f"/repos/{SITE}/issues?state=all"
ISSUE = f"/repos/{SITE}/issues/1"


@pytest.fixture
def at() -> Iterator[Lab]:
    with lab() as made:
        made.site.create_issue(SITE, "Blog", labels=["goal"], milestone="Q1", type="Task")
        made.site.comment(f"{SITE}#1", "hello", author="milepost-bot")
        yield made


RENAMES: dict[str, tuple[Callable[[GitHubSite], Any], Callable[[Any], Any], Any]] = {
    "a label's name": (
        lambda site: site.rename_label(SITE, "goal", "aim"),
        lambda row: [label["name"] for label in row["labels"]],
        ["aim"],
    ),
    "a label's colour": (
        lambda site: site.recolour_label(SITE, "goal", "00ff00"),
        lambda row: [label["color"] for label in row["labels"]],
        ["00ff00"],
    ),
    "a label's deletion": (
        lambda site: site.delete_label(SITE, "goal"),
        lambda row: row["labels"],
        [],
    ),
    "a milestone's title": (
        lambda site: site.rename_milestone(SITE, "Q1", "Q2"),
        lambda row: row["milestone"]["title"],
        "Q2",
    ),
    "a type's name": (
        lambda site: site.rename_type("acme", "Task", "Chore"),
        lambda row: row["type"]["name"],
        "Chore",
    ),
}


@pytest.mark.parametrize("rename", RENAMES)
@pytest.mark.parametrize("touch", [False, True])
def test_a_definition_s_change_shows_on_the_issue_and_moves_its_time_only_by_the_switch(
    at: Lab, rename: str, touch: bool
) -> None:
    move, read, expected = RENAMES[rename]
    at.site.settings.definitions_touch = touch
    before = at.get(ISSUE).json()["updated_at"]
    move(at.site)
    row = at.get(ISSUE).json()
    assert read(row) == expected
    assert (row["updated_at"] != before) is touch
    assert (numbers(at.get(f"{LIST}&sort=updated&since={row['updated_at']}")) == [1]) is True


def test_a_repository_that_is_revoked_vanishes_and_one_that_is_granted_brings_its_old_issues(at: Lab) -> None:
    at.site.create_repo("acme/old", role="none")
    at.site.create_issue("acme/old", "Old work")
    before = at.site.now()
    assert at.get("/repos/acme/old/issues?state=all").status_code == 404
    at.site.grant("acme/old", "milepost-bot", "push")
    [row] = at.get("/repos/acme/old/issues?state=all").json()
    assert at.site.issue("acme/old#1").updated_at <= before, row
    assert [each["name"] for each in at.get("/orgs/acme/repos").json()] == ["site", "old"]
    at.site.revoke("acme/old")
    assert at.get("/repos/acme/old").status_code == 404
    assert at.get("/repos/acme/old/issues/1").status_code == 404
    assert [each["name"] for each in at.get("/orgs/acme/repos").json()] == ["site"]


def test_an_archived_repository_says_so_is_read_and_refuses_every_write(at: Lab) -> None:
    comment = at.site.comments(f"{SITE}#1")[0].id
    at.site.archive_repo(SITE)
    assert at.get(f"/repos/{SITE}").json()["archived"] is True
    assert numbers(at.get(LIST)) == [1]
    for method, path, body in (
        ("POST", f"{ISSUE}/comments", {"body": "x"}),
        ("PATCH", f"/repos/{SITE}/issues/comments/{comment}", {"body": "x"}),
        ("DELETE", f"/repos/{SITE}/issues/comments/{comment}", None),
        ("POST", f"{ISSUE}/labels", {"labels": ["x"]}),
        ("DELETE", f"{ISSUE}/labels/goal", None),
        ("POST", f"/repos/{SITE}/labels", {"name": "x"}),
        ("PATCH", ISSUE, {"state": "closed"}),
    ):
        answer = at.send(method, path, body)
        assert (answer.status_code, answer.json()["message"]) == (
            403,
            "Repository was archived so is read-only.",
        ), path
    at.site.archive_repo(SITE, archived=False)
    assert at.send("POST", f"{ISSUE}/comments", {"body": "x"}).status_code == 201


@pytest.mark.parametrize(("reason", "status"), [("dmca", 451), ("tos", 403)])
def test_a_blocked_repository_refuses_everything_and_is_listed_all_the_same(reason: str, status: int) -> None:
    with lab() as at:
        at.site.create_issue(SITE, "Blog")
        at.site.block_repo(SITE, reason)
        for path in (f"/repos/{SITE}", LIST, ISSUE, f"/repos/{SITE}/labels"):
            answer = at.get(path)
            assert answer.status_code == status
            assert answer.json()["block"]["reason"] == reason
        assert [each["name"] for each in at.get("/orgs/acme/repos").json()] == ["site"]
        assert at.get("/orgs/acme/issues?filter=all&state=all").json() == []
        at.site.block_repo(SITE, "")
        assert numbers(at.get(LIST)) == [1]


def test_switched_off_issues_answer_410_and_come_back_as_they_were() -> None:
    with lab() as at:
        at.site.create_issue(SITE, "Blog")
        at.site.create_issue(SITE, "A change", pull_request=True)
        at.site.disable_issues(SITE)
        assert at.get(f"/repos/{SITE}").json()["has_issues"] is False
        assert at.get(LIST).status_code == at.get(ISSUE).status_code == 410
        assert at.send("POST", f"{ISSUE}/comments", {"body": "x"}).status_code == 410
        assert at.query('{repository(owner:"acme",name:"site"){issue(number:1){title}}}')["errors"]
        at.site.settings.pulls_where_disabled = True
        assert numbers(at.get(LIST)) == [2]
        at.site.disable_issues(SITE, disabled=False)
        assert numbers(at.get(LIST)) == [2, 1]


def test_a_locked_issue_takes_no_comment_and_no_edit_but_labels(at: Lab) -> None:
    comment = at.site.comments(f"{SITE}#1")[0].id
    at.site.lock(f"{SITE}#1")
    assert at.get(ISSUE).json()["locked"] is True
    assert at.send("POST", f"{ISSUE}/comments", {"body": "x"}).status_code == 403
    assert at.send("PATCH", f"/repos/{SITE}/issues/comments/{comment}", {"body": "x"}).status_code == 403
    assert at.send("POST", f"{ISSUE}/labels", {"labels": ["x"]}).status_code == 200
    at.site.lock(f"{SITE}#1", locked=False)
    assert at.send("POST", f"{ISSUE}/comments", {"body": "x"}).status_code == 201


@pytest.mark.parametrize("status", [404, 410])
def test_an_issue_that_became_a_discussion_is_in_no_list_and_its_number_leads_nowhere(
    at: Lab, status: int
) -> None:
    at.site.convert_to_discussion(f"{SITE}#1", status)
    assert at.get(ISSUE).status_code == status
    assert numbers(at.get(LIST)) == []


def test_a_renamed_repository_keeps_its_id_and_its_organisation_tells_the_new_name(at: Lab) -> None:
    before = at.get(f"/repos/{SITE}").json()["id"]
    at.site.rename_repo(SITE, "acme/home")
    assert at.get(f"/repos/{SITE}").status_code == 301
    [listed] = at.get("/orgs/acme/repos").json()
    assert (listed["full_name"], listed["id"]) == ("acme/home", before)


def test_an_imported_issue_bears_its_old_dates_and_no_list_of_changes_has_it(at: Lab) -> None:
    at.site.import_issue(
        SITE, "From elsewhere", created="2020-01-01T00:00:00Z", updated="2020-01-02T00:00:00Z"
    )
    row = at.get(f"/repos/{SITE}/issues/2").json()
    assert (row["created_at"], row["updated_at"]) == ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
    assert numbers(at.get(LIST)) == [1, 2]
    assert numbers(at.get(f"{LIST}&since=2026-01-01T00:00:00Z")) == [1]


def test_a_late_list_shows_changes_and_new_issues_only_after_its_lag_and_a_number_is_fresh(at: Lab) -> None:
    at.site.answer_late(lists=600)
    at.site.close(f"{SITE}#1")
    at.site.create_issue(SITE, "New")
    states = [(row["number"], row["state"]) for row in at.get(LIST).json()]
    assert states == [(1, "open")]
    assert at.get(ISSUE).json()["state"] == "closed"
    assert at.get(f"/repos/{SITE}/issues/2").status_code == 200
    [found] = at.get("/search/issues?q=repo:acme/site").json()["items"]
    assert (found["number"], found["state"]) == (1, "open")
    at.site.clock.advance(599)
    assert numbers(at.get(LIST)) == [1]
    at.site.clock.advance(1)
    assert [(row["number"], row["state"]) for row in at.get(LIST).json()] == [(2, "open"), (1, "closed")]
    at.site.close(f"{SITE}#2")
    assert at.get(LIST).json()[0]["state"] == "open"
    at.site.answer_late()
    assert at.get(LIST).json()[0]["state"] == "closed"


def test_a_late_list_of_comments_lacks_a_new_one_that_its_id_opens(at: Lab) -> None:
    at.site.answer_late(comments=60)
    made = at.send("POST", f"{ISSUE}/comments", {"body": "new"}).json()
    assert [each["body"] for each in at.get(f"{ISSUE}/comments").json()] == ["hello"]
    assert at.get(f"/repos/{SITE}/issues/comments/{made['id']}").json()["body"] == "new"
    at.site.clock.advance(60)
    assert [each["body"] for each in at.get(f"{ISSUE}/comments").json()] == ["hello", "new"]


CHILDREN = '{repository(owner:"acme",name:"site"){issue(number:1){subIssues(first:%d){nodes{number}}}}}'


def test_a_sub_issue_out_of_sight_is_left_out_or_null(at: Lab) -> None:
    at.site.create_repo("acme/secret", role="none")
    at.site.create_issue("acme/secret", "Hidden work")
    at.site.create_issue(SITE, "Work")
    for child in ("acme/secret#1", f"{SITE}#2"):
        at.site.add_sub_issue(f"{SITE}#1", child)

    def nodes() -> Any:
        return at.query(CHILDREN % 10)["data"]["repository"]["issue"]["subIssues"]["nodes"]

    assert nodes() == [{"number": 2}]
    at.site.settings.null_sub_issues = True
    assert nodes() == [None, {"number": 2}]


def test_a_query_that_asks_for_too_much_gets_part_of_the_data_and_an_error(at: Lab) -> None:
    for number in range(2, 6):
        at.site.create_issue(SITE, f"Work {number}")
        at.site.add_sub_issue(f"{SITE}#1", f"{SITE}#{number}")
    at.site.settings.graphql_size = 4
    answer = at.query(CHILDREN % 5)
    assert [error["type"] for error in answer["errors"]] == ["RESOURCE_LIMITS_EXCEEDED"]
    found = answer["data"]["repository"]["issue"]["subIssues"]["nodes"]
    assert found == [{"number": 2}, {"number": 3}, None, None]
    assert "errors" not in at.query(CHILDREN % 4)


def test_a_saved_world_keeps_what_administrators_did(at: Lab, tmp_path: Path) -> None:
    site = at.site
    for name in ("archived", "blocked", "off"):
        site.create_repo(f"acme/{name}")
    site.archive_repo("acme/archived")
    site.block_repo("acme/blocked")
    site.disable_issues("acme/off")
    site.lock(f"{SITE}#1")
    site.answer_late(lists=5, comments=6)
    site.settings.null_sub_issues = site.settings.definitions_touch = True
    world = World.of(site)
    world.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json").sites[site.name]
    assert isinstance(again, GitHubSite)
    assert again.dump() == site.dump()
    assert again.repo("acme/archived").archived
    assert again.issue(f"{SITE}#1").locked
    assert (again.settings.list_lag, again.settings.null_sub_issues) == (5, True)

"""Runs in which little or nothing changed: what they ask, and what they notice all the same."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.runs import CLOUD, DATACENTER, MARKETING, House, house, milestone

DAY = timedelta(days=1)
SHOP = milestone("shop", 'repository = "acme/shop"', 'tracking = "acme/shop#1"')


@pytest.fixture(params=[CLOUD, DATACENTER])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, request.param) as found:
        found.reconcile_every = DAY
        found.sync()
        found.world.clock.advance(3600)
        found.sync()  # looks once more: the first run's own writes moved the issues
        found.world.clock.advance(3600)
        yield found


def asked(here: House) -> list[str]:
    before = len(here.server.log)
    report = here.sync()
    assert not report.failed, report.conclusion.problems
    return [f"{each.site} {each.method} {each.path}" for each in here.server.log[before:]]


def test_where_nothing_changed_each_scope_is_asked_once_and_nothing_else(here: House) -> None:
    requests = asked(here)
    assert sorted(request.split()[0] for request in requests) == ["github", "jira"], requests


def test_an_edit_by_hand_is_noticed_without_a_sweep(here: House) -> None:
    before = here.ours()["BLOG-1"]
    here.jira.edit_comment(here.jira.comments("BLOG-1")[-1], "Nothing to see here", author="ana")
    assert any("comment" in request for request in asked(here))
    assert here.ours()["BLOG-1"] == before


def test_an_edit_that_a_plan_saw_is_not_forgotten_by_the_sync_after_it(here: House) -> None:
    ours = here.github.comments("acme/site#1")[-1]
    body = ours.body
    here.github.edit_comment(ours.id, "Nothing to see here")
    assert len(here.plan().plan.actions) == 1
    here.world.clock.advance(3600)
    assert len(here.plan().plan.actions) == 1
    here.world.clock.advance(3600)
    here.sync()
    assert here.github.comments("acme/site#1")[-1].body == body


def test_a_removal_that_moves_nothing_is_found_by_the_sweep(here: House) -> None:
    issue = here.jira.issue("BLOG-1")
    here.jira.threads[issue.id] = [
        one for one in here.jira.threads[issue.id] if one.author != here.jira.bot.id
    ]
    assert not here.sync().written
    here.world.clock.advance(DAY.total_seconds())
    here.sync()
    assert len([one for one in here.jira.comments("BLOG-1") if one.author == here.jira.bot.id]) == 1


def test_one_finished_task_asks_for_no_comment_that_it_is_going_to_edit(here: House) -> None:
    here.jira.transition("BLOG-4", "Done")
    reads = [request for request in asked(here) if " GET " in request and "/comment" in request]
    assert reads == []


def test_after_a_write_that_failed_the_next_run_looks_again(here: House) -> None:
    ours = here.jira.comments("BLOG-1")[-1]
    here.jira.threads[here.jira.issue("BLOG-1").id].remove(ours)  # unseen: its time of change stays
    here.jira.transition("BLOG-4", "Done")
    unmoved = here.jira.issue("BLOG-1").updated = here.jira.issue("BLOG-2").updated
    assert here.sync().failed
    here.jira.issue("BLOG-1").updated = unmoved  # whatever else the run wrote there
    here.world.clock.advance(3600)
    assert not here.sync().failed
    assert len([one for one in here.jira.comments("BLOG-1") if one.author == here.jira.bot.id]) == 1


def test_new_issues_that_count_nowhere_cost_no_more_than_their_rows_and_the_trees(here: House) -> None:
    here.jira.create_issue("MKT", "Something else")
    here.github.create_issue("acme/site", "Something else")
    requests = asked(here)
    assert len(requests) <= 4, requests
    assert sum("/search" in one for one in requests) == 1
    assert sum(one.endswith("/repos/acme/site/issues") for one in requests) == 1


def test_a_new_task_starts_no_comparison_of_everything(here: House) -> None:
    here.jira.create_issue("BLOG", "One more post", type="Story", parent="BLOG-1")
    new = here.github.create_issue("acme/site", "One more page")
    here.github.add_sub_issue("acme/site#1", here.github.key(new))
    requests = asked(here)
    assert sum("/search" in one for one in requests) <= 2, requests
    assert sum(one.endswith("GET /repos/acme/site/issues") for one in requests) == 1
    assert not [one for one in requests if "/project" in one or one.endswith("/field")]
    assert not here.plan().plan.actions


def test_where_no_comment_can_be_asked_for_none_is(tmp_path: Path) -> None:
    """An issue of GitHub says how many comments it has, and none of ours is among none."""
    with house(tmp_path, mapping=MARKETING + SHOP) as here:
        here.github.create_repo("acme/shop")
        here.github.create_issue("acme/shop", "Open a shop")
        here.settings["github"] = {"repositories": ["acme/site", "acme/shop"]}
        here.sync()
        shop = [one.path for one in here.server.log if "/acme/shop/" in one.path and "comments" in one.path]
        assert len(shop) == 1  # ours is written


def test_a_run_uses_one_connection_to_each_tracker_again_and_again(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.sync()
        assert len(here.server.log) > 40
        # One for each, and one without a login by which Jira is asked what anybody may read.
        assert here.server.connections == 3

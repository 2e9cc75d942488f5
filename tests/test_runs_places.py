"""Where is written and where is not: scope by identity, archives, and places that are only read."""

from pathlib import Path

import pytest

from core.publish.publish_policy import LimitPolicy
from core.steps.writable_places import closed_places
from tests.runs import CLOUD, DATACENTER, House, Watch, house

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
DAY = 25 * 3600


def rest(here: House) -> None:
    """A day on, so that everything is compared, and another run that has nothing left to do."""
    here.world.clock.advance(DAY)
    here.sync()
    here.sync()


def written_to(watch: Watch, place: str) -> list[str]:
    return [f"{each.method} {each.path}" for each in watch.writes if place in each.path]


def told(here: House) -> list[str]:
    with here.job() as job:
        return [f"{each.what}: {each.why}" for each in closed_places(job.store, job.infos.values())]


# Scope


def test_a_sub_issue_in_a_repository_outside_of_the_scope_counts_and_nothing_is_written_there(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.github.create_repo("acme/other")
        here.github.create_issue("acme/other", "Ask the hoster")
        here.github.add_sub_issue("acme/site#1", "acme/other#1")
        watch = here.watch()
        here.agreed()
        rest(here)
        assert "of 5 tasks" in here.ours()["acme/site#1"].replace("&#8203;", "")
        assert written_to(watch, "acme/other") == []
        assert here.definitions("acme/other") == set()
        assert "acme/other#1" not in here.labels()


@FACES
def test_an_issue_of_a_project_outside_of_the_scope_counts_and_nothing_is_written_there(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        outside = here.jira.create_issue("HR", "Interview the authors", parent="BLOG-1")
        watch = here.watch()
        here.agreed()
        rest(here)
        assert written_to(watch, f"/issue/{outside.id}") == []
        assert outside.key not in here.labels()
        assert "BLOG-2" in here.labels()


@pytest.mark.parametrize("first", [True, False], ids=["before the first run", "after it"])
def test_a_repository_that_is_called_otherwise_today_stays_in_scope(first: bool, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        if not first:
            here.agreed()
        here.github.rename_repo("acme/site", "acme/web")
        here.github.add_sub_issue("acme/web#1", here.github.key(here.github.create_issue("acme/web", "New")))
        here.world.clock.advance(60 if first else DAY)
        here.sync()
        assert "mp/milestone/site" in here.labels()["acme/web#2"]
        assert "mp/milestone/site" in here.labels()["acme/web#10"]


@FACES
@pytest.mark.parametrize("first", [True, False], ids=["before the first run", "after it"])
def test_a_project_with_another_key_today_stays_in_scope(first: bool, face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        if not first:
            here.agreed()
        here.jira.rename_project("MKT", "NEWS")
        task = here.jira.create_issue("NEWS", "Print it", labels=["newsletter"])
        here.world.clock.advance(60 if first else DAY)
        here.sync()
        assert "mp/milestone/newsletter" in here.labels()[task.key]


def test_a_new_repository_of_an_organisation_is_in_scope_and_another_owner_s_is_not(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.settings["github"] = {"repositories": [], "organization": "acme"}
        here.agreed()
        here.github.create_repo("acme/shop")
        here.github.create_issue("acme/shop", "Open the shop", labels=["milestone/site"])
        rest(here)
        assert "mp/milestone/site" in here.labels()["acme/shop#1"]
        here.github.rename_repo("acme/shop", "beta/shop")
        here.github.create_issue("beta/shop", "Close it again", labels=["milestone/site"])
        watch = here.watch()
        rest(here)
        assert written_to(watch, "beta/shop") == []


def test_a_repository_that_takes_the_name_of_one_that_was_renamed_is_the_one_in_scope(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.github.rename_repo("acme/site", "acme/attic")
        here.github.create_repo("acme/site")
        here.github.create_issue("acme/site", "Begin anew", labels=["milestone/site"])
        here.limits = LimitPolicy(max_lost_percent=100, max_jump_points=100)
        rest(here)
        watch = here.watch()
        here.github.edit("acme/attic#2", title="Titles")
        rest(here)
        assert written_to(watch, "acme/attic") == []


# Places that are only read


def organisation(here: House) -> None:
    here.settings["github"] = {"repositories": [], "organization": "acme"}
    here.github.create_repo("acme/shop")
    for number in range(4):
        here.github.create_issue("acme/shop", f"Work {number}", labels=["milestone/site"])


@pytest.mark.parametrize("first", [True, False], ids=["from the first run on", "later"])
def test_where_the_account_may_only_read_nothing_is_written_until_it_may(first: bool, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        organisation(here)
        if not first:
            here.agreed()
            for number in range(1, 5):
                here.github.remove_labels(f"acme/shop#{number}", "mp/milestone/site")
        here.github.grant("acme/shop", "milepost-bot", "pull")
        watch = here.watch()
        here.world.clock.advance(DAY)
        assert not here.sync().failed
        assert written_to(watch, "acme/shop") == []
        assert told(here) == ["github: acme/shop: the account may not change labels there"]
        assert "of 8 tasks" in here.ours()["acme/site#1"]
        here.github.grant("acme/shop", "milepost-bot", "push")
        rest(here)
        assert "mp/milestone/site" in here.labels()["acme/shop#1"]
        assert told(here) == []


# Archives


@pytest.mark.parametrize("first", [True, False], ids=["from the first run on", "later"])
def test_an_archived_repository_is_known_beforehand_and_holds_nothing(first: bool, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        organisation(here)
        here.mapping += (
            '\n[milestones.shop]\ntitle = "Shop"\nleads_to = "visitors"\ntracking = "acme/shop#1"\n'
        )
        here.mapping += '[[milestones.shop.rules]]\nrepository = "acme/shop"\n'
        if not first:
            here.agreed()
            for number in range(1, 5):
                here.github.remove_labels(f"acme/shop#{number}", "mp/milestone/site", "mp/milestone/shop")
        before = here.standing()["acme/shop#1"]
        here.github.archive_repo("acme/shop")
        watch = here.watch()
        here.world.clock.advance(DAY)
        report = here.sync()
        assert not report.failed, (report.line, report.conclusion.plan.held)
        assert written_to(watch, "acme/shop") == []
        here.world.clock.advance(900)
        here.limits = LimitPolicy(max_changes=7)  # four labels of the archive would be too many
        here.github.close("acme/site#4")
        report = here.sync()
        assert not report.failed, (report.line, report.conclusion.plan.held)
        assert written_to(watch, "acme/shop") == []
        assert written_to(watch, "acme/site") or written_to(watch, "comments")
        assert here.standing()["acme/shop#1"] == before
        assert told(here) == ["github: acme/shop: archived, so that it takes no changes"]
        here.github.archive_repo("acme/shop", archived=False)
        here.limits = LimitPolicy()
        rest(here)
        assert "mp/milestone/shop" in here.labels()["acme/shop#1"]
        assert "acme/shop#1" in here.ours()
        assert told(here) == []


def test_an_archived_repository_that_is_configured_by_name_is_not_written_to(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.github.archive_repo("acme/site")
        watch = here.watch()
        report = here.sync()
        assert not report.failed
        assert [each for each in watch.writes if each.site == "github"] == []
        assert [each.what for each in report.conclusion.plan.closed] == ["comment on acme/site#1"]
        watch = here.watch()
        here.sync()
        assert len([each for each in here.server.log[watch.start :] if each.site == "github"]) == 1


@FACES
def test_an_archived_issue_or_project_of_jira_is_not_written_to_until_it_is_back(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.jira.remove_labels("BLOG-2", "mp/milestone/blog")
        here.jira.archive("BLOG-2")
        here.jira.remove_labels("MKT-3", "mp/milestone/newsletter")
        here.jira.archive_project("MKT")
        watch = here.watch()
        rest(here)
        here.mapping = here.mapping.replace('title = "Set up an attractive blog"', 'title = "The blog"')
        here.sync()
        archived = {here.jira.issue("BLOG-2").id, here.jira.issue("MKT-3").id, here.jira.issue("MKT-2").id}
        assert [path for id_ in archived for path in written_to(watch, f"/issue/{id_}")] == []
        assert any("MKT" in each for each in told(here))
        assert any("BLOG-2" in each for each in told(here))
        here.jira.restore("BLOG-2")
        here.jira.archive_project("MKT", archived=False)
        rest(here)
        assert "mp/milestone/blog" in here.labels()["BLOG-2"]
        assert "mp/milestone/newsletter" in here.labels()["MKT-3"]

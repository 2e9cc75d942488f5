"""A mapping that names a project, a repository or an issue as it was called goes on meaning the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from tests.cli_house import House as CommandHouse
from tests.cli_house import real
from tests.runs import CLOUD, DATACENTER, House, house
from tests.test_reconcile import fresh, lenient, numbers, rest

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


def rename_project(here: House) -> None:
    here.jira.rename_project("MKT", "NEWS")
    for issue in list(here.jira.issues.values()):
        here.jira.edit(issue.key, priority="High")


def rename_epics_project(here: House) -> None:
    here.jira.rename_project("BLOG", "POSTS")
    here.jira.edit("POSTS-4", priority="High")


def rename_twice(here: House) -> None:
    here.jira.rename_project("MKT", "NEWS")
    rest(here)
    here.jira.rename_project("NEWS", "PRESS")


def rename_repository(here: House) -> None:
    here.github.rename_repo("acme/site", "acme/web")
    here.github.edit("acme/web#4", title="Another title")


RENAMES = [rename_project, rename_epics_project, rename_twice, rename_repository]


@FACES
@pytest.mark.parametrize("rename", RENAMES)
def test_rules_places_and_settings_that_name_the_older_name_go_on_meaning_it(
    rename: Callable[[House], None], face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        here.sync()
        rest(here)
        before, comments = numbers(here), len(here.ours())
        rename(here)
        report = here.sync()
        assert not report.failed, report.conclusion.problems
        assert numbers(here) == before
        rest(here)
        assert numbers(here) == before == fresh(here, tmp_path / "fresh")
        assert len(here.ours()) == comments
        watch = here.watch()
        here.sync()
        assert watch.writes == []


def test_an_organisation_s_repository_goes_on_being_meant_by_its_older_name(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        lenient(here)
        here.settings["github"] = {"repositories": [], "organization": "acme"}
        here.sync()
        before = numbers(here)
        rename_repository(here)
        rest(here)
        assert numbers(here) == before == fresh(here, tmp_path / "fresh")


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandHouse:
    return CommandHouse(tmp_path, capsys, monkeypatch)


def renamed(server: SandboxServer) -> None:
    jira, github = server.world.sites["jira"], server.world.sites["github"]
    assert isinstance(jira, JiraSite)
    assert isinstance(github, GitHubSite)
    jira.rename_project("MKT", "NEWS")
    github.rename_repo("acme/site", "acme/web")


def test_check_tells_the_new_names_and_is_content(made: CommandHouse) -> None:
    with real(made) as server:
        assert made.milepost("sync").code == 0
        renamed(server)
        assert made.milepost("sync", "--full").code == 0
        said = made.milepost("check")
    assert said.code == 0, said
    assert "✓ jira: MKT-1 in the mapping: called NEWS-1 today" in said.out
    assert "✓ jira: MKT in the mapping: called NEWS today" in said.out
    assert "Write NEWS in the mapping; until then MKT goes on meaning it" in said.out
    assert "✓ jira: project MKT: called NEWS today" in said.out
    assert "✓ github: acme/site in the mapping: called acme/web today" in said.out
    assert "✓ github: repository acme/site: called acme/web today" in said.out


def test_settings_and_mapping_need_not_take_up_a_new_name_on_the_same_day(made: CommandHouse) -> None:
    with real(made) as server:
        assert made.milepost("sync").code == 0
        renamed(server)
        assert made.milepost("sync", "--full").code == 0
        before = made.milepost("status").out
        with_new = ('projects = ["BLOG", "MKT"]', 'projects = ["BLOG", "NEWS"]'), ("acme/site", "acme/web")
        text = (made.folder / "config.toml").read_text(encoding="utf-8")
        for old, new in with_new:
            assert old in text
            text = text.replace(old, new)
        (made.folder / "config.toml").write_text(text, encoding="utf-8")
        watched = len(server.log)
        assert made.milepost("sync", "--full").code == 0
        assert made.milepost("status").out.splitlines()[:8] == before.splitlines()[:8]
        assert [
            each.path for each in server.log[watched:] if "comment" in each.path and each.method == "DELETE"
        ] == []


def test_a_name_that_nothing_ever_bore_is_refused_as_before(made: CommandHouse) -> None:
    with real(made, ('projects = ["BLOG", "MKT"]', 'projects = ["BLOG"]')):
        said = made.milepost("sync")
    assert said.code == 2
    assert 'no tracker has the project "MKT"' in said.err

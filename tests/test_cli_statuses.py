"""What `milepost check` says of statuses and fields in the settings, for Jira and GitHub alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sandbox.github_world import GitHubSite
from tests.cli_house import House, real


@pytest.fixture
def house(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    made = House(tmp_path, capsys, monkeypatch)
    yield made
    made.end()


PROGRESS = "in_progress_credit = 0  "
WRONG = """status_credit = { "In Progres" = 0.8, "category:todo" = 0.1, "in PROGRESS" = 0.5, "3" = 0.5 }
cancelled_statuses = ["Dnoe", "10001"]
in_progress_credit = 0  """


def warnings(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("!") and "status" in line]


def test_a_status_of_the_settings_in_which_no_issue_is_gets_a_warning_with_those_there_are(
    house: House,
) -> None:
    config = house.write((PROGRESS, WRONG))
    house.milepost("sync")
    said = house.milepost("check")
    assert said.code == 0
    credit, cancelled, *rest = warnings(said.out)
    line = config.read_text().splitlines().index(WRONG.splitlines()[0]) + 1
    assert (
        f'config.toml:{line}: progress.status_credit."In Progres": no issue is in the status "In Progres"'
        in credit
    )
    assert 'Did you mean "In Progress"? There are: Done, In Progress, To Do' in credit
    assert (
        f'config.toml:{line + 1}: progress.cancelled_statuses[1]: no issue is in the status "Dnoe"'
        in cancelled
    )
    assert 'Did you mean "Done"?' in cancelled
    assert all('"3"' not in line and '"10001"' not in line for line in rest)


def test_statuses_by_default_and_before_the_first_run_are_no_matter(house: House) -> None:
    house.write((PROGRESS, WRONG))
    assert warnings(house.milepost("check").out) == []
    house.write()
    house.milepost("sync")
    assert warnings(house.milepost("check").out) == []


GITHUB = 'repositories = ["acme/site"]  '


def test_options_of_the_status_field_are_compared_with_those_that_issues_have(house: House) -> None:
    more = 'in_progress_statuses = ["doing", "Reveiw"]\nstatus_field = "roadmap/Stage"\n'
    more += 'projects = { roadmap = "acme/1" }\n'
    with real(house, (GITHUB, more + GITHUB)) as server:
        site = server.world.sites["github"]
        assert isinstance(site, GitHubSite)
        site.allow_projects()
        project = site.create_project("acme", "Roadmap")
        site.add_project_field(project, "Stage", "SINGLE_SELECT", ["Doing", "Review"])
        house.milepost("sync")
        (unset,) = warnings(house.milepost("check").out)
        assert 'trackers.github.status_field: no issue has a value in the field "roadmap/Stage"' in unset
        site.set_in_project(project, "acme/site#5", "Stage", "Doing")
        site.set_in_project(project, "acme/site#7", "Stage", "Review")
        site.clock.advance(900)
        house.milepost("sync")
        said = house.milepost("check")
        assert "✓ github: project roadmap (acme/1): can be read; its fields: Status, Stage" in said.out
        assert '✓ github: status_field "roadmap/Stage": its options: Doing, Review' in said.out
        (misspelt,) = warnings(said.out)
        assert 'trackers.github.in_progress_statuses[2]: no issue is in the status "Reveiw"' in misspelt
        assert 'Did you mean "Review"? There are: Doing, Review, ' in misspelt


def test_check_tells_why_a_project_cannot_be_read_and_which_rule_asks_for_a_field_it_lacks(
    house: House,
) -> None:
    (house.folder / "mine.toml").write_text(
        '[milestones.one]\ntitle = "One"\nweigh_by = "roadmap/Effort"\n'
        '[[milestones.one.rules]]\nfield = { "roadmap/Stage" = "Doing" }\n',
        encoding="utf-8",
    )
    several = ("mappings = [", 'mappings = ["mine.toml", ')
    more = 'projects = { roadmap = "acme/1", gone = "acme/9" }\n'
    with real(house, several, (GITHUB, more + GITHUB)) as server:
        site = server.world.sites["github"]
        assert isinstance(site, GitHubSite)
        project = site.create_project("acme", "Roadmap")
        said = house.milepost("check")
        assert said.code == 1
        assert "✗ github: project roadmap (acme/1): " in said.out
        assert "requires one of the following scopes: ['read:project']" in said.out
        assert "a classic token needs the scope read:project" in said.out
        site.allow_projects()
        said = house.milepost("check")
        assert "✗ github: project gone (acme/9): the token sees no project gone (acme/9)" in said.out
        assert (
            '✗ mine.toml:3: milestones.one.weigh_by: github: the project roadmap has no field "Effort"; '
            "there are: Status" in said.out
        )
        assert (
            '✗ mine.toml:5: milestones.one.rules[1].field."roadmap/Stage": github: the project roadmap has'
            in said.out
        )
        site.add_project_field(project, "Effort", "NUMBER")
        site.add_project_field(project, "stage", "SINGLE_SELECT", ["Doing"])
        assert "mine.toml:3: milestones.one.weigh_by" not in house.milepost("check").out

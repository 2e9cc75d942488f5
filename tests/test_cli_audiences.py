"""What `milepost check` says of whom goals are meant for, and of what is named in which places."""

from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.jira_world import JiraSite
from tests.cli_house import MAPPING, House, real
from tests.test_cli_commands import github

MEANT = "whom goals, key results and milestones are meant for"


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path, capsys, monkeypatch)
    made.write()
    return made


def meant(house: House, *changes: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """A mapping of the house's own with these changes; how the configuration names it."""
    text = MAPPING.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (house.folder / "goals.toml").write_text(text, encoding="utf-8")
    return ((str(MAPPING), str(house.folder / "goals.toml")),)


def test_check_says_how_many_say_for_whom_they_are_and_for_whom_the_others_are(house: House) -> None:
    first = house.milepost("check").out
    assert f"✓ {MEANT}: 0 of 7 say so themselves, the others are meant for: organisation" in first
    assert "Set audience in the mapping, or [publish] audience" in first
    said_so = ("[milestones.blog]\n", '[milestones.blog]\naudience = "public"\n')
    house.write(*meant(house, said_so), ('audience = "organisation"', 'audience = "restricted"'))
    assert (
        f"✓ {MEANT}: 1 of 7 say so themselves, the others are meant for: restricted"
        in house.milepost("check").out
    )


def test_check_says_what_is_not_named_in_a_place_that_more_people_may_read(house: House) -> None:
    changes = meant(house, ("[milestones.blog]\n", '[milestones.blog]\naudience = "public"\n'))
    with real(house, *changes) as server:
        github(server).show_repo("acme/site", "public")
        jira = server.world.sites["jira"]
        assert isinstance(jira, JiraSite)
        jira.open_project("MKT")
        assert house.milepost("sync").code == 0
        said = house.milepost("check")
    assert said.code == 0
    for name, place in (("github", "acme/site"), ("jira", "mkt")):
        assert (
            f"✓ {name}: audience: {place} is public: comments and labels there do not name 6 of them"
            in said.out
        )
    assert "blog is organisation" not in said.out
    named = next(line for line in said.out.splitlines() if "acme/site is public" in line)
    assert "Among them show-how-we-work" in said.out[said.out.index(named) :]


def test_check_fails_where_it_is_not_known_who_may_read_a_place(house: House) -> None:
    with real(house, ('kind = "jira"', 'kind = "jira"\nattempts = 1')) as server:
        server.plan(Fault(kind=Status(502), path="/project/BLOG$", times=None))
        house.milepost("sync")
        said = house.milepost("check")
    assert said.code == 1
    assert "✗ jira: audience: who may read blog is not known, so that nothing is written there" in said.out
    assert "Set audiences in [trackers.jira]" in said.out


def test_check_tells_of_a_place_in_the_settings_that_was_never_read(house: House) -> None:
    changes = (
        'projects = ["BLOG", "MKT"]',
        'projects = ["BLOG", "MKT"]\naudiences = { BLGO = "public", BLOG = "public" }',
    )
    with real(house, changes):
        house.milepost("sync")
        said = house.milepost("check")
    assert "✓ jira: audiences: the settings name blgo, and no issue of it was read" in said.out
    assert "the settings name blog" not in said.out
    assert "✓ jira: audience: blog is public: comments and labels there do not name 7 of them" in said.out

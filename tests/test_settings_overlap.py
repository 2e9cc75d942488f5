"""Two trackers that lead to one site and read the same issues are refused, however the site is spelt."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from connectors.errors import TrackerDown
from core.cli.check_trackers import refuse_same_sites
from core.settings import SettingsProblems, load_config
from tests.cli_house import House

HEAD = 'mappings = ["goals.toml"]\n'


def jira(name: str, url: str, more: str = 'projects = ["BLOG"]') -> str:
    return f'[trackers.{name}]\nkind = "jira"\nurl = "{url}"\n{more}\n'


def github(name: str, more: str, url: str | None = None) -> str:
    return f'[trackers.{name}]\nkind = "github"\n{more}\n' + (f'url = "{url}"\n' if url else "")


def problems(folder: Path, *tables: str) -> list[str]:
    file = folder / "config.toml"
    file.write_text(HEAD + "".join(tables), encoding="utf-8")
    try:
        load_config(file)
    except SettingsProblems as found:
        return [str(each) for each in found.problems]
    return []


@pytest.mark.parametrize(
    "url",
    [
        "https://jira.test",
        "https://JIRA.test/",
        "https://jira.test:443//",
        "https://jira.test./",
        "https://jira.test:0443",
    ],
)
def test_two_tables_for_one_jira_are_refused_with_file_line_and_keys(tmp_path: Path, url: str) -> None:
    [said] = problems(tmp_path, jira("work", "https://jira.test"), jira("again", url))
    assert said.startswith(f"{tmp_path / 'config.toml'}:6: trackers.again: leads to the same site as")
    assert "[trackers.work] in line 2 (jira.test), and both read BLOG" in said
    assert "Make one table of the two" in said


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('projects = ["BLOG", "MKT"]', 'projects = ["mkt"]'),
        ('projects = ["BLOG"]', 'jql = "project = BLOG"'),
        ('jql = "labels = a"', 'jql = "labels = b"'),
        ('projects = ["BLOG"]\njql = "labels = a"', 'projects = ["BLOG"]\njql = "labels = b"'),
    ],
)
def test_scopes_of_one_jira_that_may_meet_are_refused(tmp_path: Path, first: str, second: str) -> None:
    url = "https://jira.test/context"
    assert len(problems(tmp_path, jira("work", url, first), jira("again", f"{url}/", second))) == 1
    gateway = "https://api.atlassian.com/ex/jira/11111111-2222"
    behind = jira("again", gateway, f'{second}\nsite_url = "{url}"')
    assert len(problems(tmp_path, jira("work", url, first), behind)) == 1


@pytest.mark.parametrize(
    ("first", "second", "url"),
    [
        ('repositories = ["acme/site"]', 'repositories = ["Acme/Site"]', "https://api.github.com/"),
        ('repositories = ["acme/site"]', 'organization = "ACME"', "https://API.github.com:443"),
        ('organization = "acme"', 'organization = "Acme"', "https://api.github.com"),
    ],
)
def test_two_tables_for_one_github_are_refused(tmp_path: Path, first: str, second: str, url: str) -> None:
    assert len(problems(tmp_path, github("work", first), github("again", second, url))) == 1
    here, there = "https://git.test/api/v3", "https://api.git.test"
    assert len(problems(tmp_path, github("work", first, here), github("again", second, there))) == 1


@pytest.mark.parametrize(
    "tables",
    [
        (jira("work", "https://jira.test"), jira("other", "https://jira.example")),
        (jira("work", "https://jira.test"), jira("other", "https://jira.test:8443")),
        (jira("work", "https://jira.test"), jira("other", "https://jira.test", 'projects = ["MKT"]')),
        (github("work", 'repositories = ["acme/site"]'), github("other", 'repositories = ["acme/app"]')),
        (github("work", 'organization = "acme"'), github("other", 'organization = "globex"')),
        (jira("work", "https://acme.test"), github("other", 'organization = "acme"', "https://acme.test")),
    ],
)
def test_trackers_that_cannot_meet_are_none_of_that(tmp_path: Path, tables: tuple[str, ...]) -> None:
    assert problems(tmp_path, *tables) == []


class Told:
    """A tracker whose server tells this address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def site(self) -> str:
        if not self.address:
            raise TrackerDown("again", "GET serverInfo", "no answer")
        return self.address


@pytest.mark.parametrize(
    ("address", "number"), [("https://JIRA.test/", 1), ("https://other.test", 0), ("", 0)]
)
def test_check_also_compares_what_the_servers_themselves_tell(
    tmp_path: Path, address: str, number: int
) -> None:
    file = tmp_path / "config.toml"
    gateway = "https://api.atlassian.com/ex/jira/11111111-2222"
    file.write_text(HEAD + jira("work", "https://jira.test") + jira("again", gateway), encoding="utf-8")
    trackers = {"work": Told("https://jira.test"), "again": Told(address)}
    with pytest.raises(SettingsProblems) if number else nullcontext() as raised:
        refuse_same_sites(load_config(file), trackers)
    told = [str(each) for each in raised.value.problems] if raised is not None else []
    assert len(told) == number
    assert all(each.startswith(f"{file}:6: trackers.again: leads to the same site") for each in told)


def test_check_refuses_two_tables_for_one_site_as_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, capsys, monkeypatch)
    file = tmp_path / "config.toml"
    file.write_text(HEAD + jira("work", "https://jira.test") + jira("again", "https://jira.test/"))
    for command in ("check", "plan", "sync"):
        said = house.milepost(command)
        assert said.code == 2
        assert "config.toml:6: trackers.again" in said.err
        assert "Traceback" not in said.err


def test_check_warns_where_an_instance_shares_the_label_prefix_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, capsys, monkeypatch)
    house.write()
    assert "prefix" not in house.milepost("check").out
    house.write(('# prefix = "mp/"  ', 'prefix = "mp/" #'))
    said = house.milepost("check")
    assert said.code == 0
    assert "! " in said.out
    assert 'Leave `prefix` out for "mp-example/"' in " ".join(said.out.split())

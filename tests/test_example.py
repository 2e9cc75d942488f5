"""The shipped example is a configuration that loads, runs, and says what it means."""

import re
import tomllib
from pathlib import Path

import pytest

from core.settings import Settings, load_config
from core.settings.config import SandboxSettings, ScheduleSettings, Section, StoreSettings
from mappings.load import load
from tests.cli_house import EXAMPLE, ROOT, House

FILE = ROOT / "config.example.toml"


def test_the_example_loads_as_it_is_shipped() -> None:
    config = load_config(FILE)
    loaded = load(config.settings.mappings, config.base, config.infos)
    assert {info.name: info.kind for info in config.infos} == {"jira": "jira", "github": "github"}
    assert list(loaded.mapping.milestones) == ["blog", "site", "newsletter"]


def test_the_example_names_every_table_that_there_is() -> None:
    assert set(tomllib.loads(EXAMPLE)) == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("table", "model"),
    [("store", StoreSettings), ("schedule", ScheduleSettings), ("sandbox", SandboxSettings)],
)
def test_the_example_shows_every_key_of_the_smaller_tables(table: str, model: type[Section]) -> None:
    shown = EXAMPLE.partition(f"[{table}]")[2].partition("\n[")[0]
    missing = [name for name in model.model_fields if not re.search(rf"\b{name}\b", shown)]
    assert missing == []


def test_what_the_example_says_in_comments_can_be_switched_on(tmp_path: Path) -> None:
    text = EXAMPLE.replace('# status_credit = { "In Review" = 0.8 }', 'status_credit = { "In Review" = 0.8 }')
    text = text.replace('url = "sandbox:"                # yours: ', "url = ")
    text = re.sub(r"(?m)^every_minutes = .*(at = \[.*\])$", r"\1", text)
    text = re.sub(r'(?m)^repositories = .*(organization = ".*")$', r"\1", text)
    (tmp_path / "config.toml").write_text(
        text.replace('", or your Data', '" # or your Data'), encoding="utf-8"
    )
    config = load_config(tmp_path / "config.toml")
    assert config.settings.schedule.at == ("07:00", "13:00")
    assert config.trackers["jira"].sandbox is None
    assert config.trackers["github"].info.containers == ("acme/*",)


def test_the_example_runs_end_to_end_and_then_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, capsys, monkeypatch)
    (tmp_path / "mappings" / "examples").mkdir(parents=True)
    for file in (FILE, ROOT / "mappings" / "examples" / "marketing.toml"):
        (tmp_path / file.relative_to(ROOT)).write_bytes(file.read_bytes())
    assert house.milepost("--config", "config.example.toml", "check").code == 0
    assert house.milepost("--config", "config.example.toml", "sync").code == 0
    assert house.milepost("--config", "config.example.toml", "plan").code == 0

"""Settings come from TOML, over it the environment, over both secret files."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.settings import Config, SettingsProblems, load_config, missing_secrets

CONFIG = """
mappings = ["goals.toml"]
[trackers.work]
kind = "jira"
url = "https://jira.test"
projects = ["BLOG"]
[limits]
max_changes = 7
"""
TOKEN = "MILEPOST_TRACKERS__WORK__TOKEN"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "config.toml"
    written.write_text(CONFIG, encoding="utf-8")
    return written


def token(config: Config) -> str:
    found = getattr(config.trackers["work"].settings, "token", None)
    return found.get_secret_value() if found else ""


def problems(file: Path) -> list[str]:
    with pytest.raises(SettingsProblems) as found:
        load_config(file)
    return [str(problem) for problem in found.value.problems]


def secrets(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.setenv("MILEPOST_SECRETS_DIR", str(folder))


def test_the_environment_stands_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_config(file).settings.limits.max_changes == 7
    monkeypatch.setenv("MILEPOST_LIMITS__MAX_CHANGES", "9")
    assert load_config(file).settings.limits.max_changes == 9


def test_secret_files_stand_over_the_environment(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "from-the-environment")
    assert token(load_config(file)) == "from-the-environment"
    secrets(tmp_path / "secrets", monkeypatch, **{TOKEN: "from-a-file\n"})
    assert token(load_config(file)).strip() == "from-a-file"


def test_lists_are_json_in_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_TRACKERS__WORK__PROJECTS", '["MKT", "BLOG"]')
    monkeypatch.setenv("MILEPOST_MAPPINGS", '["other.toml"]')
    monkeypatch.setenv("MILEPOST_SCHEDULE__AT", '["07:00", "13:30"]')
    config = load_config(file)
    assert config.infos[0].containers == ("MKT", "BLOG")
    assert config.settings.mappings == ("other.toml",)
    assert config.settings.schedule.at == ("07:00", "13:30")


def test_a_whole_tracker_may_come_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_TRACKERS__CODE__KIND", "github")
    monkeypatch.setenv("MILEPOST_TRACKERS__CODE__REPOSITORIES", '["acme/site"]')
    assert [info.name for info in load_config(file).infos] == ["work", "code"]


def test_a_token_never_shows_in_what_is_printed_of_a_configuration(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "canary-token")
    config = load_config(file)
    tracker = config.trackers["work"]
    said = f"{config!r} {config} {tracker.settings!r} {tracker.settings} {tracker.settings.model_dump()}"
    assert "canary" not in said


def test_every_missing_secret_is_told_with_its_variable(file: Path) -> None:
    found = [str(problem) for problem in missing_secrets(load_config(file))]
    assert len(found) == 1
    assert f"trackers.work: {TOKEN} is not set" in found[0]
    assert "MILEPOST_SECRETS_DIR" in found[0]


def test_a_problem_is_told_where_its_value_comes_from(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(CONFIG.replace("max_changes = 7", "max_changes = -7"), encoding="utf-8")
    assert problems(file)[0].startswith(f"{file}:8: limits.max_changes: ")
    monkeypatch.setenv("MILEPOST_LIMITS__MAX_CHANGES", "-9")
    assert problems(file)[0].startswith("environment, MILEPOST_LIMITS__MAX_CHANGES: limits.max_changes: ")
    secrets(tmp_path / "secrets", monkeypatch, MILEPOST_LIMITS__MAX_CHANGES="-11")
    where = tmp_path / "secrets" / "MILEPOST_LIMITS__MAX_CHANGES"
    assert problems(file)[0].startswith(f"{where}: limits.max_changes: ")


def test_problems_of_the_file_the_environment_and_the_trackers_come_together(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_LIMIT__MAX_CHANGES", "9")
    file.write_text(
        CONFIG.replace("max_changes", "max_chnges").replace('["BLOG"]', '["no key"]'), encoding="utf-8"
    )
    found = problems(file)
    assert len(found) == 3
    assert "environment, MILEPOST_LIMIT__MAX_CHANGES" in found[2]
    assert "trackers.work.projects" in found[0]
    assert 'Did you mean "max_changes"?' in found[1]


def test_variables_that_kubernetes_makes_for_a_service_are_let_pass(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_SERVICE_HOST", "10.0.0.7")
    monkeypatch.setenv("MILEPOST_PORT_8080_TCP_ADDR", "10.0.0.7")
    assert load_config(file).settings.limits.max_changes == 7


@pytest.mark.parametrize("name", ["Work", "my-jira", "1st"])
def test_a_tracker_has_a_name_that_fits_into_a_variable(file: Path, name: str) -> None:
    file.write_text(CONFIG.replace("[trackers.work]", f'[trackers."{name}"]'), encoding="utf-8")
    assert f'"{name}" cannot be the name of a tracker' in problems(file)[0]


@pytest.mark.parametrize("key", ["token", "password", "secret", "private_key", "api_key"])
def test_no_secret_may_stand_in_the_file(file: Path, key: str) -> None:
    file.write_text(CONFIG.replace('kind = "jira"', f'kind = "jira"\n{key} = "canary"'), encoding="utf-8")
    said = "\n".join(problems(file))
    assert f"{file}:5: trackers.work.{key}: a secret is written here" in said
    assert "canary" not in said


def test_a_secret_file_that_is_no_text_is_told_without_its_content(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets(tmp_path / "secrets", monkeypatch)
    (tmp_path / "secrets" / TOKEN).write_bytes(b"canary\xff")
    said = "\n".join(problems(file))
    assert said.startswith("MILEPOST_SECRETS_DIR: a secret file cannot be read")
    assert "canary" not in said


def test_paths_are_relative_to_the_file(file: Path) -> None:
    assert load_config(file).base == file.parent.resolve()


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Los_Angeles", "UTC"])
def test_days_are_those_of_the_time_zone_that_is_named(file: Path, name: str) -> None:
    assert load_config(file).settings.zone is None
    file.write_text(f'time_zone = "{name}"\n{CONFIG}', encoding="utf-8")
    assert load_config(file).settings.zone == ZoneInfo(name)


@pytest.mark.parametrize(
    "name",
    ["Berlin", "America", "", "../../etc/passwd", "/etc/localtime", "Europe/Berlin ", "a" * 9_999, "\\u0000"],
)
def test_a_time_zone_that_does_not_exist_is_told_with_its_place_and_a_hint(file: Path, name: str) -> None:
    file.write_text(f'time_zone = "{name}"\n{CONFIG}', encoding="utf-8")
    (problem,) = problems(file)
    assert problem.startswith(f"{file}:1: time_zone: there is no time zone")
    assert '"Europe/Berlin"' in problem

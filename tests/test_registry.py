"""Connectors from other distributions: found by entry point, and told plainly when they do not load."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.jira.settings import JiraSettings
from connectors.registry import connector, kinds
from core.settings import SettingsProblems, load_config
from tests.conformance_harness import DictMemory

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def install(folder: Path, kind: str, target: str, source: str) -> None:
    """Lay a distribution down as pip does: a module, and metadata that names its entry point."""
    metadata = folder / f"{kind}_connector-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {kind}-connector\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[milepost.connectors]\n{kind} = {target}\n")
    (folder / f"{target.partition(':')[0]}.py").write_text(source)


def configured(folder: Path, kind: str) -> Path:
    """A configuration with one tracker of this kind."""
    file = folder / "config.toml"
    file.write_text(f'mappings = ["goals.toml"]\n[trackers.own]\nkind = "{kind}"\n')
    return file


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import there_is_no_such_module\nCONNECTOR = 1\n", "there_is_no_such_module"),
        ("CONNECTOR = 'something else'\n", "is no connectors.registry.Connector"),
        ("raise RuntimeError('too old')\n", "RuntimeError: too old"),
    ],
)
def test_a_connector_that_does_not_load_is_a_problem_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    kind = f"odd{abs(hash(source)) % 10**8}"
    install(tmp_path, kind, f"{kind}_module:CONNECTOR", source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsProblems) as caught:
        load_config(configured(tmp_path, kind))
    (problem,) = caught.value.problems
    assert said in problem.reason
    assert problem.path == "trackers.own.kind"
    assert problem.line == 3


def test_an_unknown_kind_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblems, match='Did you mean "github"'):
        load_config(configured(tmp_path, "gihub"))


def test_a_built_in_kind_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "jira", "impostor:CONNECTOR", "raise AssertionError('loaded')\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = connector("jira")
    assert found is not None
    assert found.opener == "connectors.jira.tracker:open_tracker"
    assert kinds() == ("github", "jira")


def test_a_connector_refuses_the_settings_of_another_kind() -> None:
    found = connector("github")
    assert found is not None
    settings = JiraSettings.model_validate({"url": "https://jira.example", "projects": ["BLOG"]})
    with pytest.raises(TypeError, match="expected GitHubSettings, got JiraSettings"):
        found.open("work", settings, memory=DictMemory(), clock=lambda: NOW, notify=lambda _line: None)


def test_ca_and_key_files_start_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'mappings = ["goals.toml"]\n[trackers.own]\nkind = "github"\nrepositories = ["acme/site"]\n'
        'app_id = 1\ninstallation_id = 2\nprivate_key_file = "keys/app.pem"\nca_file = "/etc/ca.pem"\n'
    )
    settings = dict(load_config(file).trackers["own"].settings)
    assert settings["private_key_file"] == tmp_path / "keys/app.pem"
    assert settings["ca_file"] == Path("/etc/ca.pem")

"""What the README says is what milepost does: commands run, configurations load, the picture is true."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from core.settings import load_config, missing_secrets
from mappings.load import load
from tests.builders import JIRA

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TRACKERS = ("jira-cloud", "jira-data-center", "github", "github-enterprise-server")


def blocks(language: str) -> list[str]:
    """The fenced blocks that begin with ```language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def commands(language: str = "sh") -> list[list[str]]:
    return [
        shlex.split(line, comments=True)
        for block in blocks(language)
        for line in block.splitlines()
        if line.strip()
    ]


def milepost(
    *arguments: str, at: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from core.cli import main; main()", *arguments]
    return subprocess.run(
        program,
        cwd=at,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The shipped example as somebody's own configuration."""
    shutil.copy(ROOT / "config.example.toml", tmp_path / "config.toml")
    shutil.copytree(ROOT / "mappings/examples", tmp_path / "mappings/examples")
    return tmp_path


# ---- commands ---------------------------------------------------------------------------------------------


def test_the_commands_of_the_first_run_work_in_their_order(example: Path) -> None:
    ours = [command for command in commands() if command[0] == "milepost"]
    assert [command[1] for command in ours] == ["check", "plan", "sync", "status", "why", "undo"]
    for command in ours:
        run = milepost(*command[1:], at=example)
        expected = 3 if command[1] == "plan" else 0
        assert run.returncode == expected, (command, run.stdout, run.stderr)


def test_run_syncs_and_stops_when_it_is_told_to(example: Path) -> None:
    program = [sys.executable, "-c", "from core.cli import main; main()", "run"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(program, cwd=example, env=env, stderr=subprocess.PIPE, text=True) as job:
        assert job.stderr is not None
        lines = []
        for line in job.stderr:
            lines.append(line)
            if "run 1 done" in line:
                job.send_signal(signal.SIGTERM)
        assert job.wait(timeout=10) == 0, lines


def test_every_make_target_of_the_readme_is_there() -> None:
    targets = [command[1] for command in commands() if command[0] == "make"]
    assert targets == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_shell_command_of_the_readme_is_looked_at() -> None:
    assert {command[0] for command in commands()} == {"milepost", "make"}
    assert {command[0] for command in commands("sh environment")} == {"export"}


def test_the_table_names_every_command_and_no_other(tmp_path: Path) -> None:
    told = set(re.findall(r"^\| `milepost (\w+)", README, re.MULTILINE))
    helped = milepost("--help", at=tmp_path, env={"NO_COLOR": "1"}).stdout
    listed = set(re.findall(r"^  (\w+) {2,}", helped.partition("Commands")[2], re.MULTILINE))
    assert told == listed


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["check"], 2),
        (["sync", "--forse"], 2),
        (["why", "nothing", "--config", str(ROOT / "config.example.toml")], 2),
    ],
)
def test_wrong_input_ends_with_2(tmp_path: Path, command: list[str], code: int) -> None:
    env = {"MILEPOST_STORE__PATH": str(tmp_path / "milepost.db")}
    env |= {"MILEPOST_SANDBOX__STATE": str(tmp_path / "sandbox.json")}
    assert milepost(*command, at=tmp_path, env=env).returncode == code


# ---- configuration ----------------------------------------------------------------------------------------


def written(folder: Path, *texts: str) -> Path:
    file = folder / "config.toml"
    file.write_text("\n".join(texts), encoding="utf-8")
    return file


def variables(kind: str) -> dict[str, str]:
    """What the README exports below the configuration of a kind of tracker."""
    after = README.partition(f"```toml {kind}\n")[2]
    (block, *_) = re.findall(r"^```sh environment\n(.*?)^```$", after, re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"^export (\w+)=(.*)$", block, re.MULTILINE))


@pytest.mark.parametrize("kind", TRACKERS)
def test_each_configuration_loads_and_names_exactly_the_secrets_that_it_needs(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, *blocks("toml config"), *blocks(f"toml {kind}"))
    said = [problem.reason for problem in missing_secrets(load_config(file))]
    missing = set(re.findall(r"MILEPOST_\w+", " ".join(said)))
    assert missing == set(variables(kind))
    for name, value in variables(kind).items():
        monkeypatch.setenv(name, value.replace("…", "a-secret"))
    assert missing_secrets(load_config(file)) == ()


def test_all_toml_blocks_are_looked_at() -> None:
    assert set(re.findall(r"^```toml ?(.*)$", README, re.MULTILINE)) == {*TRACKERS, "config", "mapping"}


def test_the_mapping_loads(tmp_path: Path) -> None:
    (tmp_path / "goals").mkdir()
    (tmp_path / "goals/marketing.toml").write_text(blocks("toml mapping")[0], encoding="utf-8")
    file = written(tmp_path, *blocks("toml config"), *blocks("toml jira-cloud"))
    config = load_config(file)
    mapping = load(config.settings.mappings, config.base, (JIRA,)).mapping
    assert set(mapping.milestones) == {"blog"}


def test_the_service_gives_milepost_the_secrets_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name in re.findall(r"^LoadCredential=(\w+):", blocks("ini")[0], re.MULTILINE):
        secret = "ann@example.com" if name.endswith("__EMAIL") else "secret"
        (credentials / name).write_text(f"{secret}\n", encoding="utf-8")
    for name, value in re.findall(r"^Environment=(\w+)=(.*)$", blocks("ini")[0], re.MULTILINE):
        monkeypatch.setenv(name, value.replace("%d", str(credentials)))
    trackers = (*blocks("toml jira-cloud"), *blocks("toml github"))
    config = load_config(written(tmp_path, *blocks("toml config"), *trackers))
    assert missing_secrets(config) == ()
    assert config.base / config.settings.store.path == Path("/var/lib/milepost/milepost.db")


def test_the_service_and_cron_call_commands_that_exist() -> None:
    starts = re.findall(r"^ExecStart=(.*)$", blocks("ini")[0], re.MULTILINE)
    lines = [*starts, blocks("cron")[0].partition("&&")[2]]
    called = [shlex.split(line)[1:3] for line in lines]
    assert called == [["run", "--config"], ["sync", "--config"]]


# ---- the picture ------------------------------------------------------------------------------------------


def test_the_comment_beside_the_picture_is_what_a_sync_writes_today() -> None:
    spec = spec_from_file_location("picture", ROOT / "docs/picture.py")
    assert spec is not None
    assert spec.loader is not None
    picture = module_from_spec(spec)
    sys.modules["picture"] = picture
    spec.loader.exec_module(picture)
    comment = re.sub(r"\s*<!-- milepost:\S+ -->\s*$", "\n", picture.shown().comment)
    assert blocks("markdown comment") == [comment]
    assert (ROOT / "docs/comment.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "page", ["README.md", "docs/run.md", "docs/connectors.md", "docs/security.md", "docs/architecture.md"]
)
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []

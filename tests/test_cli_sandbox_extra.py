"""Without the extra `sandbox` real trackers are all that works, and the wheel brings what the demo needs."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from connectors.sandbox.packages import PACKAGES
from tests.cli_house import ROOT, TOKENS, House, environment, real

WITHOUT = "import sys; sys.modules.update(dict.fromkeys(('graphql', 'lark', 'werkzeug'))); "
"""Hides the packages that nothing but the extra brings; PyGithub brings PyJWT."""
MAIN = "from core.cli import main; main()"


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path, capsys, monkeypatch)
    made.write()
    return made


def milepost(
    *arguments: str, at: Path, hidden: str = WITHOUT, **env: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"{hidden}{MAIN}", *arguments],
        cwd=at,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_extra_is_what_the_sandbox_looks_for() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[>=]", item)[0] for item in extras["optional-dependencies"]["sandbox"]}
    assert named == set(PACKAGES.values())
    assert named.isdisjoint(re.split(r"[>=]", item)[0] for item in extras["dependencies"])


@pytest.mark.parametrize(
    ("command", "asking"),
    [
        ("demo", "milepost demo"),
        ("sync", 'config.toml: url = "sandbox:" of jira and github'),
        ("status", 'config.toml: url = "sandbox:" of jira and github'),
    ],
)
def test_what_asks_for_built_in_trackers_says_what_to_install(
    house: House, command: str, asking: str
) -> None:
    run = milepost(command, at=house.folder)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"milepost: {asking} needs the trackers built into milepost; "
        "missing for these: graphql-core, lark, werkzeug. "
        "Install them: pip install 'milepost[sandbox]'\n"
    )


def test_real_trackers_need_nothing_of_it(house: House) -> None:
    commands = {"check": 0, "plan": 3, "sync": 0, "status": 0, "why blog": 0, "adopt": 0, "undo": 0}
    with real(house):
        ended = {
            command: milepost(*command.split(), at=house.folder, **TOKENS).returncode for command in commands
        }
    assert ended == commands


def test_the_demo_runs_from_a_wheel_in_an_empty_folder(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77", reason="builds with what is installed")
    source, wheels, installed, empty = (tmp_path / name for name in ("source", "wheels", "lib", "empty"))
    empty.mkdir()
    rubbish = shutil.ignore_patterns("__pycache__")
    for name in ("connectors", "core", "mappings"):
        shutil.copytree(ROOT / name, source / name, ignore=rubbish, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "config.example.toml"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels)]
    subprocess.run(build, cwd=source, env=os.environ, capture_output=True, check=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    (metadata,) = installed.glob("*.dist-info/METADATA")
    extra = r"^Requires-Dist: ([\w-]+)>=\S+; extra == .sandbox.$"
    required = re.findall(extra, metadata.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(required) == set(PACKAGES.values())
    run = milepost("demo", at=empty, hidden="", PYTHONPATH=str(installed))
    assert (run.returncode, run.stderr) == (0, "")
    assert f"copy {installed}/core/cli/config.example.toml to config.toml" in run.stdout.replace("\n", "")
    assert list(empty.iterdir()) == []


def test_the_example_of_the_package_is_the_one_at_the_top() -> None:
    packaged = ROOT / "core" / "cli" / "config.example.toml"
    assert packaged.is_symlink()
    assert packaged.resolve() == ROOT / "config.example.toml"

"""What another user of the machine, and whoever edits a mapping, can reach through files."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.redaction import redact, tokens
from connectors.sandbox.faults import Fault, Hook
from core.store import open_store
from mappings.load import MappingErrors, load
from mappings.parse import LARGEST
from mappings.problems import Problem
from tests.builders import GITHUB, JIRA
from tests.cli_house import House, real
from tests.test_mappings_load import SOUND

SECRET = "wallet-of-the-owner"


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, capsys, monkeypatch)


@pytest.fixture(params=[0o000, 0o022])
def loose(request: pytest.FixtureRequest) -> Iterator[int]:
    """A machine whose users share everything by default."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """What others may reach below a folder, with its mode."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    return {str(path.relative_to(folder)): oct(mode) for path, mode in modes.items() if mode & 0o077}


# Other users of the machine


def test_everything_that_a_run_makes_is_for_its_owner_alone(house: House, loose: int) -> None:
    house.write()
    (house.folder / "config.toml").chmod(0o600)
    assert house.milepost("sync").code == 0
    made = {path.name for path in (house.folder / ".milepost").iterdir()}
    assert {"milepost.db", "sandbox.json"} <= made
    assert open_to_others(house.folder) == {}


def test_what_lies_beside_the_store_during_a_run_is_for_its_owner_alone(house: House, loose: int) -> None:
    """The write-ahead log and its index, the lock and who holds it exist only meanwhile."""
    seen: dict[str, str] = {}
    names: set[str] = set()

    def look() -> None:
        seen.update(open_to_others(house.folder / ".milepost"))
        names.update(path.name for path in (house.folder / ".milepost").iterdir())

    with real(house) as server:
        server.plan(Fault(kind=Hook(look), method="POST", path="/comment"))
        assert house.milepost("sync").code == 0
    assert {f"milepost.db{end}" for end in ("-wal", "-shm", ".lock", ".holder")} <= names
    assert seen == {}


def test_every_folder_that_is_made_for_the_store_is_for_its_owner_alone(house: House, loose: int) -> None:
    house.write(('".milepost/milepost.db"', '"var/deep/er/milepost.db"'))
    (house.folder / "config.toml").chmod(0o600)
    assert house.milepost("sync").code == 0
    assert open_to_others(house.folder) == {}


def test_a_store_that_is_a_link_to_somewhere_else_is_written_there_and_closed_too(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "milepost.db"
    target.touch(mode=0o644)
    target.chmod(0o644)
    link = tmp_path / "milepost.db"
    link.symlink_to(target)
    with open_store(link):
        pass
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


# Whoever edits a mapping


def refused(patterns: list[str], base: Path) -> tuple[Problem, ...]:
    with pytest.raises(MappingErrors) as caught:
        load(patterns, base, (JIRA, GITHUB))
    return caught.value.problems


@pytest.fixture
def goals(tmp_path: Path) -> Path:
    """A folder of mappings, and something beside it that is none of its editors' business."""
    folder = tmp_path / "goals"
    folder.mkdir()
    (folder / "sound.toml").write_text(SOUND, encoding="utf-8")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "wallet.toml").write_text(f'{SECRET} = "{SECRET}"\n', encoding="utf-8")
    return folder


def a_link(goals: Path) -> None:
    (goals / "wallet.toml").symlink_to(goals.parent / "private" / "wallet.toml")


def a_linked_folder(goals: Path) -> None:
    (goals / "more").symlink_to(goals.parent / "private")


@pytest.mark.parametrize(
    ("plant", "pattern"),
    [
        (a_link, "goals/*.toml"),
        (a_link, "goals/wal?et.toml"),
        (a_link, "goals/**/*.toml"),
        (a_linked_folder, "goals/*/*.toml"),
        (a_linked_folder, "goals/more*/wallet.toml"),
        (lambda goals: (goals / "x").mkdir(), "goals/*/../../private/*.toml"),
    ],
)
def test_a_pattern_reads_nothing_from_outside_its_folder(
    plant: Callable[[Path], None], pattern: str, goals: Path
) -> None:
    plant(goals)
    found = refused([pattern], goals.parent)
    assert any("leads out of its folder" in each.reason for each in found), found
    assert not any(SECRET in str(each) for each in found)


def test_a_link_within_its_folder_is_read(goals: Path) -> None:
    """Kubernetes mounts every file of a ConfigMap so."""
    (goals / "..data").mkdir()
    (goals / "sound.toml").rename(goals / "..data" / "sound.toml")
    (goals / "sound.toml").symlink_to(Path("..data") / "sound.toml")
    assert len(load(["goals/*.toml"], goals.parent, (JIRA, GITHUB)).files) == 1


def test_a_file_that_the_configuration_names_by_its_path_may_be_a_link(goals: Path) -> None:
    (goals.parent / "mine.toml").symlink_to(goals / "sound.toml")
    assert load(["mine.toml"], goals.parent, (JIRA, GITHUB)).files


@pytest.mark.parametrize(
    "pattern",
    [
        "~nobody-of-that-name/*.toml",
        "a**b/*.toml",
        "x" * 5000,
        "/",
        "",
        ".",
        "..",
        "[",
        "a\0b*",
        "a\0b",
        "\x1b[2J",
    ],
)
def test_a_pattern_that_makes_no_sense_is_told_in_one_visible_line(pattern: str, goals: Path) -> None:
    [found] = refused([pattern], goals)
    assert str(found).isprintable()


def test_a_table_of_the_mapping_cannot_move_the_terminals_cursor(goals: Path) -> None:
    (goals / "evil.toml").write_text(
        '["\\u001b[2J\\u202e"]\n[milestones.x]\ntitle = "\\u0007\\u001b]0;owned"\nleads_to = "\\u001b[1A"\n'
        'due = "\\u001b[2K"\n["\\u009b31m".y]\n',
        encoding="utf-8",
    )
    found = refused(["*.toml"], goals)
    assert len(found) >= 3
    assert all(str(each).isprintable() for each in found)
    assert any("\\x1b[2J" in str(each) for each in found)


def test_a_file_larger_than_any_mapping_is_not_read(goals: Path) -> None:
    with (goals / "huge.toml").open("wb") as file:
        file.truncate(LARGEST + 1)
    [found] = refused(["*.toml"], goals)
    assert "larger than 8 MiB" in found.reason


def test_a_pipe_or_a_device_in_the_folder_is_no_mapping_and_is_not_waited_for(goals: Path) -> None:
    os.mkfifo(goals / "pipe.toml")
    (goals / "zero.toml").symlink_to("/dev/zero")
    assert len(load(["*.toml"], goals, (JIRA, GITHUB)).files) == 1


@pytest.mark.parametrize(
    "piece", ["A", "a.", "token", "token ", "tokentoken=", "-----BEGIN PRIVATE KEY-----", "ghp_"]
)
def test_looking_for_tokens_takes_no_more_than_a_moment_on_any_line(piece: str) -> None:
    """A pattern that goes back for every letter would take hours over what a file may hold."""
    text = f"token api_key {piece * (400_000 // len(piece))}"
    before = time.process_time()
    redact(text)
    list(tokens(text))
    assert time.process_time() - before < 5

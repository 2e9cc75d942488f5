"""`milepost adopt`, and what the other commands tell of a conflict, as they are typed."""

from pathlib import Path

import pytest

from tests.cli_house import MAPPING, House


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, capsys, monkeypatch)


def a_conflict(house: House) -> None:
    """Two configurations of one instance with other titles, each with a store of its own."""
    text = MAPPING.read_text(encoding="utf-8").replace("Set up an attractive", "Have set up an attractive")
    (house.folder / "other.toml").write_text(text, encoding="utf-8")
    house.write()
    house.write((str(MAPPING), "other.toml"), ("milepost.db", "other.db"), name="there.toml")
    for name in ("config.toml", "there.toml", "config.toml"):
        assert house.milepost("sync", "--config", name).code == 0


def test_a_conflict_is_told_by_plan_sync_and_status_and_adopt_ends_it(house: House) -> None:
    a_conflict(house)
    there = ("--config", "there.toml")
    assert house.milepost("sync", *there).code == 1, "a conflict is news once"
    for command, code in (("sync", 0), ("plan", 3), ("status", 0)):
        said = house.milepost(command, *there)
        assert said.code == code, "from then on it is told, and no failure"
        told = " ".join(said.out.split())
        assert "comment on BLOG-1: the installation" in told, (command, said)
        assert "milepost adopt BLOG-1" in told, command
    assert house.milepost("adopt", "BLOG-2", *there).code == 2
    adopted = house.milepost("adopt", "blog-1", *there)
    assert (adopted.code, adopted.out) == (
        0,
        "adopted: comment on BLOG-1\n1 place adopted; the next `milepost sync` writes there.\n",
    )
    assert "Edit the progress comment on BLOG-1" in house.milepost("sync", *there).out
    here = house.milepost("sync")
    assert here.code == 1
    assert "comment on BLOG-1: the installation" in " ".join(here.out.split())


def test_without_a_conflict_there_is_nothing_to_adopt(house: House) -> None:
    house.write()
    house.milepost("sync")
    said = house.milepost("adopt")
    assert (said.code, said.out) == (0, "Nothing is held because of other writers.\n")
    assert "Traceback" not in house.milepost("adopt", "no such key").err

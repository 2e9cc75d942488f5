"""The installed script as a process: signals, pipes, terminals, start-up and completion."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.sandbox.faults import Delay, Fault, Hook, Status
from core.store import open_store
from tests.cli_house import ROOT, SCRIPT, House, ended, environment, real, wait_for

SLOW = 60.0
"""Seconds that a tracker takes to answer, where a test is about not waiting for it."""
SOON = 15.0
"""Seconds within which a process has to end, on a machine that is busy with other things as well."""


@pytest.fixture
def house(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    made = House(tmp_path, capsys, monkeypatch)
    made.write()
    yield made
    made.end()


def noticed() -> tuple[threading.Event, Callable[[], None]]:
    happened = threading.Event()
    return happened, happened.set


def test_run_that_waits_for_its_next_time_ends_at_once_when_asked(house: House) -> None:
    process = house.process("run", "--log-format", "json")
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    process.send_signal(signal.SIGTERM)
    said = ended(process, SOON)
    assert (first["run"], first["outcome"], first["written"]) == (1, "done", 27)
    assert said.code == 0
    assert [json.loads(line)["message"] for line in said.err.splitlines()] == ["stopped"]
    assert said.out == ""


def test_run_that_waits_for_a_slow_answer_ends_at_once_when_asked(house: House) -> None:
    with real(house) as server:
        asked, tell = noticed()
        server.plan(Fault(kind=Hook(tell), path="/search"))
        server.plan(Fault(kind=Delay(SLOW), path="/search"))
        process = house.process("run")
        wait_for(asked, process)
        process.send_signal(signal.SIGTERM)
        said = ended(process, SOON)
        assert not [entry for entry in server.log if entry.method in ("PUT", "DELETE", "PATCH")]
    assert said.code == 0
    assert "Traceback" not in said.err
    assert "run broken off: asked to stop" in said.err


def test_a_write_that_is_nearly_through_is_finished_before_the_end(house: House) -> None:
    with real(house) as server:
        asked, tell = noticed()
        write = "/issue/[0-9]+/comment$"
        server.plan(Fault(kind=Hook(tell), method="POST", path=write))
        server.plan(Fault(kind=Delay(1), method="POST", path=write))
        process = house.process("run")
        wait_for(asked, process)
        process.send_signal(signal.SIGTERM)
        said = ended(process, SOON)
        created = [
            entry for entry in server.log if entry.method == "POST" and entry.path.endswith("/comment")
        ]
    assert said.code == 0
    assert len(created) == 1
    assert "Traceback" not in said.err
    assert "put off" not in said.out
    assert house.milepost("status").out.splitlines()[-1].count("run 1 failed") == 1


@pytest.mark.parametrize(
    ("signals", "codes"),
    [([signal.SIGTERM], {143}), ([signal.SIGTERM, signal.SIGINT], {130, 143})],
    ids=["once", "twice"],
)
def test_a_write_that_nobody_answers_is_given_up_in_time_and_not_doubled_by_the_next_run(
    signals: list[signal.Signals], codes: set[int], house: House
) -> None:
    with real(house) as server:
        asked, tell = noticed()
        write = "/issue/[0-9]+/comment$"
        server.plan(Fault(kind=Hook(tell), method="POST", path=write))
        server.plan(Fault(kind=Delay(SLOW), method="POST", path=write))
        process = house.process("sync")
        wait_for(asked, process)
        for number in signals:  # whoever asks twice does not want to wait
            process.send_signal(number)
        said = ended(process, SOON)
        assert said.code in codes
        assert "Traceback" not in said.err
        server.clear_faults()
        assert house.milepost("sync").code == 0
        assert house.milepost("plan").code == 0


def test_a_wait_that_a_tracker_asks_for_ends_when_someone_asks_to_stop(house: House) -> None:
    with real(house) as server:
        server.plan(Fault(kind=Status(429, {"Retry-After": "60"}), path="/search", times=None))
        process = house.process("run")
        assert process.stderr is not None
        shown = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = ended(process, SOON)
    assert "rate limit, waiting 60 s" in shown
    assert said.code == 0
    assert "Traceback" not in said.err


def test_run_with_a_wrong_configuration_ends_at_once_and_says_why(house: House) -> None:
    house.write(("every_minutes = 15", "every_minutes = 0"))
    said = ended(house.process("run"), SOON)
    assert said.code == 2
    assert "schedule.every_minutes" in said.err


def test_a_run_that_cannot_be_done_is_one_line_and_the_job_goes_on(house: House) -> None:
    house.milepost("status")
    with open_store(house.folder / ".milepost" / "milepost.db") as store, store.lock():
        process = house.process("run")
        assert process.stderr is not None
        line = process.stderr.readline()
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        said = ended(process, SOON)
    assert "ERROR run failed: " in line
    assert "is writing to this store" in line
    assert said.code == 0, said.err
    assert said.err.count("\n") == 1


def test_two_at_a_time_never_write_to_one_store(house: House) -> None:
    with real(house) as server:
        asked, tell = noticed()
        server.plan(Fault(kind=Hook(tell), path="/search"))
        server.plan(Fault(kind=Delay(SLOW), path="/search"))
        process = house.process("sync")
        wait_for(asked, process)
        second = house.milepost("sync")
        process.send_signal(signal.SIGINT)
        assert ended(process, SOON).code == 1
    assert second.code == 1
    assert f"another milepost (process {process.pid}) is writing to this store" in second.err


def test_a_reader_that_goes_away_is_no_error(house: House) -> None:
    command = f"{SCRIPT} status | head -1; echo ${{PIPESTATUS[0]}} >&2"
    found = subprocess.run(
        ["bash", "-c", command],
        cwd=house.folder,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.startswith("Show people how our company works")
    assert found.stderr.strip() in ("0", "1")


def on_terminal(house: House, *arguments: str, **env: str) -> str:
    """What a person sees: both streams on a terminal of 80 columns."""
    above, below = pty.openpty()
    env = {"TERM": "xterm-256color", "COLUMNS": "80", **env}
    with subprocess.Popen(
        [SCRIPT, *arguments], cwd=house.folder, env=environment(env), stdin=below, stdout=below, stderr=below
    ):
        os.close(below)
        seen = b""
        while True:
            try:
                more = os.read(above, 65536)
            except OSError:  # Linux says so when the last one on the other side has gone
                break
            if not more:
                break
            seen += more
    os.close(above)
    return seen.decode()


def test_progress_is_drawn_on_a_terminal_and_nowhere_else(house: House) -> None:
    seen = on_terminal(house, "sync")
    assert "writing" in seen
    assert "reading jira" in seen
    said = ended(house.process("sync"), SOON)
    assert (said.code, said.err) == (0, "")
    assert "\x1b" not in said.out


def test_colours_are_left_out_when_the_user_says_so(house: House) -> None:
    assert "\x1b[32m" in on_terminal(house, "status")
    assert "\x1b[32m" not in on_terminal(house, "status", NO_COLOR="1")


def test_a_terminal_without_our_signs_gets_others_instead_of_an_error(house: House) -> None:
    house.env["PYTHONIOENCODING"] = "ascii"
    said = ended(house.process("status"), SOON)
    assert (said.code, said.err) == (0, "")
    assert "Set up an attractive blog" in said.out


CLIENTS = {"jira", "github", "requests", "tenacity", "werkzeug", "connectors.http.transport"}
TELL_MODULES = (
    "import sys; sys.argv[0] = 'milepost'\n"
    "from core.cli import main\n"
    "try: main()\n"
    "finally: print(*sys.modules, file=sys.stderr)"
)


def loaded(*arguments: str, **env: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that it has loaded at its end."""
    line = [sys.executable, "-c", TELL_MODULES, *arguments]
    found = subprocess.run(line, cwd=ROOT, env=environment(env), capture_output=True, text=True, check=True)
    return found.stdout, set(found.stderr.split())


def test_help_loads_neither_client_libraries_nor_a_database() -> None:
    said, modules = loaded("--help")
    assert "Usage: milepost" in said
    assert (
        modules & (CLIENTS | {"sqlalchemy", "alembic", "pydantic", "pydantic_settings", "rich.console"})
        == set()
    )


def test_a_glance_at_the_store_loads_only_what_it_shows(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'mappings = ["{ROOT}/mappings/examples/marketing.toml"]\n'
        '[trackers.jira]\nkind = "jira"\nurl = "https://jira.test"\nprojects = ["BLOG", "MKT"]\n'
        '[trackers.github]\nkind = "github"\nrepositories = ["acme/site"]\n',
        encoding="utf-8",
    )
    loaded("status", "--config", str(config))  # makes the store, for which migrations have to be loaded
    said, modules = loaded("status", "--config", str(config), MILEPOST_TRACKERS__JIRA__TOKEN="canary")
    assert "no run yet" in said
    spared = {"alembic", "rich.progress", "filelock", "sqlalchemy.dialects.postgresql"}
    assert modules & (CLIENTS | spared) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_can_complete_the_commands(house: House, shell: str) -> None:
    command = [str(SCRIPT), "--show-completion"]
    env = environment({"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    shown = subprocess.run([*command, shell], env=env, capture_output=True, text=True, check=True)
    assert "_MILEPOST_COMPLETE" in shown.stdout
    asked = {"_MILEPOST_COMPLETE": "complete_bash", "COMP_WORDS": "milepost st", "COMP_CWORD": "1"}
    offered = subprocess.run([SCRIPT], env=environment(asked), capture_output=True, text=True, check=True)
    assert offered.stdout.split() == ["status"]


def test_the_version_is_told() -> None:
    found = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("milepost ")

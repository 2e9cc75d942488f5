"""A folder with a configuration, and the command line run in it: in this process, or as one of its own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.sandbox.seed import world_for
from connectors.sandbox.server import SandboxServer
from core.cli import main

ROOT = Path(__file__).parent.parent
SCRIPT = Path(sys.executable).with_name("milepost")
MAPPING = ROOT / "mappings" / "examples" / "marketing.toml"
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
TOKENS = {
    "MILEPOST_TRACKERS__JIRA__EMAIL": "milepost@sandbox.test",
    "MILEPOST_TRACKERS__JIRA__TOKEN": "sandbox",
    "MILEPOST_TRACKERS__GITHUB__TOKEN": "sandbox",
}
"""What the built-in trackers accept when they are spoken to as if they were real ones."""


@dataclass(frozen=True)
class Said:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str


@dataclass
class House:
    """A folder with `config.toml`, the example unless a test writes another."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    env: dict[str, str] = field(default_factory=dict)
    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def write(self, *changes: tuple[str, str], name: str = "config.toml") -> Path:
        """The example as configuration, with some of its text replaced."""
        text = EXAMPLE.replace("mappings/examples/marketing.toml", str(MAPPING))
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after)
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file

    def milepost(self, *arguments: str) -> Said:
        """Run the command line in this process, in this folder."""
        self.patch.chdir(self.folder)
        self.patch.setattr(sys, "argv", ["milepost", *arguments])
        for name, value in self.env.items():
            self.patch.setenv(name, value)
        self.capsys.readouterr()
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        assert isinstance(code, int)
        printed = self.capsys.readouterr()
        return Said(code, printed.out, printed.err)

    @property
    def trackers(self) -> bytes:
        """Everything that the built-in trackers hold."""
        return (self.folder / ".milepost" / "sandbox.json").read_bytes()

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        """Run the installed script as a process of its own, with no environment but ours."""
        self.processes.append(
            subprocess.Popen(
                [SCRIPT, *arguments],
                cwd=self.folder,
                env=environment(self.env),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return self.processes[-1]

    def end(self) -> None:
        """Leave no process behind, whatever a test came to."""
        for process in self.processes:
            process.kill()
            process.communicate()


def environment(more: dict[str, str]) -> dict[str, str]:
    """A bare environment, so that whoever runs the tests does not matter."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(ROOT), **more}


@contextmanager
def real(house: House, *changes: tuple[str, str]) -> Iterator[SandboxServer]:
    """Trackers that the configuration takes for real ones; a test may let them fail."""
    world = world_for({"jira": ("jira", ""), "github": ("github", "")})
    with SandboxServer(world) as server:
        urls = [
            (
                f'kind = "{kind}"\nurl = "sandbox:"',
                f'kind = "{kind}"\nwrite_spacing = 0\nurl = "{server.url(kind)}"',
            )
            for kind in ("jira", "github")
        ]
        house.write(*urls, *changes)
        house.env |= TOKENS
        yield server


def wait_for(happened: "threading.Event", process: "subprocess.Popen[str]") -> None:
    """Until something has happened in the test's own trackers; a process that ends before is a failure."""
    for _ in range(200):
        if happened.wait(0.1):
            return
        assert process.poll() is None, process.communicate()
    raise AssertionError("it never happened")


def ended(process: "subprocess.Popen[str]", within: float) -> Said:
    """How the process ended; it must do so within these seconds."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=within + 20)
    finally:
        process.kill()
    assert time.monotonic() - began < within, (out, err)
    return Said(process.returncode, out, err)

"""What every test shares: assertions in helper modules tell their values, and stores lie in memory."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from tests.statements import share_statements

# The same examples in every run, however busy the machine: a test fails because of the code or not at all.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
share_statements()
pytest.register_assert_rewrite(
    "tests.conformance_reading", "tests.conformance_writing", "tests.builders", "tests.tools.openapi"
)

# A store waits for the disk at every commit, which takes more than a third of the time of all tests.
_MEMORY, _ENOUGH = Path("/dev/shm"), 2 * 1024**3  # noqa: S108
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what could not be checked on this machine, and how to have it checked."""
    from tests.tools import openapi  # only here: its library takes a second to import

    for line in openapi.absent():
        terminalreporter.write_line(line)

"""How a command ends: 0 done, 1 something failed, 2 the user's input is wrong, 3 there is something to do."""

import logging
import os
import sys
from dataclasses import dataclass
from typing import NoReturn

import typer

from connectors.interface import BadConfiguration, TrackerError
from core.cli.log import print_reason
from core.explanation import UnknownSubject
from core.settings import SettingsProblems
from core.shutdown import Stopped
from core.store import StoreError
from mappings.problems import MappingErrors

UsageError = typer.BadParameter.__mro__[1]
"""What the parser raises for options and arguments that it does not understand; typer does not export it."""

DONE, FAILED, WRONG_INPUT, SOMETHING_TO_DO = 0, 1, 2, 3


class UserError(Exception):
    """The user's input is wrong; the text says where, what was read and what to do."""


class OutcomeError(Exception):
    """Something that the user asked for could not be done; the text says what and why."""


@dataclass(frozen=True)
class Ending:
    """Why a command or a run ends early: an exit code, and the lines to print."""

    code: int
    lines: tuple[str, ...]


def ending(error: BaseException) -> Ending | None:
    """How a command ends by an error that a user, a tracker or the machine can cause; None for our own."""
    if isinstance(error, SettingsProblems | MappingErrors):
        count = len(error.problems)
        end = f"{count} problem{'s' if count > 1 else ''}; nothing was read from or written to a tracker"
        return Ending(WRONG_INPUT, (*map(str, error.problems), end))
    if isinstance(error, (UsageError, UserError, UnknownSubject, BadConfiguration)):
        return Ending(WRONG_INPUT, (str(error),))
    if isinstance(error, Stopped):
        return Ending(FAILED, ("stopped as asked; what was finished is kept, the next run does the rest",))
    if isinstance(error, OutcomeError | TrackerError | StoreError):
        return Ending(FAILED, tuple(str(error).splitlines()))
    if isinstance(error, OSError) and error.filename is not None:
        return Ending(FAILED, (f"{error.filename}: {error.strerror or error}",))
    return None


def report_and_exit(error: BaseException) -> NoReturn:
    """Print what went wrong on standard error, and end the process with its exit code."""
    if isinstance(error, BrokenPipeError):
        # Whoever read the output is gone, so that there is nowhere to print anything.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    result = ending(error)
    if result is None:
        logging.getLogger("milepost").critical(
            "milepost met an error of its own and wrote nothing further. Please report it with these lines.",
            exc_info=error,
        )
        sys.exit(FAILED)
    for line in result.lines:
        print_reason(line)
    sys.exit(result.code)

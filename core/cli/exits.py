"""How a command ends: 0 done, 1 something failed, 2 the user's input is wrong, 3 there is something to do."""

import logging
import sys
from typing import NoReturn

from connectors.contract import BadConfiguration, TrackerError
from core.stop import Stopped

DONE, FAILED, WRONG_INPUT, SOMETHING_TO_DO = 0, 1, 2, 3


class UserError(Exception):
    """The user's input is wrong; the text says where, what was read and what to do."""


class OutcomeError(Exception):
    """Something that the user asked for could not be done; the text says what and why."""


def report_and_exit(error: Exception) -> NoReturn:
    """Print what went wrong for a person, on standard error, and leave with its exit code."""
    from core.settings import SettingsProblems
    from core.store import Locked, StoreError
    from core.why import UnknownSubject
    from mappings.problems import MappingErrors

    if isinstance(error, SettingsProblems | MappingErrors):
        for problem in error.problems:
            _say(str(problem))
        count = len(error.problems)
        _say(f"{count} problem{'s' if count > 1 else ''}; nothing was read from or written to a tracker.")
        sys.exit(WRONG_INPUT)
    if isinstance(error, UserError | UnknownSubject | BadConfiguration):
        _say(str(error))
        sys.exit(WRONG_INPUT)
    if isinstance(error, Stopped):
        _say("stopped as asked; what was finished is kept, the next run does the rest")
        sys.exit(FAILED)
    if isinstance(error, OutcomeError | TrackerError | StoreError | Locked | BrokenPipeError):
        _say(str(error))
        sys.exit(FAILED)
    logging.getLogger("milepost").critical(
        "milepost met an error of its own; nothing further was written. Please report it with these lines.",
        exc_info=error,
    )
    sys.exit(FAILED)


def _say(text: str) -> None:
    sys.stderr.write(f"milepost: {text}\n")

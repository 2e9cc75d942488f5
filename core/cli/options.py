"""Options of several commands; they may stand before the command or after it."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from connectors.audience import Audience
from core.cli.commands import COMMANDS
from core.cli.log import LogFormat, set_up_log
from core.publish.release import EVERYTHING

__all__ = [
    "DEFAULT_CONFIG",
    "AudienceOption",
    "ConfigOption",
    "ForceOption",
    "FullOption",
    "LogFormat",
    "LogFormatOption",
    "VerboseOption",
    "colourless",
    "set_up_log",
    "shared",
    "with_force",
]

DEFAULT_CONFIG = Path("config.toml")
CONFIG_VARIABLE = "MILEPOST_CONFIG"

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help=f"The configuration file; also {CONFIG_VARIABLE}.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log every request and decision.")]
LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="Log lines as text or as JSON.")]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force",
        metavar="[GROUP]",
        help="Release what a limit holds back, after you looked into it: everything, or one group by the "
        "name that `plan` tells, such as goal=ID, tracker=NAME or removals; may stand several times.",
    ),
]
AudienceOption = Annotated[
    Audience | None,
    typer.Option(
        "--audience",
        help="Show only what is meant for these readers, to pass it on: public or organisation. "
        "Without it everything is shown: whoever runs this has the tokens.",
    ),
]
FullOption = Annotated[
    bool, typer.Option("--full", help="Read everything again; what was written stays known.")
]


def shared(context: typer.Context, config: Path | None, verbose: bool, log_format: LogFormat | None) -> None:
    """Make what stands before the command, or in the environment, the default of the same option after it."""
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    given: dict[str, object] = {"verbose": True} if verbose else {}
    if log_format is not None:
        given["log_format"] = log_format.value
    theirs = given | ({"config": str(named)} if named is not None else {})
    demo = given | ({"config": str(config)} if config is not None else {})  # which brings its own otherwise
    context.default_map = dict.fromkeys(COMMANDS, theirs) | {"demo": demo}


def with_force(arguments: Sequence[str]) -> list[str]:
    """The same arguments, where `--force` without the name of a group says that it means everything.

    The parser has no options whose value may be missing.
    """
    return [
        f"--force={EVERYTHING}" if argument == "--force" and following.startswith("-") else argument
        for argument, following in pairwise([*arguments, "-"])
    ]


def colourless() -> bool:
    """Whether the user asked for no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))

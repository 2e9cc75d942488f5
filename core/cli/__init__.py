"""The command line: one file per command; the only place that wires, prints and exits."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from core.cli import adopt_command as adopt
from core.cli import check_command as check
from core.cli import demo_command as demo
from core.cli import plan_command as plan
from core.cli import run_command as run
from core.cli import status_command as status
from core.cli import sync_command as sync
from core.cli import undo_command as undo
from core.cli import why_command as why
from core.cli.exit_codes import WRONG_INPUT, report_and_exit
from core.cli.log import tell
from core.cli.options import LogFormat, set_up_log, shared, with_force
from core.shutdown import Stopped

__all__ = ["app", "main"]

SUMMARY = "Measures milestones from Jira and GitHub issues, and tells it on the epics themselves."

app = typer.Typer(
    name="milepost",
    help=SUMMARY,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to load than all that help consists of
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"milepost {version('milepost')}")
        raise typer.Exit


@app.callback(epilog="Options may stand before the command or after it.")
def milepost(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The configuration file [default: config.toml]."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every request and decision.")] = False,
    log_format: Annotated[
        LogFormat | None, typer.Option("--log-format", help="Log lines as text or as JSON.")
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Measures milestones from Jira and GitHub issues, and tells it on the epics themselves."""
    del version
    shared(context, config, verbose, log_format)


for module in (check, plan, sync, run, status, why, undo, adopt, demo):
    command = getattr(module, module.__name__.rpartition(".")[2].removesuffix("_command"))
    # Said to be short, a text is shown whole; else its end is cut off.
    app.command(short_help=(command.__doc__ or "").partition("\n\n")[0])(command)

_Misused = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What the parser raises for options and arguments that it does not understand."""


def main() -> None:
    """Run the command line; every error that a user can cause ends in a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without bars and arrows shows question marks
    sys.argv[1:] = with_force(sys.argv[1:])
    with _light():
        try:
            if _wants_json(sys.argv[1:]):
                set_up_log(False, LogFormat.JSON)
                sys.exit(app(standalone_mode=False))
            app()
        except (Exception, Stopped) as error:
            if isinstance(error, _Misused):
                tell(getattr(error, "message", "") or str(error))
                sys.exit(WRONG_INPUT)
            report_and_exit(error)
        except KeyboardInterrupt:
            sys.exit(130)


@contextmanager
def _light() -> Iterator[None]:
    """A process that starts and ends quickly.

    Nothing of what is loaded ever becomes garbage, so looking for garbage waits until the desk is open, and
    does not begin anew when the process is about to end. Plug-ins of pydantic would be looked for in every
    installed distribution; one who has any sets the variable to something else.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()


def _wants_json(arguments: list[str]) -> bool:
    """Whether errors of the parser itself, which come before any option is known, are to be JSON too."""
    return "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)

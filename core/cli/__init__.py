"""The command line: one file per command; the only place that wires, prints and exits."""

import gc
import sys
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from core.cli.commands import CommandGroup
from core.cli.options import LogFormat, set_up_log, shared, with_force
from core.shutdown import Stopped

__all__ = ["app", "main"]

YOUNG = 20_000
"""New objects after which Python looks for garbage: those of a few pages of issues; its own habit is 700.

Issues and all that is loaded hold no circles, so that there is nearly none. With 700, and one more search
at the end, `milepost status` takes 50% more CPU, and a first sync of 10,000 issues, as well as one in which
nothing changed, 20% more (measured on 2026-11-30).
"""

app = typer.Typer(
    name="milepost",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to load than all that help consists of
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version  # a fifth of the CPU of `milepost --help` (2026-11-30)

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


def main() -> None:
    """Run the command line; every error that a user can cause ends in a sentence and an exit code."""
    gc.set_threshold(YOUNG)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without bars and arrows shows question marks
    sys.argv[1:] = with_force(sys.argv[1:])
    try:
        if _wants_json(sys.argv[1:]):
            set_up_log(False, LogFormat.JSON)
            sys.exit(app(standalone_mode=False))
        app()
    except (Exception, Stopped) as error:
        # Its module imports the errors of everything that can fail, of which help needs nothing.
        from core.cli.exit_codes import report_and_exit

        report_and_exit(error)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # so that no last collection delays the end of the process


def _wants_json(arguments: list[str]) -> bool:
    """Whether errors of the parser itself, which come before any option is read, are to be JSON too."""
    return "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)

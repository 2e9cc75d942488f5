"""The command line: one file per command; the only place that wires, prints and exits."""

import sys

import typer

from core.cli import check, demo, plan, run, status, sync, undo, why
from core.cli.exits import report_and_exit

__all__ = ["app", "main"]

app = typer.Typer(
    name="milepost",
    help="Measures milestones from Jira and GitHub issues, and tells it on the epics themselves.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"milepost {version('milepost')}")
        raise typer.Exit


@app.callback()
def milepost(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Measures milestones from Jira and GitHub issues, and tells it on the epics themselves."""


for module in (check, plan, sync, run, status, why, undo, demo):
    app.command()(getattr(module, module.__name__.rpartition(".")[2]))


def main() -> None:
    """Run the command line; every error that a user can cause ends in a sentence and an exit code."""
    try:
        app()
    except Exception as error:
        report_and_exit(error)
    except KeyboardInterrupt:
        sys.exit(130)

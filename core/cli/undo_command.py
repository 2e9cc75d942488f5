"""`milepost undo`: take back what a run wrote, or everything."""

from typing import Annotated

import typer

from core.cli.command_session import runs_to_take_back, undo_now
from core.cli.exit_codes import DONE, FAILED, UserError
from core.cli.open_context import open_context
from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.output import out
from core.reports.terminal import held_lines, plan_lines, written_lines

RunArgument = Annotated[int | None, typer.Argument(help="The run to take back; default: the last one.")]
AllOption = Annotated[bool, typer.Option("--all", help="Take back everything that milepost ever wrote.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be taken back; write nothing.")]


def undo(
    run: RunArgument = None,
    everything: AllOption = False,
    dry_run: DryOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Take back what a run wrote to the trackers, as far as it still stands as that run left it.

    Exit code: 0 done, 1 something could not be taken back, 2 there is no such run.
    """
    set_up_log(verbose, log_format)
    if everything and run is not None:
        raise UserError("say either a run or --all, not both")
    console = out()
    with open_context(config) as context:
        runs = runs_to_take_back(context, None if everything else run, everything=everything)
        if not runs and run is not None:
            raise UserError(f"run {run} wrote nothing, or there is no such run")
        plan, written = undo_now(context, runs, dry_run=dry_run)
    if dry_run:
        for line in plan_lines(plan):
            console.print(line)
    else:
        for line in (*written_lines(written), *held_lines(plan.held)):
            console.print(line)
    failed = bool(plan.held) or any(item.outcome != "done" for item in written)
    console.print(f"{len(plan.actions)} to take back." if dry_run else f"{len(written)} taken back.")
    raise typer.Exit(FAILED if failed else DONE)

"""`milepost plan`: what a sync would write, in sentences; writes to no tracker."""

from typing import Annotated

import typer

from core.cli.command_session import conclude_now
from core.cli.exit_codes import DONE, FAILED, SOMETHING_TO_DO
from core.cli.open_context import open_context
from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    ForceOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.output import out
from core.reports.plan_json import plan_json
from core.reports.terminal import plan_lines
from core.reports.terminal_text import clean
from core.steps.estimate import estimate_write_time

JsonOption = Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")]


def plan(
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
    force: ForceOption = None,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Show what `sync` would write, and write nothing to any tracker.

    Reads the trackers into the local store. Exit code: 0 nothing to do, 3 something to do or held back,
    1 a tracker could not be read, 2 the configuration is wrong.
    """
    set_up_log(verbose, log_format)
    with open_context(config, force=force or ()) as context:
        conclusion = conclude_now(context)
        pace = estimate_write_time(conclusion.plan, context.trackers)
    console = out()
    if json:
        console.print(plan_json(conclusion), soft_wrap=True)
    else:
        for line in plan_lines(conclusion.plan):
            console.print(line)
        for problem in conclusion.problems:
            console.print(f"problem: {problem}")
        for warning in conclusion.warnings:
            console.print(f"! {clean(warning, 600)}")
        for message in pace:
            console.print(message)
        waiting = f", {len(conclusion.plan.quarantined)} in quarantine" if conclusion.plan.quarantined else ""
        console.print(f"{len(conclusion.plan.actions)} to write, {len(conclusion.plan.held)} held{waiting}.")
    if conclusion.failed:
        raise typer.Exit(FAILED)
    raise typer.Exit(SOMETHING_TO_DO if conclusion.plan or conclusion.plan.held else DONE)

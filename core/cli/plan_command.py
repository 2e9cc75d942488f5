"""`milepost plan`: what a sync would write, in sentences; writes to no tracker."""

from typing import Annotated

import typer

from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    ForceOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)

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
    from core.cli.command_session import conclude_now, open_context
    from core.cli.exit_codes import DONE, FAILED, SOMETHING_TO_DO
    from core.cli.output import out
    from core.reports.plan_json import plan_json
    from core.reports.terminal import plan_lines
    from core.reports.terminal_text import clean
    from core.steps.estimate import estimate_write_time

    with open_context(config, force=force or ()) as job:
        concluded = conclude_now(job)
        pace = estimate_write_time(concluded.plan, job.trackers)
    console = out()
    if json:
        console.print(plan_json(concluded), soft_wrap=True)
    else:
        for line in plan_lines(concluded.plan):
            console.print(line)
        for problem in concluded.problems:
            console.print(f"problem: {problem}")
        for warning in concluded.warnings:
            console.print(f"! {clean(warning, 600)}")
        for message in pace:
            console.print(message)
        waiting = f", {len(concluded.plan.quarantined)} in quarantine" if concluded.plan.quarantined else ""
        console.print(f"{len(concluded.plan.actions)} to write, {len(concluded.plan.held)} held{waiting}.")
    if concluded.failed:
        raise typer.Exit(FAILED)
    raise typer.Exit(SOMETHING_TO_DO if concluded.plan or concluded.plan.held else DONE)

"""`milepost sync`: the main job, once."""

import typer

from core.cli.command_session import log_run, sync_now
from core.cli.exit_codes import DONE, FAILED
from core.cli.log import logs_json
from core.cli.open_context import open_context
from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    ForceOption,
    FullOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.output import out
from core.reports.terminal import held_lines, written_lines
from core.reports.terminal_text import clean

NOTES = 20
"""Issues that vanished or were archived, named one by one in what is printed; the log names all."""


def sync(
    config: ConfigOption = DEFAULT_CONFIG,
    force: ForceOption = None,
    full: FullOption = False,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Pull, tag, compute and publish, once.

    Exit code: 0 all done, 1 something failed or was held, 2 the configuration is wrong.
    """
    set_up_log(verbose, log_format)
    with open_context(config, force=force or (), full=full) as context:
        report = sync_now(context)
    if logs_json():
        log_run(report)
    console = out()
    for line in written_lines(report.written):
        console.print(line)
    for line in held_lines(report.conclusion.plan.held):
        console.print(line)
    for note in report.conclusion.notes[:NOTES]:
        console.print(f"note: {clean(note, 400)}")
    for problem in report.conclusion.problems:
        console.print(f"problem: {problem}")
    for warning in report.conclusion.warnings:
        console.print(f"! {clean(warning, 600)}")
    console.print(report.line)
    raise typer.Exit(FAILED if report.failed else DONE)

"""`milepost why`: which rule counted what, and the arithmetic written out."""

from typing import Annotated

import typer

from core.cli.open_context import open_context
from core.cli.options import (
    DEFAULT_CONFIG,
    AudienceOption,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.output import out
from core.explanation import explain
from core.reports.terminal_text import clean
from core.steps.evaluate_run import stored_evaluation

SubjectArgument = Annotated[
    str, typer.Argument(help="An issue key, or the id of a milestone, key result or goal.")
]


def why(
    subject: SubjectArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    audience: AudienceOption = None,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Explain a number: where it comes from, down to each issue and the rule that tagged it.

    Asks no tracker; explains what was last read. Exit code 2: nothing of that name is known.
    """
    set_up_log(verbose, log_format)
    console = out()
    with open_context(config, trackers=False) as context, stored_evaluation(context) as existing:
        for line in explain(subject, context, existing, audience):
            console.print(clean(line, 1000) if line.strip() else "")

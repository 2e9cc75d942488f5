"""`milepost check`: configuration, mapping, credentials, permissions and reach; writes nothing anywhere."""

from datetime import UTC

import typer

from core.cli.check_trackers import (
    audiences,
    findings,
    matching,
    missing_issues,
    older_names,
    refuse_same_sites,
)
from core.cli.exit_codes import DONE, FAILED
from core.cli.last_run import closed_lines, container_lines, quarantine_lines
from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.output import out
from core.cli.rule_checks import field_findings, query_findings
from core.cli.wiring import open_app
from core.reports.terminal import held_lines
from core.reports.terminal_text import clean
from core.settings.file_modes import open_to_others
from core.settings.overlap import shared_prefix
from core.steps.other_writers import held_now
from core.steps.writable_places import closed_places
from mappings.lint import lint


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Look whether everything is ready for `sync`, and say what to mend.

    Exit code: 0 all well, 1 something does not work, 2 the configuration is wrong.
    """
    set_up_log(verbose, log_format)
    console = out()
    well = True
    with open_app(config) as app:
        mapping = app.loaded.mapping
        console.print(
            "✓ configuration: "
            + ", ".join(
                (
                    _number(len(app.trackers), "tracker"),
                    _number(len(app.loaded.files), "mapping file"),
                    _number(len(mapping.goals), "goal"),
                    _number(len(mapping.key_results), "key result"),
                    _number(len(mapping.milestones), "milestone"),
                )
            )
        )
        today = app.clock().astimezone(app.config.settings.zone or UTC).date()
        warnings = (
            *lint(mapping, today, app.loaded.origins),
            *shared_prefix(app.config),
            *open_to_others(app.config, app.loaded.files),
            *matching(app),
        )
        for warning in warnings:
            console.print(f"! {clean(str(warning), 600)}")
        for finding in (
            *findings(app),
            *missing_issues(app),
            *query_findings(app),
            *field_findings(app),
            *older_names(app),
            *audiences(app),
        ):
            console.print(f"{'✓' if finding.ok else '✗'} {clean(f'{finding.what}: {finding.reason}', 600)}")
            if finding.hint:
                console.print(f"    {clean(finding.hint, 600)}")
            well = well and finding.ok
        for name, containers in app.store.containers().items():
            lines = list(container_lines(containers)) if name in app.trackers else []
            for line in (f"{name}, as last read:", *lines) if lines else ():
                console.print(line)
        for line in closed_lines(closed_places(app.store, app.config.infos)):
            console.print(line)
        for line in (*quarantine_lines(app.store.quarantine()), *held_lines(held_now(app.store))):
            console.print(line)
        refuse_same_sites(app.config, app.trackers)
    raise typer.Exit(DONE if well else FAILED)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"

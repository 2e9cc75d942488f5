"""`milepost check`: configuration, mapping, credentials, permissions and reach; writes nothing anywhere."""

from collections.abc import Iterator
from datetime import UTC

import typer
from rich.text import Text

from connectors.models import Finding
from core.cli.check_trackers import (
    audiences,
    findings,
    matching,
    missing_issues,
    older_names,
    refuse_same_sites,
)
from core.cli.exit_codes import DONE, FAILED
from core.cli.last_run import container_lines, not_written_lines
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
from core.cli.wiring import App, open_app
from core.reports.terminal_text import clean
from core.settings.file_modes import open_to_others
from core.settings.overlap import shared_prefix
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
    with open_app(config) as app:
        console.print(_configuration(app))
        for warning in _warnings(app):
            console.print(f"! {clean(str(warning), 600)}")
        results = []
        for finding in _findings(app):
            results.append(finding.ok)
            console.print(f"{'✓' if finding.ok else '✗'} {clean(f'{finding.what}: {finding.reason}', 600)}")
            if finding.hint:
                console.print(f"    {clean(finding.hint, 600)}")
        for line in _as_last_read(app):
            console.print(line)
        refuse_same_sites(app.config, app.trackers)
    raise typer.Exit(DONE if all(results) else FAILED)


def _configuration(app: App) -> str:
    mapping = app.loaded.mapping
    counts = (
        _number(len(app.trackers), "tracker"),
        _number(len(app.loaded.files), "mapping file"),
        _number(len(mapping.goals), "goal"),
        _number(len(mapping.key_results), "key result"),
        _number(len(mapping.milestones), "milestone"),
    )
    return f"✓ configuration: {', '.join(counts)}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _warnings(app: App) -> Iterator[object]:
    """What is allowed in the configuration and the mapping, and seldom meant."""
    today = app.clock().astimezone(app.config.settings.zone or UTC).date()
    yield from lint(app.loaded.mapping, today, app.loaded.origins)
    yield from shared_prefix(app.config)
    yield from open_to_others(app.config, app.loaded.files)
    yield from matching(app)


def _findings(app: App) -> Iterator[Finding]:
    """What the trackers answer."""
    yield from findings(app)
    yield from missing_issues(app)
    yield from query_findings(app)
    yield from field_findings(app)
    yield from older_names(app)
    yield from audiences(app)


def _as_last_read(app: App) -> Iterator[str | Text]:
    """Containers that cannot be read, places that are not written to, and held writes, from the store."""
    for name, containers in app.store.containers().items():
        lines = list(container_lines(containers)) if name in app.trackers else []
        if lines:
            yield f"{name}, as last read:"
            yield from lines
    yield from not_written_lines(app.store, app.config.infos)

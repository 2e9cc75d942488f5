"""`milepost check`: configuration, mapping, credentials, permissions and reach; writes nothing anywhere."""

import typer

from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Look whether everything is ready for `sync`, and say what to mend.

    Exit code: 0 all well, 1 something does not work, 2 the configuration is wrong.
    """
    set_up_log(verbose, log_format)
    from core.cli.checking import findings, missing_issues
    from core.cli.exits import DONE, FAILED
    from core.cli.output import out
    from core.cli.wiring import at_desk
    from core.reports.clean import clean
    from mappings.lint import lint

    console = out()
    well = True
    with at_desk(config) as desk:
        mapping = desk.loaded.mapping
        console.print(
            f"✓ configuration: {len(desk.trackers)} trackers, {len(desk.loaded.files)} mapping files, "
            f"{len(mapping.goals)} goals, {len(mapping.key_results)} key results, "
            f"{len(mapping.milestones)} milestones"
        )
        for problem in lint(desk.loaded, desk.clock().date()):
            console.print(f"! {clean(str(problem), 600)}")
        for finding in (*findings(desk), *missing_issues(desk)):
            console.print(f"{'✓' if finding.ok else '✗'} {clean(f'{finding.what}: {finding.said}', 600)}")
            if finding.hint and not finding.ok:
                console.print(f"    {clean(finding.hint, 600)}")
            well = well and finding.ok
    raise typer.Exit(DONE if well else FAILED)

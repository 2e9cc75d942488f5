"""`milepost status`: the tree of goals as last read; asks no tracker."""

from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Show goals, key results and milestones with their progress, from what was last read."""
    set_up_log(verbose, log_format)
    from core.cli.output import out
    from core.cli.running import open_job
    from core.reports.terminal import tree
    from core.settings import at
    from core.sync import conclude_from_store

    console = out()
    with open_job(config, trackers=False) as job:
        known = conclude_from_store(job)
        console.print(tree(job.mapping, known.state), soft_wrap=False)
        for name in job.infos:
            state = job.store.pull_state(name)
            read = at(state.read_at) if state.read_at else "never"
            line = f"{name}: {state.issues} issues, last read {read}"
            console.print(f"{line}; the last try failed: {state.error}" if state.error else line)
        last = job.store.last_run()
        console.print(f"last run: {last.said or 'broken off'}" if last else "no run yet: try `milepost sync`")

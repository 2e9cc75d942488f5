"""`milepost status`: the tree of goals as last read; asks no tracker."""

from connectors.http.allowance import from_text, kept
from core.cli.last_run import (
    budget_lines,
    closed_lines,
    container_lines,
    last_run_line,
    meant_for,
    quarantine_lines,
    reach_lines,
    tracker_lines,
)
from core.cli.open_context import context_of
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
from core.cli.wiring import open_app
from core.reports.terminal import held_lines, tree
from core.reports.terminal_text import clean
from core.steps.evaluate_run import stored_evaluation
from core.steps.other_writers import held_now
from core.steps.query_problems import query_problems
from core.steps.unmatched import unmatched
from core.steps.writable_places import closed_places


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    audience: AudienceOption = None,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Show goals, key results and milestones with their progress, from what was last read.

    With an audience, only these: what else is told names places and issues of every audience.
    """
    set_up_log(verbose, log_format)
    console = out()
    with open_app(config, trackers=False) as app, stored_evaluation(context_of(app)) as existing:
        if audience is not None:
            for line in meant_for(context_of(app), existing, audience):
                console.print(line)
            return
        console.print(tree(app.loaded.mapping, existing.state))
        console.print()
        for reported in reach_lines(existing, existing.targets.about):
            console.print(reported)
        prefix = app.config.settings.publish.labels.prefix
        wrong = query_problems(existing.refused, app.loaded.mapping, app.loaded.problem)
        for problem in (*wrong, *unmatched(existing, app.store, app.loaded.problem, prefix)):
            console.print(f"! {clean(str(problem), 600)}")
        unread, containers = app.store.unread(), app.store.containers()
        for tracker in app.config.trackers.values():
            named = getattr(tracker.settings, "url", "")
            address = "built-in" if tracker.sandbox is not None else str(named)
            state = app.store.pull_state(tracker.name).believed(app.clock())
            for line in tracker_lines(tracker.info, address, state, len(unread.get(tracker.name, ()))):
                console.print(line)
            for line in container_lines(containers.get(tracker.name, ())):
                console.print(line)
            for line in budget_lines(from_text(kept(app.store.memory(tracker.name))), app.clock()):
                console.print(line)
        store = app.store
        closed, waiting = closed_places(store, app.config.infos), store.quarantine()
        for line in (*closed_lines(closed), *quarantine_lines(waiting), *held_lines(held_now(store))):
            console.print(line)
        console.print(last_run_line(app.store.last_run()))

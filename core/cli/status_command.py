"""`milepost status`: the tree of goals as last read; asks no tracker."""

from collections.abc import Iterator

from rich.text import Text

from connectors.http.allowance import from_text, kept
from core.cli.last_run import (
    budget_lines,
    container_lines,
    last_run_line,
    meant_for,
    not_written_lines,
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
from core.cli.wiring import App, open_app
from core.reports.terminal import tree
from core.reports.terminal_text import clean
from core.steps.evaluate import Evaluation
from core.steps.evaluate_run import stored_evaluation
from core.steps.query_problems import query_problems
from core.steps.unmatched import unmatched


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    audience: AudienceOption = None,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Show goals, key results and milestones with their progress, from what was last read.

    With an audience, only these: the other lines name places and issues of every audience.
    """
    set_up_log(verbose, log_format)
    console = out()
    with open_app(config, trackers=False) as app:
        context = context_of(app)
        with stored_evaluation(context) as evaluation:
            if audience is not None:
                for line in meant_for(context, evaluation, audience):
                    console.print(line)
                return
            console.print(tree(app.loaded.mapping, evaluation.state))
            console.print()
            for line in _below_the_tree(app, evaluation):
                console.print(line)


def _below_the_tree(app: App, evaluation: Evaluation) -> Iterator[str | Text]:
    yield from _reach(app, evaluation)
    yield from _trackers(app)
    yield from not_written_lines(app.store, app.config.infos)
    yield last_run_line(app.store.last_run())


def _reach(app: App, evaluation: Evaluation) -> Iterator[str]:
    """How far the mapping reaches, and what of it matches nothing."""
    yield from reach_lines(evaluation, evaluation.targets.about)
    problem = app.loaded.problem
    prefix = app.config.settings.publish.labels.prefix
    refused = query_problems(evaluation.refused, app.loaded.mapping, problem)
    for wrong in (*refused, *unmatched(evaluation, app.store, problem, prefix)):
        yield f"! {clean(str(wrong), 600)}"


def _trackers(app: App) -> Iterator[Text]:
    """Each tracker with its containers and its quotas, as the last run left them."""
    unread, containers = app.store.unread(), app.store.containers()
    for tracker in app.config.trackers.values():
        url = str(getattr(tracker.settings, "url", ""))
        address = "built-in" if tracker.sandbox is not None else url
        state = app.store.pull_state(tracker.name).believed(app.clock())
        yield from tracker_lines(tracker.info, address, state, len(unread.get(tracker.name, ())))
        yield from container_lines(containers.get(tracker.name, ()))
        yield from budget_lines(from_text(kept(app.store.memory(tracker.name))), app.clock())

"""From an open desk to a job, and a job run with the lock held and its line logged."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.exit_codes import OutcomeError, UserError
from core.cli.output import progress_on_terminal
from core.cli.wiring import App, open_app
from core.context import RunContext
from core.publish.actions import Plan, Written
from core.publish.release import read_release
from core.reports.terminal_text import clean
from core.run_log import changes_since
from core.shutdown import Stop
from core.steps.check_store import with_repair
from core.steps.pull_changes import PullRules
from core.steps.run_report import Conclusion, Report
from core.store import Locked
from core.sync import conclude, sync

if TYPE_CHECKING:
    from rich.progress import Progress

log = logging.getLogger("milepost")


def context_of(
    app: App, *, force: Sequence[str] = (), full: bool = False, stop: Stop | None = None
) -> RunContext:
    """The job that a configuration asks for, at this moment of the desk's clock.

    Raises UserError for values of `--force` that can release nothing.
    """
    settings, mapping = app.config.settings, app.loaded.mapping
    infos = {info.name: info for info in app.config.infos}
    ids = (*mapping.goals, *mapping.key_results, *mapping.milestones)
    try:
        release = read_release(force, tuple(infos), ids)
    except ValueError as error:
        raise UserError(str(error)) from None
    return RunContext(
        mapping=mapping,
        infos=infos,
        trackers=app.trackers,
        store=app.store,
        progress=settings.progress,
        health=settings.health,
        publish=settings.publish,
        limits=settings.limits,
        pulls=PullRules(
            timedelta(hours=settings.schedule.reconcile_hours),
            settings.limits.max_lost_percent,
            settings.schedule.reread_days,
            full=full,
            never_held=settings.limits.never_held,
        ),
        force=release,
        now=app.clock(),
        stop=stop or app.stop,
        zone=settings.zone or UTC,
        problem=app.loaded.problem,
        keep=timedelta(days=settings.store.keep_days),
    )


@contextmanager
def open_context(
    config: Path,
    *,
    force: Sequence[str] = (),
    full: bool = False,
    trackers: bool = True,
    stop: Stop | None = None,
) -> Iterator[RunContext]:
    """A job, wired; raises what `at_desk` raises."""
    with open_app(config, trackers=trackers) as app:
        yield context_of(app, force=force, full=full, stop=stop)


def conclude_now(context: RunContext) -> Conclusion:
    """Read and conclude with the lock held. Raises OutcomeError while another process runs."""
    with _alone(context), context.stop.listen(), progress_on_terminal() as shown:
        ready = _shown(context, shown)
        conclusion = with_repair(
            lambda: conclude(ready), context.store, context.pulls.every, context.now, context.stop
        )
    _log_decisions(conclusion.plan)
    return conclusion


def sync_now(context: RunContext, *, only_changes: bool = False) -> Report:
    """One whole run with the lock held. Raises OutcomeError while another process runs.

    `only_changes`: log what is wrong, held or in quarantine where that is news since the last such run.
    """
    with _alone(context), context.stop.listen(), progress_on_terminal() as shown:
        report = sync(context) if shown is None else sync(_shown(context, shown), _steps(shown))
        changed = changes_since(context.store, report) if only_changes else ()
    for change in changed:
        level = logging.INFO if change.state == "over" or change.item.kind == "closed" else logging.WARNING
        log.log(level, change.line, extra={"fields": change.fields})
    _log_decisions(report.conclusion.plan)
    for note in report.conclusion.notes:
        log.info("%s", clean(note, 400))
    return report


def _shown(context: RunContext, shown: "Progress | None") -> RunContext:
    if shown is None:
        return context
    from core.cli.progress import with_progress

    return replace(context, trackers=with_progress(context.trackers, shown))


def _steps(shown: "Progress") -> Callable[[int, int], None]:
    task = shown.add_task("writing", total=None, visible=False)

    def step(done: int, total: int) -> None:
        shown.update(task, completed=done, total=total, visible=True)

    return step


def log_run(report: Report) -> None:
    """The one line of a run, with its figures as fields."""
    level = logging.WARNING if report.failed else logging.INFO
    log.log(level, report.line, extra={"fields": report.fields})


def runs_to_take_back(context: RunContext, run: int | None, *, everything: bool) -> tuple[int, ...]:
    """As `runs_to_undo`, with the lock held, on a store that is repaired where it has to be."""
    from core.undo_runs import runs_to_undo

    with _alone(context):
        return with_repair(
            lambda: runs_to_undo(context.store, run, everything=everything),
            context.store,
            context.pulls.every,
            context.now,
            context.stop,
        )


def undo_now(context: RunContext, runs: Sequence[int], *, dry_run: bool) -> tuple[Plan, tuple[Written, ...]]:
    """Take runs back with the lock held, or only plan to. Raises OutcomeError while another process runs."""
    from core.undo_runs import plan_undo, undo

    with _alone(context), context.stop.listen():

        def taking_back() -> tuple[Plan, tuple[Written, ...]]:
            return (plan_undo(context, runs), ()) if dry_run else undo(context, runs)

        return with_repair(taking_back, context.store, context.pulls.every, context.now, context.stop)


def _log_decisions(plan: Plan) -> None:
    for action in plan.actions:
        log.debug("decided: %s", clean(action.sentence, 400))
    for held in plan.held:
        log.debug("held: %s: %s", clean(held.what, 400), clean(held.why, 600))


@contextmanager
def _alone(context: RunContext) -> Iterator[None]:
    try:
        with context.store.lock():
            yield
    except Locked as error:
        raise OutcomeError(str(error)) from None

"""Runs, conclusions and undos with the store locked, their progress displayed and their outcome logged."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.progress import Progress

from core.cli.exit_codes import OutcomeError
from core.cli.progress import progress_on_terminal, with_progress
from core.context import RunContext
from core.publish.actions import Plan, Written
from core.reports.terminal_text import clean
from core.run_log import changes_since
from core.steps.check_store import with_repair
from core.steps.run_report import Conclusion, Report
from core.store import Locked
from core.sync import conclude, sync
from core.undo_runs import plan_undo, runs_to_undo, undo

log = logging.getLogger("milepost")


def conclude_now(context: RunContext) -> Conclusion:
    """Read and conclude with the lock held. Raises OutcomeError while another process runs."""
    with _locked(context), context.stop.listen(), progress_on_terminal() as display:
        ready = _with_display(context, display)
        conclusion = with_repair(
            lambda: conclude(ready), context.store, context.pulls.every, context.now, context.stop
        )
    _log_decisions(conclusion.plan)
    return conclusion


def sync_now(context: RunContext, *, only_changes: bool = False) -> Report:
    """One whole run with the lock held. Raises OutcomeError while another process runs.

    `only_changes`: log what is wrong, held or in quarantine only where that changed since the last such run.
    """
    with _locked(context), context.stop.listen(), progress_on_terminal() as display:
        ready = _with_display(context, display)
        report = sync(ready) if display is None else sync(ready, _step_counter(display))
        changed = changes_since(context.store, report) if only_changes else ()
    for change in changed:
        level = logging.INFO if change.state == "over" or change.item.kind == "closed" else logging.WARNING
        log.log(level, change.line, extra={"fields": change.fields})
    _log_decisions(report.conclusion.plan)
    for note in report.conclusion.notes:
        log.info("%s", clean(note, 400))
    return report


def _with_display(context: RunContext, display: Progress | None) -> RunContext:
    if display is None:
        return context
    return replace(context, trackers=with_progress(context.trackers, display))


def _step_counter(display: Progress) -> Callable[[int, int], None]:
    task = display.add_task("writing", total=None, visible=False)

    def step(done: int, total: int) -> None:
        display.update(task, completed=done, total=total, visible=True)

    return step


def log_run(report: Report) -> None:
    """The one line of a run, with its figures as fields."""
    level = logging.WARNING if report.failed else logging.INFO
    log.log(level, report.line, extra={"fields": report.fields})


def runs_to_take_back(context: RunContext, run: int | None, *, everything: bool) -> tuple[int, ...]:
    """As `runs_to_undo`, with the lock held, on a store that is repaired where it has to be."""
    with _locked(context):
        return with_repair(
            lambda: runs_to_undo(context.store, run, everything=everything),
            context.store,
            context.pulls.every,
            context.now,
            context.stop,
        )


def undo_now(context: RunContext, runs: Sequence[int], *, dry_run: bool) -> tuple[Plan, tuple[Written, ...]]:
    """Take runs back with the lock held, or only plan to. Raises OutcomeError while another process runs."""
    with _locked(context), context.stop.listen():

        def take_back() -> tuple[Plan, tuple[Written, ...]]:
            return (plan_undo(context, runs), ()) if dry_run else undo(context, runs)

        return with_repair(take_back, context.store, context.pulls.every, context.now, context.stop)


def _log_decisions(plan: Plan) -> None:
    for action in plan.actions:
        log.debug("decided: %s", clean(action.sentence, 400))
    for held in plan.held:
        log.debug("held: %s: %s", clean(held.what, 400), clean(held.why, 600))


@contextmanager
def _locked(context: RunContext) -> Iterator[None]:
    try:
        with context.store.lock():
            yield
    except Locked as error:
        raise OutcomeError(str(error)) from None

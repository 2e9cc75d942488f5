"""One run in its order: pull, evaluate, desired and actual state, plan, limits, apply, record."""

from collections.abc import Callable
from time import monotonic

from core.context import RunContext
from core.publish.apply import apply
from core.steps.actual import find_actual
from core.steps.check_store import with_repair
from core.steps.desired import find_desired
from core.steps.draft import draft_plan
from core.steps.estimate import announce_write_time
from core.steps.evaluate_run import evaluate_pulls, rules_of
from core.steps.jumps import edits_since
from core.steps.limit import limit_plan
from core.steps.pull_trackers import pull_trackers
from core.steps.record import Recorder, finish, run_record
from core.steps.run_problems import find_problems, find_warnings
from core.steps.run_report import Conclusion, Report


def sync(context: RunContext, step: Callable[[int, int], None] = lambda _done, _total: None) -> Report:
    """Do one whole run, on a store that is repaired first where that is due, and return its report.

    `step` is called after each write with the number of writes done and the number planned.

    Raises Stopped if someone asks to stop while it reads, and StoreError. The failure of a tracker is not
    raised but reported.
    """
    return with_repair(
        lambda: _sync(context, step), context.store, context.pulls.every, context.now, context.stop
    )


def _sync(context: RunContext, step: Callable[[int, int], None]) -> Report:
    started = monotonic()
    with run_record(context, "sync") as run:
        conclusion = conclude(context)
        announce_write_time(conclusion.plan, context.trackers)
        recorder = Recorder(
            context.store,
            run,
            context.now,
            conclusion.desired.snapshots.of,
            len(conclusion.plan.actions),
            step,
        )
        outcomes = apply(
            conclusion.plan,
            context.readers,
            context.writers,
            recorder.record,
            stop=context.stop,
            alike=conclusion.draft.quarantine.parts.alike,
        )
        report = finish(context, run, conclusion, outcomes, monotonic() - started)
    context.store.prune(context.keep, context.now)
    return report


def conclude(context: RunContext) -> Conclusion:
    """Do everything up to the plan: read the trackers into the store, and write to no tracker.

    Raises Stopped and StoreError.
    """
    rules = rules_of(context)
    edited_since = edits_since(context.store, context.infos, context.pulls.every, context.now)
    pulls = pull_trackers(context, rules)
    evaluation = evaluate_pulls(context, rules, pulls, edited_since)
    context.stop.check()
    desired = find_desired(context, evaluation, pulls)
    actual = find_actual(context, desired, pulls)
    context.stop.check()
    draft = draft_plan(context, desired, actual)
    limited = limit_plan(context, evaluation, pulls, actual, draft)
    problems = find_problems(context, evaluation, pulls, actual)
    warnings = find_warnings(context, evaluation, pulls, draft, limited)
    context.stop.check()
    return Conclusion(evaluation, pulls, desired, actual, draft, limited, problems, warnings)

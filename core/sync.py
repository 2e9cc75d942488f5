"""One run as a straight line: pull, tag, measure, say, compare, limit, write, record."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from time import monotonic

from connectors.http.allowance import allowances_of
from connectors.interface import Tracker, TrackerInfo
from connectors.models import IssueRef
from core.concurrency import run_parallel
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.actions import DeleteComment, Plan, WriteComment
from core.publish.apply import apply
from core.publish.plan import make_plan
from core.publish.plan_limits import Facts, apply_limits, held_goals
from core.publish.publication import Publication
from core.publish.publish_policy import LimitPolicy, PublishPolicy
from core.publish.release import Release, idle_warnings
from core.publish.states import ActualState, DesiredState
from core.publish.untold import UntoldLabels
from core.rollup.refresh import in_step, refresh
from core.rollup.rollup_rules import RollupRules
from core.run_report import Conclusion, Report
from core.shutdown import Stop
from core.steps import holding, missing_fields
from core.steps.actual import read_actual, verified_records
from core.steps.check_store import with_repair
from core.steps.definitions import definitions_of
from core.steps.desired_comments import SnapshotFactory, facts_of, find_desired_comments
from core.steps.desired_labels import find_desired_labels
from core.steps.estimate import estimate_write_time
from core.steps.evaluate import Evaluation, evaluate, failing_containers
from core.steps.first_publication import FirstRuns
from core.steps.item_audiences import audiences_of
from core.steps.jumps import edits_since, goal_values, held_owners, jumps_of, values_to_keep
from core.steps.label_prefix import remember_prefix, remove_old_labels
from core.steps.other_writers import check_other_writers, keep
from core.steps.pull_changes import Pulled, PullRules, pull
from core.steps.quarantined import Quarantine
from core.steps.queries import QueryResults, cached_results, run_queries
from core.steps.query_problems import query_problems
from core.steps.record import Recorder, record_labels, take_over_comments
from core.steps.unmatched import ProblemAt, nowhere, unmatched
from core.steps.writable_places import places_of
from core.store.interface import RunStore
from core.store.rollup.rollup_interface import RollupReader
from mappings.goal_tree import GoalTree

__all__ = ["Conclusion", "Report", "RunContext", "conclude", "stored_evaluation", "sync"]

log = logging.getLogger("milepost")


@dataclass(frozen=True)
class RunContext:
    """Everything that a run works with; wired by whoever starts it."""

    mapping: GoalTree
    infos: Mapping[str, TrackerInfo]
    trackers: Mapping[str, Tracker]
    store: RunStore
    progress: ProgressPolicy
    health: HealthPolicy
    publish: PublishPolicy
    limits: LimitPolicy
    pulls: PullRules
    force: Release
    now: datetime
    stop: Stop
    zone: tzinfo = UTC
    """Where days begin and end."""
    problem: ProblemAt = nowhere
    """Gives what is wrong at a place of the mapping its file and line."""
    keep: timedelta = timedelta(days=400)
    """After this age the ledger keeps only what taking back what still stands would need."""


def sync(context: RunContext, step: Callable[[int, int], None] = lambda _done, _total: None) -> Report:
    """One whole run, on a store that was repaired where it had to be.

    `step` is told how many of the planned writes are done, and of how many.

    Raises Stopped if someone asks to stop while it reads, and StoreError; a tracker's failure never
    raises: it stands in the report.
    """
    run = partial(_sync, context, step)
    return with_repair(run, context.store, context.pulls.every, context.now, context.stop)


def _sync(context: RunContext, step: Callable[[int, int], None]) -> Report:
    began = monotonic()
    run = context.store.begin_run(context.now, "sync")
    try:
        conclusion = conclude(context)
        for message in estimate_write_time(conclusion.plan, context.trackers):
            log.info("%s", message)
        total = len(conclusion.plan.actions)
        snapshots = conclusion.snapshots.of
        recorder = Recorder(context.store, run, context.now, snapshots, lambda done: step(done, total))
        written = apply(
            conclusion.plan,
            {name: tracker.reader for name, tracker in context.trackers.items()},
            {name: tracker.writer for name, tracker in context.trackers.items()},
            recorder.record,
            stop=context.stop,
            alike=conclusion.quarantine.parts.alike,
        )
        records = take_over_comments(
            context.store,
            run,
            conclusion.desired,
            conclusion.actual,
            conclusion.plan,
            snapshots,
            context.publish.instance,
            context.infos,
        )
        _remember_looks(context, conclusion, records)
        record_labels(context.store, conclusion.labels, written)
        conclusion.first_runs.keep(context.store, conclusion.unlimited_actions, written)
        if conclusion.definitions is not None and conclusion.desired.untold is not None:
            conclusion.definitions.keep(context.store, conclusion.desired.untold, conclusion.actual, written)
    except BaseException:
        context.store.end_run(run, context.now, "broken off", f"run {run} was broken off before its end", {})
        raise
    context.store.save_goal_values(conclusion.goals)
    if context.store.tags().some_unexplained():
        with context.store.tagging() as writer:
            writer.expect_from_here(conclusion.held_owners)
    spent = {
        name: reported for name, tracker in context.trackers.items() if (reported := allowances_of(tracker))
    }
    keep(context.store, conclusion.conflicts, written)
    remember_prefix(context.store, conclusion.old_labels, written, conclusion.quarantine.book)
    kept = conclusion.quarantine.keep(context.store, written, _complete(conclusion), context.now)
    report = Report(run, conclusion, written, monotonic() - began, kept.as_before, spent)
    counts = {key: value for key, value in report.fields.items() if isinstance(value, int)}
    context.store.end_run(run, context.now, str(report.fields["outcome"]), report.line, counts)
    context.store.prune(context.keep, context.now)
    return report


def conclude(context: RunContext) -> Conclusion:
    """Everything up to the plan: reads the trackers into the store, and writes to no tracker."""
    scheme = _scheme(context)
    since = edits_since(context.store, context.infos, context.pulls.every, context.now)
    pulled = tuple(_pull(context, scheme))
    down = {item.tracker: item.since for item in pulled if item.down}
    scheme = scheme.at_present(context.store.resolver())
    readers = {name: tracker.reader for name, tracker in context.trackers.items()}
    answers = run_queries(scheme.compiled.queries, readers, down, context.store, context.stop)
    scheme = replace(scheme, matches=answers.matches)
    compared = any(item.swept for item in pulled)
    _bring_into_step(context, scheme, since, compared=compared)
    evaluation = _know(context, scheme, answers, context.store.tags(), down)
    context.stop.check()
    snapshots = SnapshotFactory(evaluation, context.now.astimezone(context.zone))
    goals = goal_values(context.mapping, evaluation.state, context.progress)
    records = context.store.publications()
    read = {item.tracker: item for item in pulled}
    swept = frozenset(name for name, value in read.items() if value.swept)
    audiences = audiences_of(context.store, context.infos, context.mapping, context.publish.audience)
    comments = find_desired_comments(
        evaluation,
        records,
        context.store.snapshots,
        snapshots,
        context.publish,
        context.infos,
        swept.union(down),
        audiences,
        context.store.installation(),
    )
    places = places_of(context.infos, context.store.containers(), context.store.resolver())
    carriers = frozenset({*evaluation.targets.about, *records})
    labels = find_desired_labels(
        evaluation,
        context.publish.labels,
        context.infos,
        carriers,
        swept,
        context.stop.check,
        places,
        audiences,
    )
    untold = UntoldLabels(context.mapping, context.publish.labels, context.infos, audiences)
    definitions = None
    if context.publish.labels.enabled:
        definitions = definitions_of(context.store, context.infos, audiences, untold)
    desired = DesiredState(comments.wanted, labels.wanted, untold)
    issues = dict(evaluation.carrying(records)) | {issue.ref: issue for issue in labels.issues}
    records = {ref: record for ref, record in records.items() if ref not in comments.settled}
    result = read_actual(
        desired, issues, records, readers, context.infos, read, places, context.stop, definitions
    )
    result = replace(result, installation=context.store.installation())
    before = context.store.goal_values()
    context.stop.check()
    planned = make_plan(desired, result, context.publish, context.infos)
    prefix = remove_old_labels(
        planned, context.store, context.publish.labels, result.posted, result.down, places
    )
    others = check_other_writers(prefix.plan, desired, result, context.publish, context.infos, context.store)
    whole = others.plan
    quarantine = Quarantine.of(whole, context.store, issues, context.now)
    whole = quarantine.plan(whole)
    jumps = jumps_of(evaluation, before, goals, context.health, context.now, context.zone)
    facts = facts_of(evaluation, whole, jumps, context.limits.never_held)
    firsts = FirstRuns.of(
        context.store, context.mapping, context.infos, evaluation.state, result.down, facts.owners
    )
    facts = replace(facts, again=frozenset(quarantine.parts.again), first=firsts.new)
    plan = apply_limits(whole, facts, context.limits, context.force)
    # A jump that is held is measured from the same place next time.
    jumped = held_goals(whole, facts, context.limits, context.force)
    goals = values_to_keep(before, goals, evaluation.state, jumped)
    still_held = held_owners(jumped, context.mapping, evaluation.state)
    plan = replace(plan, held=tuple(item.held for item in pulled if item.held) + plan.held)
    problems = _problems(context, evaluation, pulled, result)
    notes = tuple(note for item in pulled for note in item.notes)
    warnings = idle_warnings(
        context.force, _groups(context, pulled, whole, facts) if context.force.names else ()
    )
    warnings += tuple(
        map(str, unmatched(evaluation, context.store, context.problem, context.publish.labels.prefix))
    )
    context.stop.check()
    return Conclusion(
        evaluation,
        pulled,
        desired,
        result,
        issues,
        labels,
        snapshots,
        goals,
        still_held,
        plan,
        problems,
        quarantine,
        others,
        prefix,
        firsts,
        whole.actions,
        notes,
        warnings,
        definitions,
    )


def _groups(context: RunContext, pulled: Iterable[Pulled], whole: Plan, facts: Facts) -> frozenset[str]:
    """All that limits hold, or would hold if nothing were released."""
    held = apply_limits(whole, facts, context.limits).held
    lost = {item.held.group for item in pulled if item.held}
    lost |= {holding.group(item.tracker).name for item in pulled if item.released}
    return frozenset({*lost, *(hold.group for hold in held)} - {""})


def _complete(conclusion: Conclusion) -> frozenset[str]:
    """The trackers of which the plan has everything that is wanted: none where something was held back."""
    if conclusion.plan.held:
        return frozenset()
    return frozenset(item.tracker for item in conclusion.pulls if item.tracker not in conclusion.actual.down)


def _remember_looks(
    context: RunContext, conclusion: Conclusion, records: Mapping[IssueRef, Publication]
) -> None:
    """Note which comments stand as recorded, so that nobody asks again until their issue changes."""
    changed = {
        action.ref for action in conclusion.plan.actions if isinstance(action, WriteComment | DeleteComment)
    }
    read = {item.tracker: item for item in conclusion.pulls}
    result = replace(conclusion.actual, records=records)
    for record in verified_records(result, conclusion.issues, read):
        if record.ref not in changed:
            context.store.save_publication(record)


@contextmanager
def stored_evaluation(context: RunContext) -> Iterator[Evaluation]:
    """What is known without asking any tracker; a tracker whose last reading failed counts as down.

    Where the mapping was changed since, everything is tagged by the new one, and nothing of that stored.
    """
    states = {name: context.store.pull_state(name).believed(context.now) for name in context.infos}
    down = {
        name: state.believed(context.now).read_at
        for name, state in states.items()
        if state.error or state.read_at is None
    }
    scheme = _scheme(context)
    answers = cached_results(scheme.compiled.queries, context.store)
    scheme = replace(scheme, matches=answers.matches)
    tags = context.store.tags()
    if in_step(tags, scheme):
        yield _know(context, scheme, answers, tags, down)
        return
    with context.store.trial() as (writer, trial):
        refresh(writer, scheme)
        yield _know(context, scheme, answers, trial, down)


def _pull(context: RunContext, scheme: RollupRules) -> list[Pulled]:
    """All trackers at once, so that a run takes as long as the slowest of them."""

    def reading(name: str) -> Callable[[], Pulled]:
        interest = scheme.compiled.interest(name)
        rules = replace(context.pulls, force=context.force.frees(holding.group(name)))
        return lambda: pull(context.trackers[name], context.store, interest, rules, context.now, context.stop)

    return run_parallel([reading(name) for name in context.trackers], context.stop)


def _scheme(context: RunContext) -> RollupRules:
    listed = context.publish.comments.open_tasks
    return RollupRules.of(context.mapping, context.infos, context.store.resolver(), context.progress, listed)


def _bring_into_step(
    context: RunContext, scheme: RollupRules, since: Mapping[str, datetime], *, compared: bool
) -> None:
    """Tag what changed, and note that labels of that have to be looked at, by this run or a later one.

    `compared`: a tracker was compared with all that is there, so that names that went can be forgotten.
    """
    if in_step(context.store.tags(), scheme) and not compared:
        return
    with context.store.tagging() as writer:
        done = refresh(writer, scheme, context.stop.check, since)
        if compared and not done.everything:
            writer.gather_names(context.stop.check)
        if done.everything or not context.publish.labels.enabled:
            writer.unsettle_all()
        else:
            writer.unsettle(sorted(done.keys))


def _know(
    context: RunContext,
    scheme: RollupRules,
    answers: QueryResults,
    tags: RollupReader,
    down: Mapping[str, datetime | None],
) -> Evaluation:
    resolve = context.store.resolver()
    failing = failing_containers(context.store, resolve, down)
    missing = missing_fields.problems(context.store, context.infos, scheme.compiled)
    return evaluate(
        scheme,
        answers,
        tags,
        resolve,
        context.store.unread(),
        down,
        failing,
        context.health,
        context.now,
        context.zone,
        missing,
        context.store.present_ids,
    )


def _problems(
    context: RunContext, evaluation: Evaluation, pulled: tuple[Pulled, ...], actual: ActualState
) -> tuple[str, ...]:
    """Everything that went wrong before the plan, a sentence each."""
    silent = {item.tracker for item in pulled if item.down}
    parts = [str(item.error) for item in pulled if item.error]
    parts += [why for tracker, why in actual.down.items() if tracker not in silent]
    parts += [problem for item in pulled for problem in item.problems]
    parts += [f"{place.label} could not be read: {place.reason}" for place in evaluation.failing]
    parts += evaluation.targets.missing
    asking = {
        owner for query in evaluation.refused for owner in evaluation.scheme.compiled.query_owners[query]
    }
    parts += [f"{owner}: {why}" for owner, why in evaluation.reach.problems.items() if owner not in asking]
    parts += map(str, query_problems(evaluation.refused, context.mapping, context.problem))
    parts += [
        f"{tracker}: {issue.key or issue.id} could not be read: {issue.why}"
        for tracker, unread in evaluation.unread.items()
        for issue in unread
    ]
    return tuple(parts)

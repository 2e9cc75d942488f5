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


def sync(job: RunContext, step: Callable[[int, int], None] = lambda _done, _total: None) -> Report:
    """One whole run, on a store that was repaired where it had to be.

    `step` is told how many of the planned writes are done, and of how many.

    Raises Stopped if someone asks to stop while it reads, and StoreError; a tracker's failure never
    raises: it stands in the report.
    """
    run = partial(_sync, job, step)
    return with_repair(run, job.store, job.pulls.every, job.now, job.stop)


def _sync(job: RunContext, step: Callable[[int, int], None]) -> Report:
    began = monotonic()
    run = job.store.begin_run(job.now, "sync")
    try:
        concluded = conclude(job)
        for message in estimate_write_time(concluded.plan, job.trackers):
            log.info("%s", message)
        total = len(concluded.plan.actions)
        moments = concluded.moments.of
        recorder = Recorder(job.store, run, job.now, moments, lambda done: step(done, total))
        written = apply(
            concluded.plan,
            {name: tracker.reader for name, tracker in job.trackers.items()},
            {name: tracker.writer for name, tracker in job.trackers.items()},
            recorder.record,
            stop=job.stop,
            alike=concluded.quarantine.parts.alike,
        )
        records = take_over_comments(
            job.store,
            run,
            concluded.wanted,
            concluded.found,
            concluded.plan,
            moments,
            job.publish.instance,
            job.infos,
        )
        _remember_looks(job, concluded, records)
        record_labels(job.store, concluded.labels, written)
        concluded.firsts.keep(job.store, concluded.wished, written)
        if concluded.definitions is not None and concluded.wanted.untold is not None:
            concluded.definitions.keep(job.store, concluded.wanted.untold, concluded.found, written)
    except BaseException:
        job.store.end_run(run, job.now, "broken off", f"run {run} was broken off before its end", {})
        raise
    job.store.save_goal_values(concluded.goals)
    if job.store.tags().some_unexplained():
        with job.store.tagging() as writer:
            writer.expect_from_here(concluded.held_owners)
    spent = {name: told for name, tracker in job.trackers.items() if (told := allowances_of(tracker))}
    keep(job.store, concluded.contended, written)
    remember_prefix(job.store, concluded.prefix, written, concluded.quarantine.book)
    kept = concluded.quarantine.keep(job.store, written, _complete(concluded), job.now)
    report = Report(run, concluded, written, monotonic() - began, kept.as_before, spent)
    counts = {key: value for key, value in report.fields.items() if isinstance(value, int)}
    job.store.end_run(run, job.now, str(report.fields["outcome"]), report.line, counts)
    job.store.prune(job.keep, job.now)
    return report


def conclude(job: RunContext) -> Conclusion:
    """Everything up to the plan: reads the trackers into the store, and writes to no tracker."""
    scheme = _scheme(job)
    since = edits_since(job.store, job.infos, job.pulls.every, job.now)
    pulled = tuple(_pull(job, scheme))
    down = {item.tracker: item.since for item in pulled if item.down}
    scheme = scheme.at_present(job.store.resolver())
    readers = {name: tracker.reader for name, tracker in job.trackers.items()}
    answers = run_queries(scheme.compiled.queries, readers, down, job.store, job.stop)
    scheme = replace(scheme, matches=answers.matches)
    compared = any(item.swept for item in pulled)
    _bring_into_step(job, scheme, since, compared=compared)
    known = _know(job, scheme, answers, job.store.tags(), down)
    job.stop.check()
    moments = SnapshotFactory(known, job.now.astimezone(job.zone))
    goals = goal_values(job.mapping, known.state, job.progress)
    records = job.store.publications()
    read = {item.tracker: item for item in pulled}
    swept = frozenset(name for name, value in read.items() if value.swept)
    audiences = audiences_of(job.store, job.infos, job.mapping, job.publish.audience)
    comments = find_desired_comments(
        known,
        records,
        job.store.snapshots,
        moments,
        job.publish,
        job.infos,
        swept.union(down),
        audiences,
        job.store.installation(),
    )
    places = places_of(job.infos, job.store.containers(), job.store.resolver())
    carriers = frozenset({*known.targets.about, *records})
    labels = find_desired_labels(
        known, job.publish.labels, job.infos, carriers, swept, job.stop.check, places, audiences
    )
    untold = UntoldLabels(job.mapping, job.publish.labels, job.infos, audiences)
    definitions = None
    if job.publish.labels.enabled:
        definitions = definitions_of(job.store, job.infos, audiences, untold)
    wanted = DesiredState(comments.wanted, labels.wanted, untold)
    issues = dict(known.carrying(records)) | {issue.ref: issue for issue in labels.issues}
    records = {ref: record for ref, record in records.items() if ref not in comments.settled}
    result = read_actual(wanted, issues, records, readers, job.infos, read, places, job.stop, definitions)
    result = replace(result, installation=job.store.installation())
    before = job.store.goal_values()
    job.stop.check()
    planned = make_plan(wanted, result, job.publish, job.infos)
    prefix = remove_old_labels(planned, job.store, job.publish.labels, result.posted, result.down, places)
    others = check_other_writers(prefix.plan, wanted, result, job.publish, job.infos, job.store)
    whole = others.plan
    quarantine = Quarantine.of(whole, job.store, issues, job.now)
    whole = quarantine.plan(whole)
    jumps = jumps_of(known, before, goals, job.health, job.now, job.zone)
    facts = facts_of(known, whole, jumps, job.limits.never_held)
    firsts = FirstRuns.of(job.store, job.mapping, job.infos, known.state, result.down, facts.owners)
    facts = replace(facts, again=frozenset(quarantine.parts.again), first=firsts.new)
    plan = apply_limits(whole, facts, job.limits, job.force)
    # A jump that is held is measured from the same place next time.
    jumped = held_goals(whole, facts, job.limits, job.force)
    goals = values_to_keep(before, goals, known.state, jumped)
    still_held = held_owners(jumped, job.mapping, known.state)
    plan = replace(plan, held=tuple(item.held for item in pulled if item.held) + plan.held)
    problems = _problems(job, known, pulled, result)
    notes = tuple(note for item in pulled for note in item.notes)
    warnings = idle_warnings(job.force, _groups(job, pulled, whole, facts) if job.force.names else ())
    warnings += tuple(map(str, unmatched(known, job.store, job.problem, job.publish.labels.prefix)))
    job.stop.check()
    return Conclusion(
        known,
        pulled,
        wanted,
        result,
        issues,
        labels,
        moments,
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


def _groups(job: RunContext, pulled: Iterable[Pulled], whole: Plan, facts: Facts) -> frozenset[str]:
    """All that limits hold, or would hold if nothing were released."""
    held = apply_limits(whole, facts, job.limits).held
    lost = {item.held.group for item in pulled if item.held}
    lost |= {holding.group(item.tracker).name for item in pulled if item.released}
    return frozenset({*lost, *(hold.group for hold in held)} - {""})


def _complete(concluded: Conclusion) -> frozenset[str]:
    """The trackers of which the plan has everything that is wanted: none where something was held back."""
    if concluded.plan.held:
        return frozenset()
    return frozenset(item.tracker for item in concluded.pulled if item.tracker not in concluded.found.down)


def _remember_looks(job: RunContext, concluded: Conclusion, records: Mapping[IssueRef, Publication]) -> None:
    """Note which comments stand as recorded, so that nobody asks again until their issue changes."""
    changed = {
        action.ref for action in concluded.plan.actions if isinstance(action, WriteComment | DeleteComment)
    }
    read = {item.tracker: item for item in concluded.pulled}
    result = replace(concluded.found, records=records)
    for record in verified_records(result, concluded.issues, read):
        if record.ref not in changed:
            job.store.save_publication(record)


@contextmanager
def stored_evaluation(job: RunContext) -> Iterator[Evaluation]:
    """What is known without asking any tracker; a tracker whose last reading failed counts as down.

    Where the mapping was changed since, everything is tagged by the new one, and nothing of that stored.
    """
    states = {name: job.store.pull_state(name).believed(job.now) for name in job.infos}
    down = {
        name: state.believed(job.now).read_at
        for name, state in states.items()
        if state.error or state.read_at is None
    }
    scheme = _scheme(job)
    answers = cached_results(scheme.compiled.queries, job.store)
    scheme = replace(scheme, matches=answers.matches)
    tags = job.store.tags()
    if in_step(tags, scheme):
        yield _know(job, scheme, answers, tags, down)
        return
    with job.store.trial() as (writer, trial):
        refresh(writer, scheme)
        yield _know(job, scheme, answers, trial, down)


def _pull(job: RunContext, scheme: RollupRules) -> list[Pulled]:
    """All trackers at once, so that a run takes as long as the slowest of them."""

    def reading(name: str) -> Callable[[], Pulled]:
        interest = scheme.compiled.interest(name)
        rules = replace(job.pulls, force=job.force.frees(holding.group(name)))
        return lambda: pull(job.trackers[name], job.store, interest, rules, job.now, job.stop)

    return run_parallel([reading(name) for name in job.trackers], job.stop)


def _scheme(job: RunContext) -> RollupRules:
    listed = job.publish.comments.open_tasks
    return RollupRules.of(job.mapping, job.infos, job.store.resolver(), job.progress, listed)


def _bring_into_step(
    job: RunContext, scheme: RollupRules, since: Mapping[str, datetime], *, compared: bool
) -> None:
    """Tag what changed, and note that labels of that have to be looked at, by this run or a later one.

    `compared`: a tracker was compared with all that is there, so that names that went can be forgotten.
    """
    if in_step(job.store.tags(), scheme) and not compared:
        return
    with job.store.tagging() as writer:
        done = refresh(writer, scheme, job.stop.check, since)
        if compared and not done.everything:
            writer.gather_names(job.stop.check)
        if done.everything or not job.publish.labels.enabled:
            writer.unsettle_all()
        else:
            writer.unsettle(sorted(done.keys))


def _know(
    job: RunContext,
    scheme: RollupRules,
    answers: QueryResults,
    tags: RollupReader,
    down: Mapping[str, datetime | None],
) -> Evaluation:
    resolve = job.store.resolver()
    failing = failing_containers(job.store, resolve, down)
    missing = missing_fields.problems(job.store, job.infos, scheme.compiled)
    return evaluate(
        scheme,
        answers,
        tags,
        resolve,
        job.store.unread(),
        down,
        failing,
        job.health,
        job.now,
        job.zone,
        missing,
        job.store.present_ids,
    )


def _problems(
    job: RunContext, known: Evaluation, pulled: tuple[Pulled, ...], found: ActualState
) -> tuple[str, ...]:
    """Everything that went wrong before the plan, a sentence each."""
    silent = {item.tracker for item in pulled if item.down}
    parts = [str(item.error) for item in pulled if item.error]
    parts += [why for tracker, why in found.down.items() if tracker not in silent]
    parts += [problem for item in pulled for problem in item.problems]
    parts += [f"{place.label} could not be read: {place.reason}" for place in known.failing]
    parts += known.targets.missing
    asking = {owner for query in known.refused for owner in known.scheme.compiled.query_owners[query]}
    parts += [f"{owner}: {why}" for owner, why in known.reach.problems.items() if owner not in asking]
    parts += map(str, query_problems(known.refused, job.mapping, job.problem))
    parts += [
        f"{tracker}: {issue.key or issue.id} could not be read: {issue.why}"
        for tracker, unread in known.unread.items()
        for issue in unread
    ]
    return tuple(parts)

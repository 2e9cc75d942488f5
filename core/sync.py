"""One run as a straight line: pull, tag, measure, say, compare, limit, write, record."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from time import monotonic

from connectors.allowance import Allowance, allowances_of
from connectors.contract import Issue, IssueRef, PutOff, Tracker, TrackerInfo
from core.asking import Answers, ask, remembered
from core.contention import contended, keep
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.known import Known, failing_containers, know
from core.labelling import Labels, labels_of
from core.looking import look, seen_now
from core.pace import how_long
from core.prefix import Retired, remember, retired
from core.publish.actions import DeleteComment, Plan, WriteComment, Written
from core.publish.apply import apply
from core.publish.contention import Contended
from core.publish.limits import apply_limits
from core.publish.plan import make_plan
from core.publish.policy import LimitPolicy, PublishPolicy
from core.publish.quarantine import Target, target_of
from core.publish.records import Publication
from core.publish.wanted import Found, Wanted
from core.pull import Pulled, PullRules, pull
from core.quarantine import Quarantine
from core.recording import Recorder, settle, settle_labels
from core.steps.repair import with_repair
from core.stop import Stop
from core.store.contract import Keeper
from core.store.records import GoalValue
from core.store.tags.contract import TagReader
from core.tagging.refresh import in_step, refresh
from core.tagging.scheme import Scheme
from core.together import together
from core.wanting import Moments, comments_of, facts_of, goal_values, values_to_keep
from mappings.goals import Mapping as Goals

log = logging.getLogger("milepost")


@dataclass(frozen=True)
class Job:
    """Everything that a run works with; wired by whoever starts it."""

    mapping: Goals
    infos: Mapping[str, TrackerInfo]
    trackers: Mapping[str, Tracker]
    store: Keeper
    progress: ProgressPolicy
    health: HealthPolicy
    publish: PublishPolicy
    limits: LimitPolicy
    pulls: PullRules
    force: bool
    now: datetime
    stop: Stop
    zone: tzinfo = UTC
    """Where days begin and end."""


@dataclass(frozen=True)
class Concluded:
    """A run up to its plan: everything read, measured and compared, and nothing written."""

    known: Known
    pulled: tuple[Pulled, ...]
    wanted: Wanted
    found: Found
    issues: Mapping[IssueRef, Issue]
    """What is known of the issues that the plan may speak of."""
    labels: Labels
    moments: Moments
    goals: Mapping[str, GoalValue]
    """The numbers from which the next run measures how far a goal jumped; none while a limit holds."""
    plan: Plan
    problems: tuple[str, ...]
    quarantine: Quarantine
    contended: Contended
    prefix: Retired
    notes: tuple[str, ...] = ()
    """What the comparison with all that is there found out; nothing that went wrong."""

    @property
    def failed(self) -> bool:
        """Whether something that the mapping rests on could not be read or found."""
        return bool(self.problems) or any(each.down for each in self.pulled)


@dataclass(frozen=True)
class Report:
    """A finished run."""

    run: int
    concluded: Concluded
    written: tuple[Written, ...]
    seconds: float
    as_before: frozenset[Target] = frozenset()
    """What was tried again out of quarantine, and failed for the reason that is known."""
    allowances: Mapping[str, tuple[Allowance, ...]] = field(default_factory=dict)
    """By tracker: the API quotas that it told of, and what of them milepost used."""

    @property
    def failed(self) -> bool:
        """Whether anything failed, was held, or could not be read; what is in quarantine is no news."""
        news = [
            each
            for each in self.written
            if each.outcome != "done" and target_of(each.action) not in self.as_before
        ]
        return self.concluded.failed or bool(self.concluded.plan.held) or bool(news)

    @property
    def fields(self) -> Mapping[str, object]:
        """The run in figures, for the log."""
        outcomes = [each.outcome for each in self.written]
        return {
            "run": self.run,
            "outcome": "failed" if self.failed else "done",
            "trackers": {each.tracker: _reading(each) for each in self.concluded.pulled},
            "written": outcomes.count("done"),
            "failed": len(outcomes) - outcomes.count("done"),
            "held": len(self.concluded.plan.held),
            "quarantined": len(self.concluded.plan.quarantined) + len(self.as_before),
            "problems": len(self.concluded.problems),
            "quotas": {name: [asdict(each) for each in told] for name, told in self.allowances.items()},
            "seconds": round(self.seconds, 2),
        }

    @property
    def line(self) -> str:
        """The run in one line, for a person."""
        fields = self.fields
        waiting = f"{fields['quarantined']} in quarantine; " if fields["quarantined"] else ""
        read = "; ".join(f"{each.tracker}: {_reading(each)}" for each in self.concluded.pulled)
        return (
            f"run {self.run} {fields['outcome']}: {read}; {fields['written']} written, "
            f"{fields['failed']} failed, {fields['held']} held, {fields['problems']} problems; "
            f"{waiting}{_spending(self.allowances)}{fields['seconds']} s"
        )


def sync(job: Job, step: Callable[[int, int], None] = lambda _done, _total: None) -> Report:
    """One whole run, on a store that was repaired where it had to be.

    `step` is told how many of the planned writes are done, and of how many.

    Raises Stopped if someone asks to stop while it reads, and StoreError; a tracker's failure never
    raises: it stands in the report.
    """
    run = partial(_sync, job, step)
    return with_repair(run, job.store, job.pulls.every, job.now, job.stop)


def _sync(job: Job, step: Callable[[int, int], None]) -> Report:
    began = monotonic()
    run = job.store.begin_run(job.now, "sync")
    try:
        concluded = conclude(job)
        for said in how_long(concluded.plan, job.trackers):
            log.info("%s", said)
        total = len(concluded.plan.actions)
        moments = concluded.moments.of
        recorder = Recorder(job.store, run, job.now, moments, lambda done: step(done, total))
        written = apply(
            concluded.plan,
            {name: tracker.reader for name, tracker in job.trackers.items()},
            {name: tracker.writer for name, tracker in job.trackers.items()},
            recorder.record,
            stop=job.stop,
        )
        records = settle(
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
        settle_labels(job.store, concluded.labels, written)
    except BaseException:
        job.store.end_run(run, job.now, "broken off", f"run {run} was broken off before its end", {})
        raise
    job.store.save_goal_values(concluded.goals)
    spent = {name: told for name, tracker in job.trackers.items() if (told := allowances_of(tracker))}
    keep(job.store, concluded.contended, written)
    remember(job.store, concluded.prefix, written, concluded.quarantine.book)
    kept = concluded.quarantine.keep(job.store, written, _complete(concluded), job.now)
    report = Report(run, concluded, written, monotonic() - began, kept.as_before, spent)
    counts = {key: value for key, value in report.fields.items() if isinstance(value, int)}
    job.store.end_run(run, job.now, str(report.fields["outcome"]), report.line, counts)
    return report


def conclude(job: Job) -> Concluded:
    """Everything up to the plan: reads the trackers into the store, and writes to no tracker."""
    scheme = _scheme(job)
    pulled = tuple(_pull(job, scheme))
    down = {each.tracker: each.since for each in pulled if each.down}
    scheme = scheme.at_present(job.store.resolver())
    readers = {name: tracker.reader for name, tracker in job.trackers.items()}
    answers = ask(scheme.compiled.queries, readers, down, job.store, job.stop)
    scheme = replace(scheme, matches=answers.matches)
    _bring_into_step(job, scheme)
    known = _know(job, scheme, answers, job.store.tags(), down)
    job.stop.check()
    moments = Moments(known, job.now.astimezone(job.zone))
    goals = goal_values(job.mapping, known.state, job.progress)
    records = job.store.publications()
    read = {each.tracker: each for each in pulled}
    swept = frozenset(name for name, each in read.items() if each.swept)
    comments = comments_of(
        known,
        records,
        job.store.snapshots,
        moments,
        job.publish,
        job.infos,
        swept.union(down),
        job.store.installation(),
    )
    labels = labels_of(
        known,
        job.publish.labels,
        job.infos,
        frozenset({*known.targets.about, *records}),
        swept,
        job.stop.check,
    )
    wanted = Wanted(comments.wanted, labels.wanted)
    issues = dict(known.carrying(records)) | {issue.ref: issue for issue in labels.issues}
    records = {ref: record for ref, record in records.items() if ref not in comments.settled}
    found = look(wanted, issues, records, readers, job.infos, read, job.stop)
    found = replace(found, installation=job.store.installation())
    before = job.store.goal_values()
    job.stop.check()
    planned = make_plan(wanted, found, job.publish, job.infos)
    prefix = retired(planned, job.store, job.publish.labels, found.posted, found.down)
    others = contended(prefix.plan, wanted, found, job.publish, job.infos, job.store)
    whole = others.plan
    quarantine = Quarantine.of(whole, job.store, issues, job.now)
    whole = quarantine.plan(whole)
    facts = replace(facts_of(known, whole, before, goals), again=frozenset(quarantine.parts.again))
    plan = apply_limits(whole, facts, job.limits, force=job.force)
    # A jump that is held is measured from the same place next time.
    goals = values_to_keep(before, goals, known.state) if plan.held == whole.held else {}
    plan = replace(plan, held=tuple(each.held for each in pulled if each.held) + plan.held)
    problems = _problems(known, pulled, found)
    notes = tuple(note for each in pulled for note in each.notes)
    job.stop.check()
    return Concluded(
        known,
        pulled,
        wanted,
        found,
        issues,
        labels,
        moments,
        goals,
        plan,
        problems,
        quarantine,
        others,
        prefix,
        notes,
    )


def _complete(concluded: Concluded) -> frozenset[str]:
    """The trackers of which the plan has everything that is wanted: none where something was held back."""
    if concluded.plan.held:
        return frozenset()
    return frozenset(each.tracker for each in concluded.pulled if each.tracker not in concluded.found.down)


def _remember_looks(job: Job, concluded: Concluded, records: Mapping[IssueRef, Publication]) -> None:
    """Note which comments stand as recorded, so that nobody asks again until their issue changes."""
    changed = {
        action.ref for action in concluded.plan.actions if isinstance(action, WriteComment | DeleteComment)
    }
    read = {each.tracker: each for each in concluded.pulled}
    found = replace(concluded.found, records=records)
    for record in seen_now(found, concluded.issues, read):
        if record.ref not in changed:
            job.store.save_publication(record)


@contextmanager
def known_from_store(job: Job) -> Iterator[Known]:
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
    answers = remembered(scheme.compiled.queries, job.store)
    scheme = replace(scheme, matches=answers.matches)
    tags = job.store.tags()
    if in_step(tags, scheme):
        yield _know(job, scheme, answers, tags, down)
        return
    with job.store.trial() as (writer, trial):
        refresh(writer, scheme)
        yield _know(job, scheme, answers, trial, down)


def _pull(job: Job, scheme: Scheme) -> list[Pulled]:
    """All trackers at once, so that a run takes as long as the slowest of them."""

    def reading(name: str) -> Callable[[], Pulled]:
        interest = scheme.compiled.interest(name)
        return lambda: pull(job.trackers[name], job.store, interest, job.pulls, job.now, job.stop)

    return together([reading(name) for name in job.trackers], job.stop)


def _scheme(job: Job) -> Scheme:
    listed = job.publish.comments.open_tasks
    return Scheme.of(job.mapping, job.infos, job.store.resolver(), job.progress, listed)


def _bring_into_step(job: Job, scheme: Scheme) -> None:
    """Tag what changed, and note that labels of that have to be looked at, by this run or a later one."""
    if in_step(job.store.tags(), scheme):
        return
    with job.store.tagging() as writer:
        done = refresh(writer, scheme, job.stop.check)
        if done.everything or not job.publish.labels.enabled:
            writer.unsettle_all()
        else:
            writer.unsettle(sorted(done.keys))


def _know(
    job: Job, scheme: Scheme, answers: Answers, tags: TagReader, down: Mapping[str, datetime | None]
) -> Known:
    resolve = job.store.resolver()
    failing = failing_containers(job.store, resolve, down)
    return know(
        scheme, answers, tags, resolve, job.store.unread(), down, failing, job.health, job.now, job.zone
    )


def _problems(known: Known, pulled: tuple[Pulled, ...], found: Found) -> tuple[str, ...]:
    """Everything that went wrong before the plan, a sentence each."""
    silent = {each.tracker for each in pulled if each.down}
    said = [str(each.error) for each in pulled if each.error]
    said += [why for tracker, why in found.down.items() if tracker not in silent]
    said += [problem for each in pulled for problem in each.problems]
    said += [f"{place.label} could not be read: {place.reason}" for place in known.failing]
    said += known.targets.missing
    said += [f"{owner}: {why}" for owner, why in known.reach.problems.items()]
    said += [
        f"{tracker}: {each.key or each.id} could not be read: {each.why}"
        for tracker, unread in known.unread.items()
        for each in unread
    ]
    return tuple(said)


def _reading(pulled: Pulled) -> str:
    if isinstance(pulled.error, PutOff):
        return "put off"
    if pulled.error is not None:
        return "not read"
    if pulled.held is not None:
        return "held"
    said = f"{pulled.seen} read, {pulled.new} new, {pulled.changed} changed"
    said += f", {pulled.gone} gone" if pulled.gone else ""
    return f"{said}, the look for what is gone put off" if pulled.sweep_put_off else said


def _spending(allowances: Mapping[str, tuple[Allowance, ...]]) -> str:
    """`API quota: github 12 of 2,500; ` for those that a run counted against; empty if it did not."""
    said = [
        f"{name} {each.used:,} of {each.allowed:,}{'' if each.resource == 'core' else f' ({each.resource})'}"
        for name, told in allowances.items()
        for each in told
        if each.run or each.put_off
    ]
    return f"API quota: {', '.join(said)}; " if said else ""

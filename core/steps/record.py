"""Stores what a run did: each outcome right after its write, and the rest in one transaction at its end."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from connectors.http.allowance import allowances_of
from connectors.interface import TrackerInfo
from connectors.models import IssueRef, PostedComment
from core.context import RunContext
from core.engine.averages import INCOMPLETE
from core.engine.model import Snapshot, Unmeasured
from core.publish.actions import ChangeLabels, DeleteComment, Plan, WriteComment, Written, parts_of
from core.publish.comment.mark import body_hash, mark_of
from core.publish.own_comments import edit_reason, our_comments
from core.publish.publication import Publication
from core.publish.states import ActualState, DesiredComment, DesiredState
from core.steps import other_writers
from core.steps.actual import verified_records
from core.steps.desired_comments import Snapshots
from core.steps.desired_labels import Labels, left_over
from core.steps.label_prefix import remember_prefix
from core.steps.run_report import Conclusion, Report
from core.store.store_interface import RunStore

SnapshotsOf = Callable[[Iterable[str]], Snapshots]
"""(ids) -> snapshots of these milestones as they are now, and of each goal's two numbers."""


class Recorder:
    """Stores every outcome right after its write, before the next write begins."""

    def __init__(
        self,
        store: RunStore,
        run: int,
        now: datetime,
        snapshots: SnapshotsOf,
        total: int = 0,
        step: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """`step` is called after each outcome with the number of outcomes and `total`, the writes planned."""
        self._store = store
        self._run = run
        self._now = now
        self._snapshots = snapshots
        self._total = total
        self._step = step
        self._done = 0

    def record(self, written: Written) -> None:
        """Store one outcome: in the ledger, and in the records of comments and labels. Raises StoreError."""
        if written.cause not in ("put off", "closed"):  # an action that was not sent needs no undo
            self._store.record(self._run, written, self._now)
        if written.outcome == "done":
            self._keep(written)
        elif isinstance(written.action, WriteComment | DeleteComment):
            self._verify_again(written.action.ref)
        self._done += 1
        self._step(self._done, self._total)

    def _keep(self, written: Written) -> None:
        action = written.action
        if isinstance(action, WriteComment) and written.comment is not None:
            self._store.save_publication(
                Publication(
                    ref=action.ref,
                    target=action.target,
                    comment=written.comment,
                    digest=action.digest,
                    body_hash=body_hash(written.comment.body),
                    run=str(self._run),
                    readers=action.readers,
                ),
                self._compared_with_next(action),
            )
        elif isinstance(action, ChangeLabels) and written.labels is not None:
            self._store.set_labels(action.ref, written.labels)
        elif isinstance(action, DeleteComment):
            record = self._store.publication(action.ref)
            if record is not None and record.comment.id == action.before.id:
                self._store.forget_publication(action.ref)

    def _compared_with_next(self, action: WriteComment) -> Snapshots:
        """Return the snapshots from which the next comment computes its changes.

        A milestone that could not be read now keeps its earlier snapshot, so that the next comment with a
        measurement tells all changes since then.
        """
        before = self._store.snapshots(action.ref)
        return {
            name: before[name] if name in before and _unread(now) else now
            for name, now in self._snapshots(parts_of(action.target)).items()
        }

    def _verify_again(self, ref: IssueRef) -> None:
        """Have the next run ask what stands there, since a failed change may have left something else."""
        record = self._store.publication(ref)
        if record is not None and record.seen is not None:
            self._store.save_publication(replace(record, seen=None))


def _unread(now: Snapshot) -> bool:
    return isinstance(now.measure, Unmeasured) and now.measure.why in INCOMPLETE


@contextmanager
def run_record(context: RunContext, kind: str) -> Iterator[int]:
    """Begin a run and yield its number; if the block raises, the run is recorded as broken off."""
    run = context.store.begin_run(context.now, kind)
    try:
        yield run
    except BaseException:
        context.store.end_run(run, context.now, "broken off", f"run {run} was broken off before its end", {})
        raise


def finish(
    context: RunContext, run: int, conclusion: Conclusion, outcomes: tuple[Written, ...], seconds: float
) -> Report:
    """Store in one transaction everything that later runs need of this one, and return its report.

    `seconds`: how long the run took so far. Raises StoreError; then nothing of it is stored.
    """
    store, draft, limited = context.store, conclusion.draft, conclusion.limited
    with store.transaction():
        records = take_over_comments(
            store,
            run,
            conclusion.desired.state,
            conclusion.actual,
            conclusion.plan,
            conclusion.desired.snapshots.of,
            context.publish.instance,
            context.infos,
        )
        _record_verified(store, conclusion, records)
        record_labels(store, conclusion.desired.labels, outcomes)
        limited.first_runs.keep(store, draft.plan.actions, outcomes)
        _record_definitions(store, conclusion, outcomes)
        store.save_goal_values(limited.goals)
        if store.rollup().has_unexplained():
            with store.updating_rollup() as writer:
                writer.forget_unexplained(limited.held_owners)
        other_writers.keep(store, draft.conflicts, outcomes)
        remember_prefix(store, draft.old_labels, outcomes, draft.quarantine.book)
        kept = draft.quarantine.keep(store, outcomes, _complete(conclusion), context.now)
        spent = {name: allowances_of(tracker) for name, tracker in context.trackers.items()}
        used = {name: allowances for name, allowances in spent.items() if allowances}
        report = Report(run, conclusion, outcomes, seconds, kept.as_before, used)
        counts = {key: value for key, value in report.fields.items() if isinstance(value, int)}
        store.end_run(run, context.now, str(report.fields["outcome"]), report.line, counts)
    return report


def _record_definitions(store: RunStore, conclusion: Conclusion, outcomes: Sequence[Written]) -> None:
    """Store for whom label definitions are made now."""
    definitions, untold = conclusion.desired.definitions, conclusion.desired.state.untold
    if definitions is not None and untold is not None:
        definitions.keep(store, untold, conclusion.actual, outcomes)


def _complete(conclusion: Conclusion) -> frozenset[str]:
    """Return the trackers of which the plan has everything that is desired: none where anything is held."""
    if conclusion.plan.held:
        return frozenset()
    return frozenset(pull.tracker for pull in conclusion.pulls if pull.tracker not in conclusion.actual.down)


def _record_verified(
    store: RunStore, conclusion: Conclusion, records: Mapping[IssueRef, Publication]
) -> None:
    """Store which comments stand as recorded, so that they are not asked for until their issue changes."""
    changed = {
        action.ref for action in conclusion.plan.actions if isinstance(action, WriteComment | DeleteComment)
    }
    pulls = {pull.tracker: pull for pull in conclusion.pulls}
    actual = replace(conclusion.actual, records=records)
    for record in verified_records(actual, conclusion.desired.issues, pulls):
        if record.ref not in changed:
            store.save_publication(record)


def take_over_comments(
    store: RunStore,
    run: int,
    desired: DesiredState,
    actual: ActualState,
    plan: Plan,
    snapshots: SnapshotsOf,
    instance: str,
    infos: Mapping[str, TrackerInfo],
) -> Mapping[IssueRef, Publication]:
    """Record comments that stand as they should but not as recorded; delete records of issues that are gone.

    Such comments have no record, or another installation wrote them with the same meaning, or the server
    returns another text than after the write. A comment that differs because its change is held is left to a
    later run: recorded now, its old text would count as what is desired. Returns all records as they are now.
    """
    records = dict(actual.records)
    changing = {action.ref for action in plan.actions if isinstance(action, WriteComment)}
    for comment in desired.comments:
        if comment.ref not in changing and comment.ref in actual.posted and comment.waiting is None:
            record = records.get(comment.ref)
            taken = _taken_over(comment, actual, record, instance, infos[comment.ref.tracker], run)
            if taken is not None:
                new_text = record is None or mark_of(taken.comment) != mark_of(record.comment)
                store.save_publication(taken, snapshots(parts_of(comment.target)) if new_text else None)
                records[comment.ref] = taken
    desired_refs = {comment.ref for comment in desired.comments}
    for ref in actual.records:
        was_read = ref.tracker not in actual.down and ref not in actual.unreadable
        if ref not in desired_refs and ref not in actual.posted and was_read:
            store.forget_publication(ref)
            records.pop(ref, None)
    return records


def _taken_over(
    desired: DesiredComment,
    actual: ActualState,
    record: Publication | None,
    instance: str,
    info: TrackerInfo,
    run: int,
) -> Publication | None:
    """Return a record of the comment as it stands; None if it stands as recorded, or not as it should."""
    now = next(iter(our_comments(actual.posted[desired.ref], record, instance, actual.installation)), None)
    if now is None or edit_reason(desired, now, record, info):
        return None
    if record is not None and now.id == record.comment.id and mark_of(now) == mark_of(record.comment):
        return (
            None
            if _same(now, record.comment)
            else replace(record, comment=now, body_hash=body_hash(now.body))
        )
    mark = mark_of(now)
    digest = mark.digest if mark is not None else desired.digest
    readers = record.readers if record is not None and record.comment.id == now.id else desired.readers
    return Publication(
        desired.ref, desired.target, now, digest, body_hash(now.body), str(run), readers=readers
    )


def _same(now: PostedComment, before: PostedComment) -> bool:
    """Return whether there is nothing new to record; a mark may be read from another place than before."""
    return replace(now, mark=None) == replace(before, mark=None)


def record_labels(store: RunStore, labels: Labels, written: Sequence[Written]) -> None:
    """Store which issues' labels are still to be compared, and the digests by which the others were."""
    if labels.digests is None:
        return
    done = (
        outcome.action.ref
        for outcome in written
        if isinstance(outcome.action, ChangeLabels) and outcome.outcome == "done"
    )
    policy, owners = labels.digests
    with store.updating_rollup() as writer:
        writer.labels_compared(left_over(labels, done), policy, owners)

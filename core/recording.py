"""What a run leaves behind: the ledger, the comments it wrote, and the labels as they now stand."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.contract import IssueRef, PostedComment
from core.labelling import Labels, left_over
from core.publish.actions import ChangeLabels, DeleteComment, Plan, WriteComment, Written
from core.publish.mark import body_hash, mark_of, normal_body
from core.publish.records import Publication
from core.publish.wanted import Found, Wanted, WantedComment
from core.store.contract import Keeper
from core.wanting import Snapshots

SnapshotsOf = Callable[[Iterable[str]], Snapshots]
"""How milestones stand now, and with them each goal's two numbers."""


class Recorder:
    """Keeps every outcome right after its write, before the next one is begun."""

    def __init__(
        self,
        store: Keeper,
        run: int,
        now: datetime,
        snapshots: SnapshotsOf,
        step: Callable[[int], None],
    ) -> None:
        self._store = store
        self._run = run
        self._now = now
        self._snapshots = snapshots
        self._step = step
        self._done = 0

    def record(self, written: Written) -> None:
        """One outcome: into the ledger, and into what is known of the trackers. Raises StoreError."""
        if written.cause not in ("put off", "closed"):  # what was not tried has left no trace to take back
            self._store.record(self._run, written, self._now)
        if written.outcome == "done":
            self._keep(written)
        elif isinstance(written.action, WriteComment | DeleteComment):
            self._look_again(written.action.ref)
        self._done += 1
        self._step(self._done)

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
                ),
                self._snapshots(parts_of(action.target)),
            )
        elif isinstance(action, ChangeLabels) and written.labels is not None:
            self._store.set_labels(action.ref, written.labels)
        elif isinstance(action, DeleteComment):
            record = self._store.publication(action.ref)
            if record is not None and record.comment.id == action.before.id:
                self._store.forget_publication(action.ref)

    def _look_again(self, ref: IssueRef) -> None:
        """What could not be changed may not stand as recorded; the next run asks."""
        record = self._store.publication(ref)
        if record is not None and record.seen is not None:
            self._store.save_publication(replace(record, seen=None))


def parts_of(target: str) -> list[str]:
    """The milestones and goals that a comment is about."""
    return target.split("+")


def settle(
    store: Keeper, run: int, wanted: Wanted, found: Found, plan: Plan, snapshots: SnapshotsOf, instance: str
) -> None:
    """Take over comments of ours that agree but are not recorded, and forget those whose issue is gone.

    One that does not agree, because its change is held, is left to a later run: recorded now, its old text
    would count as what is wanted.
    """
    changing = {action.ref for action in plan.actions if isinstance(action, WriteComment)}
    going = {(action.ref, action.before.id) for action in plan.actions if isinstance(action, DeleteComment)}
    for comment in wanted.comments:
        if comment.ref not in found.records and comment.ref not in changing:
            staying = [each for each in _posted(found, comment.ref) if (comment.ref, each.id) not in going]
            _take_over(store, run, comment, staying, snapshots, instance)
    kept = {comment.ref for comment in wanted.comments}
    for ref in found.records:
        read = ref.tracker not in found.down and ref not in found.unreadable
        if ref not in kept and ref not in found.posted and read:
            store.forget_publication(ref)


def _posted(found: Found, ref: IssueRef) -> tuple[PostedComment, ...]:
    posted = found.posted.get(ref)
    return posted.comments if posted else ()


def _take_over(
    store: Keeper,
    run: int,
    comment: WantedComment,
    staying: Iterable[PostedComment],
    snapshots: SnapshotsOf,
    instance: str,
) -> None:
    for one in staying:
        mark = mark_of(one)
        ours = one.mine and mark and (mark.instance, mark.issue_id) == (instance, comment.ref.id)
        if ours and normal_body(one.body) == normal_body(comment.body):
            store.save_publication(
                Publication(comment.ref, comment.target, one, comment.digest, body_hash(one.body), str(run)),
                snapshots(parts_of(comment.target)),
            )
            return


def settle_labels(store: Keeper, labels: Labels, written: Sequence[Written]) -> None:
    """Remember which issues are still to be looked at for their labels."""
    if labels.said is None:
        return
    done = (
        each.action.ref
        for each in written
        if isinstance(each.action, ChangeLabels) and each.outcome == "done"
    )
    policy, said = labels.said
    with store.tagging() as writer:
        writer.settle(left_over(labels, done), policy, said)

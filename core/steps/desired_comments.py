"""The comments that should stand, what they told before, and the facts by which limits are measured."""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from connectors.interface import TrackerInfo
from connectors.models import IssueRef
from core.engine.change import snapshot
from core.engine.model import Change, Measure, Snapshot
from core.publish.actions import ChangeLabels, DeleteComment, Plan, WriteComment, parts_of
from core.publish.comment import Heads, Summary, summarise, summary_digest
from core.publish.comment.mark import mark_of
from core.publish.own_comments import exposed, visibility_reason
from core.publish.plan_limits import Facts, Jump, removals
from core.publish.publication import Publication
from core.publish.publish_policy import PublishPolicy
from core.publish.states import DesiredComment, desired_comment
from core.publish.visibility import NOBODY, Audiences, Readers, View, unknown_readers
from core.publish.visible_changes import visible_change
from core.steps.evaluate import Evaluation
from core.steps.item_audiences import OpenTasks
from mappings.goal_tree import GoalTree

Snapshots = Mapping[str, Snapshot]
Records = Mapping[IssueRef, Publication]
LastSnapshots = Callable[[IssueRef], Snapshots]
"""(issue) -> the snapshots from when its comment was last written; read for one comment at a time."""


class SnapshotFactory:
    """Makes snapshots of milestones as they are now, each when it is asked for."""

    def __init__(self, evaluation: Evaluation, now: datetime) -> None:
        self._evaluation = evaluation
        self._now = now
        self._policy = evaluation.rules.progress.model_dump_json()
        self._heads = {
            key: Snapshot(now, "", measure, ())
            for name, goal in evaluation.state.goals.items()
            for key, measure in zip(_snapshot_keys(name), (goal.delivered, goal.achieved), strict=True)
        }

    def of(self, about: Iterable[str]) -> Snapshots:
        """Return the snapshots of these milestones, by id, and those of both numbers of every goal.

        The numbers of goals are there so that the reason of a later edit can say how far they moved.
        """
        milestones = self._evaluation.state.milestones
        return {name: self._snapshot_of(name) for name in about if name in milestones} | self._heads

    def _snapshot_of(self, name: str) -> Snapshot:
        """Return a snapshot with a digest of the rules and the policy by which its tasks count."""
        measured = replace(self._evaluation.state.milestones[name], detail=self._evaluation.detail(name))
        rules = digest_of(self._evaluation.rules.compiled.digest(name), self._policy)
        return snapshot(measured, rules, self._now)


def _snapshot_keys(goal: str) -> tuple[str, str]:
    """Return the keys under which both numbers of a goal are stored among the snapshots of milestones."""
    return f"{goal}/delivered", f"{goal}/achieved"


def _heads_in(before: Snapshots, goals: GoalTree) -> Heads:
    """Return delivered and achieved of each goal, as they were when a comment was last written."""
    heads: dict[str, tuple[Measure, Measure]] = {}
    for name in goals.goals:
        delivered, achieved = (before.get(key) for key in _snapshot_keys(name))
        if delivered and achieved:
            heads[name] = (delivered.measure, achieved.measure)
    return heads


@dataclass(frozen=True)
class Comments:
    """The comments that should stand."""

    desired: tuple[DesiredComment, ...]
    """Those that may have to be written."""
    settled: frozenset[IssueRef]
    """Issues on which the right comment stands: nothing changed since it was last verified."""


def find_desired_comments(
    evaluation: Evaluation,
    records: Records,
    last_snapshots: LastSnapshots,
    snapshots: SnapshotFactory,
    policy: PublishPolicy,
    infos: Mapping[str, TrackerInfo],
    unsure: Container[str],
    audiences: Audiences,
    installation: str = "",
) -> Comments:
    """Return every comment that should stand.

    `last_snapshots` is called only for recorded comments that may have to be edited. `unsure`: trackers whose
    comments are never taken as settled. `audiences` decides what each comment may tell. `installation`: the
    id of this installation, for the marks.
    """
    listed = OpenTasks(evaluation, audiences, policy.comments.open_tasks, evaluation.rules.listed)
    draft = partial(_summary, evaluation, policy, listed)
    views: dict[Readers | None, View] = {}
    desired: list[DesiredComment] = []
    settled: set[IssueRef] = set()
    for ref, about in evaluation.targets.about.items():
        record, info = records.get(ref), infos[ref.tracker]
        readers = audiences.of(ref)  # None: not known; the comment then waits, whatever its text for NOBODY
        view = views.setdefault(readers, audiences.view(readers or NOBODY))
        summary = draft(ref, about, {}, view, readers)
        if record is not None and ref.tracker not in unsure and _is_settled(summary, record, policy, info):
            settled.add(ref)
            continue
        before = last_snapshots(ref) if record is not None else {}
        if before:
            summary = draft(ref, about, _changes(about, before, snapshots, view), view, readers)
        heads = _heads_in(before, evaluation.rules.goals)
        desired.append(desired_comment(summary, info, policy.instance, heads, installation))
    return Comments(tuple(desired), frozenset(settled))


def _summary(
    evaluation: Evaluation,
    policy: PublishPolicy,
    listed: OpenTasks,
    ref: IssueRef,
    about: tuple[str, ...],
    changes: Mapping[str, Change],
    view: View,
    readers: Readers | None,
) -> Summary:
    """Return what the comment on one issue tells its readers; it waits where these are not known (None)."""
    summary = summarise(
        ref,
        about,
        evaluation.state,
        evaluation.rules.goals,
        open_tasks=policy.comments.open_tasks,
        changes=changes,
        pages=evaluation.targets.pages,
        listed=listed.of(about, view),
        view=view,
    )
    if readers is not None:
        return summary
    return replace(summary, readers=None, waiting=summary.waiting or unknown_readers(ref))


def _is_settled(summary: Summary, record: Publication, policy: PublishPolicy, info: TrackerInfo) -> bool:
    """Return whether the recorded comment has the same meaning, and nothing changed since it was verified.

    That includes the settings: another instance, or other readers, need an edit although no issue changed.
    """
    if record.seen is None or summary.waiting or summary.links_waiting:
        return False
    mark = mark_of(record.comment)
    if (mark is not None and mark.instance != policy.instance) or visibility_reason(record.comment, info):
        return False
    digest = summary_digest(summary)
    return record.digest == digest and not exposed(summary, digest, record.comment, record)


def facts_of(evaluation: Evaluation, plan: Plan, jumps: tuple[Jump, ...], never_held: int) -> Facts:
    """Return by which milestones, key results and goals each issue of the plan is written to, with the jumps.

    Comments and labelled issues that stand on the trackers are counted only where some tracker would lose
    more than `never_held` of them.
    """
    goals = evaluation.rules.goals
    refs = {
        action.ref
        for action in plan.actions
        if isinstance(action, WriteComment | DeleteComment | ChangeLabels)
    }
    tags = evaluation.rollup.tags_of(sorted((ref.tracker, ref.id) for ref in refs))
    owners = {
        ref: frozenset(owner for owner, _ in tags.get((ref.tracker, ref.id), ())).union(
            evaluation.targets.about.get(ref, ())
        )
        for ref in refs
    }
    for action in plan.actions:
        if isinstance(action, WriteComment | DeleteComment):  # also what it told of that no longer exists
            owners[action.ref] = owners[action.ref].union(parts_of(action.target))
    # Most issues of a milestone have the same owners, so that goals are looked up once for each set of
    # owners.
    goals_by_owners = {names: frozenset(_goals_behind(names, goals)) for names in set(owners.values())}
    return Facts(
        jumps=jumps,
        goals={ref: goals_by_owners[names] for ref, names in owners.items()},
        owners=owners,
        standing=_standing(evaluation, plan, never_held),
    )


def _standing(evaluation: Evaluation, plan: Plan, never_held: int) -> Mapping[str, int]:
    """Return by tracker the number of comments and labelled issues, including those that would be removed."""
    removed = {tracker: len(actions) for tracker, actions in removals(plan.actions).items()}
    if all(number <= never_held for number in removed.values()):
        return {}
    tagged = evaluation.rollup.tagged_by_tracker()
    comments = Counter(ref.tracker for ref in evaluation.targets.about)
    return {
        tracker: number + tagged.get(tracker, 0) + comments[tracker] for tracker, number in removed.items()
    }


def digest_of(*texts: str) -> str:
    """Return the first 12 hex digits of the SHA-256 of these texts."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _changes(
    about: Iterable[str], before: Snapshots, snapshots: SnapshotFactory, view: View
) -> Mapping[str, Change]:
    """Return the changes since this comment was last written, with only the keys that its readers may see."""
    with_earlier = [name for name in about if name in before]
    now = snapshots.of(with_earlier)
    return {name: visible_change(before[name], now[name], view) for name in with_earlier if name in now}


def _goals_behind(names: Iterable[str], goals: GoalTree) -> Iterable[str]:
    for name in names:
        if name in goals.goals:
            yield name
        elif name in goals.key_results:
            yield goals.key_results[name].goal
        elif name in goals.milestones:
            yield from (goal.id for goal in goals.goals_of(goals.milestones[name]))

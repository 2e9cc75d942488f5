"""What should stand on the trackers, what stands there, and what the limits have to know."""

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
"""What the comment on an issue told of when it was last written; read for one comment at a time."""


class SnapshotFactory:
    """Milestones as they stand now, for the next comparison; each is made when it is asked for."""

    def __init__(self, evaluation: Evaluation, now: datetime) -> None:
        self._evaluation = evaluation
        self._now = now
        self._policy = evaluation.rules.progress.model_dump_json()
        self._heads = {
            place: Snapshot(now, "", measure, ())
            for name, goal in evaluation.state.goals.items()
            for place, measure in zip(_places(name), (goal.delivered, goal.achieved), strict=True)
        }

    def of(self, about: Iterable[str]) -> Snapshots:
        """Those of these milestones, and each goal's two numbers.

        The numbers, so that the reason of a later edit can say how far they moved.
        """
        milestones = self._evaluation.state.milestones
        return {name: self._snapshot_of(name) for name in about if name in milestones} | self._heads

    def _snapshot_of(self, name: str) -> Snapshot:
        """With a digest of what decided which tasks count and how much."""
        measured = replace(self._evaluation.state.milestones[name], detail=self._evaluation.detail(name))
        rules = digest_of(self._evaluation.rules.compiled.digest(name), self._policy)
        return snapshot(measured, rules, self._now)


def _places(goal: str) -> tuple[str, str]:
    return f"{goal}/delivered", f"{goal}/achieved"


def _heads_in(before: Snapshots, goals: GoalTree) -> Heads:
    """What a comment told of goals when it was last written."""
    result: dict[str, tuple[Measure, Measure]] = {}
    for name in goals.goals:
        delivered, achieved = (before.get(place) for place in _places(name))
        if delivered and achieved:
            result[name] = (delivered.measure, achieved.measure)
    return result


@dataclass(frozen=True)
class Comments:
    """The comments that should stand."""

    desired: tuple[DesiredComment, ...]
    """Those that may have to be written."""
    settled: frozenset[IssueRef]
    """Issues on which the right comment stands, as far as can be known without asking: nothing moved."""


def find_desired_comments(
    evaluation: Evaluation,
    records: Records,
    reported: LastSnapshots,
    snapshots: SnapshotFactory,
    policy: PublishPolicy,
    infos: Mapping[str, TrackerInfo],
    unsure: Container[str],
    audiences: Audiences,
    installation: str = "",
) -> Comments:
    """Every comment that should stand. `reported` is asked for comments on record that may have to be edited.

    `unsure`: trackers on which nothing may be taken as settled. `audiences` decides what each comment may
    tell. `installation`: the id in our marks.
    """
    listed = OpenTasks(evaluation, audiences, policy.comments.open_tasks, evaluation.rules.listed)
    draft = partial(_summary, evaluation, policy, listed)
    views: dict[Readers | None, View] = {}
    requested: list[DesiredComment] = []
    settled: set[IssueRef] = set()
    for ref, about in evaluation.targets.about.items():
        record, info = records.get(ref), infos[ref.tracker]
        # Nothing is written where that is not known, so that what is concluded for nobody harms nobody.
        readers = audiences.of(ref)
        view = views.setdefault(readers, audiences.view(readers or NOBODY))
        summary = draft(ref, about, {}, view, readers)
        if record is not None and ref.tracker not in unsure and _stands(summary, record, policy, info):
            settled.add(ref)
            continue
        before = reported(ref) if record is not None else {}
        if before:
            summary = draft(ref, about, _changes(about, before, snapshots, view), view, readers)
        heads = _heads_in(before, evaluation.rules.goals)
        requested.append(desired_comment(summary, info, policy.instance, heads, installation))
    return Comments(tuple(requested), frozenset(settled))


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
    """What to say on one issue, as far as its readers may know it; it waits where they are not known."""
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


def _stands(summary: Summary, record: Publication, policy: PublishPolicy, info: TrackerInfo) -> bool:
    """Whether the comment means the same, and its issue did not change since it was seen to stand.

    Nor did the settings: another instance, or other readers, ask for an edit although nothing moved.
    """
    if record.seen is None or summary.waiting or summary.links_waiting:
        return False
    mark = mark_of(record.comment)
    if (mark is not None and mark.instance != policy.instance) or visibility_reason(record.comment, info):
        return False
    digest = summary_digest(summary)
    return record.digest == digest and not exposed(summary, digest, record.comment, record)


def facts_of(evaluation: Evaluation, plan: Plan, jumps: tuple[Jump, ...], never_held: int) -> Facts:
    """Whose the issues of the plan are: which milestones', key results' and goals' among them.

    How much stands on a tracker is counted where more than `never_held` of it would be removed.
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
        if isinstance(action, WriteComment | DeleteComment):  # what it was about, if that is gone
            owners[action.ref] = owners[action.ref].union(parts_of(action.target))
    # Most issues of a milestone have the same owners: what follows from these is worked out once.
    behind = {names: frozenset(_goals_behind(names, goals)) for names in set(owners.values())}
    return Facts(
        jumps=jumps,
        goals={ref: behind[names] for ref, names in owners.items()},
        owners=owners,
        standing=_standing(evaluation, plan, never_held),
    )


def _standing(evaluation: Evaluation, plan: Plan, never_held: int) -> Mapping[str, int]:
    """By tracker: the comments and labelled issues there are, with those that would be removed."""
    taken = {tracker: len(removal) for tracker, removal in removals(plan.actions).items()}
    if all(number <= never_held for number in taken.values()):
        return {}
    tagged = evaluation.rollup.tagged_by_tracker()
    about = Counter(ref.tracker for ref in evaluation.targets.about)
    return {tracker: number + tagged.get(tracker, 0) + about[tracker] for tracker, number in taken.items()}


def digest_of(*texts: str) -> str:
    """12 hex digits of some texts."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _changes(
    about: Iterable[str], before: Snapshots, snapshots: SnapshotFactory, view: View
) -> Mapping[str, Change]:
    """What moved since this very comment was last written, with the keys that its readers may see."""
    both = [name for name in about if name in before]
    now = snapshots.of(both)
    return {name: visible_change(before[name], now[name], view) for name in both if name in now}


def _goals_behind(names: Iterable[str], goals: GoalTree) -> Iterable[str]:
    for name in names:
        if name in goals.goals:
            yield name
        elif name in goals.key_results:
            yield goals.key_results[name].goal
        elif name in goals.milestones:
            yield from (goal.id for goal in goals.goals_of(goals.milestones[name]))

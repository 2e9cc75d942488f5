"""What should stand on the trackers, what stands there, and what the limits have to know."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from connectors.contract import IssueRef, TrackerInfo
from core.engine.change import compare, snapshot
from core.engine.means import SILENT
from core.engine.model import Change, GoalState, Measure, Snapshot, State, Unmeasured
from core.engine.policy import ProgressPolicy
from core.gather import Gathered
from core.publish.labels import wanted_labels
from core.publish.limits import Facts, Jump
from core.publish.policy import PublishPolicy
from core.publish.records import Publication
from core.publish.summary import Heads, summarise
from core.publish.wanted import Wanted, WantedComment, wanted_comment
from core.store.records import GoalValue
from core.targets import Targets
from mappings.goals import Mapping as Goals

Snapshots = Mapping[str, Snapshot]
Records = Mapping[IssueRef, Publication]
Told = Callable[[IssueRef], Snapshots]
"""What the comment on an issue told of when it was last written; read for one comment at a time."""


def snapshots_of(gathered: Gathered, state: State, progress: ProgressPolicy, now: datetime) -> Snapshots:
    """Every milestone as it stands now, with a digest of what decided which tasks count and how much.

    And each goal's two numbers, so that the reason of a later edit can say how far they moved.
    """
    stones = {
        name: snapshot(measured, digest_of(gathered.compiled.digest(name), progress.model_dump_json()), now)
        for name, measured in state.milestones.items()
    }
    heads = {
        place: Snapshot(now, "", measure, ())
        for name, goal in state.goals.items()
        for place, measure in zip(_places(name), (goal.delivered, goal.achieved), strict=True)
    }
    return stones | heads


def is_head(name: str) -> bool:
    """Whether a snapshot is one number of a goal; no id of a milestone has a slash."""
    return "/" in name


def _places(goal: str) -> tuple[str, str]:
    return f"{goal}/delivered", f"{goal}/achieved"


def _heads_in(before: Snapshots, goals: Goals) -> Heads:
    """What a comment told of goals when it was last written."""
    found: dict[str, tuple[Measure, Measure]] = {}
    for name in goals.goals:
        delivered, achieved = (before.get(place) for place in _places(name))
        if delivered and achieved:
            found[name] = (delivered.measure, achieved.measure)
    return found


def goal_values(goals: Goals, state: State, progress: ProgressPolicy) -> Mapping[str, GoalValue]:
    """Each goal's two numbers, with a digest of everything in the mapping that they follow from."""
    return {
        goal.id: GoalValue(
            delivered=_share(state.goals[goal.id].delivered),
            achieved=_share(state.goals[goal.id].achieved),
            rules=digest_of(
                progress.model_dump_json(),
                goal.model_dump_json(),
                *(result.model_dump_json() for result in goals.key_results_of(goal.id)),
                *(stone.model_dump_json() for stone in goals.milestones_of_goal(goal.id)),
            ),
        )
        for goal in goals.goals.values()
    }


def values_to_keep(
    before: Mapping[str, GoalValue], now: Mapping[str, GoalValue], state: State
) -> Mapping[str, GoalValue]:
    """The numbers from which the next jump of each goal is measured.

    A goal of which something could not be read keeps its last ones: silence must not hide a jump.
    """
    return {
        name: value for name, value in now.items() if name not in before or not _silent(state.goals[name])
    }


def _silent(goal: GoalState) -> bool:
    return any(
        isinstance(measure, Unmeasured) and measure.why in SILENT
        for measure in (goal.delivered, goal.achieved)
    )


def wanted_of(
    goals: Goals,
    gathered: Gathered,
    state: State,
    targets: Targets,
    records: Records,
    told: Told,
    snapshots: Snapshots,
    policy: PublishPolicy,
    infos: Mapping[str, TrackerInfo],
) -> Wanted:
    """Every comment and every label that should stand. `told` is asked once for each comment on record."""

    def comment_on(ref: IssueRef, about: tuple[str, ...]) -> WantedComment:
        before = told(ref) if ref in records else {}
        summary = summarise(
            ref,
            about,
            state,
            goals,
            open_tasks=policy.comments.open_tasks,
            changes=_changes(about, before, snapshots),
            pages=targets.pages,
        )
        return wanted_comment(summary, infos[ref.tracker], policy.instance, _heads_in(before, goals))

    comments = tuple(comment_on(ref, about) for ref, about in targets.about.items())
    if not policy.labels.enabled:
        return Wanted(comments)  # labels that are switched off stay as they are
    labels = wanted_labels(
        gathered.issues,
        {ref: tuple(tag.owner for tag in tags) for ref, tags in gathered.tags.items()},
        targets.about,
        state,
        goals,
        policy.labels,
        infos,
    )
    return Wanted(comments, labels)


def facts_of(
    goals: Goals,
    gathered: Gathered,
    targets: Targets,
    before: Mapping[str, GoalValue],
    now: Mapping[str, GoalValue],
) -> Facts:
    """Which goals jumped, and which issues tell of which goals and rest on which trackers."""
    owners = {ref: frozenset(tag.owner for tag in tags) for ref, tags in gathered.tags.items()}
    for ref, about in targets.about.items():
        owners[ref] = owners.get(ref, frozenset()).union(about)
    rests_on = gathered.inputs.rests_on
    # Most issues of a milestone have the same owners: what follows from these is worked out once.
    trackers = {
        names: frozenset(name for owner in names for name in rests_on.get(owner, ()))
        for names in set(owners.values())
    }
    behind = {names: frozenset(_goals_behind(names, goals)) for names in trackers}
    return Facts(
        jumps=tuple(_jumps(before, now)),
        rests_on={ref: trackers[names] for ref, names in owners.items()},
        goals={ref: behind[names] for ref, names in owners.items()},
    )


def digest_of(*texts: str) -> str:
    """12 hex digits of some texts."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _changes(about: Iterable[str], before: Snapshots, now: Snapshots) -> Mapping[str, Change]:
    """What moved since this very comment was last written."""
    return {name: compare(before[name], now[name]) for name in about if name in before and name in now}


def _jumps(before: Mapping[str, GoalValue], now: Mapping[str, GoalValue]) -> Iterable[Jump]:
    for name, value in now.items():
        last = before.get(name)
        if last is None:
            continue
        changed = last.rules != value.rules
        for old, new in ((last.delivered, value.delivered), (last.achieved, value.achieved)):
            if old is not None and new is not None:
                yield Jump(name, old, new, changed)


def _goals_behind(names: Iterable[str], goals: Goals) -> Iterable[str]:
    for name in names:
        if name in goals.goals:
            yield name
        elif name in goals.key_results:
            yield goals.key_results[name].goal
        elif name in goals.milestones:
            yield from (goal.id for goal in goals.goals_of(goals.milestones[name]))


def _share(measure: object) -> Fraction | None:
    return measure if isinstance(measure, Fraction) else None

"""What follows from the store as it stands: every number, and on demand every task."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import MappingProxyType

from connectors.models import Issue, IssueRef, Unread
from core.engine.blocked import count_blocked, with_blocked
from core.engine.milestones import measure_sums, with_details
from core.engine.model import Blocked, Detail, Reach, State
from core.engine.policy import HealthPolicy
from core.rollup.contributions import tasks_of
from core.rollup.rollup_rules import RollupRules
from core.steps.absent import Present, absent_issues, naming
from core.steps.find_blocked import find_blocked
from core.steps.queries import QueryResults
from core.steps.tracking_issues import TrackingIssues, find_tracking_issues, tracked_keys
from core.steps.unread import unread_by_owner
from core.store.rollup.rollup_interface import RollupReader
from core.store.store_interface import Resolver, RunStore
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class FailingContainer:
    """A project or repository that could not be read, although its tracker could."""

    tracker: str
    name: str
    names: frozenset[str]
    """All that it is or was called, casefolded."""
    since: datetime | None
    reason: str

    @property
    def label(self) -> str:
        """How reasons name it."""
        return f"{self.tracker}: {self.name}"


@dataclass(frozen=True)
class Evaluation:
    """Everything that one run concluded from what was read; tasks are looked up where they are needed."""

    rules: RollupRules
    rollup: RollupReader
    reach: Reach
    unread: Mapping[str, tuple[Unread, ...]]
    """By tracker: issues that came but could not be read."""
    state: State
    """Without detail."""
    targets: TrackingIssues
    issues: Mapping[IssueRef, Issue]
    """The issues that should carry comments, as far as they are present."""
    failing: tuple[FailingContainer, ...] = ()
    absent: frozenset[tuple[str, str]] = frozenset()
    """Tracker and key of the issues that the mapping names and that are not there."""
    blocked: Mapping[IssueRef, Blocked] = field(default_factory=dict)
    """Of open issues: what has to be done before them."""
    refused: Mapping[Query, str] = field(default_factory=dict)
    """Queries of rules that were not answered, and why."""

    def detail(self, owner: str) -> Detail:
        """The tasks of one milestone or key result."""
        return with_blocked(
            tasks_of(owner, self.rollup.rows_of_owner(owner), self.rules).detail, self.blocked
        )

    def carrying(self, refs: Iterable[IssueRef]) -> Mapping[IssueRef, Issue]:
        """`issues`, and those of these issues that are present."""
        more = sorted((ref.tracker, ref.id) for ref in refs if ref not in self.issues)
        return {**self.issues, **self.rollup.issues(more)}

    def in_detail(self, owners: Iterable[str]) -> State:
        """The same state, with the tasks of these milestones and key results."""
        return with_details(self.state, {owner: self.detail(owner) for owner in owners})


def evaluate(
    rules: RollupRules,
    answers: QueryResults,
    rollup: RollupReader,
    resolve: Resolver,
    unread: Mapping[str, tuple[Unread, ...]],
    down: Mapping[str, datetime | None],
    failing: Sequence[FailingContainer],
    health: HealthPolicy,
    now: datetime,
    zone: tzinfo,
    problems: Mapping[str, str] = MappingProxyType({}),
    present: Present | None = None,
) -> Evaluation:
    """Conclude from tags that are in step. `down`: trackers that could not be read, and when they were.

    `failing`: projects and repositories of the others that could not be read. Days begin and end in `zone`.
    `problems`: what keeps a milestone or key result from being measured, beside queries without an answer.
    `present`: which of some issues of a tracker are there; without it none is called absent.
    """
    absent = frozenset() if present is None else absent_issues(rules, unread, down, present)
    reach = Reach(
        mapping=rules.goals,
        down={**down, **{place.label: place.since for place in failing}},
        rests_on=_rests_on(rules.compiled, rollup, failing),
        unread=unread_by_owner(unread, rollup, resolve, rules.compiled, answers),
        problems={**problems, **answers.problems(rules.compiled)},
        absent=naming(rules, absent),
    )
    blocked, waiting = find_blocked(rollup, rules)
    state = count_blocked(measure_sums(reach, rollup.tallies(), health, now, zone), waiting)
    issues = _tracking_issues(rules, rollup, resolve)
    return Evaluation(
        rules,
        rollup,
        reach,
        unread,
        state,
        find_tracking_issues(rules.goals, rules.compiled, issues, resolve, down),
        issues,
        tuple(failing),
        absent,
        blocked,
        answers.refused,
    )


def _tracking_issues(rules: RollupRules, rollup: RollupReader, resolve: Resolver) -> Mapping[IssueRef, Issue]:
    """The issues that should carry comments, as far as they are present."""
    keys = tracked_keys(rules.goals, rules.compiled)
    for tracker, several in keys.items():
        resolve.prime(tracker, several)
    ids = ((tracker, resolve(tracker, key)) for tracker, several in keys.items() for key in several)
    return rollup.issues(sorted({(tracker, id_) for tracker, id_ in ids if id_ is not None}))


def failing_containers(
    store: RunStore, resolve: Resolver, down: Mapping[str, datetime | None]
) -> tuple[FailingContainer, ...]:
    """The projects and repositories that could not be read, of trackers that could."""
    return tuple(
        FailingContainer(
            tracker,
            item.container.name,
            resolve.container_names(tracker, item.container.name),
            item.failed_at,
            item.failing,
        )
        for tracker, several in store.containers().items()
        for item in several
        if tracker not in down and item.failing
    )


def _resting_on(place: FailingContainer, compiled: RuleSet, rollup: RollupReader) -> set[str]:
    """The milestones and key results that have an issue in a container, or whose rules name it."""
    named = {
        owner
        for owner, places in compiled.places.items()
        if any(tracker == place.tracker and name in place.names for tracker, name in places)
    }
    return named | rollup.owners_in(place.tracker, place.names)


def _rests_on(
    compiled: RuleSet, rollup: RollupReader, failing: Iterable[FailingContainer]
) -> Mapping[str, frozenset[str]]:
    """By milestone and key result: the trackers and the failing containers that its issues come from.

    A tracker stands there if a rule can draw from it, or if a label there tags an issue by itself.
    """
    result = dict(compiled.rests_on)
    for tracker, owner in rollup.labelled():
        result[owner] = result.get(owner, frozenset()) | {tracker}
    for place in failing:
        for owner in _resting_on(place, compiled, rollup):
            result[owner] = result.get(owner, frozenset()) | {place.label}
    return result

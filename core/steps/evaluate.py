"""Evaluates the stored contributions: progress and health of everything, and tasks where they are needed."""

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
    """All names that it has or had, casefolded."""
    since: datetime | None
    """When reading it first failed."""
    reason: str

    @property
    def label(self) -> str:
        """Its name in the reasons why something is unmeasured."""
        return f"{self.tracker}: {self.name}"


@dataclass(frozen=True)
class Evaluation:
    """Everything that a run computed from what was read; tasks are read from the store on demand."""

    rules: RollupRules
    rollup: RollupReader
    reach: Reach
    unread: Mapping[str, tuple[Unread, ...]]
    """By tracker: issues that came but could not be read."""
    state: State
    """All states, without `detail`."""
    targets: TrackingIssues
    issues: Mapping[IssueRef, Issue]
    """The issues that should carry comments, as far as they are stored."""
    failing: tuple[FailingContainer, ...] = ()
    absent: frozenset[tuple[str, str]] = frozenset()
    """Tracker and key of the issues that the mapping names and that no tracker has."""
    blocked: Mapping[IssueRef, Blocked] = field(default_factory=dict)
    """By open issue: the issues that have to be done before it."""
    refused: Mapping[Query, str] = field(default_factory=dict)
    """By query of a rule that was not answered: the reason."""

    def detail(self, owner: str) -> Detail:
        """Return the tasks of one milestone or key result."""
        return with_blocked(
            tasks_of(owner, self.rollup.rows_of_owner(owner), self.rules).detail, self.blocked
        )

    def carrying(self, refs: Iterable[IssueRef]) -> Mapping[IssueRef, Issue]:
        """Return the issues that should carry comments, and those of `refs` that are stored."""
        others = sorted((ref.tracker, ref.id) for ref in refs if ref not in self.issues)
        return {**self.issues, **self.rollup.issues(others)}

    def in_detail(self, owners: Iterable[str]) -> State:
        """Return the state with the tasks of these milestones and key results."""
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
    """Measure everything from a roll-up that is in step with the store and the rules.

    `down`: by tracker that could not be read, when it last was. `failing`: projects and repositories of the
    other trackers that could not be read. `zone`: in which days begin and end. `problems`: by milestone or
    key result, why it cannot be measured, beside queries without an answer. `present`: see `Present`;
    without it no issue counts as absent.
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
    """Return the issues that should carry comments, as far as they are stored."""
    keys_by_tracker = tracked_keys(rules.goals, rules.compiled)
    for tracker, keys in keys_by_tracker.items():
        resolve.prime(tracker, keys)
    ids = ((tracker, resolve(tracker, key)) for tracker, keys in keys_by_tracker.items() for key in keys)
    return rollup.issues(sorted({(tracker, id_) for tracker, id_ in ids if id_ is not None}))


def failing_containers(
    store: RunStore, resolve: Resolver, down: Mapping[str, datetime | None]
) -> tuple[FailingContainer, ...]:
    """Return the projects and repositories that could not be read, of trackers that could."""
    return tuple(
        FailingContainer(
            tracker,
            row.container.name,
            resolve.container_names(tracker, row.container.name),
            row.failed_at,
            row.failing,
        )
        for tracker, rows in store.containers().items()
        for row in rows
        if tracker not in down and row.failing
    )


def _owners_resting_on(failing: FailingContainer, compiled: RuleSet, rollup: RollupReader) -> set[str]:
    """Return the milestones and key results that have an issue in a container, or whose rules name it."""
    named = {
        owner
        for owner, places in compiled.places.items()
        if any(tracker == failing.tracker and name in failing.names for tracker, name in places)
    }
    return named | rollup.owners_in(failing.tracker, failing.names)


def _rests_on(
    compiled: RuleSet, rollup: RollupReader, failing: Iterable[FailingContainer]
) -> Mapping[str, frozenset[str]]:
    """Return by milestone and key result the trackers and failing containers that its issues come from.

    A tracker is among them if a rule may match its issues, or if one of its labels tags an issue by itself.
    """
    rests_on = dict(compiled.rests_on)
    for tracker, owner in rollup.labelled():
        rests_on[owner] = rests_on.get(owner, frozenset()) | {tracker}
    for container in failing:
        for owner in _owners_resting_on(container, compiled, rollup):
            rests_on[owner] = rests_on.get(owner, frozenset()) | {container.label}
    return rests_on

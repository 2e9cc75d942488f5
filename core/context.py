"""Everything that a run works with: the mapping, the trackers, the store, the policies and the time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from connectors.interface import Reader, Tracker, TrackerInfo, Writer
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.publish_policy import LimitPolicy, PublishPolicy
from core.publish.release import Release
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop
from core.store.store_interface import RunStore
from mappings.goal_tree import GoalTree
from mappings.problems import ProblemAt, without_file


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
    pulls: ReconcileRules
    force: Release
    now: datetime
    stop: Stop
    zone: tzinfo = UTC
    """Where days begin and end."""
    problem: ProblemAt = without_file
    """Gives what is wrong at a place of the mapping its file and line."""
    keep: timedelta = timedelta(days=400)
    """After this age the ledger keeps only what taking back what still stands would need."""

    @property
    def readers(self) -> Mapping[str, Reader]:
        """By tracker: what reads it."""
        return {name: tracker.reader for name, tracker in self.trackers.items()}

    @property
    def writers(self) -> Mapping[str, Writer]:
        """By tracker: what writes to it."""
        return {name: tracker.writer for name, tracker in self.trackers.items()}

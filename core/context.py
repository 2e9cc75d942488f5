"""What a run works with: the mapping, the trackers, the store, the policies and the time.

`core.cli` makes it from the settings; the steps of a run take what they need from it.
"""

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
    """What a run works with; made once by the command that starts it."""

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
    """The time zone in which days begin and end."""
    problem: ProblemAt = without_file
    """Adds file and line to a problem with a part of the mapping."""
    keep: timedelta = timedelta(days=400)
    """Entries of the ledger older than this are pruned, but for those that an undo would still need."""

    @property
    def readers(self) -> Mapping[str, Reader]:
        """The readers, by name of tracker."""
        return {name: tracker.reader for name, tracker in self.trackers.items()}

    @property
    def writers(self) -> Mapping[str, Writer]:
        """The writers, by name of tracker."""
        return {name: tracker.writer for name, tracker in self.trackers.items()}

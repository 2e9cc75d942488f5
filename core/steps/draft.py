"""The plan before any limit: desired minus actual state, without what conflicts and quarantine hold back."""

from dataclasses import dataclass

from core.context import RunContext
from core.publish.actions import Plan
from core.publish.conflicts import ConflictCheck
from core.publish.plan import make_plan
from core.publish.states import ActualState
from core.steps.desired import Desired
from core.steps.label_prefix import OldLabels, remove_old_labels
from core.steps.other_writers import check_other_writers
from core.steps.quarantined import Quarantine


@dataclass(frozen=True)
class Draft:
    """A plan before any limit, and the values behind it that the run stores at its end."""

    plan: Plan
    old_labels: OldLabels
    conflicts: ConflictCheck
    quarantine: Quarantine


def draft_plan(context: RunContext, desired: Desired, actual: ActualState) -> Draft:
    """Return all changes that lead from the actual to the desired state, without those that have to wait."""
    store, publish = context.store, context.publish
    planned = make_plan(desired.state, actual, publish, context.infos)
    old_labels = remove_old_labels(planned, store, publish.labels, actual.posted, actual.down, desired.places)
    conflicts = check_other_writers(old_labels.plan, desired.state, actual, publish, context.infos, store)
    quarantine = Quarantine.of(conflicts.plan, store, desired.issues, context.now)
    return Draft(quarantine.plan(conflicts.plan), old_labels, conflicts, quarantine)

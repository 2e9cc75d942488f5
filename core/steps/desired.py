"""The desired state of a run: the comments and labels that should stand on the trackers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.models import Issue, IssueRef
from core.context import RunContext
from core.publish.places import Places
from core.publish.publication import Publication
from core.publish.states import DesiredComment, DesiredState
from core.publish.untold import UntoldLabels
from core.steps.definitions import Definitions, definitions_of
from core.steps.desired_comments import SnapshotFactory, find_desired_comments
from core.steps.desired_labels import Labels, find_desired_labels
from core.steps.evaluate import Evaluation
from core.steps.item_audiences import audiences_of
from core.steps.pull_changes import Pulled
from core.steps.writable_places import places_of


@dataclass(frozen=True)
class Desired:
    """The desired state, with the values behind it that later steps need."""

    state: DesiredState
    labels: Labels
    snapshots: SnapshotFactory
    """Makes snapshots of the milestones as they are now, with which the next comment is compared."""
    issues: Mapping[IssueRef, Issue]
    """The issues that the plan may change, as stored."""
    records: Mapping[IssueRef, Publication]
    """The recorded comments, but for those that stand as they should."""
    places: Places
    definitions: Definitions | None = None
    """For whom label definitions are made; None where labels are switched off."""

    @property
    def comments(self) -> tuple[DesiredComment, ...]:
        """The comments that may have to be written."""
        return self.state.comments


def find_desired(context: RunContext, evaluation: Evaluation, pulls: Sequence[Pulled]) -> Desired:
    """Return every comment and label that should stand and may have to be written. Raises Stopped."""
    records = context.store.publications()
    snapshots = SnapshotFactory(evaluation, context.now.astimezone(context.zone))
    down = frozenset(pull.tracker for pull in pulls if pull.down)
    reconciled = frozenset(pull.tracker for pull in pulls if pull.reconciled)
    audiences = audiences_of(context.store, context.infos, context.mapping, context.publish.audience)
    comments = find_desired_comments(
        evaluation,
        records,
        context.store.snapshots,
        snapshots,
        context.publish,
        context.infos,
        reconciled | down,
        audiences,
        context.store.installation(),
    )
    places = places_of(context.infos, context.store.containers(), context.store.resolver())
    labels = find_desired_labels(
        evaluation,
        context.publish.labels,
        context.infos,
        frozenset({*evaluation.targets.about, *records}),
        reconciled,
        context.stop.check,
        places,
        audiences,
    )
    untold = UntoldLabels(context.mapping, context.publish.labels, context.infos, audiences)
    definitions = None
    if context.publish.labels.enabled:
        definitions = definitions_of(context.store, context.infos, audiences, untold)
    return Desired(
        DesiredState(comments.desired, labels.desired, untold),
        labels,
        snapshots,
        dict(evaluation.carrying(records)) | {issue.ref: issue for issue in labels.issues},
        {ref: record for ref, record in records.items() if ref not in comments.settled},
        places,
        definitions,
    )

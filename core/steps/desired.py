"""What should stand on the trackers after a run: comments and labels, and what deciding that needed."""

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
    """The desired state, with what the later steps need of how it was found."""

    state: DesiredState
    labels: Labels
    snapshots: SnapshotFactory
    """The milestones as they stand now, for the next comparison."""
    issues: Mapping[IssueRef, Issue]
    """Of the issues that the plan may speak of: as they are stored."""
    records: Mapping[IssueRef, Publication]
    """What was published, without the comments that stand as they should."""
    places: Places
    definitions: Definitions | None = None
    """For whom label definitions are made; None where labels are switched off."""

    @property
    def comments(self) -> tuple[DesiredComment, ...]:
        """The comments that may have to be written."""
        return self.state.comments


def find_desired(context: RunContext, evaluation: Evaluation, pulls: Sequence[Pulled]) -> Desired:
    """Every comment and label that should stand, as far as it may have to be written. Raises Stopped."""
    records = context.store.publications()
    snapshots = SnapshotFactory(evaluation, context.now.astimezone(context.zone))
    down = frozenset(pull.tracker for pull in pulls if pull.down)
    swept = frozenset(pull.tracker for pull in pulls if pull.swept)
    audiences = audiences_of(context.store, context.infos, context.mapping, context.publish.audience)
    comments = find_desired_comments(
        evaluation,
        records,
        context.store.snapshots,
        snapshots,
        context.publish,
        context.infos,
        swept | down,
        audiences,
        context.store.installation(),
    )
    places = places_of(context.infos, context.store.containers(), context.store.resolver())
    labels = find_desired_labels(
        evaluation,
        context.publish.labels,
        context.infos,
        frozenset({*evaluation.targets.about, *records}),
        swept,
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

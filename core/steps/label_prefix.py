"""A change of the label prefix: labels of ours under an earlier prefix are removed from issues once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectors.models import IssueRef, Posted
from core.publish.actions import ChangeLabels, Plan, Written
from core.publish.old_labels import left_behind, with_removals
from core.publish.places import Places
from core.publish.publish_policy import LabelPolicy
from core.publish.quarantine import Target
from core.store.store_interface import RunStore

FACT = "label prefix"
"""The fact with the prefix under which our labels stand."""


@dataclass(frozen=True)
class OldLabels:
    """A plan with the removal of labels under an earlier prefix, and the issues that it concerns."""

    plan: Plan
    prefix: str | None
    """The prefix to store once these issues are done; None where nothing is to be stored."""
    refs: frozenset[IssueRef] = frozenset()
    """The issues from which labels are removed."""


def remove_old_labels(
    plan: Plan,
    store: RunStore,
    policy: LabelPolicy,
    posted: Mapping[IssueRef, Posted],
    down: Collection[str],
    places: Places,
) -> OldLabels:
    """Return the plan, with the removal of old labels where the prefix is another than the stored one.

    Only labels that the ledger has as added by milepost are removed; labels of others stay, whatever they
    begin with.
    """
    if not policy.enabled or store.fact(FACT) == policy.prefix:
        return OldLabels(plan, None)
    entries = [entry for run in reversed(store.runs()) for entry in store.entries(run.run)]
    left = left_behind(entries, policy.prefix)
    labels: dict[IssueRef, tuple[str, ...]] = {}
    standing: dict[IssueRef, frozenset[str]] = {}
    for ref, names in left.items():
        issue = None if ref.tracker in down else store.issue(ref)
        if issue is not None and not issue.archived and places.closed_to_labels(issue.ref) is None:
            labels[issue.ref] = posted[ref].labels if ref in posted else issue.labels
            standing[issue.ref] = names.intersection(labels[issue.ref])
    refs = frozenset(ref for ref, names in standing.items() if names)
    unread = any(ref.tracker in down for ref in left)
    return OldLabels(with_removals(plan, standing, labels), None if unread else policy.prefix, refs)


def remember_prefix(
    store: RunStore, old_labels: OldLabels, written: Sequence[Written], quarantined: Collection[Target]
) -> None:
    """Store the prefix once no label under an earlier one is left, but for refused removals."""
    if old_labels.prefix is None:
        return
    done = {
        outcome.action.ref
        for outcome in written
        if isinstance(outcome.action, ChangeLabels) and outcome.outcome == "done"
    }
    refused = {(target.tracker, target.place) for target in quarantined if target.kind == "labels"}
    if all(ref in done or (ref.tracker, ref.id) in refused for ref in old_labels.refs):
        store.save_fact(FACT, old_labels.prefix)

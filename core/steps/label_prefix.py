"""A change of the label prefix: what an earlier one left behind on issues is taken off, once."""

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


@dataclass(frozen=True)
class OldLabels:
    """A plan with the removal of labels under an earlier prefix, and the issues that it concerns."""

    plan: Plan
    prefix: str | None
    """The prefix to remember once these issues are done; None where nothing is to be remembered."""
    refs: frozenset[IssueRef] = frozenset()


def remove_old_labels(
    plan: Plan,
    store: RunStore,
    policy: LabelPolicy,
    posted: Mapping[IssueRef, Posted],
    down: Collection[str],
    places: Places,
) -> OldLabels:
    """The plan, with removals where the prefix is another one than in the last run.

    What milepost put on issues it knows by its ledger; labels of others, whatever they begin with, stay.
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
    """Remember the prefix, once nothing of an earlier one is left but what the trackers refuse to change."""
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

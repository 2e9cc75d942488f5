"""Finds the issues whose labels differ from what they should be; compares only what may have changed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from connectors.interface import TrackerInfo
from connectors.models import Issue, IssueRef
from core.publish.labels import Labelled, Labeller, desired_labels, relabels
from core.publish.places import Places
from core.publish.publish_policy import LabelPolicy
from core.publish.visibility import Audiences
from core.steps.evaluate import Evaluation
from core.store.key_lists import chunks
from core.store.rollup.rollup_interface import Key

AT_ONCE = 1000
"""Number of issues that are read from the store and compared together."""


@dataclass(frozen=True)
class Labels:
    """The outcome of comparing labels; empty where labels are switched off."""

    desired: tuple[Labelled, ...] = ()
    """The labels of issues that differ, and of some others for the definitions that these use."""
    issues: tuple[Issue, ...] = ()
    """The issues of `desired`, and those that carry labels of ours and should carry none."""
    differing: frozenset[Key] = frozenset()
    """The issues whose labels have to be changed."""
    digests: tuple[str, Mapping[str, str]] | None = None
    """Digest of the policy, and by owner the digest of its labels where that changed; None: not compared."""


def find_desired_labels(
    evaluation: Evaluation,
    policy: LabelPolicy,
    infos: Mapping[str, TrackerInfo],
    carriers: frozenset[IssueRef],
    reconciled: frozenset[str],
    check: Callable[[], None],
    places: Places,
    audiences: Audiences,
) -> Labels:
    """Compare the labels of all issues that may differ: those that changed, or whose milestones did.

    `carriers`: issues that carry a comment or did; they are always compared and returned.
    `reconciled`: trackers of which every issue is compared, and every definition in use is returned.
    `check` is called between pages of issues and may raise.
    `places`: issues to which no label may be written are left out; this changes only with the issue or with a
    reconciliation.
    `audiences` decides which labels an issue's readers may see.
    """
    if not policy.enabled:
        return Labels()
    labeller = Labeller(evaluation.state, evaluation.rules.goals, policy, infos, audiences)
    digest = _digest(policy, infos, audiences)
    before = evaluation.rollup.label_digests()
    owners = [*evaluation.state.milestones, *evaluation.state.key_results]
    digests = {owner: labeller.digest(owner) for owner in owners}
    comparison = _Comparison(evaluation, labeller, policy, infos, carriers, places)
    keys = evaluation.rollup.labels_to_compare(digest)
    if keys is None:
        for page in evaluation.rollup.pages():
            check()
            comparison.compare(page, everything=True)
    else:
        changed = {owner for owner, now in digests.items() if owner in before and before[owner] != now}
        keys |= evaluation.rollup.keys_of(sorted(changed))
        keys |= {(ref.tracker, ref.id) for ref in carriers}
        for tracker in sorted(reconciled):
            for page in evaluation.rollup.pages(tracker):
                check()
                comparison.compare(page, everything=True)
        for chunk in chunks(sorted(key for key in keys if key[0] not in reconciled), AT_ONCE):
            check()
            comparison.compare(list(evaluation.rollup.issues(chunk).values()), everything=False)
    return Labels(
        tuple(comparison.desired),
        tuple(comparison.issues),
        frozenset((issue.ref.tracker, issue.ref.id) for issue in comparison.differing),
        (digest, {owner: now for owner, now in digests.items() if before.get(owner) != now}),
    )


def _digest(policy: LabelPolicy, infos: Mapping[str, TrackerInfo], audiences: Audiences) -> str:
    """Return 16 hex digits that change with everything on which labels depend beside issues and milestones.

    Security levels are left out: they change with their issue.
    """
    limits = [(info.name, info.label_limit, info.label_spaces) for info in infos.values()]
    place_audiences = [
        (name, tracker.others, sorted((place, str(value)) for place, value in tracker.places.items()))
        for name, tracker in sorted(audiences.trackers.items())
    ]
    item_audiences = sorted((name, repr(readers)) for name, readers in audiences.items.items())
    text = f"{policy.model_dump_json()} {limits} {place_audiences} {item_audiences}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Comparison:
    """Compares the labels of issues page by page, and collects what the plan needs."""

    def __init__(
        self,
        evaluation: Evaluation,
        labeller: Labeller,
        policy: LabelPolicy,
        infos: Mapping[str, TrackerInfo],
        carriers: frozenset[IssueRef],
        places: Places,
    ) -> None:
        self._evaluation = evaluation
        self._labeller = labeller
        self._policy = policy
        self._infos = infos
        self._carriers = carriers
        self._places = places
        self._used: set[tuple[str, str, tuple[object, ...]]] = set()
        self.desired: list[Labelled] = []
        self.issues: list[Issue] = []
        self.differing: list[Issue] = []

    def compare(self, page: list[Issue], *, everything: bool) -> None:
        """Collect the issues that differ and, with `everything`, one for each set of definitions in use."""
        issues = {issue.ref: issue for issue in page if self._is_writable(issue)}
        tags = self._evaluation.rollup.tags_of((ref.tracker, ref.id) for ref in issues)
        owners = {ref: [owner for owner, _ in tags.get((ref.tracker, ref.id), ())] for ref in issues}
        tagged = {ref: names for ref, names in owners.items() if names}
        about = {
            ref: self._evaluation.targets.about[ref]
            for ref in issues
            if ref in self._evaluation.targets.about
        }
        desired_by_ref = {
            labelled.ref: labelled
            for labelled in desired_labels(issues, tagged, about, self._labeller, self._infos)
        }
        for ref, issue in issues.items():
            desired = desired_by_ref.get(ref)
            differs = self._differs(issue, desired)
            if differs:
                self.differing.append(issue)
            shows_definitions = everything and desired is not None and self._is_first_use(desired)
            if differs or ref in self._carriers or shows_definitions:
                self.issues.append(issue)
                if desired is not None:
                    self.desired.append(desired)

    def _is_writable(self, issue: Issue) -> bool:
        """Return whether labels may be written to an issue; one with a comment is collected in any case."""
        if issue.ref.tracker not in self._infos:
            return False
        writable = not issue.archived and self._places.closed_to_labels(issue.ref) is None
        if not writable and issue.ref in self._carriers:
            self.issues.append(issue)
        return writable

    def _differs(self, issue: Issue, desired: Labelled | None) -> bool:
        fold = self._infos[issue.ref.tracker].has_label_definitions
        add, remove = relabels(issue.labels, desired, self._policy.prefix, fold=fold)
        return bool(add or remove)

    def _is_first_use(self, desired: Labelled) -> bool:
        """Return whether this set of definitions is used in its container for the first time."""
        use = (desired.ref.tracker, desired.container, desired.labels)
        if not desired.labels or use in self._used:
            return False
        self._used.add(use)
        return True


def left_over(labels: Labels, done: Iterable[IssueRef]) -> Iterator[Key]:
    """Yield the issues whose labels still differ, in order; `done`: those whose labels were changed."""
    changed = {(ref.tracker, ref.id) for ref in done}
    return (key for key in sorted(labels.differing) if key not in changed)

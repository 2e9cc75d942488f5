"""Which issues do not carry the labels they should: looked at where anything may have changed."""

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


@dataclass(frozen=True)
class Labels:
    """What was found; with labels switched off nothing is."""

    desired: tuple[Labelled, ...] = ()
    """Of issues whose labels differ, and some that show which definitions are used."""
    issues: tuple[Issue, ...] = ()
    """These issues, and those that should carry none of our labels and do."""
    differing: frozenset[Key] = frozenset()
    reason: tuple[str, Mapping[str, str]] | None = None
    """Digests of the policy, and of what labels say by owner; None where nothing was looked at."""


def find_desired_labels(
    evaluation: Evaluation,
    policy: LabelPolicy,
    infos: Mapping[str, TrackerInfo],
    carriers: frozenset[IssueRef],
    swept: frozenset[str],
    check: Callable[[], None],
    places: Places,
    audiences: Audiences,
) -> Labels:
    """Compare the labels of all issues that may differ: those that changed, or whose milestones did.

    On the trackers that were swept, everything is looked at, definitions as well. `carriers`: issues that
    carry a comment or did; what they should carry is told in any case. Where no label may be written,
    nothing is looked at: `places` changes with a sweep alone, or with the issue. `audiences` decides which
    labels an issue's readers may see. `check` is called between pages of issues and may raise.
    """
    if not policy.enabled:
        return Labels()
    labeller = Labeller(evaluation.state, evaluation.rules.goals, policy, infos, audiences)
    digest = _digest(policy, infos, audiences)
    before = evaluation.rollup.labelled_as()
    owners = [*evaluation.state.milestones, *evaluation.state.key_results]
    message = {owner: labeller.digest(owner) for owner in owners}
    result = _Checked(evaluation, labeller, policy, infos, carriers, places)
    keys = evaluation.rollup.unsettled(digest)
    if keys is None:
        for page in evaluation.rollup.pages():
            check()
            result.compare(page, everything=True)
    else:
        changed = {owner for owner, now in message.items() if owner in before and before[owner] != now}
        keys |= evaluation.rollup.keys_of(sorted(changed))
        keys |= {(ref.tracker, ref.id) for ref in carriers}
        for tracker in sorted(swept):
            for page in evaluation.rollup.pages(tracker):
                check()
                result.compare(page, everything=True)
        for chunk in chunks(sorted(key for key in keys if key[0] not in swept), AT_ONCE):
            check()
            result.compare(list(evaluation.rollup.issues(chunk).values()), everything=False)
    return Labels(
        tuple(result.desired),
        tuple(result.issues),
        frozenset((issue.ref.tracker, issue.ref.id) for issue in result.differing),
        (digest, {owner: now for owner, now in message.items() if before.get(owner) != now}),
    )


def _digest(policy: LabelPolicy, infos: Mapping[str, TrackerInfo], audiences: Audiences) -> str:
    """Of everything by which labels may be others although no issue and no milestone changed.

    A security level belongs to its issue.
    """
    limits = [(info.name, info.label_limit, info.label_spaces) for info in infos.values()]
    read = [
        (name, tracker.others, sorted((place, str(value)) for place, value in tracker.places.items()))
        for name, tracker in sorted(audiences.trackers.items())
    ]
    meant = sorted((name, repr(readers)) for name, readers in audiences.items.items())
    message = f"{policy.model_dump_json()} {limits} {read} {meant}"
    return hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Checked:
    """Collects, page by page, what a plan has to know."""

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
        self._seen: set[tuple[str, str, tuple[object, ...]]] = set()
        self.desired: list[Labelled] = []
        self.issues: list[Issue] = []
        self.differing: list[Issue] = []

    def compare(self, page: list[Issue], *, everything: bool) -> None:
        """Take note of the issues that differ; and, with `everything`, of each definition that is used."""
        existing = {issue.ref: issue for issue in page if self._concerns(issue)}
        tags = self._evaluation.rollup.tags_of((ref.tracker, ref.id) for ref in existing)
        tagged = {ref: [o for o, _ in tags.get((ref.tracker, ref.id), ())] for ref in existing}
        about = {
            ref: self._evaluation.targets.about[ref]
            for ref in existing
            if ref in self._evaluation.targets.about
        }
        some = {ref: owners for ref, owners in tagged.items() if owners}
        requested = {
            desired_label.ref: desired_label
            for desired_label in desired_labels(existing, some, about, self._labeller, self._infos)
        }
        for ref, issue in existing.items():
            item = requested.get(ref)
            differs = self._differs(issue, item)
            if differs:
                self.differing.append(issue)
            if differs or ref in self._carriers or (everything and item is not None and self._first(item)):
                self.issues.append(issue)
                if item is not None:
                    self.desired.append(item)

    def _concerns(self, issue: Issue) -> bool:
        if issue.ref.tracker not in self._infos:
            return False
        open_ = not issue.archived and self._places.closed_to_labels(issue.ref) is None
        if not open_ and issue.ref in self._carriers:
            self.issues.append(issue)
        return open_

    def _differs(self, issue: Issue, desired: Labelled | None) -> bool:
        fold = self._infos[issue.ref.tracker].has_label_definitions
        add, remove = relabels(issue.labels, desired, self._policy.prefix, fold=fold)
        return bool(add or remove)

    def _first(self, item: Labelled) -> bool:
        """Whether these definitions are used in this container for the first time."""
        place = (item.ref.tracker, item.container, item.labels)
        if not item.labels or place in self._seen:
            return False
        self._seen.add(place)
        return True


def left_over(labels: Labels, done: Iterable[IssueRef]) -> Iterator[Key]:
    """The issues whose labels still have to be brought into agreement."""
    agreed = {(ref.tracker, ref.id) for ref in done}
    return (key for key in sorted(labels.differing) if key not in agreed)

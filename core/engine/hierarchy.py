"""Which tagged issues count: leaves only, and work that stands in two trackers once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from connectors.models import Issue, IssueRef, StatusCategory
from core.engine.model import Tagged

States = Mapping[IssueRef, StatusCategory]
Parents = Mapping[IssueRef, IssueRef]
K = TypeVar("K")
Group = tuple[Tagged, ...]
"""One piece of work: an issue, or an issue and its mirrors; the one that counts comes first."""

CHILDREN_COUNT = "its children count"
REPLACED = "done itself, but replaced by its sub-tasks"
WORDS = {
    StatusCategory.TODO: "to do",
    StatusCategory.IN_PROGRESS: "in progress",
    StatusCategory.DONE: "done",
    StatusCategory.CANCELLED: "cancelled",
    StatusCategory.UNKNOWN: "in a status without category",
}


@dataclass(frozen=True, slots=True)
class Sifted:
    """Which issues count, and why the others do not. Every issue stands in exactly one of the three."""

    kept: frozenset[IssueRef]
    parents: frozenset[IssueRef]
    """Left out because descendants of theirs count."""
    mirrors: Mapping[IssueRef, str]
    """Left out because the same work counts as another issue; with the reason in words."""
    above: Mapping[IssueRef, IssueRef]
    """Of live issues that count or are parents: the nearest parent above."""


def sift(tagged: Sequence[Tagged], states: States, parents: Parents) -> Sifted:
    """Sift the issues of one milestone, given in a fixed order.

    A live (not cancelled) issue is left out if a live issue of the milestone descends from it, at any depth
    and through issues that are not tagged; mirrors inherit each other's parents. In a cycle of parents each
    is the other's ancestor and descendant: those do not leave each other out, so at least one always counts.
    Cancelled issues never decide about live ones.
    """
    live = [entry for entry in tagged if states[entry.issue.ref] is not StatusCategory.CANCELLED]
    dead = [entry for entry in tagged if states[entry.issue.ref] is StatusCategory.CANCELLED]
    groups = mirror_groups(live)
    over, above, higher = _with_descendants(groups, parents)
    mirrors = _mirror_reasons(groups, states, over)
    kept = {group[0].issue.ref for place, group in enumerate(groups) if place not in over}
    left = {group[0].issue.ref for place, group in enumerate(groups) if place in over}
    own, pointing = _live_by_page(live)
    for group in mirror_groups(dead):
        original = _live_original(group, own, pointing)
        for entry in group:
            ref = entry.issue.ref
            if original is not None:
                mirrors[ref] = _mirror_of(entry, original, states)
            elif ref in above:
                left.add(ref)
            elif entry is group[0]:
                kept.add(ref)
            else:
                mirrors[ref] = _mirror_of(entry, group[0], states)
    return Sifted(frozenset(kept), frozenset(left), mirrors, _nearest(groups, parents, over, higher))


def parents_of_work(above: Iterable[Iterable[K]]) -> set[K]:
    """The leaves-only rule: what stands above live work of the same milestone counts through it, not itself.

    `above`: by issue (or group of mirrors) that is not cancelled, everything that stands above it and that it
    does not stand above itself.
    """
    return set(chain.from_iterable(above))


def is_subtask(issue: Issue) -> bool:
    """Whether it is a sub-task of Jira, or has a parent in a tracker without levels, as GitHub is."""
    if issue.level is not None:
        return issue.level < 0
    return issue.parent_id is not None or issue.parent_key is not None


def parts_of_parents(
    tagged: Iterable[Tagged], states: States, parents: Parents
) -> Mapping[IssueRef, IssueRef]:
    """By sub-task: its parent, where that is tagged as well, is not cancelled, and not below it at once."""
    live = {entry.issue.ref for entry in tagged if states[entry.issue.ref] is not StatusCategory.CANCELLED}
    result: dict[IssueRef, IssueRef] = {}
    for entry in tagged:
        ref = entry.issue.ref
        parent = parents.get(ref)
        below = parent is not None and parent in live and is_subtask(entry.issue) and not entry.boxes
        if below and parent is not None and not _circles(ref, parents):
            result[ref] = parent
    return result


def _circles(ref: IssueRef, parents: Parents) -> bool:
    """Whether an issue is above itself."""
    seen: set[IssueRef] = set()
    at = parents.get(ref)
    while at is not None and at not in seen:
        if at == ref:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def mirror_groups(tagged: Sequence[Tagged]) -> list[Group]:
    """The pieces of work among these issues; mirrors of mirrors belong together.

    First in a group is the original: an issue whose boxes are the tasks, else one that points to no other
    of the group (the others are its mirrors), else the oldest, else the first by tracker and id.
    """
    by_url = {normal_url(entry.issue.url): entry.issue.ref for entry in tagged}
    pointing: dict[IssueRef, set[IssueRef]] = defaultdict(set)
    linked: dict[IssueRef, set[IssueRef]] = defaultdict(set)
    for entry in tagged:
        for url in entry.issue.mirrors:
            other = by_url.get(normal_url(url))
            if other is not None and other != entry.issue.ref:
                pointing[entry.issue.ref].add(other)
                linked[entry.issue.ref].add(other)
                linked[other].add(entry.issue.ref)
    by_ref = {entry.issue.ref: entry for entry in tagged}
    groups: list[Group] = []
    seen: set[IssueRef] = set()
    for ref in by_ref:
        if ref not in seen:
            members = _reachable(ref, linked)
            seen |= members
            groups.append(_original_first([by_ref[member] for member in members], pointing))
    return groups


def normal_url(url: str) -> str:
    """A URL without scheme, query, fragment, closing slash and case: equal for the same page."""
    return re.sub(r"^https?://", "", re.split(r"[?#]", url.strip(), maxsplit=1)[0].casefold()).rstrip("/")


def _original_first(members: Iterable[Tagged], pointing: Mapping[IssueRef, set[IssueRef]]) -> Group:
    return tuple(
        sorted(
            members,
            key=lambda entry: (
                not entry.boxes,
                bool(pointing.get(entry.issue.ref)),
                entry.issue.created,
                entry.issue.ref,
            ),
        )
    )


def _reachable(start: IssueRef, linked: Mapping[IssueRef, set[IssueRef]]) -> set[IssueRef]:
    result, pending = {start}, [start]
    while pending:
        for ref in linked.get(pending.pop(), ()):
            if ref not in result:
                result.add(ref)
                pending.append(ref)
    return result


def _with_descendants(
    groups: Sequence[Group], parents: Parents
) -> tuple[set[int], set[IssueRef], list[set[int]]]:
    """The places of groups that have another live group below them, everything above any group, and the
    groups above each."""
    place_of = {entry.issue.ref: place for place, group in enumerate(groups) for entry in group}
    climbed = [_ancestors(place, groups, place_of, parents) for place in range(len(groups))]
    above: set[IssueRef] = set().union(*climbed)
    higher = [{place_of[ref] for ref in refs if ref in place_of} for refs in climbed]
    over = parents_of_work(
        {up for up in ups if place not in higher[up] and up != place} for place, ups in enumerate(higher)
    )
    return over, above, higher


def _nearest(
    groups: Sequence[Group], parents: Parents, over: set[int], higher: Sequence[set[int]]
) -> dict[IssueRef, IssueRef]:
    """By issue that stands for a group: the same of the nearest group that is left out for what is below it.

    A group that is above and below at once, in a circle of parents, is not above.
    """
    if not over:
        return {}
    place_of = {entry.issue.ref: place for place, group in enumerate(groups) for entry in group}
    result: dict[IssueRef, IssueRef] = {}
    for place, group in enumerate(groups):
        pending = [entry.issue.ref for entry in group]
        seen = set(pending)
        for ref in pending:  # grows while it is walked: nearest first
            parent = parents.get(ref)
            if parent is None or parent in seen:
                continue
            up = place_of.get(parent)
            if up in over and up != place and place not in higher[up]:
                result[group[0].issue.ref] = groups[up][0].issue.ref
                break
            more = [parent] if up is None else [entry.issue.ref for entry in groups[up]]
            pending += [one for one in more if one not in seen]
            seen.update(more)
    return result


def _ancestors(
    place: int, groups: Sequence[Group], place_of: Mapping[IssueRef, int], parents: Parents
) -> set[IssueRef]:
    """Everything above one group, through mirrors as well; ends in cycles too."""
    result: set[IssueRef] = set()
    pending = [entry.issue.ref for entry in groups[place]]
    while pending:
        parent = parents.get(pending.pop())
        if parent is None or parent in result:
            continue
        result.add(parent)
        if parent in place_of:
            pending.extend(entry.issue.ref for entry in groups[place_of[parent]])
        else:
            pending.append(parent)
    return result


def _mirror_reasons(groups: Sequence[Group], states: States, over: set[int]) -> dict[IssueRef, str]:
    reasons: dict[IssueRef, str] = {}
    for place, (original, *copies) in enumerate(groups):
        for copy in copies:
            message = _mirror_of(copy, original, states)
            reasons[copy.issue.ref] = f"{message}, whose children count" if place in over else message
    return reasons


def _mirror_of(copy: Tagged, original: Tagged, states: States) -> str:
    here, there = states[copy.issue.ref], states[original.issue.ref]
    message = f"mirror of {original.issue.ref.key}"
    return message if here is there else f"{message}, which is {WORDS[there]} while this is {WORDS[here]}"


def _live_by_page(live: Sequence[Tagged]) -> tuple[dict[str, Tagged], dict[str, Tagged]]:
    """Live issues by their own page, and by the pages that they point to; the first of several."""
    own: dict[str, Tagged] = {}
    pointing: dict[str, Tagged] = {}
    for entry in live:
        own.setdefault(normal_url(entry.issue.url), entry)
        for url in entry.issue.mirrors:
            pointing.setdefault(normal_url(url), entry)
    return own, pointing


def _live_original(group: Group, own: Mapping[str, Tagged], pointing: Mapping[str, Tagged]) -> Tagged | None:
    """The live issue that a cancelled one mirrors or is mirrored by, if there is one."""
    result = [own.get(normal_url(url)) for entry in group for url in entry.issue.mirrors]
    result += [pointing.get(normal_url(entry.issue.url)) for entry in group]
    return min(
        (entry for entry in result if entry is not None), key=lambda entry: entry.issue.ref, default=None
    )

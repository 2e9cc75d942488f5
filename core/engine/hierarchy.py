"""Decides which tagged issues count: leaves only, and work with an issue in two trackers once.

docs/architecture.md explains the rules with a drawing.
"""

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
    """Which issues count; every issue is in exactly one of `kept`, `parents` and `mirrors`."""

    kept: frozenset[IssueRef]
    """The issues that count."""
    parents: frozenset[IssueRef]
    """The issues that are left out because descendants of theirs count."""
    mirrors: Mapping[IssueRef, str]
    """By issue that is left out because the same work counts as another issue: the reason in words."""
    above: Mapping[IssueRef, IssueRef]
    """By live issue that counts or is one of `parents`: the nearest one of `parents` above it."""


def sift(tagged: Sequence[Tagged], states: States, parents: Parents) -> Sifted:
    """Decide which issues of one milestone count; `tagged` is in a fixed order.

    A live (not cancelled) issue is left out if a live issue of the milestone descends from it, at any depth
    and through issues that are not tagged. Mirrors inherit each other's parents. Issues in a cycle of parents
    are ancestors and descendants of each other and do not leave each other out, so that at least one counts.
    Cancelled issues have no effect on live ones.
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
    """Return what is left out by the leaves-only rule: everything above live work of the same milestone.

    `above`: for each live issue (or group of mirrors), everything above it that is not also below it.
    """
    return set(chain.from_iterable(above))


def is_subtask(issue: Issue) -> bool:
    """Return whether it is a sub-task of Jira, or has a parent in a tracker without levels (GitHub)."""
    if issue.level is not None:
        return issue.level < 0
    return issue.parent_id is not None or issue.parent_key is not None


def parts_of_parents(
    tagged: Iterable[Tagged], states: States, parents: Parents
) -> Mapping[IssueRef, IssueRef]:
    """Return by sub-task its parent, where that is tagged too, is not cancelled, and they are in no cycle."""
    live = {entry.issue.ref for entry in tagged if states[entry.issue.ref] is not StatusCategory.CANCELLED}
    result: dict[IssueRef, IssueRef] = {}
    for entry in tagged:
        ref = entry.issue.ref
        parent = parents.get(ref)
        is_part = parent is not None and parent in live and is_subtask(entry.issue) and not entry.boxes
        if is_part and parent is not None and not _is_in_cycle(ref, parents):
            result[ref] = parent
    return result


def _is_in_cycle(ref: IssueRef, parents: Parents) -> bool:
    """Return whether an issue is its own ancestor."""
    seen: set[IssueRef] = set()
    at = parents.get(ref)
    while at is not None and at not in seen:
        if at == ref:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def mirror_groups(tagged: Sequence[Tagged]) -> list[Group]:
    """Return the issues in groups of one piece of work each; mirrors of mirrors are in the same group.

    First in a group is the original: an issue whose boxes are the tasks, else one that links to no other of
    the group (the others are its mirrors), else the oldest, else the first by tracker and id.
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
    """Return a URL casefolded, without scheme, query, fragment and closing slash; equal for the same page."""
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
    """Return by original of a group the original of the nearest group above that is left out as a parent.

    A group that is both above and below another, in a cycle of parents, does not count as above it.
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
            pending += [other for other in more if other not in seen]
            seen.update(more)
    return result


def _ancestors(
    place: int, groups: Sequence[Group], place_of: Mapping[IssueRef, int], parents: Parents
) -> set[IssueRef]:
    """Return everything above one group, also through mirrors; cycles of parents end the search."""
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
            reason = _mirror_of(copy, original, states)
            reasons[copy.issue.ref] = f"{reason}, whose children count" if place in over else reason
    return reasons


def _mirror_of(copy: Tagged, original: Tagged, states: States) -> str:
    here, there = states[copy.issue.ref], states[original.issue.ref]
    reason = f"mirror of {original.issue.ref.key}"
    return reason if here is there else f"{reason}, which is {WORDS[there]} while this is {WORDS[here]}"


def _live_by_page(live: Sequence[Tagged]) -> tuple[dict[str, Tagged], dict[str, Tagged]]:
    """Return live issues by their own page, and by the pages to which they link; of several, the first."""
    own: dict[str, Tagged] = {}
    pointing: dict[str, Tagged] = {}
    for entry in live:
        own.setdefault(normal_url(entry.issue.url), entry)
        for url in entry.issue.mirrors:
            pointing.setdefault(normal_url(url), entry)
    return own, pointing


def _live_original(group: Group, own: Mapping[str, Tagged], pointing: Mapping[str, Tagged]) -> Tagged | None:
    """Return the live issue that a group of cancelled ones mirrors or is mirrored by; None without one."""
    originals = [own.get(normal_url(url)) for entry in group for url in entry.issue.mirrors]
    originals += [pointing.get(normal_url(entry.issue.url)) for entry in group]
    return min(
        (entry for entry in originals if entry is not None), key=lambda entry: entry.issue.ref, default=None
    )

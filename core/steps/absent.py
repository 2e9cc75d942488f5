"""Finds issues that the mapping names and no tracker has: deleted, out of reach, or misspelt."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from connectors.models import Unread
from core.engine.milestones import owners_of
from core.rollup.rollup_rules import RollupRules
from mappings.rules.issue_references import ROOT_KEYS, References

Pair = tuple[str, str]
"""Tracker and key of an issue."""
Present = Callable[[str, Collection[str]], Collection[str]]
"""(tracker, ids) -> those of them that are stored and not gone; empty for a tracker that was never read."""
Place = tuple[str | int, ...]
"""Path of a value within a milestone or key result of the mapping."""


def absent_issues(
    rules: RollupRules,
    unread: Mapping[str, tuple[Unread, ...]],
    down: Collection[str],
    present: Present,
) -> frozenset[Pair]:
    """Return the issues that the mapping names and that are not stored, or are gone.

    `unread`: by tracker, issues that came but could not be read; they are not absent. `down`: trackers that
    could not be read; none of their issues counts as absent. `present` is defined as `Present`.
    """
    unreadable = {(name, issue.key) for name, issues in unread.items() for issue in issues}
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for (tracker, _), id_ in rules.named.items():
        if id_ is not None and tracker not in down:
            ids[tracker].add(id_)
    present_ids = {tracker: present(tracker, named_ids) for tracker, named_ids in ids.items()}
    return frozenset(
        (tracker, key)
        for (tracker, key), id_ in rules.named.items()
        if tracker not in down
        and (tracker, key) not in unreadable
        and (id_ is None or id_ not in present_ids[tracker])
    )


def keys_named(rules: RollupRules) -> Iterator[tuple[str, Place, str]]:
    """Yield owner, path within the owner, and text of every issue key in a rule."""
    for owner in owners_of(rules.goals):
        for position, rule in enumerate(owner.rules):
            for inner in rule.nested:
                for name in ("keys", *ROOT_KEYS):
                    for text in getattr(inner, name):
                        path: Place = ("rules", position, name) if inner is rule else ("rules", position)
                        yield owner.id, path, text


def naming(rules: RollupRules, absent: Collection[Pair]) -> frozenset[str]:
    """Return the ids of the milestones and key results whose rules name any of these issues."""
    if not absent:
        return frozenset()
    references = References(tuple(rules.infos.values()))
    return frozenset(
        owner
        for owner, _, text in keys_named(rules)
        if any(pair in absent for pair in references.owners(text).items())
    )

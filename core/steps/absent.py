"""Issues that the mapping names and that are not there: deleted, out of reach, or misspelt."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from connectors.models import Unread
from core.engine.milestones import owners_of
from core.rollup.rollup_rules import RollupRules
from mappings.rules.issue_references import ROOT_KEYS, References

Pair = tuple[str, str]
"""Tracker and key."""
Present = Callable[[str, Collection[str]], Collection[str]]
"""(tracker, ids) -> those of them that are stored and not gone; empty for a tracker that was never read."""
Place = tuple[str | int, ...]


def absent_issues(
    rules: RollupRules,
    unread: Mapping[str, tuple[Unread, ...]],
    down: Collection[str],
    present: Present,
) -> frozenset[Pair]:
    """Those that rules and comments name, of trackers that could be read, but for unreadable ones."""
    garbled = {(name, item.key) for name, several in unread.items() for item in several}
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for (tracker, _), id_ in rules.named.items():
        if id_ is not None and tracker not in down:
            ids[tracker].add(id_)
    there = {tracker: present(tracker, several) for tracker, several in ids.items()}
    return frozenset(
        (tracker, key)
        for (tracker, key), id_ in rules.named.items()
        if tracker not in down
        and (tracker, key) not in garbled
        and (id_ is None or id_ not in there[tracker])
    )


def keys_named(rules: RollupRules) -> Iterator[tuple[str, Place, str]]:
    """Owner, path within it, and text of every issue key in a rule."""
    for owner in owners_of(rules.goals):
        for position, rule in enumerate(owner.rules):
            for inner in rule.nested:
                for name in ("keys", *ROOT_KEYS):
                    for text in getattr(inner, name):
                        path: Place = ("rules", position, name) if inner is rule else ("rules", position)
                        yield owner.id, path, text


def naming(rules: RollupRules, absent: Collection[Pair]) -> frozenset[str]:
    """The milestones and key results whose rules name any of these issues."""
    if not absent:
        return frozenset()
    references = References(tuple(rules.infos.values()))
    return frozenset(
        owner
        for owner, _, text in keys_named(rules)
        if any(pair in absent for pair in references.owners(text).items())
    )

"""The index of rules: from the values of an issue to the few rules that can match it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mappings.rule import Tag
from mappings.rules.predicates import VALUES, WEIGHT, Atom, Candidate, Clause, Cover
from mappings.title_patterns import TitleSet

SMALL = 4
"""A bucket with more rules than this is looked up by a second value instead of tried one by one.

With 1,000 rules that each name one of 50 projects and one of 20 components, tagging takes 13 times as long
where all rules of a bucket are tried (measured on 2026-11-30).
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule for one tracker, compiled."""

    order: int
    """Rules of one owner are tried in this order."""
    tag: Tag
    owner: str
    clause: Clause | None
    """None where every issue that gets to this entry matches."""
    pull_requests: bool
    excluded: Clause
    """Holds of the owner's own tracking issues, which are not its tasks."""

    def holds(self, candidate: Candidate) -> bool:
        """Whether the rule tags this issue."""
        if candidate.issue.pull_request and not self.pull_requests:
            return False
        if self.excluded.holds(candidate):
            return False
        return self.clause is None or self.clause.holds(candidate)


Waiting = tuple[Entry, tuple[Cover, ...]]
"""A rule, and the covers by which it was not yet put into a bucket."""


class Node:
    """A node of the index: rules to try on every issue that gets here, and buckets by one more value."""

    __slots__ = ("_by_title", "_entries", "_tables", "_titles")

    def __init__(self, waiting: Sequence[Waiting]) -> None:
        self._entries: list[Entry] = []
        buckets: dict[str, dict[str, list[Waiting]]] = {}
        often = Counter(atom for _, covers in waiting for cover in covers for atom in cover)
        for entry, covers in waiting:
            if not covers:
                self._entries.append(entry)
                continue
            best = min(covers, key=lambda cover: _cost(cover, often))
            left = tuple(cover for cover in covers if cover is not best)
            for kind, value in best:
                buckets.setdefault(kind, {}).setdefault(value, []).append((entry, left))
        tables = {
            kind: {value: _node(bucket) for value, bucket in table.items()} for kind, table in buckets.items()
        }
        self._by_title = tables.pop("title", {})
        self._titles = TitleSet(self._by_title) if self._by_title else None
        self._tables = tuple((VALUES[kind], table) for kind, table in tables.items())

    def collect(self, candidate: Candidate, into: list[Entry]) -> None:
        """Add every rule that can match the issue; a rule may come more than once."""
        into.extend(self._entries)
        for values_of, table in self._tables:
            for value in values_of(candidate):
                node = table.get(value)
                if node is not None:
                    node.collect(candidate, into)
        if self._titles is not None:
            for text in self._titles.matching(candidate.issue.title):
                self._by_title[text].collect(candidate, into)


def _node(bucket: list[Waiting]) -> Node:
    return Node(bucket) if len(bucket) > SMALL else Node([(entry, ()) for entry, _ in bucket])


def _cost(cover: Cover, often: Counter[Atom]) -> tuple[bool, int, list[Atom]]:
    titled = any(kind == "title" for kind, _ in cover)
    return titled, sum(WEIGHT[atom[0]] * often[atom] for atom in cover), sorted(cover)

"""Predicates of issues, to which conditions are compiled for one tracker, and the values that select them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, NamedTuple

from connectors.models import FieldValue, Issue, IssueRef
from connectors.names import fold_name
from mappings.title_patterns import TitlePattern, encoded, title_pattern

Atom = tuple[str, str]
"""A kind of value and one value of it, such as ("label", "blog")."""
Cover = frozenset[Atom]
"""Atoms of which every issue that matches has at least one."""


def field_atom(name: str, value: str | int | float | bool) -> str | None:
    """A custom field's value as one text; None for a number that equals nothing, such as NaN.

    Texts compare as names do (`fold_name`), numbers by value (3 is 3.0), true and false are no numbers.
    """
    if isinstance(value, str):
        return f"{name}\0t{fold_name(value)}"
    if isinstance(value, bool):
        return f"{name}\0b{value}"
    return f"{name}\0n{Fraction(value)}" if math.isfinite(value) else None


def _field_values(name: str, held: FieldValue) -> Iterable[str]:
    if held is None:
        return
    for value in held if isinstance(held, tuple) else (held,):
        atom = field_atom(name, value)
        if atom is not None:
            yield atom


class Candidate(NamedTuple):
    """An issue that rules are tried on, with what they may ask besides its own values."""

    issue: Issue
    ancestors: Sequence[IssueRef]
    """Its parent, grandparent and so on."""
    queries: Sequence[str]
    """Those in whose answers the issue is."""


def _containers(candidate: Candidate) -> Iterable[str]:
    name = fold_name(candidate.issue.container)
    owner, slash, _ = name.partition("/")
    return (name, f"{owner}/*") if slash else (name,)


def _fields(candidate: Candidate) -> Iterable[str]:
    return [value for name, held in candidate.issue.fields for value in _field_values(name, held)]


VALUES: dict[str, Callable[[Candidate], Iterable[str]]] = {
    "self": lambda candidate: (candidate.issue.ref.id,),
    "self_key": lambda candidate: (fold_name(candidate.issue.ref.key),),
    "ancestor": lambda candidate: [ref.id for ref in candidate.ancestors],
    "ancestor_key": lambda candidate: [fold_name(ref.key) for ref in candidate.ancestors],
    "query": lambda candidate: candidate.queries,
    "container": _containers,
    "type": lambda candidate: (fold_name(candidate.issue.type),),
    "label": lambda candidate: map(fold_name, candidate.issue.labels),
    "component": lambda candidate: map(fold_name, candidate.issue.components),
    "version": lambda candidate: map(fold_name, candidate.issue.versions),
    "sprint": lambda candidate: map(fold_name, candidate.issue.sprints),
    "assignee": lambda candidate: map(fold_name, candidate.issue.assignees),
    "team": lambda candidate: (fold_name(candidate.issue.team),) if candidate.issue.team else (),
    "field": _fields,
}
"""By kind: the values of an issue, in the form in which they compare; one may come twice."""


class Clause:
    """A predicate of an issue."""

    exact: ClassVar[bool] = False
    """Whether it holds for every issue that has an atom of its only cover."""

    def holds(self, candidate: Candidate) -> bool:
        """Whether it is true of the issue."""
        raise NotImplementedError

    def covers(self) -> tuple[Cover, ...]:
        """Sets of atoms, by any of which the index can select it; empty if it may hold without any."""
        return ()


@dataclass(frozen=True, slots=True)
class Fixed(Clause):
    """Holds always or never, whatever the issue."""

    always: bool

    def holds(self, _candidate: Candidate) -> bool:
        return self.always


ALWAYS = Fixed(True)
NEVER = Fixed(False)


@dataclass(frozen=True, slots=True)
class AnyOf(Clause):
    """At least one of these values."""

    kind: str
    accepted: frozenset[str]
    exact: ClassVar[bool] = True

    def holds(self, candidate: Candidate) -> bool:
        return not self.accepted.isdisjoint(VALUES[self.kind](candidate))

    def covers(self) -> tuple[Cover, ...]:
        return (frozenset((self.kind, value) for value in self.accepted),)


@dataclass(frozen=True, slots=True)
class AllOf(Clause):
    """Every one of these values."""

    kind: str
    accepted: frozenset[str]

    def holds(self, candidate: Candidate) -> bool:
        return self.accepted.issubset(VALUES[self.kind](candidate))

    def covers(self) -> tuple[Cover, ...]:
        return tuple(frozenset({(self.kind, value)}) for value in sorted(self.accepted))


@dataclass(frozen=True, slots=True)
class Title(Clause):
    """The title matches a pattern somewhere."""

    text: str
    pattern: TitlePattern
    exact: ClassVar[bool] = True

    @classmethod
    def of(cls, text: str) -> "Title":
        """The clause for a rule's `title`."""
        return cls(text, title_pattern(text))

    def holds(self, candidate: Candidate) -> bool:
        return self.pattern.matches(encoded(candidate.issue.title))

    def covers(self) -> tuple[Cover, ...]:
        return (frozenset({("title", self.text)}),)


@dataclass(frozen=True, slots=True)
class And(Clause):
    """Every part holds."""

    parts: tuple[Clause, ...]

    def holds(self, candidate: Candidate) -> bool:
        return all(part.holds(candidate) for part in self.parts)

    def covers(self) -> tuple[Cover, ...]:
        return tuple(cover for part in self.parts for cover in part.covers())


@dataclass(frozen=True, slots=True)
class Or(Clause):
    """At least one part holds."""

    parts: tuple[Clause, ...]

    def holds(self, candidate: Candidate) -> bool:
        return any(part.holds(candidate) for part in self.parts)

    def covers(self) -> tuple[Cover, ...]:
        """One cover, made of the cheapest of each part; none if a part has none."""
        best: set[Atom] = set()
        for part in self.parts:
            choices = part.covers()
            if not choices:
                return ()
            cheapest: Cover = min(choices, key=static_cost)
            best |= cheapest
        return (frozenset(best),)


@dataclass(frozen=True, slots=True)
class Not(Clause):
    """The part does not hold."""

    part: Clause

    def holds(self, candidate: Candidate) -> bool:
        return not self.part.holds(candidate)


def both(parts: Iterable[Clause]) -> Clause:
    """The conjunction of the parts, simplified."""
    kept = [part for part in parts if part != ALWAYS]
    if NEVER in kept:
        return NEVER
    return _joined(And, kept, ALWAYS)


def either(parts: Iterable[Clause]) -> Clause:
    """The disjunction of the parts, simplified."""
    kept = [part for part in parts if part != NEVER]
    if ALWAYS in kept:
        return ALWAYS
    return _joined(Or, kept, NEVER)


def negated(part: Clause) -> Clause:
    """The negation of the part, simplified."""
    if isinstance(part, Fixed):
        return NEVER if part.always else ALWAYS
    return Not(part)


def any_of(kind: str, requested: Iterable[str]) -> Clause:
    """At least one of these values; never, if there is none."""
    values = frozenset(requested)
    return AnyOf(kind, values) if values else NEVER


def _joined(join: type[And] | type[Or], parts: list[Clause], empty: Clause) -> Clause:
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else join(tuple(parts))


WEIGHT = {
    "self": 1,
    "self_key": 1,
    "ancestor": 1,
    "ancestor_key": 1,
    "query": 1,
    "version": 2,
    "sprint": 2,
    "component": 2,
    "label": 2,
    "field": 3,
    "assignee": 4,
    "team": 4,
    "container": 8,
    "type": 20,
    "title": 1000,
}
"""How many issues share one value, roughly. Only speed depends on it, never what matches.

A title costs most: its pattern has to be run over every title.
"""


def static_cost(cover: Cover) -> tuple[int, list[Atom]]:
    """How much it costs to select by these atoms, whatever the other rules are."""
    return sum(WEIGHT[kind] for kind, _ in cover), sorted(cover)

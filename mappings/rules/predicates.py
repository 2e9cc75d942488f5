"""A rule's condition made ready for one tracker: what must hold, and by which values to look it up."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter
from typing import ClassVar

from connectors.models import FieldValue, Issue, IssueRef
from connectors.names import fold_name
from mappings.rules.title_patterns import TitlePattern, encoded, title_pattern

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


View = tuple[Issue, Sequence[IssueRef], Sequence[str]]
"""An issue, its ancestors, and the queries that match it: a bare tuple, since one is made for every issue."""


def _containers(view: View) -> Iterable[str]:
    name = fold_name(view[0].container)
    owner, slash, _ = name.partition("/")
    return (name, f"{owner}/*") if slash else (name,)


def _fields(view: View) -> Iterable[str]:
    return [value for name, held in view[0].fields for value in _field_values(name, held)]


NAMES: dict[str, Callable[[Issue], Sequence[str]]] = {
    "label": attrgetter("labels"),
    "component": attrgetter("components"),
    "version": attrgetter("versions"),
    "sprint": attrgetter("sprints"),
    "assignee": attrgetter("assignees"),
}
"""By kind: names of an issue as its tracker writes them; they compare by `fold_name`."""

OTHER: dict[str, Callable[[View], Iterable[str]]] = {
    "self": lambda view: (view[0].ref.id,),
    "self_key": lambda view: (fold_name(view[0].ref.key),),
    "ancestor": lambda view: [ref.id for ref in view[1]],
    "ancestor_key": lambda view: [fold_name(ref.key) for ref in view[1]],
    "query": lambda view: view[2],
    "field": _fields,
    "team": lambda view: (fold_name(view[0].team),) if view[0].team else (),
    "container": _containers,
    "type": lambda view: (fold_name(view[0].type),),
}
"""By kind: every other value of an issue, in the form in which it compares; may repeat."""


def values(kind: str, view: View) -> Iterable[str]:
    """All values of a kind in the form in which they compare."""
    names = NAMES.get(kind)
    return OTHER[kind](view) if names is None else map(fold_name, names(view[0]))


class Clause:
    """Something that holds of an issue or not."""

    exact: ClassVar[bool] = False
    """Whether having any atom of its only cover is enough for it to hold."""

    def holds(self, view: View) -> bool:
        """Whether the issue is as this clause says."""
        raise NotImplementedError

    def covers(self) -> tuple[Cover, ...]:
        """Ways to look this clause up; empty if an issue can match without any particular value."""
        return ()


@dataclass(frozen=True, slots=True)
class Fixed(Clause):
    """Holds always or never, whatever the issue."""

    always: bool

    def holds(self, _view: View) -> bool:
        return self.always


ALWAYS = Fixed(True)
NEVER = Fixed(False)


@dataclass(frozen=True, slots=True)
class AnyOf(Clause):
    """At least one of these values."""

    kind: str
    accepted: frozenset[str]
    exact: ClassVar[bool] = True

    def holds(self, view: View) -> bool:
        return not self.accepted.isdisjoint(values(self.kind, view))

    def covers(self) -> tuple[Cover, ...]:
        return (frozenset((self.kind, value) for value in self.accepted),)


@dataclass(frozen=True, slots=True)
class AllOf(Clause):
    """Every one of these values."""

    kind: str
    accepted: frozenset[str]

    def holds(self, view: View) -> bool:
        return self.accepted.issubset(values(self.kind, view))

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

    def holds(self, view: View) -> bool:
        return self.pattern.matches(encoded(view[0].title))

    def covers(self) -> tuple[Cover, ...]:
        return (frozenset({("title", self.text)}),)


@dataclass(frozen=True, slots=True)
class And(Clause):
    """Every part holds."""

    parts: tuple[Clause, ...]

    def holds(self, view: View) -> bool:
        return all(part.holds(view) for part in self.parts)

    def covers(self) -> tuple[Cover, ...]:
        return tuple(cover for part in self.parts for cover in part.covers())


@dataclass(frozen=True, slots=True)
class Or(Clause):
    """At least one part holds."""

    parts: tuple[Clause, ...]

    def holds(self, view: View) -> bool:
        return any(part.holds(view) for part in self.parts)

    def covers(self) -> tuple[Cover, ...]:
        """One cover: the best of every part together; none if one part has none."""
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

    def holds(self, view: View) -> bool:
        return not self.part.holds(view)


def both(parts: Iterable[Clause]) -> Clause:
    """All parts together, as simple as can be."""
    kept = [part for part in parts if part != ALWAYS]
    if NEVER in kept:
        return NEVER
    return _joined(And, kept, ALWAYS)


def either(parts: Iterable[Clause]) -> Clause:
    """At least one of the parts, as simple as can be."""
    kept = [part for part in parts if part != NEVER]
    if ALWAYS in kept:
        return ALWAYS
    return _joined(Or, kept, NEVER)


def negated(part: Clause) -> Clause:
    """The opposite, as simple as can be."""
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
    """How much looking up by these atoms costs, without knowing the other rules."""
    return sum(WEIGHT[kind] for kind, _ in cover), sorted(cover)

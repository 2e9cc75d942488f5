"""From a condition as the user writes it to a clause for one tracker."""

from collections.abc import Iterable

from connectors.interface import TrackerInfo
from connectors.names import fold_name
from mappings.rule import Condition, LabelMatch, Rule
from mappings.rules.issue_references import (
    CONTAINER_KEYS,
    ONLY_IN,
    QUERY_KEYS,
    ROOT_KEYS,
    Names,
    References,
    Resolve,
    container_fits,
    field_sources,
    own_name,
    speaks,
)
from mappings.rules.predicates import (
    NEVER,
    AllOf,
    Clause,
    Title,
    any_of,
    both,
    either,
    field_atom,
    negated,
)

NAME_KEYS = {
    "component": "component",
    "version": "version",
    "github_milestone": "version",
    "type": "type",
    "sprint": "sprint",
    "assignee": "assignee",
    "team": "team",
}
"""Keys that compare names, and the kind of value that they look at."""


class Compiler:
    """Makes clauses for one tracker; what can never hold there becomes NEVER."""

    def __init__(
        self, info: TrackerInfo, references: References, resolve: Resolve, names: Names = own_name
    ) -> None:
        self._info = info
        self._names = names
        self._references = references
        self._resolve = resolve

    def rule(self, rule: Rule) -> Clause:
        """The clause of a whole rule. Where `task_list` is set, it holds of the named issues themselves."""
        return self._condition(rule, roots_as="self" if rule.task_list else "ancestor")

    def issues(self, keys: Iterable[str], kind: str) -> Clause:
        """One of these issues is the issue itself ("self") or above it ("ancestor").

        An issue is known by its id; by its key only where the id is not known.
        """
        ids, names = set(), set()
        for text in keys:
            key = self._references.owners(text).get(self._info.name)
            if key is None:
                continue
            id_ = self._resolve(self._info.name, key)
            if id_ is None:
                names.add(fold_name(key))
            else:
                ids.add(id_)
        return either((any_of(kind, ids), any_of(f"{kind}_key", names)))

    def _condition(self, condition: Condition, roots_as: str = "ancestor") -> Clause:
        if not self._in_reach(condition):
            return NEVER
        return both(
            (
                *self._places(condition),
                *self._issues_named(condition, roots_as),
                *_labels(condition.label),
                *_names(condition),
                *_fields(condition),
                *_queries(condition),
                *([Title.of(condition.title)] if condition.title else []),
                *(self._condition(inner) for inner in condition.all),
                *([either(self._condition(inner) for inner in condition.any)] if condition.any else []),
                *(negated(self._condition(inner)) for inner in condition.none),
            )
        )

    def _in_reach(self, condition: Condition) -> bool:
        if condition.tracker and fold_name(self._info.name) not in {
            fold_name(name) for name in condition.tracker
        }:
            return False
        for name in condition.field:
            sources = field_sources(name, self._references.trackers.values())
            if sources and self._info.name not in sources:
                return False
        return all(speaks(name, self._info) for name in ONLY_IN if getattr(condition, name))

    def _places(self, condition: Condition) -> Iterable[Clause]:
        for name in CONTAINER_KEYS:
            requested = getattr(condition, name)
            if requested:
                yield any_of(
                    "container",
                    (
                        fold_name(name)
                        for place in requested
                        if container_fits(place, self._info.containers)
                        for name in self._names(self._info.name, place)
                    ),
                )

    def _issues_named(self, condition: Condition, roots_as: str) -> Iterable[Clause]:
        if condition.keys:
            yield self.issues(condition.keys, "self")
        for name in ROOT_KEYS:
            requested = getattr(condition, name)
            if requested:
                yield self.issues(requested, roots_as)


def _labels(label: tuple[str, ...] | LabelMatch) -> Iterable[Clause]:
    if not isinstance(label, LabelMatch):
        return [any_of("label", map(fold_name, label))] if label else []
    clauses: list[Clause] = []
    if label.any:
        clauses.append(any_of("label", map(fold_name, label.any)))
    if label.all:
        clauses.append(AllOf("label", frozenset(map(fold_name, label.all))))
    if label.none:
        clauses.append(negated(any_of("label", map(fold_name, label.none))))
    return clauses


def _names(condition: Condition) -> Iterable[Clause]:
    for name, kind in NAME_KEYS.items():
        requested = getattr(condition, name)
        if requested:
            yield any_of(kind, map(fold_name, requested))


def _fields(condition: Condition) -> Iterable[Clause]:
    for name, requested in condition.field.items():
        values = requested if isinstance(requested, tuple) else (requested,)
        yield any_of("field", (atom for value in values if (atom := field_atom(name, value)) is not None))


def _queries(condition: Condition) -> Iterable[Clause]:
    return (any_of("query", (text,)) for name in QUERY_KEYS if (text := getattr(condition, name)))


def named_keys(rule: Rule) -> frozenset[str]:
    """Keys of the issues that a rule tags by name, wherever in its positive conditions they stand."""
    named = set(_positive_keys(rule))
    if rule.task_list:
        named.update(text for name in ROOT_KEYS for text in getattr(rule, name))
    return frozenset(named)


def _positive_keys(condition: Condition) -> Iterable[str]:
    yield from condition.keys
    for inner in (*condition.all, *condition.any):
        yield from _positive_keys(inner)

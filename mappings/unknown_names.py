"""Names in rules that no issue has, such as a misspelt label, type or person: they match nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from connectors.interface import TrackerInfo
from connectors.names import fold_name
from mappings.goal_tree import KeyResult, Milestone
from mappings.problems import nearest
from mappings.rule import Condition, LabelMatch
from mappings.rules.compiler import NAME_KEYS
from mappings.rules.issue_references import ONLY_IN, field_sources, speaks
from mappings.rules.ruleset import BUILT_IN_WEIGHTS

Place = tuple[str | int, ...]
Names = Mapping[tuple[str, str], Collection[str]]
"""By tracker and kind: the names that issues there bear, as the tracker writes them; of all trackers."""

SHOWN = 10
"""Of the names that there are, how many are listed."""
_WORDS = {
    "label": 'has the label "{}"',
    "type": 'is of the type "{}"',
    "component": 'has the component "{}"',
    "fix_version": 'has the fix version "{}"',
    "github_milestone": 'is in the GitHub milestone "{}"',
    "sprint": 'is in the sprint "{}"',
    "assignee": 'is assigned to "{}"',
    "team": 'is of the team "{}"',
    "field": 'has a value in the field "{}"',
    "weigh_by": 'has a value in the field "{}", by which this is weighed',
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One name that a rule asks for."""

    owner: str
    path: Place
    """Within its owner, such as `("rules", 0, "type")`; positions from 0."""
    key: str
    """As the mapping writes it, such as `fix_version`."""
    kind: str
    """By which the names of issues are kept, such as `version`."""
    name: str
    trackers: tuple[str, ...]
    """Where the rule can match."""


def asked_names(owners: Iterable[Milestone | KeyResult], trackers: Sequence[TrackerInfo]) -> Iterator[Asked]:
    """Every name that a rule asks for or rules out, with the trackers in which the rule can match."""
    for owner in owners:
        if owner.weigh_by not in BUILT_IN_WEIGHTS and owner.rules:
            there = tuple(info.name for info in trackers)
            yield Asked(owner.id, ("weigh_by",), "weigh_by", "field", owner.weigh_by, there)
        for position, rule in enumerate(owner.rules):
            yield from _of_condition(owner.id, ("rules", position), rule, trackers)


def _of_condition(
    owner: str, path: Place, condition: Condition, outer: Sequence[TrackerInfo]
) -> Iterator[Asked]:
    scope = list(_scope(condition, outer))
    for key, kind, several in _names(condition):
        there = tuple(info.name for info in scope if speaks(key, info))
        written = Condition.model_fields[key].alias or key
        for name in several:
            if there:
                yield Asked(owner, (*path, written), written, kind, name, there)
    for name in condition.field:
        there = tuple(info.name for info in scope if speaks("field", info))
        if there:
            yield Asked(owner, (*path, "field", name), "field", "field", name, there)
    for part in ("all", "any", "none"):
        for position, inner in enumerate(getattr(condition, part)):
            yield from _of_condition(owner, (*path, part, position), inner, scope)


def _scope(condition: Condition, outer: Iterable[TrackerInfo]) -> Iterator[TrackerInfo]:
    """The trackers in which a condition can hold: those that it names, and that have what it asks for."""
    named = {fold_name(name) for name in condition.tracker}
    only = [key for key in ONLY_IN.keys() & condition.model_fields_set if getattr(condition, key)]
    everywhere = tuple(outer)
    sources = [result for name in condition.field if (result := field_sources(name, everywhere))]
    for info in everywhere:
        if any(info.name not in several for several in sources):
            continue
        if (not named or fold_name(info.name) in named) and all(speaks(key, info) for key in only):
            yield info


def _names(condition: Condition) -> Iterator[tuple[str, str, Iterable[str]]]:
    label = condition.label
    several = (*label.any, *label.all, *label.none) if isinstance(label, LabelMatch) else label
    if several:
        yield "label", "label", several
    for key, kind in NAME_KEYS.items():
        if requested := getattr(condition, key):
            yield key, kind, requested


def unborne(asked: Iterable[Asked], names: Names) -> Iterator[Asked]:
    """Those that no issue of any tracker bears.

    What is borne elsewhere is no misspelling; whether the whole rule matches anything is another question.
    """
    folded: dict[str, set[str]] = {}
    for (_, kind), several in names.items():
        folded.setdefault(kind, set()).update(map(fold_name, several))
    for one in asked:
        if fold_name(one.name) not in folded.get(one.kind, ()):
            yield one


def what_is_wrong(asked: Asked, names: Names) -> tuple[str, str]:
    """That no issue has the name; and the names that its trackers have, the nearest first."""
    there = sorted({name for tracker in asked.trackers for name in names.get((tracker, asked.kind), ())})
    return f"no issue {_WORDS[asked.key].format(asked.name)}", hint(asked.name, tuple(there))


@lru_cache(maxsize=256)  # of 5,000 names the nearest takes 40 ms, and `milepost run` asks in each run
def hint(name: str, there: tuple[str, ...]) -> str:
    """The nearest of the names that there are, and some of them."""
    if not there:
        return "There is none at all yet"
    parts = [part.strip() for part in name.split(",")]
    borne = {fold_name(item): item for item in there}
    if len(parts) > 1 and all(fold_name(part) in borne for part in parts):
        return f"For several write a list: {[borne[fold_name(part)] for part in parts]}".replace("'", '"')
    close = nearest(name, there)
    meant = f"{close} " if close.startswith("Did") else ""
    more = f" and {len(there) - SHOWN:,} more" if len(there) > SHOWN else ""
    return f"{meant}There are: {', '.join(there[:SHOWN])}{more}"

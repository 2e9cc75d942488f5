"""The compiled rules and policies by which issues contribute, and the digest by which a change is noticed."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from connectors.interface import TrackerInfo
from connectors.models import Issue, IssueRef
from core.engine.credit import Credits
from core.engine.milestones import owners_of
from core.engine.policy import ProgressPolicy
from core.store.store_interface import Resolver
from mappings.goal_tree import Goal, GoalTree, Milestone
from mappings.rule import RuleId, Tag
from mappings.rules.issue_references import ROOT_KEYS, References
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet

LAYOUT = 6
"""Part of the digest; raise it when the program makes other contributions from the same issues."""

Matches = Mapping[Query, frozenset[str]]


@dataclass(frozen=True)
class RollupRules:
    """The rules of a mapping, compiled for the issues of these trackers."""

    goals: GoalTree
    compiled: RuleSet
    matches: Matches
    """The answers of the servers to the mapping's queries."""
    progress: ProgressPolicy
    open_tasks: int
    """Number of open tasks that a comment lists."""
    basis: str
    """Digest of everything here but the matches."""
    infos: Mapping[str, TrackerInfo]
    named: Mapping[tuple[str, str], str | None]
    """By tracker and key of the mapping: the id of the issue to which it leads; None where to none."""
    places: Mapping[tuple[str, str], frozenset[str]]
    """All names of each project or repository that a rule names, by tracker and that name."""

    @classmethod
    def of(
        cls,
        goals: GoalTree,
        infos: Mapping[str, TrackerInfo],
        resolve: Resolver,
        progress: ProgressPolicy,
        open_tasks: int,
    ) -> "RollupRules":
        """Compile a mapping; `resolve` finds the ids of issues that it names by key (see RuleSet.compile)."""
        named: dict[tuple[str, str], str | None] = {}
        for tracker, keys in _keys(goals, infos).items():
            resolve.prime(tracker, keys)

        def noted(tracker: str, key: str) -> str | None:
            named[tracker, key] = result = resolve(tracker, key)
            return result

        places: dict[tuple[str, str], frozenset[str]] = {}

        def names(tracker: str, place: str) -> frozenset[str]:
            places[tracker, place] = result = resolve.container_names(tracker, place)
            return result

        compiled = RuleSet.compile(goals, tuple(infos.values()), noted, names)
        for tracker, place in _projects(progress, infos):
            names(tracker, place)
        parts = (
            LAYOUT,
            open_tasks,
            progress.model_dump_json(),
            [(info.name, info.kind, info.containers) for info in infos.values()],
            [
                (item.id, item.counting, [rule.model_dump_json() for rule in item.rules])
                for item in owners_of(goals)
            ],
            [(item.id, compiled.references.tracked(item)) for item in goals.milestones.values()],
            sorted((*place, result or "") for place, result in named.items()),
            sorted((*place, sorted(result)) for place, result in places.items() if len(result) > 1),
        )
        basis = hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]
        return cls(goals, compiled, {}, progress, open_tasks, basis, infos, named, places)

    def at_present(self, resolve: Resolver) -> "RollupRules":
        """Return the rules with the ids to which the mapping's keys lead now; itself if none changed."""
        for tracker, keys in _keys(self.goals, self.infos).items():
            resolve.prime(tracker, keys)
        same = all(resolve(*place) == result for place, result in self.named.items())
        if same and all(resolve.container_names(*place) == names for place, names in self.places.items()):
            return self
        return RollupRules.of(self.goals, self.infos, resolve, self.progress, self.open_tasks)

    @cached_property
    def tag(self) -> Callable[[Issue, Sequence[IssueRef]], tuple[Tag, ...]]:
        """The function that returns the tags of an issue, given its ancestors."""
        return self.compiled.tagger(self.matches)

    @cached_property
    def crediting(self) -> Credits:
        """The policy about credit, compiled; projects go by all names that they have or had."""
        projects = _projects(self.progress, self.infos)

        def names(project: str) -> set[str]:
            tracker, colon, place = project.rpartition(":")
            result = {
                f"{tracker}{colon}{name}"
                for where in projects
                if where[1] == place and tracker in ("", where[0])
                for name in self.places[where]
            }
            return {project, *result}

        return Credits.of(self.progress, names)

    @cached_property
    def weigh_by(self) -> Mapping[str, str]:
        """By owner: the estimate by which its tasks weigh, or `count`."""
        return {owner.id: owner.weigh_by for owner in owners_of(self.goals)}

    @cached_property
    def whole_parents(self) -> frozenset[str]:
        """The owners for which a parent counts as one task, and its sub-tasks as parts of it."""
        return frozenset(owner.id for owner in owners_of(self.goals) if owner.whole_parents)

    @cached_property
    def parts(self) -> dict[tuple[object, ...], tuple[str, int]]:
        """The cache of parts of issues; see `core.rollup.contributions`."""
        return {}

    @cached_property
    def listed(self) -> frozenset[str]:
        """The milestones of which a comment lists open tasks."""
        milestones = self.goals.milestones.values()
        return frozenset(
            milestone.id for milestone in milestones if self.compiled.references.tracked(milestone)
        )

    @cached_property
    def rule_ids(self) -> Mapping[tuple[str, int], RuleId]:
        """Rules by owner and position."""
        return {(rule.owner, rule.position): rule for rule in self.compiled.rules}

    @cached_property
    def answers(self) -> str:
        """The matches as a text that is equal for equal matches."""
        ids_by_query = {f"{query.tracker}\0{query.text}": sorted(ids) for query, ids in self.matches.items()}
        return orjson.dumps(ids_by_query, option=orjson.OPT_SORT_KEYS).decode()


def moved_answers(before: str, after: str) -> set[tuple[str, str]]:
    """Return the issues (tracker, id) that a query matches in only one of two texts of `answers`."""
    if before == after:
        return set()
    old, new = orjson.loads(before), orjson.loads(after)
    return {
        (name.partition("\0")[0], id_)
        for name in old.keys() | new.keys()
        for id_ in set(old.get(name, ())) ^ set(new.get(name, ()))
    }


def _projects(progress: ProgressPolicy, infos: Mapping[str, TrackerInfo]) -> list[tuple[str, str]]:
    """Return tracker and name of each project in the policy; every tracker where it gives none."""
    result = []
    for project in progress.projects:
        tracker, _, place = project.rpartition(":")
        result += [(name, place) for name in infos if tracker in ("", name)]
    return result


def _keys(goals: GoalTree, infos: Mapping[str, TrackerInfo]) -> Mapping[str, set[str]]:
    """By tracker: every key that a rule or a comment's place names."""
    references = References(tuple(infos.values()))
    result: dict[str, set[str]] = {}
    for rule in (rule for owner in owners_of(goals) for rule in owner.rules):
        for inner in rule.nested:
            for text in (*inner.keys, *(text for name in ROOT_KEYS for text in getattr(inner, name))):
                for tracker, key in references.owners(text).items():
                    result.setdefault(tracker, set()).add(key)
    items: tuple[Milestone | Goal, ...] = (*goals.milestones.values(), *goals.goals.values())
    for item in items:
        for tracker, key in references.tracked(item):
            result.setdefault(tracker, set()).add(key)
    return result

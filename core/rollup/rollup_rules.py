"""Everything that decides which issues count where, and how much; and a digest of it."""

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
"""To be raised when the program derives other contributions from the same issues: all are made anew."""

Matches = Mapping[Query, frozenset[str]]


@dataclass(frozen=True)
class RollupRules:
    """The rules of a mapping, made ready for the issues of these trackers."""

    goals: GoalTree
    compiled: RuleSet
    matches: Matches
    """What the servers answer to the mapping's own queries."""
    progress: ProgressPolicy
    open_tasks: int
    """How many open tasks a comment lists."""
    basis: str
    """Digest of all this but the matches."""
    infos: Mapping[str, TrackerInfo]
    named: Mapping[tuple[str, str], str | None]
    """Which issue each key in the mapping leads to, by tracker and key."""
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
        """`resolve` finds the id of an issue that the mapping names by its key; see RuleSet.compile."""
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
        """The same, where the keys in the mapping lead now."""
        for tracker, keys in _keys(self.goals, self.infos).items():
            resolve.prime(tracker, keys)
        same = all(resolve(*place) == result for place, result in self.named.items())
        if same and all(resolve.container_names(*place) == names for place, names in self.places.items()):
            return self
        return RollupRules.of(self.goals, self.infos, resolve, self.progress, self.open_tasks)

    @cached_property
    def tag(self) -> Callable[[Issue, Sequence[IssueRef]], tuple[Tag, ...]]:
        """The tags of an issue, given what stands above it."""
        return self.compiled.tagger(self.matches)

    @cached_property
    def crediting(self) -> Credits:
        """The policy about credit, made ready; projects go by all names that they bear or bore."""
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
        """By owner: what its tasks weigh by."""
        return {owner.id: owner.weigh_by for owner in owners_of(self.goals)}

    @cached_property
    def whole_parents(self) -> frozenset[str]:
        """The owners in which a parent counts as a whole, and its sub-tasks as parts of it."""
        return frozenset(owner.id for owner in owners_of(self.goals) if owner.whole_parents)

    @cached_property
    def parts(self) -> dict[tuple[object, ...], tuple[str, int]]:
        """What was worked out already of the parts of issues; see `core.rollup.contributions`."""
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
        """The matches as a text, equal for equal ones."""
        message = {f"{query.tracker}\0{query.text}": sorted(ids) for query, ids in self.matches.items()}
        return orjson.dumps(message, option=orjson.OPT_SORT_KEYS).decode()


def moved_answers(before: str, after: str) -> set[tuple[str, str]]:
    """The issues (tracker, id) that a query matches in one of two answers only."""
    if before == after:
        return set()
    old, new = orjson.loads(before), orjson.loads(after)
    return {
        (name.partition("\0")[0], id_)
        for name in old.keys() | new.keys()
        for id_ in set(old.get(name, ())) ^ set(new.get(name, ()))
    }


def _projects(progress: ProgressPolicy, infos: Mapping[str, TrackerInfo]) -> list[tuple[str, str]]:
    """Tracker and name of each project that the policy names; every tracker where it names none."""
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

"""All rules compiled: tags for an issue, and what the rules need of each tracker."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingABC
from functools import cache, cached_property

from connectors.interface import TrackerInfo
from connectors.models import STATUS_FIELD, Interest, Issue, IssueRef
from connectors.names import fold_name
from mappings.goal_tree import Goal, GoalTree, KeyResult, Milestone
from mappings.rule import Rule, RuleId, Tag
from mappings.rules.canonical import canonical
from mappings.rules.compiler import Compiler, named_keys
from mappings.rules.index import Entry, Node
from mappings.rules.issue_references import (
    CONTAINER_KEYS,
    QUERY_KEYS,
    ROOT_KEYS,
    Names,
    References,
    Resolve,
    container_fits,
    own_name,
    speaks,
)
from mappings.rules.predicates import NEVER, Candidate, Clause, Or, both, negated
from mappings.rules.query import Query, ScopedRule

INTAKE = "milestone/"
"""An issue with the label `milestone/<id>` belongs to that milestone, without any rule."""
BUILT_IN_WEIGHTS = frozenset({"count", "story_points"})
NOTHING: frozenset[str] = frozenset()


class RuleSet:
    """All rules of a mapping, compiled to an index for each tracker, which tags issues. Immutable."""

    def __init__(
        self,
        mapping: GoalTree,
        trackers: Sequence[TrackerInfo],
        resolve: Resolve,
        names: Names = own_name,
    ) -> None:
        self.references = References(trackers)
        self._mapping = mapping
        self._rules = dict(_numbered(mapping))
        existing = cache(resolve)
        self._compilers = {info.name: Compiler(info, self.references, existing, names) for info in trackers}
        self._scoped = tuple(self._scope())
        self._indexes = {name: self._index(name) for name in self._compilers}
        self._queries_by_tracker = {name: self._queries_in(name) for name in self._compilers}

    @classmethod
    def compile(
        cls,
        mapping: GoalTree,
        trackers: Sequence[TrackerInfo],
        resolve: Resolve,
        names: Names = own_name,
    ) -> "RuleSet":
        """Compile a mapping for these trackers.

        `resolve` turns a tracker and a key (today's or a former one) into the issue's immutable id, or
        None where no such issue is known; then the key itself is compared. `names` gives all names of the
        project or repository that a rule's name leads to today.
        """
        return cls(mapping, trackers, resolve, names)

    def tagger(
        self, matches: MappingABC[Query, frozenset[str]]
    ) -> Callable[[Issue, Sequence[IssueRef]], tuple[Tag, ...]]:
        """A function that gives the tags of an issue, sorted, at most one per owner.

        It takes the issue and its ancestors: parent, grandparent and so on. `matches` are the ids that each
        query's server gave; a query that is missing there matches nothing. The cost of an issue does not
        grow with the number of queries.
        """
        hits: dict[tuple[str, str], list[str]] = {}
        for query in self.queries:
            for id_ in matches.get(query, NOTHING):
                hits.setdefault((query.tracker, id_), []).append(query.text)

        def tag(issue: Issue, ancestors: Sequence[IssueRef]) -> tuple[Tag, ...]:
            node = self._indexes.get(issue.ref.tracker)
            if node is None:
                return ()
            return _tags(node, Candidate(issue, ancestors, hits.get((issue.ref.tracker, issue.ref.id), ())))

        return tag

    @cached_property
    def queries(self) -> tuple[Query, ...]:
        """Every query that a server has to answer, each once, sorted."""
        return tuple(sorted({query for queries in self._queries_by_tracker.values() for query in queries}))

    @cached_property
    def query_owners(self) -> MappingABC[Query, frozenset[str]]:
        """By query: the ids of the milestones and key results that rest on its answer."""
        result: dict[Query, set[str]] = {query: set() for query in self.queries}
        for scoped in self._scoped:
            for query in self._queries_of(scoped):
                result[query].add(scoped.id.owner)
        return {query: frozenset(owners) for query, owners in result.items()}

    @cached_property
    def rests_on(self) -> MappingABC[str, frozenset[str]]:
        """By id of milestone or key result: the trackers that its rules can draw from.

        The label `milestone/<id>` is not looked at here, since it could come from any tracker.
        """
        result: dict[str, set[str]] = {owner.id: set() for owner in _owners(self._mapping)}
        for scoped in self._scoped:
            result[scoped.id.owner].add(scoped.tracker)
        return {owner: frozenset(names) for owner, names in result.items()}

    def interest(self, tracker: str) -> Interest:
        """What the rules, the comments and the weights need of a tracker. Raises KeyError if unknown."""
        here = [scoped.rule for scoped in self._scoped if scoped.tracker == tracker]
        info = self.references.trackers[tracker]
        roots: set[str] = set()
        keys: set[str] = set()
        for inner in (inner for rule in here for inner in rule.nested):
            named = [text for name in ROOT_KEYS if speaks(name, info) for text in getattr(inner, name)]
            roots.update(self._owned(tracker, named))
            keys.update(self._owned(tracker, inner.keys))
        tracked: list[Milestone | Goal] = [*self._mapping.milestones.values(), *self._mapping.goals.values()]
        for item in tracked:
            keys.update(key for name, key in self.references.tracked(item) if name == tracker)
        return Interest(
            roots=frozenset(roots),
            keys=frozenset(keys | roots),
            fields=frozenset(self._fields(here)),
            checklists=any(rule.checklist or rule.task_list for rule in here),
            pull_requests=any(rule.pull_requests for rule in here),
            containers=frozenset(
                place
                for rule in here
                for inner in rule.nested
                for name in CONTAINER_KEYS
                if speaks(name, info)
                for place in getattr(inner, name)
                if "*" not in place
            ),
        )

    @cached_property
    def places(self) -> MappingABC[str, frozenset[tuple[str, str]]]:
        """By id of milestone or key result: (tracker, folded name) of each container that a rule names.

        By itself, or by a key of an issue in it.
        """
        result: dict[str, set[tuple[str, str]]] = {owner.id: set() for owner in _owners(self._mapping)}
        for scoped in self._scoped:
            places = result[scoped.id.owner]
            for inner in scoped.rule.nested:
                for name in CONTAINER_KEYS:
                    places.update((scoped.tracker, fold_name(place)) for place in getattr(inner, name))
                keys = [*inner.keys, *(text for name in ROOT_KEYS for text in getattr(inner, name))]
                for key in self._owned(scoped.tracker, keys):
                    places.add((scoped.tracker, fold_name(key.rpartition("#" if "#" in key else "-")[0])))
        return {owner: frozenset(places) for owner, places in result.items()}

    def could_tag(
        self,
        tracker: str,
        key: str | None,
        containers: frozenset[str],
        matched: frozenset[Query] | None = None,
    ) -> frozenset[str]:
        """The milestones and key results that an issue could count for of which nothing else could be read.

        `containers`: all names of its project or repository, folded; none where that is not known either.
        `matched`: the queries whose server names it; None where its id is not known. Labels that name a
        milestone are not looked at, since every issue could bear one. Of an issue that cannot be read in a
        tree of sub-issues GitHub's connector names the parent as well, see `rooted`, so that such a tree
        counts for what it names alone; Jira's issues could stand in any tree.
        """
        info = self.references.trackers.get(tracker)
        lists_trees = info is not None and info.kind == "github"

        def fits(scoped: ScopedRule) -> bool:
            rule = scoped.rule
            roots = [text for name in ROOT_KEYS for text in getattr(rule, name)]
            named = rule.keys or (roots if lists_trees else ())
            owned = frozenset(map(fold_name, self._owned(tracker, named)))
            if key is not None and named and fold_name(key) not in owned:
                return False
            asked = [query for query in self._queries_of(scoped) if query.text in _own_queries(rule)]
            if matched is not None and not matched.issuperset(asked):
                return False
            places = [place for name in CONTAINER_KEYS for place in getattr(rule, name)]
            return not (places and containers) or any(container_fits(place, containers) for place in places)

        here = (scoped for scoped in self._scoped if scoped.tracker == tracker)
        return frozenset(scoped.id.owner for scoped in here if fits(scoped))

    def rooted(self, tracker: str, key: str) -> frozenset[str]:
        """The milestones and key results with a rule that asks for the tree below this issue."""
        return frozenset(
            scoped.id.owner
            for scoped in self._scoped
            if scoped.tracker == tracker
            for inner in scoped.rule.nested
            for name in ROOT_KEYS
            if fold_name(key) in map(fold_name, self._owned(tracker, getattr(inner, name)))
        )

    def field_owners(self, tracker: str, field: str) -> frozenset[str]:
        """The milestones and key results with a rule here that asks for a field, or that are weighed by it.

        `field`: the mapping's name of a custom field, or a key that means one (`sprint`, `team`). On the
        `status_field`, which tells where every issue stands, all of them rest that can match here.
        """
        here = [scoped for scoped in self._scoped if scoped.tracker == tracker]
        asking = [one for one in here if any(field in inner.asked_fields for inner in one.rule.nested)]
        weighed = {owner.id for owner in _owners(self._mapping) if field in (owner.weigh_by, STATUS_FIELD)}
        rests = [one for one in here if one.id.owner in weighed]
        return frozenset(one.id.owner for one in (*asking, *rests))

    @property
    def rules(self) -> MappingABC[RuleId, Rule]:
        """Every rule by its id, the intake labels (position 0) last."""
        return self._rules

    def rule(self, rule_id: RuleId) -> Rule:
        """The rule that gave a tag. Raises KeyError for a rule that is not in this mapping."""
        return self._rules[rule_id]

    def digest(self, owner: str) -> str:
        """12 hex digits that change when another set of issues, or another weight, could be meant.

        Names of rules, their order within lists, case, comments and layout of the file do not matter.
        Raises KeyError if there is no such milestone or key result.
        """
        item = next((item for item in _owners(self._mapping) if item.id == owner), None)
        if item is None:
            raise KeyError(owner)
        tracking = sorted(self.references.tracked(item)) if isinstance(item, Milestone) else []
        message = {
            "rules": [canonical(rule) for rule in item.rules],
            "weigh_by": item.counting,
            "tracking": [list(pair) for pair in tracking],
        }
        return hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:12]

    def _scope(self) -> Iterator[ScopedRule]:
        for rule_id, rule in self._rules.items():
            if rule_id.position == 0:
                continue
            for name, compiler in self._compilers.items():
                clause = compiler.rule(rule)
                if clause != NEVER:
                    yield ScopedRule(rule_id, rule, name, clause)

    def _index(self, tracker: str) -> Node:
        compiler = self._compilers[tracker]
        order = {rule_id: place for place, rule_id in enumerate(self._rules)}
        tracked = {
            item.id: [f"{name}:{key}" for name, key in self.references.tracked(item)]
            for item in self._mapping.milestones.values()
        }
        waiting = []
        for rule_id, rule, clause in self._candidates(tracker):
            own = compiler.issues(tracked.get(rule_id.owner, ()), "self")
            excluded = both((own, negated(compiler.issues(named_keys(rule), "self"))))
            entry = Entry(
                order=order[rule_id],
                tag=Tag(rule_id.owner, rule_id),
                owner=rule_id.owner,
                clause=None if _exact(clause) else clause,
                pull_requests=rule.pull_requests,
                excluded=excluded,
            )
            waiting.append((entry, clause.covers()))
        return Node(waiting)

    def _candidates(self, tracker: str) -> Iterator[tuple[RuleId, Rule, Clause]]:
        for scoped in self._scoped:
            if scoped.tracker == tracker:
                yield scoped.id, scoped.rule, scoped.clause
        for rule_id, rule in self._rules.items():
            if rule_id.position == 0:
                yield rule_id, rule, self._compilers[tracker].rule(rule)

    def _queries_in(self, tracker: str) -> tuple[Query, ...]:
        here = (scoped for scoped in self._scoped if scoped.tracker == tracker)
        return tuple(sorted({query for scoped in here for query in self._queries_of(scoped)}))

    def _queries_of(self, scoped: ScopedRule) -> Iterator[Query]:
        info = self.references.trackers[scoped.tracker]
        for inner in scoped.rule.nested:
            for name in QUERY_KEYS:
                text = getattr(inner, name)
                if text and speaks(name, info):
                    yield Query(scoped.tracker, text)

    def _owned(self, tracker: str, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            key = self.references.owners(text).get(tracker)
            if key is not None:
                yield key

    def _fields(self, rules: Iterable[Rule]) -> Iterator[str]:
        for rule in rules:
            for inner in rule.nested:
                yield from inner.field
        for item in _owners(self._mapping):
            if item.weigh_by not in BUILT_IN_WEIGHTS:
                yield item.weigh_by


def _tags(node: Node, candidate: Candidate) -> tuple[Tag, ...]:
    result: list[Entry] = []
    node.collect(candidate, result)
    if not result:
        return ()
    first: dict[str, Tag] = {}
    for entry in sorted(result, key=_order) if len(result) > 1 else result:
        if entry.owner not in first and entry.holds(candidate):
            first[entry.owner] = entry.tag
    return tuple(first[owner] for owner in sorted(first))


def _order(entry: Entry) -> int:
    return entry.order


def _own_queries(rule: Rule) -> frozenset[str]:
    """The queries that a rule as a whole asks for, and not one part of it among others."""
    return frozenset(filter(None, (getattr(rule, name) for name in QUERY_KEYS)))


def _exact(clause: Clause) -> bool:
    """Whether what the index finds matches for certain, so that the clause need not be asked.

    Asking all the same makes tagging 100,000 issues with 1,000 rules take 14% longer (2026-11-30).
    """
    if isinstance(clause, Or):
        return all(_exact(part) for part in clause.parts)
    return clause.exact and len(clause.covers()) == 1


def _owners(mapping: GoalTree) -> Iterator[Milestone | KeyResult]:
    yield from mapping.milestones.values()
    yield from mapping.key_results.values()


def _numbered(mapping: GoalTree) -> Iterator[tuple[RuleId, Rule]]:
    """Every rule with its id; the intake labels come last, so that a written rule goes before them."""
    for table, items in (("milestones", mapping.milestones), ("key_results", mapping.key_results)):
        for item in items.values():
            for position, rule in enumerate(item.rules, 1):
                place = f"{table}.{item.id}.rules[{position}]"
                yield RuleId(item.id, position, rule.name or place), rule
    for id_ in mapping.milestones:
        label = f"{INTAKE}{id_}"
        yield RuleId(id_, 0, f"label {label}"), Rule(label=(label,))

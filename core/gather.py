"""From stored issues to what the engine measures: every issue tagged, every root and target found."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import orjson

from connectors.contract import Issue, IssueRef, Reader, TrackerError, Unread
from core.engine.model import Inputs, Tagged
from core.stop import Stop
from core.store.contract import Keeper
from mappings.goals import Mapping as Goals
from mappings.rules.index import CompiledRules, Query
from mappings.rules.lineage import Lineage
from mappings.rules.model import RuleId, Tag

Resolve = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the store holds, seen through the mapping."""

    inputs: Inputs
    issues: Mapping[IssueRef, Issue]
    """Every issue that is present, by its identity."""
    tags: Mapping[IssueRef, tuple[Tag, ...]]
    """The tags of each tagged issue."""
    compiled: CompiledRules
    unread: Mapping[str, tuple[Unread, ...]]
    """By tracker: issues that came but could not be read."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the trackers answered to the mapping's own queries, and which of them could not be had."""

    matches: Mapping[Query, frozenset[str]]
    refused: Mapping[Query, str]


def ask(
    queries: Iterable[Query], readers: Mapping[str, Reader], down: Iterable[str], store: Keeper, stop: Stop
) -> Answers:
    """Let each server evaluate the queries that are its own, and remember what it said.

    A tracker that is down is not asked: whatever rests on it cannot be measured anyway.
    """
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    silent = set(down)
    for query in queries:
        if query.tracker in silent or query.tracker not in readers:
            continue
        try:
            with stop.reading():
                matches[query] = readers[query.tracker].matching(query.text)
        except TrackerError as error:
            refused[query] = str(error)
        else:
            said = orjson.dumps(sorted(matches[query])).decode()
            store.memory(query.tracker).set(_place(query), said)
    return Answers(matches, refused)


def remembered(queries: Iterable[Query], store: Keeper) -> Answers:
    """What the trackers answered when they were last asked."""
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    for query in queries:
        said = store.memory(query.tracker).get(_place(query))
        if said is None:
            refused[query] = "it was never asked; run `milepost sync`"
        else:
            matches[query] = frozenset(orjson.loads(said))
    return Answers(matches, refused)


def _place(query: Query) -> str:
    return "matches:" + hashlib.sha256(query.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def gather(
    goals: Goals,
    compiled: CompiledRules,
    store: Keeper,
    resolve: Resolve,
    answers: Answers,
    down: Mapping[str, datetime | None],
) -> Gathered:
    """Tag every stored issue; the result does not depend on the order in which they are stored."""
    issues = {issue.ref: issue for issue in store.issues()}
    lineage = Lineage(issues.values(), resolve)
    tagged: dict[str, dict[IssueRef, Tagged]] = defaultdict(dict)
    tags_of: dict[IssueRef, tuple[Tag, ...]] = {}
    tagger = compiled.tagger(answers.matches)
    for issue in issues.values():
        tags = tagger(issue, lineage.ancestors(issue.ref))
        if tags:
            tags_of[issue.ref] = tags
        for tag in tags:
            tagged[tag.owner][issue.ref] = _tagged(issue, tag.rule, compiled)
    problems = _refused_queries(compiled, answers)
    unread = store.unread()
    inputs = Inputs(
        mapping=goals,
        tagged={owner: tuple(each[ref] for ref in sorted(each)) for owner, each in tagged.items()},
        parents=lineage.parents,
        down=down,
        rests_on=compiled.rests_on_with(
            (ref.tracker, tag) for ref, tags in tags_of.items() for tag in tags if not tag.rule.position
        ),
        unread=_unread(unread, tags_of),
        problems=problems,
    )
    return Gathered(inputs, issues, tags_of, compiled, unread)


def _tagged(issue: Issue, rule_id: RuleId, compiled: CompiledRules) -> Tagged:
    rule = compiled.rule(rule_id)
    weight = Fraction(rule.weight) if rule.weight is not None else None
    return Tagged(issue, rule_id, checklist=rule.checklist, weight=weight, boxes=rule.task_list)


def _refused_queries(compiled: CompiledRules, answers: Answers) -> Mapping[str, str]:
    """By milestone or key result: why the server's answer that it rests on could not be had."""
    return {
        owner: f"the query {query.text!r} was not answered: {why}"
        for query, why in answers.refused.items()
        for owner in compiled.query_owners[query]
    }


def _unread(
    unread: Mapping[str, tuple[Unread, ...]], tags_of: Mapping[IssueRef, tuple[Tag, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """By owner: keys of issues that came but could not be read; what they were tagged to before counts."""
    found: dict[str, list[str]] = defaultdict(list)
    for tracker, several in unread.items():
        for each in several:
            tags = tags_of.get(IssueRef(tracker, each.id or "", each.key or ""), ())
            for tag in tags:
                found[tag.owner].append(each.key or each.id or "")
    return {owner: tuple(sorted(keys)) for owner, keys in found.items()}

"""The index agrees with the plain truth: every rule tried on every issue, as docs/mapping.md says it."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingABC
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.interface import TrackerInfo
from connectors.models import Issue, IssueRef
from mappings.goal_tree import GoalTree
from mappings.rule import Condition, LabelMatch, Rule, RuleId, Tag
from mappings.rules.compiler import Compiler
from mappings.rules.index import Entry, Node
from mappings.rules.issue_references import References
from mappings.rules.predicates import NEVER, Candidate
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet
from tests.builders import GITHUB, JIRA, a_mapping, a_milestone, an_issue

TRACKERS = (JIRA, GITHUB)


def no_ids(_tracker: str, _key: str) -> str | None:
    return None


def builder_ids(_tracker: str, key: str) -> str | None:
    return f"id-{key}"


def same(one: str, two: Iterable[str]) -> bool:
    return one.casefold() in {each.casefold() for each in two}


def common(wanted: Sequence[str], held: Iterable[str]) -> bool:
    return not wanted or any(same(each, held) for each in wanted)


def naive_label(wanted: Any, held: Sequence[str]) -> bool:
    if not isinstance(wanted, LabelMatch):
        return common(wanted, held)
    return (
        common(wanted.any, held)
        and all(same(each, held) for each in wanted.all)
        and not any(same(each, held) for each in wanted.none)
    )


def naive_field(wanted: Any, held: Any) -> bool:
    def equal(one: Any, two: Any) -> bool:
        if isinstance(one, str) and isinstance(two, str):
            return one.casefold() == two.casefold()
        return isinstance(one, str | bool) == isinstance(two, str | bool) and bool(one == two)

    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    return any(equal(one, two) for one in wanted for two in (held if isinstance(held, tuple) else (held,)))


def naive_matches(
    rule: Condition, issue: Issue, ancestors: Sequence[IssueRef], asked: frozenset[Query]
) -> bool:
    info: TrackerInfo = {each.name: each for each in TRACKERS}[issue.ref.tracker]

    def names(keys: Sequence[str], refs: Iterable[IssueRef]) -> bool:
        return not keys or any(info.owns(key) and same(ref.key, [key]) for key in keys for ref in refs)

    def placed(places: Sequence[str]) -> bool:
        return not places or any(fnmatchcase(issue.container.casefold(), each.casefold()) for each in places)

    jira_only = (
        rule.project or rule.component or rule.version or rule.sprint or rule.team or rule.epic or rule.jql
    )
    github_only = rule.repository or rule.sub_issues_of or rule.github_milestone or rule.search
    fields = dict(issue.fields)
    return (
        common(rule.tracker, [info.name])
        and not (jira_only and info.kind == "github")
        and not (github_only and info.kind == "jira")
        and placed(rule.project)
        and placed(rule.repository)
        and names(rule.keys, [issue.ref])
        and all(names(keys, ancestors) for keys in (rule.epic, rule.parent, rule.sub_issues_of))
        and naive_label(rule.label, issue.labels)
        and common(rule.component, issue.components)
        and common(rule.version, issue.versions)
        and common(rule.github_milestone, issue.versions)
        and common(rule.type, [issue.type])
        and common(rule.sprint, issue.sprints)
        and common(rule.assignee, issue.assignees)
        and common(rule.team, [issue.team] if issue.team else [])
        and (rule.title is None or re.search(rule.title, issue.title, re.IGNORECASE) is not None)
        and all(name in fields and naive_field(want, fields[name]) for name, want in rule.field.items())
        and all(text is None or Query(info.name, text) in asked for text in (rule.jql, rule.search))
        and all(naive_matches(inner, issue, ancestors, asked) for inner in rule.all)
        and (not rule.any or any(naive_matches(inner, issue, ancestors, asked) for inner in rule.any))
        and not any(naive_matches(inner, issue, ancestors, asked) for inner in rule.none)
    )


def naive_tags(
    mapping: GoalTree, issue: Issue, ancestors: Sequence[IssueRef], asked: frozenset[Query]
) -> dict[str, int]:
    found = {}
    for stone in mapping.milestones.values():
        for position, rule in enumerate(stone.rules, 1):
            if issue.pull_request and not rule.pull_requests:
                continue
            if naive_matches(rule, issue, ancestors, asked):
                found[stone.id] = position
                break
        else:
            if same(f"milestone/{stone.id}", issue.labels) and not issue.pull_request:
                found[stone.id] = 0
    return found


NAMES = st.sampled_from(["a", "B", "c", "D e"])
SOME_NAMES = st.lists(NAMES, min_size=1, max_size=2, unique=True)
PATTERNS = st.sampled_from(["^a", "b.c", "(?P<x>d)", r"\bd\b", "(?-i:B)", "d e$", "(?x) a  # note"])
JIRA_KEYS = st.sampled_from(["BLOG-1", "BLOG-2", "MKT-1"])
GITHUB_KEYS = st.sampled_from(["acme/site#1", "acme/site#2"])
KEYS = st.lists(JIRA_KEYS | GITHUB_KEYS, min_size=1, max_size=2)
SCALARS = st.sampled_from([1, 1.0, 2, True, "a", "A", "b"])
LEAF_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "tracker": st.sampled_from(["jira", "github"]),
    "project": st.sampled_from(["BLOG", "mkt"]),
    "repository": st.sampled_from(["acme/site", "Acme/*"]),
    "keys": KEYS,
    "epic": st.lists(JIRA_KEYS, min_size=1, max_size=2),
    "parent": KEYS,
    "sub_issues_of": st.lists(GITHUB_KEYS, min_size=1, max_size=2),
    "label": SOME_NAMES
    | st.dictionaries(st.sampled_from(["any", "all", "none"]), SOME_NAMES, min_size=1, max_size=3),
    **dict.fromkeys(("component", "fix_version", "github_milestone"), SOME_NAMES),
    **dict.fromkeys(("type", "sprint", "assignee", "team"), SOME_NAMES),
    "title": PATTERNS,
    "field": st.dictionaries(
        st.sampled_from(["f", "g"]), SCALARS | st.lists(SCALARS, min_size=1), min_size=1
    ),
    "jql": st.sampled_from(["q1", "q2"]),
    "search": st.sampled_from(["q1", "q2"]),
}


def conditions(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    keys = dict(LEAF_KEYS)
    if depth:
        inner = st.lists(conditions(depth - 1), min_size=1, max_size=2)
        keys |= dict.fromkeys(("all", "any", "none"), inner)
    pairs = st.sampled_from(sorted(keys)).flatmap(lambda key: st.tuples(st.just(key), keys[key]))
    return st.lists(pairs, min_size=1, max_size=3).map(dict)


RULES = st.builds(lambda rule, requests: rule | {"pull_requests": requests}, conditions(2), st.booleans())
MILESTONES = st.lists(st.lists(RULES, max_size=5), min_size=1, max_size=4)


LABELS = NAMES | st.sampled_from(["milestone/M0", "milestone/m1"])


@st.composite
def seen_issues(draw: st.DrawFn) -> tuple[Issue, list[IssueRef]]:
    github = draw(st.booleans())
    keys = GITHUB_KEYS if github else JIRA_KEYS
    names = st.lists(NAMES, max_size=2).map(tuple)
    issue = an_issue(
        draw(keys),
        title=draw(st.sampled_from(["a d E", "B-c", "aa", "x", "d e"])),
        type=draw(NAMES),
        pull_request=draw(st.booleans()),
        labels=draw(
            st.lists(NAMES | st.sampled_from(["milestone/M0", "milestone/m1"]), max_size=3).map(tuple)
        ),
        components=draw(names),
        versions=draw(names),
        sprints=draw(names),
        assignees=draw(names),
        team=draw(st.none() | NAMES),
        fields=(("f", draw(SCALARS | st.none() | names)),),
    )
    return issue, [an_issue(key).ref for key in draw(st.lists(keys, max_size=2))]


@settings(max_examples=50, deadline=None)
@given(
    stones=MILESTONES,
    seen=st.lists(seen_issues(), min_size=1, max_size=4),
    hits=st.sets(st.sampled_from([Query(t, q) for t in ("jira", "github") for q in ("q1", "q2")])),
    known=st.booleans(),
)
def test_the_index_agrees_with_trying_every_rule(
    stones: list[list[dict[str, Any]]],
    seen: list[tuple[Issue, list[IssueRef]]],
    hits: set[Query],
    known: bool,
) -> None:
    mapping = a_mapping(
        [a_milestone(f"m{place}", rules=rules, tracking=[]) for place, rules in enumerate(stones)]
    )
    index = RuleSet.compile(mapping, TRACKERS, builder_ids if known else no_ids)
    for issue, ancestors in seen:
        matches: MappingABC[Query, frozenset[str]] = {query: frozenset({issue.ref.id}) for query in hits}
        expected = naive_tags(mapping, issue, ancestors, frozenset(hits))
        found = index.tagger(matches)(issue, ancestors)
        assert {tag.owner: tag.rule.position for tag in found} == expected


def tried(rules: Iterable[dict[str, Any]], issue: Issue) -> int:
    """How many rules the index would try on an issue."""
    compiler = Compiler(JIRA, References(TRACKERS), no_ids)
    waiting = []
    for place, raw in enumerate(rules):
        clause = compiler.rule(Rule.model_validate(raw))
        tag = Tag("m", RuleId("m", place, ""))
        waiting.append((Entry(place, tag, "m", clause, False, NEVER), clause.covers()))
    found: list[Entry] = []
    Node(waiting).collect(Candidate(issue, (), ()), found)
    return len(found)


def test_rules_that_cannot_match_are_not_tried() -> None:
    issue = an_issue(title="Write it", labels=("l7",), components=("c3",), type="Task")
    assert tried([{"label": f"l{place}"} for place in range(1000)], issue) == 1
    assert (
        tried([{"label": f"l{place % 30}", "component": f"c{place // 30}"} for place in range(900)], issue)
        <= 1
    )
    assert (
        tried([{"project": "BLOG", "type": "Task", "title": f"^no{place}"} for place in range(100)], issue)
        == 0
    )
    assert tried([{"epic": f"BLOG-{place + 1}", "type": "Task"} for place in range(500)], issue) == 0


def test_a_rule_without_any_value_to_look_up_is_always_tried() -> None:
    assert tried([{"none": [{"label": "l"}]}, {"label": {"none": ["x"]}}, {"label": "x"}], an_issue()) == 2

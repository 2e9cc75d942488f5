"""A query run over a site: narrowed by an index where one helps, tested issue by issue, and sorted."""

from collections.abc import Callable, Iterable
from typing import Any

from connectors.sandbox.jira_truth.model import JiraIssue
from connectors.sandbox.jql.matchers import Choice, Scale, Test
from connectors.sandbox.jql.parse import All, Clause, Either, Empty, JqlError, Node, Not, Query, Sort
from connectors.sandbox.jql.vocabulary import Vocabulary, key_order

DATES = {"created": "created", "updated": "updated", "resolved": "resolved"}


def run(query: Query, words: Vocabulary) -> list[int]:
    """The ids of the issues that match and that the caller may see, in the order asked for.

    Without an order the newest issue comes first. Raises JqlError for anything that is not understood.
    """
    test: Test = (lambda _: True) if query.where is None else _test(query.where, words)
    order = [_sort_key(sort, words) for sort in query.order]
    result = [issue for issue in _candidates(query.where, words) if words.finds(issue) and test(issue)]
    result.sort(key=lambda issue: issue.id, reverse=True)
    for key, descending in reversed(order):
        result.sort(key=key, reverse=descending)
    return [issue.id for issue in result]


def _test(node: Node, words: Vocabulary) -> Test:
    match node:
        case Clause():
            return words.matcher(node.field).test(node)
        case Not():
            test = _test(node.part, words)
            return lambda issue: not test(issue)
        case All():
            every = [_test(part, words) for part in node.parts]
            return lambda issue: all(test(issue) for test in every)
        case Either():
            some = [_test(part, words) for part in node.parts]
            return lambda issue: any(test(issue) for test in some)


def _candidates(where: Node | None, words: Vocabulary) -> Iterable[JiraIssue]:
    """As few issues as the indexes allow, among them every issue that can match."""
    parts = where.parts if isinstance(where, All) else (where,)
    clauses = [part for part in parts if isinstance(part, Clause)]
    for narrow in (_by_key, _by_parent, _by_update, _by_project):
        for clause in clauses:
            result = narrow(clause, words)
            if result is not None:
                return result
    return words.site.issues.values()


def _by_key(clause: Clause, words: Vocabulary) -> Iterable[JiraIssue] | None:
    ids = _chosen(clause, "key", words)
    return None if ids is None else [words.site.issues[id_] for id_ in ids]


def _by_parent(clause: Clause, words: Vocabulary) -> Iterable[JiraIssue] | None:
    ids = _chosen(clause, "parent", words)
    if ids is None:
        ids = _chosen(clause, "epiclink", words)
    if ids is None:
        return None
    return [child for id_ in ids for child in words.site.children(words.site.issues[id_])]


def _by_update(clause: Clause, words: Vocabulary) -> Iterable[JiraIssue] | None:
    if words.canonical(clause.field) != "updated" or clause.operator not in (">", ">="):
        return None
    matcher = words.matcher(clause.field)
    if not isinstance(matcher, Scale) or isinstance(clause.operands[0], Empty):
        return None
    return words.site.updated_since(matcher.read(clause.operands[0]))


def _by_project(clause: Clause, words: Vocabulary) -> Iterable[JiraIssue] | None:
    keys = _chosen(clause, "project", words)
    return None if keys is None else words.site.in_projects(keys)


def _chosen(clause: Clause, field: str, words: Vocabulary) -> dict[Any, None] | None:
    """What a clause `field = ...` or `field in (...)` chooses, once each; None if it is no such clause."""
    if words.canonical(clause.field) != field or clause.operator not in ("=", "in"):
        return None
    matcher = words.matcher(clause.field)
    if not isinstance(matcher, Choice) or any(isinstance(operand, Empty) for operand in clause.operands):
        return None
    return dict.fromkeys(value for operand in clause.operands for value in matcher.resolve(operand))


def _sort_key(sort: Sort, words: Vocabulary) -> tuple[Callable[[JiraIssue], Any], bool]:
    """What to sort by, and whether downwards; dates go downwards unless the query says otherwise."""
    name = "rank" if sort.field.lower() == "rank" else words.canonical(sort.field)
    if name in DATES:
        return _empties_last(lambda issue: getattr(issue, DATES[name])), sort.descending is not False
    getter = words.urgency if name == "priority" else SORTS.get(name)
    if getter is None:
        matcher = words.matcher(name)
        if not isinstance(matcher, Scale):
            raise JqlError(f"Not able to sort using field '{sort.field}'.")
        getter = matcher.value
    return _empties_last(getter), sort.descending is True


def _empties_last(get: Callable[[JiraIssue], Any]) -> Callable[[JiraIssue], Any]:
    def key(issue: JiraIssue) -> Any:
        value = get(issue)
        return (value is None, 0 if value is None else value)

    return key


SORTS: dict[str, Callable[[JiraIssue], Any]] = {
    "rank": lambda issue: issue.id,
    "key": key_order,
    "project": lambda issue: issue.project,
    "summary": lambda issue: issue.summary.casefold(),
    "status": lambda issue: issue.status,
    "issuetype": lambda issue: issue.type,
    "resolution": lambda issue: issue.resolution,
    "assignee": lambda issue: issue.assignee,
    "reporter": lambda issue: issue.reporter,
}
"""What ORDER BY compares, where it is not a date or a number."""

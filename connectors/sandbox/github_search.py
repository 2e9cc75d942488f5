"""GitHub's issue search: qualifiers and words, each understood or refused, never silently ignored."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from connectors.sandbox.github_truth.model import Issue, Repo
from connectors.sandbox.github_truth.truth import Truth, moment

MAX_QUERY = 256
"""Characters of a query, not counting operators and qualifiers; this counts all, which is stricter."""

_TOKEN = re.compile(r'(?P<not>-?)(?:(?P<name>[A-Za-z][A-Za-z-]*):)?(?P<value>(?:"[^"]*"|[^\s"])+)')
_RANGE = re.compile(r"(?P<op>>=|<=|>|<)?(?P<low>[^.]*(?:\.\d+Z?)?)(?:\.\.(?P<high>.*))?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OPERATORS = frozenset({"AND", "OR", "NOT"})
_SORTED = re.compile(r"(created|updated|comments)(?:-(asc|desc))?")
_KINDS = {"issue": False, "pr": True, "pull-request": True}
_FIELDS = ("title", "body", "comments")

Test = Callable[[Truth, Issue], bool]


class SearchError(ValueError):
    """A query that GitHub would refuse, in its words."""


@dataclass(frozen=True, slots=True)
class Search:
    """A query as understood. `scopes` are the repositories and owners it names, lower case; empty is all."""

    tests: tuple[Test, ...]
    repositories: tuple[str, ...]
    owners: tuple[str, ...]
    sort: tuple[str, bool] | None
    """By what, and whether descending, where the query itself says so."""

    def covers(self, repo: Repo) -> bool:
        """Whether a repository is in the query's scope."""
        if not self.repositories and not self.owners:
            return True
        return repo.full_name.casefold() in self.repositories or repo.owner.casefold() in self.owners

    def matches(self, truth: Truth, issue: Issue) -> bool:
        """Whether an issue passes every test."""
        return all(test(truth, issue) for test in self.tests)


def parse_search(query: str) -> Search:
    """Read a query; raises SearchError for what GitHub, or this sandbox, does not know."""
    if not query.strip():
        raise SearchError("The search is empty.")
    if len(query) > MAX_QUERY:
        raise SearchError(f"The search is longer than {MAX_QUERY} characters.")
    words: list[str] = []
    places: set[str] = set()
    tests: list[Test] = []
    scope: dict[str, list[str]] = {"repo": [], "org": [], "user": []}
    sort = None
    for negated, name, values in _tokens(query):
        if name == "":
            words += values
        elif name in scope and not negated:
            scope[name] += [value.casefold() for value in values]
        elif name == "in":
            places |= set(values)
        elif name == "sort":
            sort = _sort(values[0])
        else:
            test = _any(_qualifier(name, value) for value in values)
            tests.append(_negated(test) if negated else test)
    if words:
        tests.append(_words(words, places))
    return Search(tuple(tests), tuple(scope["repo"]), (*scope["org"], *scope["user"]), sort)


def _tokens(query: str) -> Iterable[tuple[bool, str, list[str]]]:
    for match in _TOKEN.finditer(query):
        name, value = (match["name"] or "").casefold(), match["value"]
        if not name and (value in _OPERATORS or set("()") & set(value) or match["not"]):
            raise SearchError(
                f"This sandbox does not know {match[0]!r} in a search; use qualifiers and words."
            )
        values = [part.strip('"') for part in re.findall(r'(?:"[^"]*"|[^,"])+', value)] if name else []
        yield bool(match["not"]), name, values or [value.strip('"')]


def _sort(value: str) -> tuple[str, bool]:
    match = _SORTED.fullmatch(value)
    if match is None:
        raise SearchError(f"The search cannot be sorted by {value!r}.")
    return match[1], match[2] != "asc"


def _qualifier(name: str, value: str) -> Test:
    made = _QUALIFIERS.get(name)
    if made is None:
        raise SearchError(f"This sandbox does not know the qualifier {name!r}; it knows {', '.join(KNOWN)}.")
    return made(value)


def _any(tests: Iterable[Test]) -> Test:
    made = list(tests)
    return lambda truth, issue: any(test(truth, issue) for test in made)


def _negated(test: Test) -> Test:
    return lambda truth, issue: not test(truth, issue)


def _words(words: Iterable[str], places: set[str]) -> Test:
    strange = places - set(_FIELDS)
    if strange:
        raise SearchError(f"A search goes in {', '.join(_FIELDS)}, not in {', '.join(sorted(strange))}.")
    requested = [word.casefold() for word in words]

    def test(_: Truth, issue: Issue) -> bool:
        texts = [issue.title] if not places or "title" in places else []
        if not places or "body" in places:
            texts.append(issue.body or "")
        if not places or "comments" in places:
            texts += [comment.body for comment in issue.comments]
        whole = "\n".join(texts).casefold()
        return all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", whole) for word in requested)

    return test


def _is(value: str) -> Test:
    requested = value.casefold()
    if requested in _KINDS:
        return lambda _, issue: issue.pull_request == _KINDS[requested]
    if requested in ("open", "closed"):
        return lambda _, issue: issue.state == requested
    if requested in ("public", "private"):
        return lambda truth, issue: truth.repos[issue.repo_id].private == (requested == "private")
    raise SearchError(f"This sandbox does not know is:{value}.")


def _state(value: str) -> Test:
    if value.casefold() not in ("open", "closed"):
        raise SearchError(f"The state is open or closed, not {value!r}.")
    return _is(value)


def _type(value: str) -> Test:
    """`type:issue` and `type:pr` are kinds; anything else is the name of an issue type."""
    requested = value.casefold()
    return _is(value) if requested in _KINDS else lambda _, issue: (issue.type or "").casefold() == requested


def _label(value: str) -> Test:
    requested = value.casefold()
    return lambda truth, issue: requested in (name.casefold() for name in truth.label_names(issue))


def _milestone(value: str) -> Test:
    requested = value.casefold()

    def test(truth: Truth, issue: Issue) -> bool:
        if issue.milestone is None:
            return False
        return truth.repos[issue.repo_id].milestones[issue.milestone].title.casefold() == requested

    return test


def _assignee(value: str) -> Test:
    requested = value.casefold()
    return lambda _, issue: requested in (login.casefold() for login in issue.assignees)


def _author(value: str) -> Test:
    requested = value.casefold()
    return lambda _, issue: issue.author.casefold() == requested


def _reason(value: str) -> Test:
    requested = value.casefold().replace(" ", "_")
    if requested not in ("completed", "not_planned", "duplicate"):
        raise SearchError(f'The reason is completed, "not planned" or duplicate, not {value!r}.')
    return lambda _, issue: issue.state_reason == requested


def _no(value: str) -> Test:
    tests: dict[str, Test] = {
        "label": lambda _, issue: not issue.labels,
        "milestone": lambda _, issue: issue.milestone is None,
        "assignee": lambda _, issue: not issue.assignees,
        "type": lambda _, issue: issue.type is None,
        "parent-issue": lambda _, issue: issue.parent is None,
    }
    if value.casefold() not in tests:
        raise SearchError(f"This sandbox does not know no:{value}; it knows {', '.join(tests)}.")
    return tests[value.casefold()]


def _parent(value: str) -> Test:
    requested = value.casefold()

    def test(truth: Truth, issue: Issue) -> bool:
        return issue.parent is not None and truth.key(truth.issues[issue.parent]).casefold() == requested

    return test


def _dated(read: Callable[[Issue], int | None]) -> Callable[[str], Test]:
    def qualifier(value: str) -> Test:
        low, high = _interval(value)

        def test(_: Truth, issue: Issue) -> bool:
            seconds = read(issue)
            return seconds is not None and low <= seconds < high

        return test

    return qualifier


def _interval(value: str) -> tuple[float, float]:
    """From when, inclusive, to when, exclusive; a date without time means the whole day."""
    match = _RANGE.fullmatch(value)
    if match is None:
        raise SearchError(f"The search cannot read the date {value!r}.")
    start, end = _span(match["low"])
    if match["high"] is not None:
        return start, _span(match["high"])[1]
    bounds = {
        None: (start, end),
        ">=": (start, float("inf")),
        ">": (end, float("inf")),
        "<=": (float("-inf"), end),
        "<": (float("-inf"), start),
    }
    return bounds[match["op"]]


def _span(text: str) -> tuple[float, float]:
    if text == "*":
        return float("-inf"), float("inf")
    try:
        start = moment(text)
    except ValueError:
        raise SearchError(f"The search cannot read the date {text!r}.") from None
    return start, start + (timedelta(days=1).total_seconds() if _DAY.fullmatch(text) else 1)


_QUALIFIERS: dict[str, Callable[[str], Test]] = {
    "is": _is,
    "state": _state,
    "type": _type,
    "label": _label,
    "milestone": _milestone,
    "assignee": _assignee,
    "author": _author,
    "reason": _reason,
    "no": _no,
    "parent-issue": _parent,
    "updated": _dated(lambda issue: issue.updated_at),
    "created": _dated(lambda issue: issue.created_at),
    "closed": _dated(lambda issue: issue.closed_at),
}
KNOWN = ("repo", "org", "user", "in", "sort", *_QUALIFIERS)
"""Every qualifier that a search here may have."""

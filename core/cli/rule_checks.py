"""What `milepost check` tries of single rules: their queries, and their custom fields."""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol, runtime_checkable

from connectors.errors import TrackerError
from connectors.models import Finding
from core.cli.wiring import App
from core.engine.milestones import owners_of
from core.steps.query_problems import asking, conditions
from core.unexpected_errors import unexpected
from mappings.problems import Path, Problem
from mappings.rule import Rule
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet


@runtime_checkable
class Fielded(Protocol):
    """A tracker that can list which custom fields it lacks."""

    def missing_fields(self, names: Collection[str]) -> Mapping[str, str]:
        """By name, of those of these that are not there: a sentence about it. May raise TrackerError."""
        ...


def query_findings(app: App) -> Iterator[Finding]:
    """Ask each `jql` and `search` once; one that fails is reported for every rule with it, by its line."""
    compiled = _compiled(app)
    answered: dict[str, int] = {}
    for query in compiled.queries:
        tracker = app.trackers.get(query.tracker)
        if tracker is None:
            continue
        try:
            tracker.reader.matching(query.text)
        except TrackerError as error:
            yield from _refused(app, query, error.reason, error.hint)
        except Exception as error:
            failed = unexpected(query.tracker, error)
            yield from _refused(app, query, failed.reason, failed.hint)
        else:
            answered[query.tracker] = answered.get(query.tracker, 0) + 1
    for name, number in sorted(answered.items()):
        queries = "1 query" if number == 1 else f"{number} queries"
        yield Finding(f"{name}: queries in rules", True, f"{queries} answered")


def _refused(app: App, query: Query, reason: str, hint: str) -> Iterator[Finding]:
    for owner, path in asking(query, app.loaded.mapping):
        yield _finding(app.loaded.problem(owner, path, f"{query.tracker}: {reason}"), hint)


def field_findings(app: App) -> Iterator[Finding]:
    """Custom fields that rules or weights ask for and that a tracker does not have, with file and line."""
    compiled = _compiled(app)
    for name, tracker in app.trackers.items():
        asked = compiled.interest(name).fields
        if not asked or not isinstance(tracker, Fielded):
            continue
        try:
            missing = tracker.missing_fields(asked)
        except TrackerError as error:
            yield Finding(f"{name}: fields that the mapping asks for", False, error.reason, error.hint)
            continue
        for field, message in missing.items():
            owners = compiled.field_owners(name, field)
            for owner in owners_of(app.loaded.mapping):
                if owner.id not in owners:
                    continue
                for path in _asking(owner.weigh_by, owner.rules, field):
                    yield _finding(app.loaded.problem(owner.id, path, f"{name}: {message}"), "")


def _asking(weigh_by: str, rules: Collection[Rule], field: str) -> Iterator[Path]:
    if weigh_by == field:
        yield ("weigh_by",)
    for position, rule in enumerate(rules):
        for path, condition in conditions(("rules", position), rule):
            if field in condition.field:
                yield (*path, "field", field)


def _finding(problem: Problem, hint: str) -> Finding:
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    return Finding(f"{place}: {problem.path}", False, problem.reason, hint)


def _compiled(app: App) -> RuleSet:
    return RuleSet.compile(app.loaded.mapping, app.config.infos, lambda _tracker, _key: None)

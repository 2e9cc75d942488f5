"""Reports queries that were not answered, each with file and line of the rules that contain it."""

from collections.abc import Container, Iterator, Mapping

from core.engine.milestones import owners_of
from mappings.goal_tree import GoalTree
from mappings.problems import Path, Problem, ProblemAt
from mappings.rule import Condition, Rule
from mappings.rules.issue_references import QUERY_KEYS
from mappings.rules.query import Query


def query_problems(
    refused: Mapping[Query, str], goals: GoalTree, problem: ProblemAt, owners: Container[str] | None = None
) -> Iterator[Problem]:
    """Yield a problem for each rule that contains a query which was not answered.

    `refused`: by query, the reason. `owners`: only rules of these milestones and key results; None: all.
    """
    for query, why in refused.items():
        for owner, path in asking(query, goals):
            if owners is not None and owner not in owners:
                continue
            yield problem(owner, path, f"the query {query.text!r} was not answered: {why}", "")


def asking(query: Query, goals: GoalTree) -> Iterator[tuple[str, Path]]:
    """Yield each milestone or key result with this query, and the path of its `jql` or `search` within it."""
    for owner in owners_of(goals):
        for position, rule in enumerate(owner.rules):
            for path, condition in conditions(("rules", position), rule):
                for key in QUERY_KEYS:
                    if getattr(condition, key) == query.text:
                        yield owner.id, (*path, key)


def conditions(path: Path, condition: Condition | Rule) -> Iterator[tuple[Path, Condition]]:
    """Yield a condition and all conditions inside it, each with its path."""
    yield path, condition
    for part in ("all", "any", "none"):
        for position, inner in enumerate(getattr(condition, part)):
            yield from conditions((*path, part, position), inner)

"""Queries of rules that were not answered, told where the mapping asks them: with file, line and rule."""

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
    """What is wrong with each query, at each rule that asks it; `refused` gives the reasons.

    `owners`: only at rules of these milestones and key results.
    """
    for query, why in refused.items():
        for owner, path in asking(query, goals):
            if owners is not None and owner not in owners:
                continue
            yield problem(owner, path, f"the query {query.text!r} was not answered: {why}", "")


def asking(query: Query, goals: GoalTree) -> Iterator[tuple[str, Path]]:
    """The milestones and key results that ask it, each with the place of its `jql` or `search`."""
    for owner in owners_of(goals):
        for position, rule in enumerate(owner.rules):
            for path, condition in conditions(("rules", position), rule):
                for key in QUERY_KEYS:
                    if getattr(condition, key) == query.text:
                        yield owner.id, (*path, key)


def conditions(path: Path, condition: Condition | Rule) -> Iterator[tuple[Path, Condition]]:
    """A condition and all inside it, each with its path."""
    yield path, condition
    for part in ("all", "any", "none"):
        for position, inner in enumerate(getattr(condition, part)):
            yield from conditions((*path, part, position), inner)

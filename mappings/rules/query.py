"""A query for the server of a tracker, and a rule as far as it concerns one tracker."""

from dataclasses import dataclass

from mappings.rule import Rule, RuleId
from mappings.rules.predicates import Clause


@dataclass(frozen=True, slots=True, order=True)
class Query:
    """A JQL or GitHub search that the tracker's server has to answer."""

    tracker: str
    text: str


@dataclass(frozen=True, slots=True)
class ScopedRule:
    """A rule as far as it can match in one tracker."""

    id: RuleId
    rule: Rule
    tracker: str
    clause: Clause

"""How the clauses of a query test an issue: one matcher per kind of field."""

import operator
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from connectors.sandbox.jira_truth.model import JiraIssue
from connectors.sandbox.jql.parse import Clause, Empty, Function, JqlError, Literal, Operand
from connectors.sandbox.jql.times import instant

Test = Callable[[JiraIssue], bool]
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def refused(clause: Clause) -> JqlError:
    """The complaint about an operator that a field does not know."""
    return JqlError(f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A field whose values are chosen from a list: `values` of an issue, and `resolve` of what was written.

    `resolve` may name None for "no value". As in Jira, `!=` and `not in` leave out issues without a value.
    """

    values: Callable[[JiraIssue], Iterable[Hashable]]
    resolve: Callable[[Operand], Iterable[Hashable]]
    rank: Callable[[Any], Any] | None = None
    """What `<` and `>` compare, where the field has an order."""

    def test(self, clause: Clause) -> Test:
        """The clause as a function of an issue. Raises JqlError for what the field does not know."""
        values = self.values
        empties = any(isinstance(operand, Empty) for operand in clause.operands)
        written = [operand for operand in clause.operands if not isinstance(operand, Empty)]
        if clause.operator in ORDER:
            return self._ordered(clause)
        if clause.operator not in ("=", "!=", "in", "not in", "is", "is not"):
            raise refused(clause)
        requested = frozenset(value for operand in written for value in self.resolve(operand))
        empties = empties or None in requested
        if clause.operator in ("=", "in", "is"):
            if not empties:
                return lambda issue: not requested.isdisjoint(values(issue))
            return lambda issue: not (result := tuple(values(issue))) or not requested.isdisjoint(result)
        return lambda issue: bool(result := tuple(values(issue))) and requested.isdisjoint(result)

    def _ordered(self, clause: Clause) -> Test:
        rank, values, compare = self.rank, self.values, ORDER[clause.operator]
        if rank is None:
            raise refused(clause)
        bounds = [rank(value) for value in self.resolve(clause.operands[0])]
        return lambda issue: any(compare(rank(value), bound) for value in values(issue) for bound in bounds)


@dataclass(frozen=True, slots=True)
class Scale:
    """A field that is a date or a number: `value` of an issue, and `read` of what was written."""

    value: Callable[[JiraIssue], Any]
    read: Callable[[Operand], Any]

    def test(self, clause: Clause) -> Test:
        """The clause as a function of an issue. Raises JqlError for what the field does not know."""
        value = self.value
        if isinstance(clause.operands[0], Empty):
            return _emptiness(clause, lambda issue: value(issue) is None)
        if clause.operator not in (*ORDER, "=", "!=", "in", "not in"):
            raise refused(clause)
        requested = [self.read(operand) for operand in clause.operands]
        if clause.operator in ORDER:
            compare, bound = ORDER[clause.operator], requested[0]
            return lambda issue: (result := value(issue)) is not None and compare(result, bound)
        if clause.operator in ("=", "in"):
            return lambda issue: value(issue) in requested
        return lambda issue: (result := value(issue)) is not None and result not in requested


@dataclass(frozen=True, slots=True)
class Text:
    """A field that is searched by words: `texts` of an issue."""

    texts: Callable[[JiraIssue], Iterable[str | None]]

    def test(self, clause: Clause) -> Test:
        """The clause as a function of an issue. Raises JqlError for what the field does not know."""
        texts, requested = self.texts, clause.operands[0]
        if isinstance(requested, Empty) and clause.operator in ("is", "is not", "=", "!="):
            return _emptiness(clause, lambda issue: not any(texts(issue)))
        if clause.operator not in ("~", "!~") or not isinstance(requested, Literal):
            raise refused(clause)
        patterns = word_patterns(requested.text)
        inside = clause.operator == "~"

        def test(issue: JiraIssue) -> bool:
            result = [text for text in texts(issue) if text]
            hit = any(all(pattern.search(text) for pattern in patterns) for text in result)
            return hit if inside else bool(result) and not hit

        return test


def word_patterns(text: str) -> list[re.Pattern[str]]:
    """Jira's text search: every word must occur, a trailing `*` is a prefix, inner quotes hold a phrase."""
    parts = re.findall(r'"([^"]+)"|([^\s"]+)', text)
    if not parts:
        raise JqlError("The text to search for is empty.")
    return [_phrase(phrase) if phrase else _phrase(word) for phrase, word in parts]


def _phrase(text: str) -> re.Pattern[str]:
    body = r"\s+".join(re.escape(word) for word in text.rstrip("*").split())
    tail = "" if text.endswith("*") else r"(?!\w)"
    return re.compile(rf"(?<!\w){body}{tail}", re.IGNORECASE)


def _emptiness(clause: Clause, empty: Test) -> Test:
    if clause.operator in ("is", "="):
        return empty
    if clause.operator in ("is not", "!="):
        return lambda issue: not empty(issue)
    raise refused(clause)


def date_reader(field: str, now: datetime, zone: tzinfo) -> Callable[[Operand], datetime]:
    """Read dates for a caller in `zone`."""
    return lambda operand: instant(operand, field, now, zone)


def number_reader(field: str) -> Callable[[Operand], float]:
    """Read numbers. Raises JqlError for anything else."""

    def read(operand: Operand) -> float:
        text = operand.text if isinstance(operand, Literal) else str(operand)
        try:
            return float(text)
        except ValueError:
            raise JqlError(f"'{text}' is an invalid number for the field '{field}'.") from None

    return read


def spoken(operand: Operand) -> str:
    """An operand as text. Raises JqlError for a function, which only some fields take."""
    if isinstance(operand, Function):
        raise JqlError(f"Unable to find JQL function '{operand.name}({', '.join(operand.arguments)})'.")
    return operand.text if isinstance(operand, Literal) else ""

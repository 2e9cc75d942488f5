"""JQL text to a tree of clauses."""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError


class JqlError(Exception):
    """A query that Jira answers with 400; the text is what Jira says."""


class UnknownValue(JqlError):
    """A value that does not exist; a Data Center search may be told to go on without it."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written, without its quotes."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A call such as `currentUser()`."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """EMPTY or NULL."""


Operand = Literal | Function | Empty


@dataclass(frozen=True, slots=True)
class Clause:
    """One restriction; `operator` is one of = != > >= < <= ~ !~ in, not in, is, is not."""

    field: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Node"


Node = Clause | All | Either | Not


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of ORDER BY; `descending` is None where the query leaves it to the field."""

    field: str
    descending: bool | None


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; `where` is None where it restricts nothing."""

    where: Node | None
    order: tuple[Sort, ...]


class _Build(Transformer[Token, Query]):
    """Turns lark's tree into ours, from the leaves up."""

    def start(self, children: list[Any]) -> Query:
        where = next((child for child in children if not isinstance(child, tuple)), None)
        order = next((child for child in children if isinstance(child, tuple)), ())
        return Query(where, order)

    def disjunction(self, children: list[Any]) -> Node:
        return Either(tuple(child for child in children if not isinstance(child, Token)))

    def conjunction(self, children: list[Any]) -> Node:
        return All(tuple(child for child in children if not isinstance(child, Token)))

    def negated(self, children: list[Any]) -> Node:
        return Not(children[-1])

    def compare(self, children: list[Any]) -> Clause:
        field, operator, operand = children
        return Clause(field, str(operator), (operand,))

    def within(self, children: list[Any]) -> Clause:
        return Clause(children[0], "in" if len(children) == 3 else "not in", children[-1])

    def emptiness(self, children: list[Any]) -> Clause:
        return Clause(children[0], "is" if len(children) == 3 else "is not", (Empty(),))

    def history(self, children: list[Any]) -> Clause:
        raise JqlError(f"History searches do not support the operator '{children[1]}' on '{children[0]}'.")

    def field(self, children: list[Token]) -> str:
        return re.sub(r"\s+", "", children[0]) if children[0].type == "CF" else _plain(children[0])

    def operands(self, children: list[Operand]) -> tuple[Operand, ...]:
        return tuple(children)

    def value(self, children: list[Token]) -> Operand:
        token = children[0]
        return Empty() if token.type == "EMPTY" else Literal(_plain(token), token.type == "STRING")

    def function(self, children: list[Any]) -> Function:
        return Function(str(children[0]), tuple(children[1:]))

    def argument(self, children: list[Token]) -> str:
        return _plain(children[0])

    def order(self, children: list[Any]) -> tuple[Sort, ...]:
        return tuple(child for child in children if isinstance(child, Sort))

    def sort(self, children: list[Any]) -> Sort:
        return Sort(children[0], children[1].lower() == "desc" if len(children) > 1 else None)


def _plain(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL) if token.type == "STRING" else str(token)


_GRAMMAR = Lark(
    files(__package__).joinpath("jql.lark").read_text(encoding="utf-8"),
    parser="lalr",
    maybe_placeholders=False,
)


@lru_cache(maxsize=512)
def parse(jql: str) -> Query:
    """The query in a tree. Raises JqlError, worded as Jira words it, for text that is no JQL."""
    try:
        tree = _GRAMMAR.parse(jql)
    except UnexpectedInput as wrong:
        raise JqlError(_complaint(jql, wrong)) from None
    try:
        return _Build().transform(tree)
    except VisitError as error:
        raise error.orig_exc from None


def _complaint(jql: str, wrong: UnexpectedInput) -> str:
    ended = getattr(getattr(wrong, "token", None), "type", "") == "$END"
    message = jql[max(wrong.column, 1) - 1 :] if wrong.line == 1 else jql.splitlines()[wrong.line - 1]
    if ended or not message.strip():
        return "Error in the JQL Query: The query ends too early; expecting a field, an operator or a value."
    word = message.split()[0][:40]
    place = f"(line {wrong.line}, character {wrong.column})"
    return f"Error in the JQL Query: '{word}' was not expected here. {place}"

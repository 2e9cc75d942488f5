"""Many keys in one statement: as a list of rows in JSON, which SQLite joins by index."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

import orjson
from sqlalchemy import CTE, ColumnElement, FromClause, String, and_, bindparam, column, func, select

T = TypeVar("T")

AT_ONCE: Final = 2000
"""Rows that one statement asks for."""


def chunks(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The values, at most `size` at a time."""
    left = iter(values)
    while chunk := list(islice(left, size)):
        yield chunk


def key_list(*names: str) -> CTE:
    """A table of text columns with these names, given by `bound`.

    `(a, b) IN (VALUES …)` would go through the whole table, and thousands of parameters through SQLAlchemy.
    """
    row = (
        func.json_each(bindparam("key_list", type_=String)).table_valued(column("value", String)).alias("row")
    )
    columns = (
        func.json_extract(row.c.value, f"$[{place}]", type_=String).label(name)
        for place, name in enumerate(names)
    )
    return select(*columns).cte("key_list")


def equal(table: FromClause, keys: CTE) -> ColumnElement[bool]:
    """Where a row of the table has one of these keys."""
    return and_(*(table.c[name] == one for name, one in keys.c.items()))


def bound(keys: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """The parameter of a statement that joins a key list."""
    return {"key_list": orjson.dumps(list(keys)).decode()}

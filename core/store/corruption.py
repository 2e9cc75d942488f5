"""Decodes stored documents; raises StoreError with the place of one that is invalid."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.store.stored_values import StoreError

T = TypeVar("T")

LARGEST_COUNT = 1_000_000_000
"""No store holds as many issues: what counts them is not above that."""
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)
"""What decoding raises for a document that makes no sense."""


def decoded(decode: Callable[[str], T], document: str, where: Path | str | None, what: str) -> T:
    """What the document says. Raises StoreError, naming the file and what it was about, if it is damaged."""
    try:
        return decode(document)
    except UNREADABLE as error:
        raise damaged(where, what, error) from error


def damaged(where: Path | str | None, what: str, error: Exception) -> StoreError:
    """The error for a document that cannot be read, and what to do."""
    return StoreError(
        f"{where}: {what} cannot be read ({type(error).__name__}: {error}). The file is damaged: "
        "put back a copy of it, or move it away and milepost reads everything again"
    )

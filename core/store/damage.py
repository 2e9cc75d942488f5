"""A stored document that makes no sense is told of, with its place, and never guessed."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.store.records import StoreError

T = TypeVar("T")


def decoded(decode: Callable[[str], T], document: str, where: Path | str | None, what: str) -> T:
    """What the document says. Raises StoreError, naming the file and what it was about, if it is damaged."""
    try:
        return decode(document)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        raise StoreError(
            f"{where}: {what} cannot be read ({type(error).__name__}: {error}). The file is damaged: "
            "put back a copy of it, or move it away and milepost reads everything again"
        ) from error

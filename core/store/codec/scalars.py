"""Times, fractions, text and JSON as every table keeps them."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import orjson

from connectors import bounds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Microseconds since 1970 in UTC. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; the store keeps times in UTC only")
    return (at - EPOCH) // MICROSECOND


def moment(stored: int) -> datetime:
    """The time in UTC that `micros` wrote."""
    return EPOCH + timedelta(microseconds=stored)


def maybe_micros(at: datetime | None) -> int | None:
    """As `micros`, with None for None."""
    return None if at is None else micros(at)


def maybe_moment(stored: int | None) -> datetime | None:
    """As `moment`, with None for None."""
    return None if stored is None else moment(stored)


def credible_moment(stored: object) -> datetime | None:
    """The time that `micros` wrote; None for None, and for what no clock shows (`bounds.server_time`)."""
    try:
        return bounds.server_time(moment(stored)) if type(stored) is int else None
    except OverflowError:
        return None


def ratio(value: Fraction) -> str:
    """An exact fraction as `n/d`."""
    return f"{value.numerator}/{value.denominator}"


def maybe_ratio(value: Fraction | None) -> str | None:
    """As `ratio`, with None for None."""
    return None if value is None else ratio(value)


def maybe_fraction(stored: str | None) -> Fraction | None:
    """The fraction that `ratio` wrote, with None for None."""
    return None if stored is None else Fraction(stored)


def clean(text: str) -> str:
    """Text that any database takes: NUL and lone surrogates become the replacement character."""
    if text.isascii() and "\0" not in text:
        return text
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def maybe_clean(text: str | None) -> str | None:
    """As `clean`, with None for None."""
    return None if text is None else clean(text)


def in_utc(at: datetime) -> datetime:
    """The same time in UTC, for a document. Raises ValueError for a time without a zone."""
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; the store keeps times in UTC only")
    return at.astimezone(UTC)


def from_utc(stored: str) -> datetime:
    """The time that a document has for one that `in_utc` gave."""
    return datetime.fromisoformat(stored)


def dump(document: object) -> str:
    """A document as compact JSON that any database takes."""
    return dump_bytes(document).decode()


def dump_bytes(document: object) -> bytes:
    """As `dump`, before it becomes text."""
    try:
        raw = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        raw = orjson.dumps(_cleaned(document), option=orjson.OPT_UTC_Z)
    if b"\\u0000" in raw:
        raw = orjson.dumps(_cleaned(document), option=orjson.OPT_UTC_Z)
    return raw


def load(stored: str) -> Any:
    """The document that `dump` wrote; tuples have become lists."""
    return orjson.loads(stored)


def _cleaned(document: object) -> object:
    if isinstance(document, str):
        return clean(document)
    if isinstance(document, list | tuple):
        return [_cleaned(part) for part in document]
    if isinstance(document, dict):
        return {clean(name): _cleaned(part) for name, part in document.items()}
    return document

"""What the tasks of a milestone add up to where some share the estimate of a parent, as one document."""

from collections.abc import Mapping
from fractions import Fraction

import orjson

from core.engine.tally import Part
from core.store.corruption import LARGEST_COUNT


def write_shared(parts: Mapping[Part, int], amounts: Mapping[Fraction, int]) -> str:
    """The parts of all tasks and what parents shared; `read_shared` gives both back."""
    message = {
        "parts": {part.text: number for part, number in parts.items()},
        "amounts": {str(amount): number for amount, number in amounts.items()},
    }
    return orjson.dumps(message, option=orjson.OPT_SORT_KEYS).decode()


def read_shared(document: str) -> tuple[Mapping[Part, int], Mapping[Fraction, int]]:
    """By part and by amount: how often. Raises ValueError for anything that `write_shared` never writes."""
    message = orjson.loads(document)
    if not isinstance(message, dict) or set(message) != {"parts", "amounts"}:
        raise ValueError("expected parts and amounts")
    parts = {Part.read(text): _count(number) for text, number in _items(message["parts"])}
    return parts, {Fraction(text): _count(number) for text, number in _items(message["amounts"])}


def _items(value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise ValueError("expected counts by name")
    return list(value.items())


def _count(number: object) -> int:
    if type(number) is not int or not 0 < number <= LARGEST_COUNT:
        raise ValueError("expected a count above 0")
    return number

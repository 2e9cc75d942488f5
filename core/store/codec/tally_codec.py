"""What the tasks of one milestone or key result add up to, as one JSON document."""

from fractions import Fraction

import orjson

from core.engine.tally import Part, Tally
from core.store.codec.scalars import maybe_micros, maybe_moment
from core.store.corruption import LARGEST_COUNT


def encode_tally(tally: Tally) -> str:
    """The document of a tally; equal tallies have equal documents."""
    document = {
        "parts": {part.text: number for part, number in tally.parts.items()},
        "left_out": tally.left_out,
        "latest": maybe_micros(tally.latest),
        "unknown": list(tally.unknown),
        "shared": {str(amount): number for amount, number in tally.shared.items()},
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def decode_tally(document: str) -> Tally:
    """The tally of a document. Raises ValueError or TypeError for one that `encode_tally` never makes."""
    stored = orjson.loads(document)
    if not isinstance(stored, dict) or set(stored) != {"parts", "left_out", "latest", "unknown", "shared"}:
        raise ValueError("expected parts, left_out, latest, unknown and shared")
    return Tally(
        {Part.read(text): _count(number) for text, number in _items(stored["parts"])},
        _count(stored["left_out"], least=0),
        maybe_moment(stored["latest"]),
        tuple(map(str, stored["unknown"])),
        {Fraction(text): _count(number) for text, number in _items(stored["shared"])},
    )


def _items(value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise ValueError("expected counts by name")
    return list(value.items())


def _count(number: object, least: int = 1) -> int:
    if type(number) is not int or not least <= number <= LARGEST_COUNT:
        raise ValueError(f"expected a count of at least {least}, got {number!r}")
    return number

"""Text from trackers, made safe for a terminal: no escape sequence, no bidirectional trick, one line."""

import unicodedata

from connectors.names import JOINERS

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str, limit: int = 200) -> str:
    """The text on one line without control or format characters, at most `limit` characters long."""
    spaced = (" " if char in "\t\n\r\v\f\x85\u2028\u2029" else char for char in text)
    kept = "".join(c for c in spaced if c in JOINERS or unicodedata.category(c) not in _DROPPED)
    kept = " ".join(kept.split())
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"

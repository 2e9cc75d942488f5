"""Which names are one name: those that people cannot tell apart, however they are spelt."""

import re
import unicodedata
from functools import lru_cache

from emoji import emojize

_SHORTCODE = re.compile(r":[A-Za-z0-9_+-]{1,60}:")
_OTHER_EMOJI = {":beetle:": "\U0001fab2", ":egg:": "\U0001f95a"}
"""Where GitHub means another emoji than the table of the library, in gemoji 8.1 two of 1,913."""
# Soft hyphen, joiners, marks of direction and other characters that leave no trace, and the selectors that
# only choose between pictures of one character.
_UNSEEN = dict.fromkeys(
    (
        *(0xAD, 0x34F, 0x61C, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0xFEFF),
        *range(0x180B, 0x1810),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)
JOINERS = frozenset("\u200c\u200d")
"""What emoji and some scripts need between two characters; they hide nothing."""
_SELECTORS = frozenset((*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_NEVER_SHOWN = {code: None for code in _UNSEEN if chr(code) not in JOINERS and code not in _SELECTORS}
_CONFUSABLE = {0x2019: "'"}
"""Jira sites write "Won’t Do" with either apostrophe, depending on who set them up."""


@lru_cache(maxsize=16_384)
def fold_name(name: str) -> str:
    """A form for comparison, which is equal for names that people take for one.

    It ignores case (full case folding), how accents are composed (NFC), how many blanks there are, and
    characters that nobody sees. GitHub's `:sparkles:` becomes its emoji.
    """
    text = name
    if ":" in text:
        text = _SHORTCODE.sub(_emoji, text)
    if text.isascii():
        return " ".join(text.split()).casefold()
    text = unicodedata.normalize("NFD", text.translate(_UNSEEN).translate(_CONFUSABLE)).casefold()
    return " ".join(unicodedata.normalize("NFC", text).translate(_UNSEEN).split())


def without_unseen(text: str) -> str:
    """A text for people without the characters that leave no trace, but for `JOINERS` and selectors."""
    return text if text.isascii() else text.translate(_NEVER_SHOWN)


def _emoji(code: re.Match[str]) -> str:
    text = code[0].lower()
    return _OTHER_EMOJI.get(text) or emojize(text, language="alias")

"""Tokens and addresses as people set them, and what to do about one that cannot be right.

For every connector's settings. No message holds the value, or more of it than where it is wrong.
"""

import re
import unicodedata

_QUOTES = "\"'`“”„‘’«»"
_SCHEME = re.compile(r"(bearer|basic|token)(?=\s)", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?:export\s+)?[A-Z][A-Z0-9_]+=")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def token(text: str) -> str:
    """The token without the line ends that files and shells leave around it; empty if there is none.

    Raises ValueError, saying what to leave out, for what cannot go into a header as one word of ASCII.
    """
    text = text.strip()
    if not text:
        return ""
    scheme, assigned = _SCHEME.match(text), _ASSIGNED.match(text)
    if scheme:
        raise ValueError(f'leave out "{scheme[0]}": the token alone is wanted')
    if assigned:
        raise ValueError(f'leave out "{assigned[0]}": the token alone is wanted')
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise ValueError("leave out the quotes: the token alone is wanted")
    if text.startswith("<") and text.endswith(">"):
        raise ValueError("put the token in place of the whole `<…>`")
    place = _odd(text)
    if place is not None:
        raise ValueError(
            f"a token is one word of plain letters, digits and signs, but {_named(text, place)}; copy it anew"
        )
    return text


def address(text: str) -> str:
    """The e-mail address of an account without the spaces around it; empty if there is none.

    Raises ValueError for what is no address, or has letters beyond ASCII, which can be taken for others.
    """
    text = text.strip()
    if not text:
        return ""
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise ValueError("leave out the quotes: the address alone is wanted")
    place = _odd(text)
    if place is not None:
        raise ValueError(f"an e-mail address has plain letters, but {_named(text, place)}; type it anew")
    if _ADDRESS.fullmatch(text) is None or ":" in text:
        raise ValueError("expected an e-mail address such as ann@example.com")
    return text


def _odd(text: str) -> int | None:
    """The place of the first character that no header can carry as it is."""
    return next((place for place, char in enumerate(text) if not "!" <= char <= "~"), None)


def _named(text: str, place: int) -> str:
    """`character 7 is a line end`: where it is and which, so that even an invisible one is found."""
    char = text[place]
    usual = {"\n": "a line end", "\r": "a line end", " ": "a space", "\t": "a tab", "\0": "a NUL"}
    name = usual.get(char) or f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip()
    return f"character {place + 1} is {name}"

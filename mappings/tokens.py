"""Credentials recognised by their shape, so that none is ever printed or kept in a mapping file."""

import re
from collections.abc import Iterator

_SHAPES = re.compile(
    r"(?P<start>github_pat_|gh[pousr]_|ATATT|ATCTT|glpat-|xox[abprs]-)[A-Za-z0-9_\-=.]{12,}"
    r"|(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?:[A-Za-z0-9+/=\s]*-----END [A-Z ]*PRIVATE KEY-----)?"
)
"""What GitHub, Atlassian and others begin their tokens with, and PEM private keys."""
_NAMED = re.compile(
    r"""(?:token|password|passwd|secret|api[_-]?key|authorization)[\w-]{0,64}["']?\s{0,64}[=:]\s{0,64}"""
    r"""(?P<quote>["'])(?P<value>[A-Za-z0-9+/=_\-.: ]{12,})(?P=quote)""",
    re.IGNORECASE,
)
"""A long value without a known shape, under a key that says what it is.

Nothing is looked for before the word, and what follows it is bounded: else a long line would take the
square of its length.
"""

_STARTS = (
    "github_pat_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "ATATT",
    "ATCTT",
    "glpat-",
    "xox",
    "-----BEGIN ",
)
_WORDS = ("token", "passw", "secret", "author")
_API_KEY = re.compile(r"api[_-]?key", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with every credential cut down to its public beginning: `ghp_…`."""
    if _may_have_shape(text):
        text = _SHAPES.sub(lambda result: f"{result['start'] or result['pem']}…", text)
    if _may_have_name(text):
        text = _NAMED.sub(lambda result: result[0].replace(result["value"], "…"), text)
    return text


def _may_have_shape(text: str) -> bool:
    """Whether the text holds any beginning of `_SHAPES`, which is found much faster than a pattern."""
    return any(start in text for start in _STARTS)


def _may_have_name(text: str) -> bool:
    """Whether the text holds any key of `_NAMED`, or a part of one."""
    folded = text.casefold()
    return any(word in folded for word in _WORDS) or _API_KEY.search(text) is not None


def tokens(text: str) -> Iterator[tuple[int, str]]:
    """(line, redacted form) of every credential in a file's text, comments included; one per line."""
    lines: dict[int, str] = {}
    likely = ((_SHAPES, _may_have_shape), (_NAMED, _may_have_name))
    for pattern in (pattern for pattern, may_have in likely if may_have(text)):
        line, place = 1, 0
        for result in pattern.finditer(text):
            line, place = line + text.count("\n", place, result.start()), result.start()
            lines.setdefault(line, redact(result[0]).strip())
    yield from sorted(lines.items())

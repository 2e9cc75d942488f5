"""Credentials are recognised, by their shape or by their value, and taken out of text."""

import re
from collections.abc import Iterable, Iterator

from connectors.connector_state import ConnectorState

_SHAPES = re.compile(
    r"(?P<start>github_pat_|gh[pousr]_|ATATT|ATCTT|glpat-|xox[abprs]-)[A-Za-z0-9_\-=.]{12,}"
    r"|(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?:[A-Za-z0-9+/=\s]*-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|\b(?P<jwt>eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|(?P<url>://)[^/\s:@]{1,128}:[^/\s@]{1,512}(?=@)"
)
"""What GitHub, Atlassian and others begin their tokens with, PEM private keys, JSON web tokens, and the user
and password of a URL. Each named group holds what may be seen of it."""
_HEADER = re.compile(r"\b((?:bearer|basic|token) +)[A-Za-z0-9._~+/=-]{20,}", re.IGNORECASE)
"""The value of an HTTP header `Authorization`, whatever its shape."""
_NAMED = re.compile(
    r"""(?:token|password|passwd|secret|api[_-]?key|authorization)[\w-]{0,64}["']?\s{0,64}[=:]\s{0,64}"""
    r"""(?P<quote>["'])(?P<value>[A-Za-z0-9+/=_\-.: ]{12,})(?P=quote)""",
    re.IGNORECASE,
)
"""A long value without a known shape, under a key that says what it is.

Nothing is looked for before the word, and what follows it is bounded: else a long line would take the
square of its length.
"""

SHORTEST = 12
"""Characters from which on a credential cannot be taken for a word that happens to be the same."""


def redact(text: str) -> str:
    """The text with every credential cut down to its public beginning: `ghp_…`."""
    for pattern, redacted in _REDACTED.items():
        text = pattern.sub(redacted, text)
    return text


def redact_reason(text: str) -> str:
    """As `redact`, for what a tracker or a library says went wrong, which may repeat headers."""
    return redact(_HEADER.sub(r"\1…", text))


def tokens(text: str) -> Iterator[tuple[int, str]]:
    """(line, redacted form) of every credential in a file's text, comments included; one per line."""
    lines: dict[int, str] = {}
    for pattern, redacted in _REDACTED.items():
        line, place = 1, 0
        for result in pattern.finditer(text):
            line, place = line + text.count("\n", place, result.start()), result.start()
            lines.setdefault(line, redacted(result).strip())
    yield from sorted(lines.items())


def _redacted_shape(result: re.Match[str]) -> str:
    return f"{next(part for part in result.groups() if part)}…"


def _redacted_value(result: re.Match[str]) -> str:
    return result[0].replace(result["value"], "…")


_REDACTED = {_SHAPES: _redacted_shape, _NAMED: _redacted_value}
"""By pattern: what is left of a match of it."""


class RedactedState:
    """Facts without the configured credentials: each is replaced by `…` before anything is stored.

    Facts hold names and numbers that a tracker gave, and a repository may be named as tokens look; so only
    what *is* a credential of this tracker is replaced, and nothing is refused for its looks.
    """

    def __init__(self, memory: ConnectorState, secrets: Iterable[str]) -> None:
        self._memory = memory
        self._secrets = sorted(
            {secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True
        )

    def get(self, key: str) -> str | None:
        """The value that was set last, or None."""
        return self._memory.get(key)

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        for secret in self._secrets:
            value = value.replace(secret, "…")
        self._memory.set(key, value)

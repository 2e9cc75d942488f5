"""A last look at text that milepost itself words: nothing that looks like a credential is stored."""

import re
from typing import Final

_SECRET: Final = re.compile(
    r"""
      \bgh[pousr]_[A-Za-z0-9]{20,}             # GitHub tokens by their documented prefixes
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \bATATT[A-Za-z0-9_=+/-]{20,}             # Atlassian API tokens
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    | -----BEGIN[ A-Z]*PRIVATE[ ]KEY-----[\s\S]*?(?:-----END[ A-Z]*PRIVATE[ ]KEY-----|\Z)
    | (?i:\b(?:bearer|basic|token)[ ]+)[A-Za-z0-9._~+/=-]{20,}
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)          # the user and password of a URL
    """,
    re.VERBOSE,
)


def without_secrets(text: str) -> str:
    """The text with everything that looks like a credential replaced by `(hidden)`."""
    return _SECRET.sub("(hidden)", text)

"""What servers have been seen to make of a comment, before they store it or when they give it back."""

import re
from collections.abc import Callable


def stored(body: str, how: str) -> str:
    """A comment as a server that rewrites it so stores or shows it; raises ValueError for an unknown way."""
    if how and how not in REWRITES:
        raise ValueError(f"the sandbox does not rewrite comments with {how!r}, only with {list(REWRITES)}")
    return REWRITES[how](body) if how else body


def _one_blank_line(body: str) -> str:
    """Never more than one empty line, no spaces at ends of lines, one kind of line end."""
    lines: list[str] = []
    for line in body.replace("\r\n", "\n").split("\n"):
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip("\n")


def _plain_marks(body: str) -> str:
    """Lists by `-` become lists by `*`, and spaces at ends of lines go."""
    lines = [line.rstrip() for line in body.split("\n")]
    return "\n".join("* " + line[2:] if line.startswith("- ") else line for line in lines)


def _crlf(body: str) -> str:
    """Line ends as forms send them, and one at the end."""
    return "\r\n".join(body.splitlines()) + "\r\n"


def _escaped(body: str) -> str:
    """A backslash before hyphens and brackets, as after a way through a document and back."""
    return re.sub(r"(?<=\w)([-\[\]])", r"\\\1", body)


REWRITES: dict[str, Callable[[str], str]] = {
    "one blank line": _one_blank_line,
    "plain marks": _plain_marks,
    "crlf": _crlf,
    "escaped": _escaped,
}
"""By the name that the sites' settings take."""

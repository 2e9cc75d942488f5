"""What servers have been seen to make of a comment before they store it."""

from collections.abc import Callable

from connectors.sandbox.jira_wire.call import Refusal


def stored(body: str, how: str) -> str:
    """A comment as a server with this `Quirks.rewrite` stores it; raises ValueError for an unknown one."""
    if how and how not in REWRITES:
        raise ValueError(f"the sandbox does not rewrite comments with {how!r}, only with {list(REWRITES)}")
    return REWRITES[how](body) if how else body


def check_characters(text: object, *, bmp_only: bool) -> None:
    """Refuse with 500 what a database with 3-byte characters cannot store."""
    if bmp_only and any(ord(character) > 0xFFFF for character in str(text)):
        raise Refusal(500, "Internal server error")


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


REWRITES: dict[str, Callable[[str], str]] = {
    "one blank line": _one_blank_line,
    "plain marks": _plain_marks,
}
"""By the name that `Quirks.rewrite` takes."""

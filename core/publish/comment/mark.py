"""How a comment is known again: its mark, and what tells whether somebody edited it."""

import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass

from connectors.models import MARK_PREFIX, PostedComment

_MARK = re.compile(
    re.escape(MARK_PREFIX)
    + r"(?P<instance>[a-z0-9][a-z0-9-]{0,30}):(?P<issue>[^\s:<>{}|\\]{1,120}):(?P<digest>[0-9a-f]{12})"
)
_WRITER = re.compile(r"(?P<issue>.+)/(?P<installation>[0-9a-f]{8})\.(?P<check>[0-9a-f]{6})")
"""The middle part of a mark since it names the installation; older milepost takes all of it for the issue."""


KEPT_BY = "Kept up to date by "
"""What stands before the mark where people see it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose comment this is, about which issue, and the digest of its meaning."""

    instance: str
    issue_id: str
    """The tracker's immutable id of the issue that carries the comment."""
    digest: str
    """12 hex digits: `core.publish.comment.summary_digest`."""
    installation: str = ""
    """8 hex digits: the installation that wrote the comment; empty in marks of older versions."""
    check: str = ""
    """6 hex digits: `text_check` of the comment as it was written; empty where `installation` is."""

    def __str__(self) -> str:
        return format_mark(self)


def format_mark(mark: Mark) -> str:
    """`milepost:<instance>:<issue id>/<installation>.<check>:<digest>`; older: without what follows the id.

    Raises ValueError for what could not be read back.
    """
    writer = f"/{mark.installation}.{mark.check}" if mark.installation else ""
    text = f"{MARK_PREFIX}{mark.instance}:{mark.issue_id}{writer}:{mark.digest}"
    if read_mark(text) != mark:
        raise ValueError(
            f"{text!r} is no mark: expected milepost:<instance>:<issue id>:<12 hex digits>, "
            "or the same with /<8 hex digits>.<6 hex digits> after the issue id"
        )
    return text


def read_mark(text: str) -> Mark | None:
    """The mark that is this text; None if the text is none."""
    result = _MARK.fullmatch(text)
    if result is None:
        return None
    writer = _WRITER.fullmatch(result["issue"])
    if writer is None:
        return Mark(result["instance"], result["issue"], result["digest"])
    return Mark(
        result["instance"], writer["issue"], result["digest"], writer["installation"], writer["check"]
    )


def parse_mark(text: str) -> Mark | None:
    """The mark that a comment's body carries; None if it carries none.

    A mark counts only where it stands alone on a line in the form in which milepost writes it; of
    several, the last counts. Text from outside never holds a line break when it gets into a comment, so
    a title cannot make such a line. Text that people write below the mark does not hide it.
    """
    for line in reversed(text.splitlines()):
        result = read_mark(_bare(line))
        if result:
            return result
    return None


def mark_of(comment: PostedComment) -> Mark | None:
    """The mark of a comment as posted: the one beside the text, where there is one, or else in the body."""
    beside = read_mark(comment.mark.strip()) if comment.mark else None
    return beside or parse_mark(comment.body)


def _bare(line: str) -> str:
    """What a hidden HTML comment, `_Kept up to date by …_`, or `{{…}}` of older versions holds, or nothing.

    Jira Cloud stores wiki markup as a document and writes it out again, with backslashes of its own.
    """
    line = line.strip()
    if line.startswith("<!--") and line.endswith("-->"):
        return line[4:-3].strip()
    line = line.replace("\\", "")
    if line.startswith(f"_{KEPT_BY}") and line.endswith("_"):
        return line[1 + len(KEPT_BY) : -1].strip()
    if line.startswith("{{") and line.endswith("}}"):
        return line[2:-2].strip()
    return ""


def without_mark(body: str) -> str:
    """A body without the lines that are marks, whoever wrote it."""
    return "\n".join(line for line in body.splitlines() if read_mark(_bare(line)) is None)


def text_check(body: str) -> str:
    """6 hex digits of the letters and digits of a body without its mark.

    Markup, white space and entities are left out, and characters beyond the Basic Multilingual Plane, since
    trackers rewrite or drop these; so another installation can tell whether the text is as it was written.
    """
    text = unicodedata.normalize("NFKC", html.unescape(without_mark(body))).casefold()
    letters = "".join(char for char in text if char.isalnum() and ord(char) <= 0xFFFF)
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def normal_body(body: str) -> str:
    """A body without differences that render the same: line ends, blanks at ends of lines, empty lines.

    Several blanks in a row, or several empty lines, are shown as one by both vendors' markup.
    """
    lines = unicodedata.normalize("NFC", body).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = (_BLANKS.sub(" ", line).rstrip(" ") for line in lines)
    return _EMPTY_LINES.sub("\n\n", "\n".join(plain)).strip("\n").removeprefix("\ufeff")


_BLANKS = re.compile(r"(?<=\S)[ \t\u00a0]+|[ \t\u00a0]+$")
_EMPTY_LINES = re.compile(r"\n{3,}")


def same_text(one: str, other: str) -> bool:
    """Whether two bodies render the same."""
    return normal_body(one) == normal_body(other)


def body_hash(body: str) -> str:
    """The hash (16 hex digits) by which an edit of somebody else is noticed."""
    return hashlib.sha256(normal_body(body).encode("utf-8", "surrogatepass")).hexdigest()[:16]

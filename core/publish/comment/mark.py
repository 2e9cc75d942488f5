"""The mark by which a comment is recognised as ours, and hashes by which an edit of others is noticed."""

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
"""The middle part of a mark with installation and check; older versions take all of it for the issue's id."""


KEPT_BY = "Kept up to date by "
"""The words before a mark that people see."""


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
    """Return `milepost:<instance>:<issue id>/<installation>.<check>:<digest>`.

    Without an installation, as in marks of older versions, only the issue id is between the colons. Raises
    ValueError for a mark that `read_mark` would not read back.
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
    """Return the mark that is exactly this text; None if the text is none."""
    match = _MARK.fullmatch(text)
    if match is None:
        return None
    writer = _WRITER.fullmatch(match["issue"])
    if writer is None:
        return Mark(match["instance"], match["issue"], match["digest"])
    return Mark(match["instance"], writer["issue"], match["digest"], writer["installation"], writer["check"])


def parse_mark(text: str) -> Mark | None:
    """Return the mark in a comment's body; None if there is none.

    A mark counts only where it is alone on a line in a form that milepost writes; of several, the last
    counts. Text from outside never has a line break when it is put into a comment, so that a title cannot
    make such a line. Text that people write below the mark does not hide it.
    """
    for line in reversed(text.splitlines()):
        mark = read_mark(_unwrapped(line))
        if mark:
            return mark
    return None


def mark_of(comment: PostedComment) -> Mark | None:
    """Return the mark of a posted comment: the one stored beside its text, or else the one in its body."""
    beside = read_mark(comment.mark.strip()) if comment.mark else None
    return beside or parse_mark(comment.body)


def _unwrapped(line: str) -> str:
    """Return the text inside `<!-- … -->`, `_Kept up to date by …_` or, of older versions, `{{…}}`; else "".

    Jira Cloud stores wiki markup as a document and returns it with backslashes of its own.
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
    """Return a body without the lines that are marks, whoever wrote them."""
    return "\n".join(line for line in body.splitlines() if read_mark(_unwrapped(line)) is None)


def text_check(body: str) -> str:
    """Return 6 hex digits of the letters and digits of a body without its mark.

    By it, another installation finds out whether the text is as it was written. Markup, white space, entities
    and characters beyond the Basic Multilingual Plane are left out, since trackers rewrite or drop them.
    """
    text = unicodedata.normalize("NFKC", html.unescape(without_mark(body))).casefold()
    letters = "".join(char for char in text if char.isalnum() and ord(char) <= 0xFFFF)
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def normal_body(body: str) -> str:
    """Return a body in a form that is equal for texts which render the same.

    Line ends, blanks at ends of lines, blanks in a row and empty lines in a row are normalised; both vendors'
    markup shows several of them as one.
    """
    lines = unicodedata.normalize("NFC", body).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = (_BLANKS.sub(" ", line).rstrip(" ") for line in lines)
    return _EMPTY_LINES.sub("\n\n", "\n".join(plain)).strip("\n").removeprefix("\ufeff")


_BLANKS = re.compile(r"(?<=\S)[ \t\u00a0]+|[ \t\u00a0]+$")
_EMPTY_LINES = re.compile(r"\n{3,}")


def same_text(body: str, other: str) -> bool:
    """Return whether two bodies render the same."""
    return normal_body(body) == normal_body(other)


def body_hash(body: str) -> str:
    """Return 16 hex digits of `normal_body`, by which an edit of somebody else is noticed."""
    return hashlib.sha256(normal_body(body).encode("utf-8", "surrogatepass")).hexdigest()[:16]

"""How a comment is known again: its mark, and the hash that tells whether somebody edited it."""

import hashlib
import re
from dataclasses import dataclass

from connectors.contract import MARK_PREFIX, PostedComment

_MARK = re.compile(
    re.escape(MARK_PREFIX)
    + r"(?P<instance>[a-z0-9][a-z0-9-]{0,30}):(?P<issue>[^\s:<>{}|\\]{1,120}):(?P<digest>[0-9a-f]{12})"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose comment this is, about which issue, and the digest of its meaning."""

    instance: str
    issue_id: str
    """The tracker's immutable id of the issue that carries the comment."""
    digest: str
    """12 hex digits: `core.publish.summary.summary_digest`."""

    def __str__(self) -> str:
        return format_mark(self)


def format_mark(mark: Mark) -> str:
    """`milepost:<instance>:<issue id>:<digest>`. Raises ValueError for what could not be read back."""
    text = f"{MARK_PREFIX}{mark.instance}:{mark.issue_id}:{mark.digest}"
    if not _MARK.fullmatch(text):
        raise ValueError(f"{text!r} is no mark: expected milepost:<instance>:<issue id>:<12 hex digits>")
    return text


def parse_mark(text: str) -> Mark | None:
    """The mark that a comment's body carries; None if it carries none.

    A mark counts only where it stands alone on a line in the form in which milepost writes it; of
    several, the last counts. Text from outside never holds a line break when it gets into a comment, so
    a title cannot make such a line. Text that people write below the mark does not hide it.
    """
    for line in reversed(text.splitlines()):
        found = _MARK.fullmatch(_bare(line))
        if found:
            return Mark(found["instance"], found["issue"], found["digest"])
    return None


def mark_of(comment: PostedComment) -> Mark | None:
    """The mark of a comment as posted: the one beside the text, where there is one, or else in the body."""
    beside = _MARK.fullmatch(comment.mark.strip()) if comment.mark else None
    if beside:
        return Mark(beside["instance"], beside["issue"], beside["digest"])
    return parse_mark(comment.body)


def _bare(line: str) -> str:
    """What the line holds inside a hidden HTML comment, `{{…}}`, or nothing around it.

    Jira Cloud stores wiki markup as a document and writes it out again, with backslashes of its own.
    """
    line = line.strip()
    if line.startswith("<!--") and line.endswith("-->"):
        return line[4:-3].strip()
    line = line.replace("\\", "")
    if line.startswith("{{") and line.endswith("}}"):
        return line[2:-2].strip()
    return ""


def normal_body(body: str) -> str:
    """A body without the differences that trackers make by themselves: line ends, trailing white space."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def body_hash(body: str) -> str:
    """The hash (16 hex digits) by which an edit of somebody else is noticed."""
    return hashlib.sha256(normal_body(body).encode("utf-8", "surrogatepass")).hexdigest()[:16]

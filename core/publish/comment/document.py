"""A comment before its markup: blocks in which our own words and text from outside have different types."""

from dataclasses import dataclass

from core.publish.comment.escape import TITLE_LENGTH

REASON_LENGTH = 300
"""Longest reason, such as why something cannot be measured, that a comment shows, in characters."""


@dataclass(frozen=True, slots=True)
class Own:
    """Words and numbers of milepost itself; no markup escapes them."""

    text: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Text from a tracker or a mapping; every markup escapes it and cuts it at `limit` characters."""

    text: str
    limit: int = TITLE_LENGTH


@dataclass(frozen=True, slots=True)
class Strong:
    """Words of our own, emphasised."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A command to type; ids and words of our own only."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """An issue: its key, its title and its page, all of them from outside."""

    key: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Issue keys, which Jira makes links of by itself; at most 600 characters of them are shown."""

    keys: tuple[str, ...]


Span = Own | Foreign | Strong | Code | Link | Keys
Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """One headline."""

    spans: Spans


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that stand together."""

    lines: tuple[Spans, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, introduced by a line where `title` has spans."""

    title: Spans
    items: tuple[Spans, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header of our own words."""

    header: tuple[str, ...]
    rows: tuple[tuple[Spans, ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between two subjects of one comment."""


Block = Heading | Paragraph | Bullets | Table | Rule
Document = tuple[Block, ...]

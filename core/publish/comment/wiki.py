"""A comment in Jira's wiki markup; its last line shows the mark, for servers that keep it nowhere else."""

from core.publish.comment import escape
from core.publish.comment.document import (
    Block,
    Bullets,
    Code,
    Document,
    Foreign,
    Heading,
    Keys,
    Link,
    Paragraph,
    Rule,
    Span,
    Spans,
    Strong,
    Table,
)
from core.publish.comment.layout import fit
from core.publish.comment.mark import KEPT_BY, Mark, format_mark
from core.publish.comment.summary import Summary


def render(summary: Summary, mark: Mark, limit: int) -> str:
    """Return the comment's body, at most `limit` characters long; raise ValueError for an invalid mark."""
    last = f"_{KEPT_BY}{format_mark(mark)}_"
    return fit(summary, limit, lambda document: f"{text(document)}\n{last}")


def text(document: Document) -> str:
    """Return the text of the document, without a mark."""
    return "\n\n".join(_block(block) for block in document)


def _block(block: Block) -> str:
    match block:
        case Heading(spans):
            return f"h3. {_line(spans)}"
        case Paragraph(lines):
            return "\n".join(_line(line) for line in lines)
        case Bullets(title, items):
            head = f"*{_line(title)}*\n" if title else ""
            return head + "\n".join(f"* {_line(item)}" for item in items)
        case Table(header, rows):
            head = f"||{'||'.join(header)}||"
            return "\n".join([head, *("|" + "|".join(map(_cell, row)) + "|" for row in rows)])
        case Rule():
            return "----"


def _cell(spans: Spans) -> str:
    return _line(spans) or " "  # an empty cell would join its neighbour


def _line(spans: Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    match span:
        case Foreign(words, limit):
            return escape.wiki(words, limit)
        case Strong(words):
            return f"*{words}*"
        case Code(words):
            return "{{" + words + "}}"
        case Keys(keys):
            return escape.cut(", ".join(map(_bare_key, keys)), 600)
        case Link():
            return _link(span)
        case _:
            return span.text


def _link(link: Link) -> str:
    """Return the key as a link and the title after it, since a bracket in a link's text can end the link."""
    key = _bare_key(link.key)
    url = escape.safe_url(link.url)
    title = escape.wiki(link.title)
    if url is None or not key:
        return f"{escape.wiki(link.key)} {title}"
    return f"[{key}|{url}] {title}"


def _bare_key(key: str) -> str:
    """Return the key without characters that have a meaning in wiki markup."""
    return "".join(char for char in escape.clean(key) if char.isalnum() or char in "-_/#.")

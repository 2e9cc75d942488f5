"""A comment in GitHub-flavoured Markdown; its mark is hidden in an HTML comment in the last line."""

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
from core.publish.comment.mark import Mark, format_mark
from core.publish.comment.summary import Summary


def render(summary: Summary, mark: Mark, limit: int) -> str:
    """Return the comment's body, at most `limit` characters long; raise ValueError for an invalid mark."""
    last = f"<!-- {format_mark(mark)} -->"
    return fit(summary, limit, lambda document: f"{text(document)}\n\n{last}")


def text(document: Document) -> str:
    """Return the text of the document, without a mark."""
    return "\n\n".join(_block(block) for block in document)


def _block(block: Block) -> str:
    match block:
        case Heading(spans):
            return f"### {_line(spans)}"
        case Paragraph(lines):
            return "  \n".join(_line(line) for line in lines)  # two spaces: a line break that stays
        case Bullets(title, items):
            head = f"**{_line(title)}**\n\n" if title else ""
            return head + "\n".join(f"- {_line(item)}" for item in items)
        case Table(header, rows):
            return "\n".join([_row(header), _row(["---"] * len(header)), *map(_cells, rows)])
        case Rule():
            return "---"


def _cells(row: tuple[Spans, ...]) -> str:
    return _row([_line(cell) for cell in row])


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(spans: Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    match span:
        case Foreign(words, limit):
            return escape.markdown(words, limit)
        case Strong(words):
            return f"**{words}**"
        case Code(words):
            return f"`{words}`"
        case Keys(keys):
            return escape.markdown(", ".join(keys), 600)
        case Link():
            return _link(span)
        case _:
            return span.text


def _link(link: Link) -> str:
    """Return the title as a link; with an unsafe URL, title and key as plain text."""
    title = escape.markdown(link.title) or escape.markdown(link.key)
    url = escape.safe_url(link.url)
    if url is None:
        return f"{title} ({escape.markdown(link.key)})"
    target = escape.without_backlink(url).replace("&", "&amp;")
    return f"[{title}]({target})"

"""Reads the task list (`- [ ]`, `- [x]`) in an issue's own text, as GitHub shows it."""

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from connectors.models import ChecklistItem

RULES = 2
"""Raised when this program reads other boxes from the same text than before, so that it is read again."""

LONGEST = 131_072
"""Characters of the longest text that is read; GitHub takes 65,536. A longer one has no checklist."""

_NESTING = 20
"""Levels of quotes, lists and items that are read; it bounds the time, which is linear in the text."""
_BOX = re.compile(r"\[([ xX])\](?:[ \t\n]+|$)")
_MAYBE = re.compile(r"\[[ xX]\]")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# CommonMark, 2.1: these are no whitespace there, while Python and the parser take them off a line's ends.
_ODD_BLANKS = (
    *range(0x0B, 0x0D),
    *range(0x1C, 0x20),
    *(0x85, 0xA0, 0x1680),
    *range(0x2000, 0x200B),
    *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
)
_HIDE = {code: 0xF0000 + code for code in _ODD_BLANKS}
_SHOW = {hidden: code for code, hidden in _HIDE.items()}


def parse_checklist(text: str) -> tuple[ChecklistItem, ...]:
    """The boxes of Markdown in their order.

    A box is a list item whose first block is a paragraph that begins with `[ ]`, `[x]` or `[X]` and
    whitespace (GitHub Flavored Markdown, 5.3); a box without text counts as well. What is no list item
    is none: code by fences or by indentation, HTML and its comments.
    """
    if len(text) > LONGEST or _MAYBE.search(text) is None:
        return ()
    tokens = _parser().parse(text.translate(_HIDE))
    result = (_box(tokens, place) for place, token in enumerate(tokens) if token.type == "list_item_open")
    return tuple(item for item in result if item is not None)


def _box(tokens: Sequence[Token], item: int) -> ChecklistItem | None:
    if tokens[item + 1].type != "paragraph_open":
        return None
    text = tokens[item + 2].content
    box = _BOX.match(text)
    if box is None:
        return None
    message = " ".join(_COMMENT.sub(" ", text[box.end() :]).translate(_SHOW).split())
    return ChecklistItem(message, box[1] != " ")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable("table")
    # Boxes are decided by blocks alone. Definitions of links are left out: they begin no box, and looking
    # for them takes time in proportion to the square of a paragraph's lines.
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.disable(["reference"])
    return parser

"""Makes text from outside harmless: removes invisible characters, and escapes it for each markup.

Everything that a person can type into a tracker or a mapping goes through `markdown` or `wiki` before it
stands in a comment, so that nobody is pinged, no reference is made, no macro runs and no HTML gets through.
"""

import re
import unicodedata

from connectors.names import JOINERS

ZERO_WIDTH = "\u200b"
_JOINED = {"\u200d", "\ufe0e", "\ufe0f"}
_URL_SAFE = "/?&=#:;,@%+~.-_"

TITLE_LENGTH = 120
"""Longest text from outside that is shown in one piece, in characters."""


def clean(text: str, limit: int = TITLE_LENGTH) -> str:
    """Return one line of at most `limit` characters, without control, bidi or zero-width characters.

    White space becomes single spaces. The text is never cut before a combining accent or inside an emoji.
    """
    kept = "".join(_visible(char) for char in text[: limit * 20])
    return cut(" ".join(kept.split()), limit)


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Zl", "Zp", "Zs") or char in "\t\n\r\v\f\x85":
        return " "
    if category in ("Cc", "Cs", "Cn", "Co") or (category == "Cf" and char not in JOINERS):
        return ""
    return char


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters, with an ellipsis in place of what was left out."""
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end > 0 and (_continues(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return (text[:end].rstrip() or text[: max(limit - 1, 0)]) + "…"


def _continues(char: str) -> bool:
    """Return whether this character belongs to the one before it."""
    return char in _JOINED or unicodedata.combining(char) > 0 or "\U0001f3fb" <= char <= "\U0001f3ff"


def length(text: str) -> int:
    """Return the greatest length that a tracker may count for a text: UTF-16 units, line breaks as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + text.count("\n")


# ---- Markdown -------------------------------------------------------------------------------------------

# A zero-width space as an entity is what Dependabot and Renovate use: GitHub looks for mentions and
# references in the rendered text, where a backslash has already vanished.
_BREAK = "&#8203;"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "$": "&#36;"}
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]~]")
_MARKDOWN_START = re.compile(r"^([-+=]|\d+(?=[.)]))")
_REFERENCES = (
    (re.compile(r"([@#])"), rf"\1{_BREAK}"),
    (re.compile(r"(gh)(-)(?=\d)", re.IGNORECASE), rf"\1\2{_BREAK}"),
    (
        re.compile(r"(?<![0-9A-Za-z])([0-9a-f]{3})(?=[0-9a-f]{4,37}(?![0-9A-Za-z]))", re.IGNORECASE),
        rf"\1{_BREAK}",
    ),
    (re.compile(r"(:)(?=//)"), rf"\1{_BREAK}"),
    # Not only at a word's beginning: GitHub also makes a link after `_`, `*`, `~` and `(`.
    (re.compile(r"(www)(?=\.)", re.IGNORECASE), rf"\1{_BREAK}"),
    (re.compile(r"(:)(?=[A-Za-z0-9_+-]+:)"), rf"\1{_BREAK}"),
    (re.compile(r"(milepost:)(?!&)"), rf"\1{_BREAK}"),
)


def markdown(text: str, limit: int = TITLE_LENGTH) -> str:
    """Return text from outside as GitHub-flavoured Markdown that shows it and has no other effect.

    For use in a paragraph, a list item, a table cell and the text of a link. Mentions, `#1`, `GH-1`, commit
    ids, URLs, e-mail addresses and emoji codes are broken by a zero-width space.
    """
    text = clean(text, limit)
    start = _MARKDOWN_START.match(text)
    head = start.end() if start else 0
    return _markdown_start(text[:head]) + _markdown_inline(text[head:])


def _markdown_start(text: str) -> str:
    """Escape the start of a block where it would begin a list or underline a heading."""
    if text.isdecimal():
        return f"{text}{_BREAK}"
    return f"\\{text}" if text else ""


def _markdown_inline(text: str) -> str:
    pieces = re.split(r"([&<>|$])", text)
    return "".join(_ENTITIES.get(piece) or _markdown_words(piece) for piece in pieces)


def _markdown_words(text: str) -> str:
    for pattern, replacement in _REFERENCES:
        text = pattern.sub(replacement, text)
    return _MARKDOWN_SPECIAL.sub(lambda result: f"\\{result[0]}", text)


# ---- Jira wiki markup -----------------------------------------------------------------------------------

# A backslash escapes a special character (Jira's text formatting notation, "Advanced formatting"). Where
# renderers disagree (`|` in links and tables, the backslash itself) a look-alike is the safer answer.
_SUBSTITUTES = str.maketrans({"|": "¦", "\\": "∖", "<": "‹", ">": "›"})
_WIKI_ALWAYS = re.compile(r"([{}\[\]!])")
_WIKI_EDGE = re.compile(r"(?<![^\W_])([*_\-+^~])|([*_\-+^~])(?![^\W_])")
_WIKI_BROKEN = (
    re.compile(r"([:;])(?=-?[()DPpd])"),
    re.compile(r"(\()(?=(?:[/x!+\-?yni]|on|off|\*[rgby]?|flag|flagoff)\))"),
    re.compile(r"(:)(?=//)"),
    re.compile(r"(milepost:|mailto:|file:)", re.IGNORECASE),
    re.compile(r"(www)(?=\.)", re.IGNORECASE),
    re.compile(r"(&)(?=#?\w+;)"),
    re.compile(r"(\?)(?=\?)"),
    re.compile(r"(@)"),
    # Jira makes a link of each issue key that it finds, and shows the title of that issue to everybody.
    re.compile(r"(?<![A-Za-z0-9_])([A-Z][A-Z0-9_]+-)(?=\d)"),
    re.compile(r"^(h[1-6]|bq)(?=\.)"),
    re.compile(r"^([#|])"),
)


def wiki(text: str, limit: int = TITLE_LENGTH) -> str:
    """Return text from outside as Jira wiki markup that shows it and has no other effect.

    For use in a paragraph, a list item and a table cell. Macros, mentions, links, images, emphasis and
    headings are escaped; smileys, URLs, issue keys and `----` are broken. `|`, `\\`, `<` and `>` become
    look-alikes.
    """
    text = clean(text, limit).translate(_SUBSTITUTES)
    for pattern in _WIKI_BROKEN:
        text = pattern.sub(rf"\1{ZERO_WIDTH}", text)
    text = _WIKI_EDGE.sub(lambda result: f"\\{result[0]}", text)
    return _WIKI_ALWAYS.sub(r"\\\1", text)


# ---- links ----------------------------------------------------------------------------------------------

_WEB = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+)(?P<port>:\d{1,5})?(?P<rest>[/?#].*)?")
_THREAD = re.compile(
    r"https?://(?:www\.)?github\.com(?P<path>/[^/]+/[^/]+/(?:issues|pull|discussions)/\d+.*)"
)


def safe_url(url: str) -> str | None:
    """Return the URL percent-encoded for either markup; None unless it is http(s) with a plain host.

    A URL with a user or password, with white space, or of more than 2,000 characters gives None as well.
    """
    if len(url) > 2000 or any(char.isspace() or ord(char) < 32 for char in url):
        return None
    web = _WEB.fullmatch(url)
    if web is None:
        return None
    rest = "".join(char if _plain(char) else _encoded(char) for char in web["rest"] or "")
    return f"{web['scheme']}://{web['host']}{web['port'] or ''}{rest}"


def _plain(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in _URL_SAFE)


def _encoded(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))


def without_backlink(url: str) -> str:
    """Return the URL of a thread on github.com with the host that makes no cross-reference in that thread.

    Source: docs.github.com, "Autolinked references and URLs", on redirect.github.com. Enterprise Server has
    no such host: there each listed task gets one cross-reference, which notifies nobody.
    """
    thread = _THREAD.fullmatch(url)
    return f"https://redirect.github.com{thread['path']}" if thread else url

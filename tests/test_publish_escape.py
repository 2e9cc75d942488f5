"""Text from outside: what gets through, what does not, and links."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.publish.comment import escape


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Write 5 initial posts", "Write 5 initial posts"),
        ("ask @ana", "ask @&#8203;ana"),
        ("like #1 and acme/site#4", "like #&#8203;1 and acme/site#&#8203;4"),
        ("see GH-12", "see GH-&#8203;12"),
        ("fixed in 0123456789abcdef", "fixed in 012&#8203;3456789abcdef"),
        ("https://github.com/a/b/issues/1", "https:&#8203;//github.com/a/b/issues/1"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("![x](http://evil)", "!\\[x\\](http:&#8203;//evil)"),
        ("a | b", "a &#124; b"),
        ("**loud** `code` ~~gone~~", "\\*\\*loud\\*\\* \\`code\\` \\~\\~gone\\~\\~"),
        ("- item", "\\- item"),
        ("1. first", "1&#8203;. first"),
        ("# heading", "#&#8203; heading"),
        ("one\ntwo\u2028three", "one two three"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("$x$", "&#36;x&#36;"),
        (":tada: done", ":&#8203;tada: done"),
    ],
)
def test_markdown_shows_a_text_and_does_nothing_else(text: str, safe: str) -> None:
    assert escape.markdown(text) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Write 5 initial posts", "Write 5 initial posts"),
        ("{html}x{html}", "\\{html\\}x\\{html\\}"),
        ("[~admin] ping", "\\[\\~admin\\] ping"),
        ("[link|http://evil]", "\\[link¦http:\u200b//evil\\]"),
        ("!image.png!", "\\!image.png\\!"),
        ("h1. Big", "h1\u200b. Big"),
        ("*b* _i_ -s- +u+", "\\*b\\* \\_i\\_ \\-s\\- \\+u\\+"),
        ("re-launch snake_case", "re-launch snake_case"),
        ("----", "\\-\\-\\-\\-"),
        ("smile :) (!) (y)", "smile :\u200b) (\u200b\\!) (\u200by)"),
        ("C:\\temp", "C:∖temp"),
        ("R&D &amp; co", "R&D &\u200bamp; co"),
        ("bq. quote", "bq\u200b. quote"),
        ("# one", "#\u200b one"),
        ("after BLOG-12", "after BLOG\\-\u200b12"),
        ("an A-1 text, UTF-8 and blog-3", "an A-1 text, UTF\\-\u200b8 and blog-3"),
    ],
)
def test_wiki_markup_shows_a_text_and_does_nothing_else(text: str, safe: str) -> None:
    assert escape.wiki(text) == safe


def test_characters_that_cannot_be_seen_are_removed() -> None:
    assert escape.clean("a\u202eb\u200bc\x00d\ud800e\x1b[31m") == "abcde[31m"


def test_a_long_title_is_cut_between_characters() -> None:
    assert escape.clean("e\u0301" * 50, 10) == "e\u0301" * 4 + "…"
    assert escape.clean("👩\u200d💻" * 50, 9) == "👩\u200d💻" * 2 + "…"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_active_character_is_left_bare_in_markdown(text: str) -> None:
    safe = escape.markdown(text)
    assert "\n" not in safe
    assert not re.search(r"[<>|$]", safe)
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]*_`~]", safe.replace("\\\\", ""))
    assert not re.search(r"[@#](?!&#8203;|8203;|124;|36;)", safe)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_active_character_is_left_bare_in_wiki_markup(text: str) -> None:
    safe = escape.wiki(text)
    assert "\n" not in safe
    assert "|" not in safe
    assert not re.search(r"(?<!\\)[{}\[\]!]", safe)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://jira.test/browse/BLOG-1", "https://jira.test/browse/BLOG-1"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("https://x.test/a)b](c|d", "https://x.test/a%29b%5D%28c%7Cd"),
        ("https://x.test/ä?q=1&r=2", "https://x.test/%C3%A4?q=1&r=2"),
        ("javascript:alert(1)", None),
        ("https://user:secret@x.test/", None),
        ("https://x.test/a b", None),
        ("https://[bad", None),
        ("", None),
    ],
)
def test_only_plain_web_addresses_become_links(url: str, safe: str | None) -> None:
    assert escape.safe_url(url) == safe


def test_only_threads_on_github_com_are_linked_by_its_redirect() -> None:
    assert (
        escape.without_backlink("https://github.com/a/b/pull/1") == "https://redirect.github.com/a/b/pull/1"
    )
    for other in ("https://github.com/a/b", "https://ghe.test/a/b/issues/1"):
        assert escape.without_backlink(other) == other

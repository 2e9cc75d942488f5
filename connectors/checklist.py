"""Reads the task list (`- [ ]`, `- [x]`) in an issue's own text."""

import re

from connectors.contract import ChecklistItem

_BOX = re.compile(r"^(?:>[ \t]?)*[ \t]*(?:[-*+]{1,6}|\d{1,9}[.)])[ \t]+\[([ xX])\](?:[ \t]+(.*))?$")
_FENCE = re.compile(r"^(?:>[ \t]?)*[ \t]*(`{3,}|~{3,})(.*)$")
_WIKI_FENCE = re.compile(r"\{(code|noformat)(?::[^}]{0,200})?\}")


def parse_checklist(text: str) -> tuple[ChecklistItem, ...]:
    """The boxes in order, those inside code left out; text may be Markdown or Jira wiki markup.

    Code is what stands between fences of backticks or tildes (CommonMark, 4.5: the closing fence is at
    least as long as the opening one), and between `{code}` or `{noformat}` of Jira's wiki markup.
    """
    items: list[ChecklistItem] = []
    fence = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        outside = not fence
        fence = _fence_after(fence, line)
        box = _BOX.match(line) if outside and not fence else None
        if box is not None:
            items.append(ChecklistItem((box[2] or "").strip(), box[1] != " "))
    return tuple(items)


def _fence_after(fence: str, line: str) -> str:
    """The fence that is open after this line, or nothing; `fence` is the one open before it."""
    if not fence or fence[0] in "`~":
        mark = _FENCE.match(line)
        if mark is not None:
            return _markdown_fence(fence, mark[1], mark[2])
    if fence[:1] not in ("`", "~"):
        for wiki in _WIKI_FENCE.finditer(line):
            if not fence or fence == wiki[1]:
                fence = "" if fence else wiki[1]
    return fence


def _markdown_fence(fence: str, mark: str, rest: str) -> str:
    if not fence:
        return "" if mark[0] == "`" and "`" in rest else mark
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip()
    return "" if closes else fence

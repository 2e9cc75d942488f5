"""Reads the checklist in a Jira description: wiki text, and Atlassian's document format where that comes."""

import re
from collections.abc import Iterator

import orjson

from connectors.models import ChecklistItem
from connectors.task_lists import LONGEST

_MACRO = re.compile(r"\{(code|noformat|adf)(?::[^}\n]{0,200})?\}")
# In wiki text `[x]` is a link, so that people write `\[x\]` to show the brackets; both are boxes.
_BOX = re.compile(r"[ \t]*(?:[-*#+]{1,10}|\d{1,9}[.)])[ \t]+\\?\[([ xX])\\?\](?:[ \t]+(.*)|$)")
_TASKS = ("taskItem", "blockTaskItem")


def parse_description(description: object) -> tuple[ChecklistItem, ...]:
    """The boxes of a description in their order; none of what is neither text nor a document.

    In wiki text: items of lists (`*`, `-`, `#`, and `+` or `1.` as pasted from Markdown) that begin with
    `[ ]` or `[x]`, outside of `{code}` and `{noformat}`; and the action items of Cloud's editor, which the
    text holds as a document between `{adf}` and `{adf}`.
    """
    if isinstance(description, dict):
        return tuple(_of_document(description))
    if not isinstance(description, str) or len(description) > LONGEST or "[" not in description:
        return ()
    return tuple(_of_wiki(description.replace("\r\n", "\n").replace("\r", "\n")))


def _of_wiki(text: str) -> Iterator[ChecklistItem]:
    macros = list(_MACRO.finditer(text))
    last = {macro[1]: macro.start() for macro in macros}
    begin, opened = 0, None
    for macro in macros:
        if opened is None:
            if macro.start() == last[macro[1]]:
                continue  # it is never closed, and so no macro: Jira shows it as text
            yield from _of_lines(text[begin : macro.start()])
            opened = macro
        elif macro[1] == opened[1]:
            if macro[1] == "adf":
                yield from _of_json(text[opened.end() : macro.start()])
            begin, opened = macro.end(), None
    yield from _of_lines(text[begin:])


def _of_lines(text: str) -> Iterator[ChecklistItem]:
    for line in text.split("\n"):
        box = _BOX.match(line)
        if box is not None:
            yield ChecklistItem((box[2] or "").strip(), box[1] != " ")


def _of_json(text: str) -> Iterator[ChecklistItem]:
    try:
        yield from _of_document(orjson.loads(text))
    except orjson.JSONDecodeError:
        return


def _of_document(document: object) -> Iterator[ChecklistItem]:
    """The action items of a document, in order, whatever its shape."""
    pending = [document]
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        if node.get("type") in _TASKS:
            attributes = node.get("attrs")
            state = attributes.get("state") if isinstance(attributes, dict) else None
            yield ChecklistItem(" ".join("".join(_texts(node)).split()), state == "DONE")
        content = node.get("content")
        if isinstance(content, list):
            pending.extend(reversed(content))


def _texts(task: dict[str, object]) -> Iterator[str]:
    """The text of an action item, without that of others below it."""
    content = task.get("content")
    pending = list(reversed(content)) if isinstance(content, list) else []
    while pending:
        node = pending.pop()
        if not isinstance(node, dict) or node.get("type") in _TASKS:
            continue
        text = node.get("text")
        if isinstance(text, str):
            yield text
        inner = node.get("content")
        if isinstance(inner, list):
            pending.extend(reversed(inner))

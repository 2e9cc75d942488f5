"""Where in a TOML text a value stands: tomllib reads values, but forgets their lines."""

import re
import tomllib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

Path = tuple[str | int, ...]
"""Keys of tables, and positions in arrays from 0."""

_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'", re.DOTALL
)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PLAIN = re.compile(r"[^,\]}#\n]*")


class Locator:
    """Finds lines in a text that tomllib accepts; for any other text it finds nothing.

    The text is looked through when a line is first asked for: in a sound file nobody asks.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> dict[Path, int]:
        try:
            tomllib.loads(self._text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}
        return _Scan(self._text).lines()

    def line(self, path: Sequence[str | int]) -> int | None:
        """The line, from 1, where the value at `path` or else its nearest known ancestor begins."""
        at = tuple(path)
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at)


class _Scan:
    """One walk over a text that is known to be sound, so that no error needs to be thought of."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}
        """Arrays of tables, and the position of the latest table in each."""

    def lines(self) -> dict[Path, int]:
        """The line of every table, key and array entry."""
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _note(self, path: Path) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self._lines.setdefault(path, self._line)

    def _header(self) -> Path:
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        start = self._at
        self._skip(_BLANK)
        parts = self._key()
        path = self._inside((), parts[:-1])
        self._at, end = start, self._at
        full: Path = (*path, parts[-1])
        if array:
            self._arrays[full] = self._arrays.get(full, -1) + 1
            self._note(full)
            full = (*full, self._arrays[full])
        self._note_all(path, full)
        self._at = end
        self._skip(_BLANK)
        self._at += 2 if array else 1
        return full

    def _note_all(self, existing: Path, full: Path) -> None:
        for length in range(len(existing), len(full) + 1):
            if length:
                self._note(full[:length])

    def _inside(self, path: Path, parts: Sequence[str]) -> Path:
        """Follow keys from a table; an array of tables means its latest table."""
        for part in parts:
            path = (*path, part)
            self._note(path)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _key(self) -> list[str]:
        parts = []
        while True:
            raw = self._skip(_KEY_PART)
            parts.append(_decoded(raw))
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1
            self._skip(_BLANK)

    def _pair(self, table: Path) -> None:
        start = self._at
        parts = self._key()
        end, self._at = self._at, start
        path = table
        for part in parts:
            path = (*path, part)
            self._note(path)
        self._at = end + 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline(path)
        elif not self._skip(_STRING):
            self._skip(_PLAIN)

    def _array(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        position = 0
        while not self._text.startswith("]", self._at):
            self._note((*path, position))
            self._value((*path, position))
            position += 1
            self._separator()
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while not self._text.startswith("}", self._at):
            self._pair(path)
            self._separator()
        self._at += 1

    def _separator(self) -> None:
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)


def _decoded(raw: str) -> str:
    if raw[:1] not in {'"', "'"}:
        return raw
    value: dict[str, Any] = tomllib.loads(f"key = {raw}")
    return str(value["key"])

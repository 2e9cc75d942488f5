"""An outline for the terminal: titles on the left, and beside each its bar, percentage and health."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

WIDEST = 96
"""Beyond this the eye loses the way from a title to its bar."""
NARROW = 64
"""Below this the first column, the bar, is left out, so that titles keep some room."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the outline; `details` stand below its title, `cells` beside it."""

    title: Text
    cells: tuple[Text, ...] = ()
    details: tuple[Text, ...] = ()
    children: tuple["Row", ...] = ()


class Outline:
    """Rows that wrap between words and keep their columns, whatever the width."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines for this width."""
        width = min(options.max_width, WIDEST)
        rows = self.rows if width >= NARROW else tuple(map(_without_bar, self.rows))
        columns = _columns(rows)
        beside = sum(columns) + GAP * len(columns)
        for number, row in enumerate(rows):
            if number:
                yield Text()
            for line in _lines(console, row, ("", ""), width, beside, columns):
                line.rstrip()
                line.no_wrap = True
                yield line


def _lines(
    console: Console,
    row: Row,
    guides: tuple[str, str],
    width: int,
    beside: int,
    columns: Sequence[int],
) -> Iterator[Text]:
    """The row and all below it. `guides` are what stands before its first line and before all others."""
    first, later = guides
    below = later + ("│ " if row.children else "  ")
    room = width - (beside if row.cells else 0)
    for number, line in enumerate(_wrapped(console, row.title, room - cell_len(first))):
        guide = Text(first if number == 0 else below, style="dim")
        if number == 0 and row.cells:
            line.truncate(room - cell_len(first), pad=True)
            yield Text.assemble(guide, line, *_padded(row.cells, columns))
        else:
            yield Text.assemble(guide, line)
    for detail in row.details:
        for line in _wrapped(console, detail, width - cell_len(below)):
            yield Text.assemble(Text(below, style="dim"), line)
    for number, child in enumerate(row.children):
        last = number == len(row.children) - 1
        inner = (later + ("└─ " if last else "├─ "), later + ("   " if last else "│  "))
        yield from _lines(console, child, inner, width, beside, columns)


def _wrapped(console: Console, text: Text, width: int) -> list[Text]:
    lines = list(text.wrap(console, max(width, 10)))
    for line in lines:
        line.rstrip()
    return lines or [Text()]


def _padded(cells: Sequence[Text], columns: Sequence[int]) -> Iterator[Text]:
    for cell, column in zip(cells, columns, strict=True):
        padded = cell.copy()
        padded.truncate(column, pad=True)
        yield Text.assemble(" " * GAP, padded)


def _columns(rows: Sequence[Row]) -> list[int]:
    widths: list[int] = []
    for row in rows:
        for number, size in enumerate(cell_len(cell.plain) for cell in row.cells):
            _widen(widths, number, size)
        for number, size in enumerate(_columns(row.children)):
            _widen(widths, number, size)
    return widths


def _widen(widths: list[int], number: int, size: int) -> None:
    if number == len(widths):
        widths.append(size)
    widths[number] = max(widths[number], size)


def _without_bar(row: Row) -> Row:
    return replace(row, cells=row.cells[1:], children=tuple(map(_without_bar, row.children)))

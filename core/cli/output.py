"""Where commands print: one console for what was asked for, one for what is said beside it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.cli.options import colourless


def out() -> Console:
    """Standard output; plain where it is no terminal or NO_COLOR is set, and never interpreting markup."""
    # Whoever reads a pipe wants whole lines; a terminal would break them within words.
    whole = not sys.stdout.isatty()
    return Console(no_color=colourless(), markup=False, highlight=False, emoji=False, soft_wrap=whole)


def aside() -> Console:
    """Standard error, for what a pipe should not carry."""
    return Console(
        stderr=True, no_color=colourless(), markup=False, highlight=False, emoji=False, soft_wrap=True
    )


@contextmanager
def progress_on_terminal() -> Iterator[Progress]:
    """A progress display on standard error; it draws nothing unless that is a terminal."""
    console = aside()
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as shown:
        yield shown

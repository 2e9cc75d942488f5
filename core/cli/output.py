"""Where commands print: standard output for what was asked for, standard error for what goes beside it."""

import io
import sys

from rich.console import Console

from core.cli.log import without_secrets
from core.cli.options import colourless


class RedactingStdout(io.StringIO):
    """Standard output without secrets: a tracker that repeats a token in an error must not get it printed."""

    def write(self, text: str, /) -> int:
        """Pass on what may be seen."""
        sys.stdout.write(without_secrets(text))
        return len(text)

    def flush(self) -> None:
        """Flush standard output."""
        sys.stdout.flush()

    def isatty(self) -> bool:
        """Whether standard output is a terminal."""
        return sys.stdout.isatty()

    def fileno(self) -> int:
        """Standard output's own: rich asks it for the terminal's size."""
        return sys.stdout.fileno()


def out() -> Console:
    """Standard output; plain where it is no terminal or NO_COLOR is set, and never interpreting markup."""
    # Whoever reads a pipe wants whole lines; a terminal would break them within words.
    whole = not sys.stdout.isatty()
    return Console(
        file=RedactingStdout(),
        no_color=colourless(),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=whole,
    )


def aside() -> Console:
    """Standard error, for what a pipe should not carry."""
    return Console(
        stderr=True, no_color=colourless(), markup=False, highlight=False, emoji=False, soft_wrap=True
    )

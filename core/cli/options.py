"""Options that every command shares, and what they do to the log."""

import logging
import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

DEFAULT_CONFIG = Path("config.toml")


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="MILEPOST_CONFIG", help="The configuration file.", dir_okay=False),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log every request and decision.")]
LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="Log lines as text or as JSON.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Release what a limit holds back, after you looked into it.")
]


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, and the fields that a record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        import orjson

        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS).decode()


def set_up_log(verbose: bool, form: LogFormat) -> None:
    """Log to standard error. Client libraries are heard from warnings on only: they print headers below."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if form is LogFormat.JSON else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("milepost", "connectors", "core", "mappings"):
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.INFO)


def colourless() -> bool:
    """Whether the user asked for no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))

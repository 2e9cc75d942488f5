"""Log lines on standard error, as text or as JSON, and never with a secret."""

import logging
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from connectors.redaction import redact

SHORTEST_SECRET = 6
"""Characters: anything shorter is no secret, and hiding it would blank out half of every text."""
SECRET_ENDINGS = ("TOKEN", "PASSWORD", "SECRET", "PRIVATE_KEY", "API_KEY")

_hidden: set[str] = set()


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


class LogHandler(logging.Handler):
    """Writes to what standard error is at that moment: a progress display replaces it while it draws."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, without any secret."""
        try:
            _write(without_secrets(self.format(record)))
        except Exception:
            self.handleError(record)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, and the fields that a record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def set_up_log(verbose: bool, form: LogFormat) -> None:
    """Log to standard error; `verbose` adds each request (method, address, status) and each decision.

    Client libraries log warnings and above only: what they log below that may hold headers.
    """
    _hidden.clear()
    hide(value for name, value in os.environ.items() if name.upper().endswith(SECRET_ENDINGS))
    handler = LogHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("milepost", "connectors", "core", "mappings"):
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.INFO)
    # urllib3 names each request in one line, without headers and body.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.DEBUG if verbose else logging.WARNING)


def logs_json() -> bool:
    """Whether standard error carries JSON lines."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


def print_reason(text: str) -> None:
    """Print why a command ends, to a person or as JSON to a program."""
    if logs_json():
        logging.getLogger("milepost").error(text)
    else:
        _write(f"milepost: {without_secrets(text)}")


def hide(secrets: Iterable[str]) -> None:
    """Take every line of these texts out of everything that is printed or logged from now on."""
    lines = (line.strip() for secret in secrets for line in secret.splitlines())
    _hidden.update(line for line in lines if len(line) >= SHORTEST_SECRET)


def without_secrets(text: str) -> str:
    """The text without the secrets of `hide`, and without whatever is shaped like one."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "…")
    return redact(text)


def _write(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

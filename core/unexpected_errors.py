"""Turns an exception that a connector should not raise into a TrackerError, so that the run goes on."""

import logging

from connectors.errors import TrackerError

log = logging.getLogger("milepost")


def unexpected(tracker: str, error: Exception) -> TrackerError:
    """Return the exception as an error of the whole tracker; its traceback is logged."""
    log.error("%s failed in a way that milepost did not expect", tracker, exc_info=error)
    reason = f"{type(error).__name__}, which no tracker should raise"
    return TrackerError(tracker, "", reason, "Please report it with the lines of the log")

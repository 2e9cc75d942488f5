"""What a tracker raises that no tracker should: a defect is told like an outage, and never ends the run."""

import logging

from connectors.errors import TrackerError

log = logging.getLogger("milepost")


def unexpected(tracker: str, error: Exception) -> TrackerError:
    """The same as an error of this tracker as a whole; the traceback goes into the log."""
    log.error("%s failed in a way that milepost did not expect", tracker, exc_info=error)
    reason = f"{type(error).__name__}, which no tracker should raise"
    return TrackerError(tracker, "", reason, "Please report it with the lines of the log")

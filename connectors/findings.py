"""Findings of a check that are made of errors."""

from connectors.errors import TrackerError
from connectors.models import Finding


def failed(what: str, problem: TrackerError) -> Finding:
    """A finding that is not well, with what the error says to do."""
    return Finding(what, False, problem.detail, problem.hint or f"To recover: {problem.recovery}")

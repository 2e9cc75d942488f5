"""Findings of a check that are made of errors."""

from connectors.errors import TrackerError
from connectors.models import Finding


def failed(what: str, problem: TrackerError) -> Finding:
    """A finding that something is not well, with the hint of the error or how to recover from it."""
    return Finding(what, False, problem.detail, problem.hint or f"To recover: {problem.recovery}")

"""What is wrong with a run or a story of the isolation campaign."""

import re
from collections.abc import Sequence
from statistics import median

from core.steps.run_report import Report

SPARE = 2
"""Requests by which a usual later run may exceed a usual earlier one: tries out of quarantine."""


def growth(excess: Sequence[int]) -> str:
    """Whether later runs ask for more than earlier ones; `excess`: requests that the fault costs each run.

    By the median: a comparison that comes a run later than without the fault is no growth.
    """
    half = len(excess) // 2
    if half < 2:
        return ""
    early, late = (median(max(0, one) for one in part) for part in (excess[:half], excess[half:]))
    return f"more than without the fault by {list(excess)}" if late > early + SPARE else ""


def numbers(comment: str) -> list[int]:
    """The percentages in the headline of a comment."""
    return [int(one) for one in re.findall(r"(\d+)%", comment.partition("\n")[0])]


def broken(report: Report) -> str:
    """An error that says nothing to a person."""
    bare = [text for text in report.conclusion.problems if not text.strip() or "no tracker should" in text]
    return f"a problem without use: {bare[0]!r}" if bare else ""


def left(report: Report) -> str:
    """What a run after the fault still has to complain of."""
    if report.failed:
        held = [f"{each.what}: {each.why}" for each in report.conclusion.plan.held]
        failed = [each.reason for each in report.written if each.outcome != "done"]
        return f"it still fails: {[*report.conclusion.problems, *held, *failed][:2]}"
    return f"{report.fields['quarantined']} left in quarantine" if report.fields["quarantined"] else ""

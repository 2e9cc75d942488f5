"""Counts the issues that no rule of the mapping tags."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass

from connectors.models import IssueRef


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the pulled issues the mapping tags."""

    pulled: int
    tagged: int
    """Issues with at least one tag."""
    structure: int
    """Issues without a tag that stand above tagged ones: epics and tracking issues."""
    untagged: int
    """All others."""
    untagged_in: tuple[tuple[str, int], ...]
    """How many of the untagged are in each project or repository, most first."""


def coverage(
    tagged: int,
    others: Iterable[tuple[IssueRef, str]],
    above: Container[IssueRef],
) -> Coverage:
    """Return how many issues are tagged, stand above tagged ones, or are neither.

    `tagged`: the number of tagged issues. `others`: every other issue, with its project or repository.
    `above`: all issues above tagged ones.
    """
    structure, places = 0, Counter[str]()
    for ref, container in others:
        if ref in above:
            structure += 1
        else:
            places[container] += 1
    untagged = places.total()
    return Coverage(
        pulled=tagged + structure + untagged,
        tagged=tagged,
        structure=structure,
        untagged=untagged,
        untagged_in=tuple(sorted(places.items(), key=lambda place: (-place[1], place[0]))),
    )

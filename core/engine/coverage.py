"""What the mapping does not reach: issues that no rule tags."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass

from connectors.models import IssueRef


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was pulled the mapping speaks of."""

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
    """`tagged`: how many issues are; `others`: every other one, with its project or repository.

    `above`: what stands above tagged issues.
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

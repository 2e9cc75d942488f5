"""Issues of one repository in the orders that lists ask for, kept sorted so that a page costs no scan."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from connectors.sandbox.github_truth.model import Issue

Place = tuple[int, int]
"""A sort value in seconds, and the issue's number, which breaks ties."""

SORTS = ("created", "updated")
STATES = ("all", "open", "closed")


class Order:
    """The places of a repository's issues by creation and by update, for each state."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[Place]] = {
            (sort, state): [] for sort in SORTS for state in STATES
        }

    def add(self, issue: Issue) -> None:
        """Enter an issue; its times and state must not change before `remove`."""
        for key, place in self._entries(issue):
            insort(self._places[key], place)

    def remove(self, issue: Issue) -> None:
        """Take out an issue that was entered with the times and state that it has now."""
        for key, place in self._entries(issue):
            places = self._places[key]
            at = bisect_left(places, place)
            if places[at : at + 1] == [place]:
                del places[at]

    def places(self, sort: str, state: str) -> Sequence[Place]:
        """All places in ascending order; not to be changed."""
        return self._places[sort, state]

    @staticmethod
    def since(updated: Sequence[Place], moment: int) -> int:
        """How many places of an ascending list by update lie before `moment`."""
        return bisect_left(updated, (moment, 0))

    @staticmethod
    def after(places: Sequence[Place], place: Place) -> int:
        """How many places of an ascending list are at or before `place`."""
        return bisect_right(places, place)

    @staticmethod
    def _entries(issue: Issue) -> list[tuple[tuple[str, str], Place]]:
        created = (issue.created_at, issue.number)
        updated = (issue.updated_at, issue.number)
        return [
            ((sort, state), place)
            for sort, place in (("created", created), ("updated", updated))
            for state in ("all", issue.state)
        ]

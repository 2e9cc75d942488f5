"""Who may read a place in a tracker, and which opened trackers can tell."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from connectors.errors import TrackerError


class Audience(StrEnum):
    """Who may read a place or is meant to read words, from the widest to the narrowest."""

    PUBLIC = "public"
    ORGANISATION = "organisation"
    RESTRICTED = "restricted"

    @property
    def narrowness(self) -> int:
        """0 for the widest; a larger number for fewer readers."""
        return _ORDER.index(self)

    def narrower(self, other: "Audience") -> "Audience":
        """The narrower one of the two."""
        return max(self, other, key=lambda item: item.narrowness)


_ORDER = tuple(Audience)


@runtime_checkable
class TellsAudiences(Protocol):
    """An opened tracker that tells who may read its projects or repositories."""

    def audiences(self, containers: Sequence[str]) -> Mapping[str, Audience | TrackerError | None]:
        """By name of a container: who may read it, None where the tracker refuses to tell, or its error.

        Raises TrackerError where the tracker is down.
        """
        ...

"""Where may be written: within a tracker's scope, in what is not archived, and with the rights for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.models import IssueRef
from core.publish.key_container import container_of_key


class Closed(StrEnum):
    """Why nothing, or no label, is written somewhere. None of it is a failure."""

    OUTSIDE = "outside of the scope that this tracker is configured with"
    ARCHIVED_CONTAINER = "archived, so that it takes no changes"
    ARCHIVED_ISSUE = "an archived issue, which takes no changes"
    READ_ONLY = "the account may not change labels there"


@dataclass(frozen=True, slots=True)
class Scope:
    """What one tracker is configured with, by identity."""

    owns: Callable[[str], bool]
    """Whether the configuration by itself covers an issue's key."""
    names: frozenset[str] = frozenset()
    """All that each configured project or repository is or was called, in lower case."""

    def covers(self, ref: IssueRef) -> bool:
        """Whether an issue, by today's key, lies in the scope."""
        return self.owns(ref.key) or container_of_key(ref).casefold() in self.names


@dataclass(frozen=True, slots=True)
class Places:
    """Decides for each issue whether a comment or a label may be written to it; the default allows all."""

    scopes: Mapping[str, Scope] = field(default_factory=dict)
    """By tracker; one that is not named has no bounds."""
    containers: Mapping[tuple[str, str], Closed] = field(default_factory=dict)
    """By tracker and name in lower case: the containers that take nothing, or no labels."""
    archived: frozenset[IssueRef] = frozenset()

    def closed(self, ref: IssueRef) -> Closed | None:
        """Why nothing at all is written to an issue, by today's key; None where it may be."""
        scope = self.scopes.get(ref.tracker)
        if scope is not None and not scope.covers(ref):
            return Closed.OUTSIDE
        if ref in self.archived:
            return Closed.ARCHIVED_ISSUE
        result = self._container(ref)
        return None if result is Closed.READ_ONLY else result

    def closed_to_labels(self, ref: IssueRef) -> Closed | None:
        """The same for labels and their definitions, for which it is not enough to read and comment."""
        return self.closed(ref) or self._container(ref)

    def _container(self, ref: IssueRef) -> Closed | None:
        return self.containers.get((ref.tracker, container_of_key(ref).casefold()))

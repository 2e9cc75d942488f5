"""Decides where comments and labels may be written: in scope, not archived, and with permission."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.models import IssueRef
from core.publish.key_container import container_of_key


class Closed(StrEnum):
    """Why nothing, or no label, is written to a place; no failure of a run."""

    OUTSIDE = "outside of the scope that this tracker is configured with"
    ARCHIVED_CONTAINER = "archived, so that it takes no changes"
    ARCHIVED_ISSUE = "an archived issue, which takes no changes"
    READ_ONLY = "the account may not change labels there"


@dataclass(frozen=True, slots=True)
class Scope:
    """The projects or repositories with which one tracker is configured, also by their other names."""

    owns: Callable[[str], bool]
    """(key) -> whether the configuration covers the key as it is written."""
    names: frozenset[str] = frozenset()
    """All names, of today and earlier, of each configured project or repository, casefolded."""

    def covers(self, ref: IssueRef) -> bool:
        """Return whether an issue, by today's key, lies in the scope."""
        return self.owns(ref.key) or container_of_key(ref).casefold() in self.names


@dataclass(frozen=True, slots=True)
class Places:
    """Decides for each issue whether a comment or a label may be written to it; the default allows all."""

    scopes: Mapping[str, Scope] = field(default_factory=dict)
    """By tracker; on one without a scope, all issues are in scope."""
    containers: Mapping[tuple[str, str], Closed] = field(default_factory=dict)
    """By tracker and casefolded name: the containers to which nothing, or no label, may be written."""
    archived: frozenset[IssueRef] = frozenset()

    def closed(self, ref: IssueRef) -> Closed | None:
        """Return why nothing may be written to an issue, by today's key; None where it may."""
        scope = self.scopes.get(ref.tracker)
        if scope is not None and not scope.covers(ref):
            return Closed.OUTSIDE
        if ref in self.archived:
            return Closed.ARCHIVED_ISSUE
        closed = self._container(ref)
        return None if closed is Closed.READ_ONLY else closed

    def closed_to_labels(self, ref: IssueRef) -> Closed | None:
        """Return why no label or label definition may be written, which needs more rights than to comment."""
        return self.closed(ref) or self._container(ref)

    def _container(self, ref: IssueRef) -> Closed | None:
        return self.containers.get((ref.tracker, container_of_key(ref).casefold()))

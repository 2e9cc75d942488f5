"""The trees of roots and the keys named one by one, remembered as they stood at a cursor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from connectors import bounds
from connectors import connector_state as state
from connectors.connector_state import ConnectorState
from connectors.github.cursor import Cursor
from connectors.models import Interest

_TREES = "github.trees"
_PULLS = "github.standing"


class CachedIssue(NamedTuple):
    """An issue of a tree, or one that is named by its key, as it was then."""

    key: str
    parent: str
    """The parent's id; empty for a root."""
    updated: str
    node: str
    """The GraphQL id."""
    children: int
    """How many sub-issues it had; -1 if that was not asked."""


@dataclass(frozen=True, slots=True)
class TreeCache:
    """What a pull found of trees and named issues, for the next one to compare with."""

    walk: str
    """The name of the cursor of the pull that walked the trees last."""
    walked: datetime
    """When that was."""
    named: str
    """A digest of the roots and keys that were named then."""
    whole: bool = True
    """Nothing was hidden or lost."""
    issues: Mapping[str, CachedIssue] = field(default_factory=dict)
    """By id."""

    @classmethod
    def recall(cls, memory: ConnectorState, cursor: Cursor) -> "TreeCache | None":
        """What was remembered with this cursor; None if that is gone or damaged."""
        pull: Any = state.recall(memory, _PULLS).get(cursor.name)
        try:
            walk, walked = pull["walk"], bounds.past(bounds.moment(pull["walked"]), cursor.at)
            if walked is None:
                return None
            issues = _issues(state.recall(memory, _TREES)[walk])
            return cls(str(walk), walked, str(pull["named"]), pull["whole"] is True, issues)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def remember(self, memory: ConnectorState, before: Cursor | None, now: Cursor) -> None:
        """Keep it for `now`, beside that for `before`, where the next pull starts if this one is not stored.

        The trees, which may be large, are written only by the pull that walked them.
        """
        pulls = state.recall(memory, _PULLS)
        kept = {before.name: pulls[before.name]} if before and before.name in pulls else {}
        kept[now.name] = {
            "walk": self.walk,
            "walked": self.walked.isoformat(),
            "named": self.named,
            "whole": self.whole,
        }
        if self.walk == now.name:
            trees, used = state.recall(memory, _TREES), {pull["walk"] for pull in kept.values()}
            others = {name: issues for name, issues in trees.items() if name in used}
            issues = {id_: list(issue) for id_, issue in self.issues.items()}
            state.remember(memory, _TREES, {**others, now.name: issues})
        state.remember(memory, _PULLS, kept)


def named_digest(interest: Interest) -> str:
    """Changes whenever other roots or keys are named."""
    return state.digest([sorted(interest.roots), sorted(interest.keys)])


def latest_trees(memory: ConnectorState) -> dict[str, CachedIssue]:
    """The trees as they were walked last, whatever cursor that was; empty where that is gone or damaged."""
    try:
        *_, latest = state.recall(memory, _TREES).values()
        return _issues(latest)
    except (AttributeError, TypeError, ValueError):
        return {}


def _issues(stored: dict[str, Any]) -> dict[str, CachedIssue]:
    """Raises AttributeError, TypeError or ValueError for anything else than `remember` wrote."""
    return {
        id_: CachedIssue(str(key), str(parent), str(updated), str(node), int(children))
        for id_, (key, parent, updated, node, children) in stored.items()
    }

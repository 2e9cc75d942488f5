"""The trees of roots and the keys named one by one, remembered as they stood at a cursor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors import bounds
from connectors import connector_state as state
from connectors.connector_state import ConnectorState
from connectors.github.cursor import Cursor
from connectors.models import Interest

_TREES = "github.trees"
_STANDING = "github.standing"

Stand = tuple[str, str, str, str, int]
"""Of one issue: key, parent's id or "", time of the last change, GraphQL id, number of sub-issues or -1."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known at the end of a pull beside the issues themselves."""

    walk: str
    """The name of the cursor of the pull that walked the trees last."""
    walked: datetime
    """When that was."""
    named: str
    """A digest of the roots and keys that were named then."""
    whole: bool = True
    """Nothing was hidden or lost."""
    known: Mapping[str, Stand] = field(default_factory=dict)
    """Issues that were brought for their own sake, by id."""


def named_digest(interest: Interest) -> str:
    """Changes whenever other roots or keys are named."""
    parts = [sorted(interest.roots), sorted(interest.keys)]
    return state.digest(parts)


def standing_at(memory: ConnectorState, cursor: Cursor) -> Standing | None:
    """What stood when this cursor was taken; None if that is not remembered."""
    result: Any = state.recall(memory, _STANDING).get(cursor.name)
    try:
        walk, walked = result["walk"], bounds.past(bounds.moment(result["walked"]), cursor.at)
        if walked is None:
            return None
        existing = state.recall(memory, _TREES)[walk]
        return Standing(
            str(walk),
            walked,
            str(result["named"]),
            result["whole"] is True,
            {id_: (str(k), str(p), str(u), str(n), int(c)) for id_, (k, p, u, n, c) in existing.items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def latest_trees(memory: ConnectorState) -> dict[str, Stand]:
    """The trees as they were walked last, whatever cursor that was; nothing where that is not remembered."""
    try:
        *_, existing = state.recall(memory, _TREES).values()
        return {id_: (str(k), str(p), str(u), str(n), int(c)) for id_, (k, p, u, n, c) in existing.items()}
    except (AttributeError, TypeError, ValueError):
        return {}


def remember(memory: ConnectorState, before: Cursor | None, now: Cursor, standing: Standing) -> None:
    """Keep what stands now beside what stood before: if this pull is not stored, the next starts there.

    The trees, which may be large, are written only by the pull that walked them.
    """
    standings = state.recall(memory, _STANDING)
    kept = {before.name: standings[before.name]} if before and before.name in standings else {}
    kept[now.name] = {
        "walk": standing.walk,
        "walked": standing.walked.isoformat(),
        "named": standing.named,
        "whole": standing.whole,
    }
    if standing.walk == now.name:
        trees, used = state.recall(memory, _TREES), {item["walk"] for item in kept.values()}
        others = {name: existing for name, existing in trees.items() if name in used}
        state.remember(memory, _TREES, {**others, now.name: standing.known})
    state.remember(memory, _STANDING, kept)

"""The trees of roots and the keys named one by one, remembered so that one search tells their changes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors import connector_state as state
from connectors.connector_state import ConnectorState
from connectors.jira import jql
from connectors.jira.json_answers import Json

_KEY = "jira.outside"
_MOST = 1_000
"""Issues that one search may name; beyond that the trees are walked each time."""


@dataclass(slots=True)
class TreeCache:
    """The issues that a pull brings whether or not they are in scope, as the pulls so far left them.

    One condition, asked beside the scope's, brings all that can have happened to them since the cursor:

    - A member that changed comes by its id.
    - An issue that was put below a member was changed by that, and comes by its parent.
    - What was below that issue already need not have changed; so below every member that changed, and every
      issue that is new there, all is read.

    Members that are newer than the cursor, or too many, cost rows and hide none.
    """

    digest: str
    """Of the scope and the interest that it belongs to."""
    roots: frozenset[str]
    """The ids of the roots."""
    members: dict[str, str]
    """Id and key of the roots and of all below them."""
    named: dict[str, str]
    """Id and key of what is named one by one and was there under that key."""
    links: tuple[str, ...]
    """The ids of the fields, beside `parent`, that name a parent."""
    changed: dict[str, str] = field(default_factory=dict)
    """Of the trees: what changed or is new by this pull."""
    left: bool = False
    """Whether something may have left its tree, so that the trees must be walked anew."""

    @classmethod
    def recall(cls, memory: ConnectorState, digest: str, links: tuple[str, ...]) -> "TreeCache | None":
        """What the latest pull of the same scope and interest remembered; None if there is nothing."""
        existing = state.recall(memory, _KEY)
        try:
            if existing["for"] != digest:
                return None
            roots = frozenset(str(one) for one in existing["roots"])
            return cls(digest, roots, _texts(existing["members"]), _texts(existing["named"]), links)
        except (KeyError, TypeError, AttributeError):
            return None

    def remember(self, memory: ConnectorState) -> None:
        """Keep it for the next pull, or forget everything where it cannot serve."""
        if self.left or len(self.members) + len(self.named) > _MOST:
            state.remember(memory, _KEY, {})
            return
        lists = {"roots": sorted(self.roots), "members": self.members, "named": self.named}
        state.remember(memory, _KEY, {"for": self.digest, **lists})

    def condition(self) -> str:
        """What finds all of these, and whatever has one of the trees as its parent; empty for none."""
        ids = sorted({*self.members, *self.named})
        parts = [f"id in ({jql.listed(ids)})"] if ids else []
        keys = jql.listed(sorted(self.members.values()))
        parts += [f"{link} in ({keys})" for link in ("parent", *map(jql.field, self.links)) if keys]
        return " OR ".join(parts)

    def note(self, row: Json) -> None:
        """Note whether this row, which changed, belongs to a tree."""
        identity, key = row.get("id"), row.get("key")
        if not isinstance(identity, str) or not isinstance(key, str) or not self.members:
            return
        existing = identity in self.members
        keys = self.members.values()
        below = any(one in self.members or one in keys for one in _parents(row, self.links))
        if existing or below:
            self.changed[identity] = key
            self.members[identity] = key
        if identity in self.named:
            self.named[identity] = key
        self.left |= existing and not below and identity not in self.roots


def _parents(row: Json, links: Iterable[str]) -> Iterator[str]:
    """The ids and keys by which a row names its parent."""
    fields = row.get("fields")
    if not isinstance(fields, dict):
        return
    for name in ("parent", *links):
        value = fields.get(name)
        result = [value.get("id"), value.get("key")] if isinstance(value, dict) else [value]
        yield from (one for one in result if isinstance(one, str))


def _texts(value: Json) -> dict[str, str]:
    return {str(one): str(text) for one, text in value.items()}

"""What the mapping does not reach: issues that no rule tags, and rules that tag nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.contract import Issue, IssueRef
from core.engine.model import Inputs
from core.engine.tasks import natural
from mappings.rules.model import RuleId


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was pulled the mapping speaks of."""

    pulled: int
    tagged: int
    """Issues with at least one tag."""
    structure: int
    """Issues without a tag that stand above tagged ones: epics and tracking issues."""
    untagged: tuple[IssueRef, ...]
    """All others, sorted by tracker and key."""
    untagged_in: tuple[tuple[str, int], ...]
    """How many of the untagged are in each project or repository, most first."""
    idle_rules: tuple[RuleId, ...]
    """Rules that gave no tag: nothing matches, or an earlier rule of the same owner takes it all."""


def coverage(issues: Iterable[Issue], inputs: Inputs, rules: Iterable[RuleId]) -> Coverage:
    """`issues`: everything pulled; `rules`: every rule of the mapping."""
    pulled = {issue.ref: issue for issue in issues}
    tags = [entry for entries in inputs.tagged.values() for entry in entries]
    tagged = {entry.issue.ref for entry in tags} & pulled.keys()
    above = _above(tagged, inputs) & pulled.keys() - tagged
    rest = sorted(pulled.keys() - tagged - above, key=lambda ref: (ref.tracker, natural(ref.key), ref.id))
    places = Counter(pulled[ref].container for ref in rest)
    used = {entry.rule for entry in tags}
    return Coverage(
        pulled=len(pulled),
        tagged=len(tagged),
        structure=len(above),
        untagged=tuple(rest),
        untagged_in=tuple(sorted(places.items(), key=lambda place: (-place[1], place[0]))),
        idle_rules=tuple(sorted(set(rules) - used)),
    )


def _above(tagged: Iterable[IssueRef], inputs: Inputs) -> set[IssueRef]:
    """All ancestors of these issues; each is visited once, so cycles end."""
    found: set[IssueRef] = set()
    for ref in tagged:
        parent = inputs.parents.get(ref)
        while parent is not None and parent not in found:
            found.add(parent)
            parent = inputs.parents.get(parent)
    return found

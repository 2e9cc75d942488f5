"""Shares a parent's estimate among those below it that have none, so that cutting work up moves nothing."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

NOTHING = Fraction(0)

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Node(Generic[K]):
    """One live issue of a milestone. Whoever has a node above is below it; there are no circles."""

    above: K | None
    """The nearest issue above it that its own descendants leave out."""
    estimate: Fraction | None
    open: bool
    """A task without an estimate and without a fixed weight, which takes a share where there is one."""


@dataclass(frozen=True, slots=True)
class Share(Generic[K]):
    """What one task weighs, and of whose estimate that is a part."""

    weight: Fraction
    of: K


@dataclass(frozen=True, slots=True)
class Shares(Generic[K]):
    """What was shared among whom."""

    by_task: Mapping[K, Share[K]]
    amounts: Mapping[Fraction, int]
    """What each parent gave away in all, with how often."""


def share(nodes: Mapping[K, Node[K]]) -> Shares[K]:
    """Give each open task its share of the estimate of the nearest issue above it that has one.

    An issue's estimate less the estimates below it goes in equal parts to those directly below it that are
    open or have something open below them, and so on down. Nothing is shared where estimates below come
    to as much as their parent's or more: then its estimate is out of date.
    """
    below: defaultdict[K, list[K]] = defaultdict(list)
    for key, node in nodes.items():
        if node.above is not None:
            below[node.above].append(key)
    if not below:
        return Shares({}, {})
    downwards = _downwards(nodes)
    existing, needy = _claims(nodes, below, downwards)
    given: dict[K, Share[K]] = {}
    amounts: Counter[Fraction] = Counter()
    for key in downwards:
        estimate, under = nodes[key].estimate, below.get(key, ())
        source = Share(estimate, key) if estimate is not None else given.get(key)
        asking = [one for one in under if needy[one]]
        if source is None or not asking:
            continue
        taken = sum((existing[one] for one in under), NOTHING)
        # What came from above is for the open ones alone; an estimate of its own is for all below.
        left = source.weight - taken if estimate is not None else source.weight
        if taken and left <= 0:
            continue
        if estimate is not None:
            amounts[left] += 1
        given.update(dict.fromkeys(asking, Share(left / len(asking), source.of)))
    return Shares({key: got for key, got in given.items() if not below.get(key)}, dict(amounts))


def _claims(
    nodes: Mapping[K, Node[K]], below: Mapping[K, Sequence[K]], downwards: Sequence[K]
) -> tuple[dict[K, Fraction], dict[K, bool]]:
    """By node: what is estimated of it and below it, and whether anything there asks for a share."""
    existing: dict[K, Fraction] = {}
    needy: dict[K, bool] = {}
    for key in reversed(downwards):
        node, under = nodes[key], below.get(key, ())
        if node.estimate is not None or not under:
            existing[key], needy[key] = node.estimate or NOTHING, node.open
        else:
            existing[key] = sum((existing[one] for one in under), NOTHING)
            needy[key] = any(needy[one] for one in under)
    return existing, needy


def _downwards(nodes: Mapping[K, Node[K]]) -> list[K]:
    """Everything, each after what is above it."""
    result: dict[K, None] = {}
    for key in nodes:
        path: list[K] = []
        at: K | None = key
        while at is not None and at not in result:
            path.append(at)
            at = nodes[at].above
        result.update(dict.fromkeys(reversed(path)))
    return list(result)

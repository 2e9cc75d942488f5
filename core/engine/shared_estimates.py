"""Shares a parent's estimate among tasks below it without one, so that splitting work changes no progress."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

NOTHING = Fraction(0)

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Node(Generic[K]):
    """One live issue of a milestone; `above` has no cycles."""

    above: K | None
    """The nearest issue above it that is left out because issues below it count."""
    estimate: Fraction | None
    open: bool
    """Whether it is a task without an estimate and without a fixed weight, so that it takes a share."""


@dataclass(frozen=True, slots=True)
class Share(Generic[K]):
    """The weight of one task as a share of an estimate."""

    weight: Fraction
    of: K
    """The issue whose estimate is shared."""


@dataclass(frozen=True, slots=True)
class Shares(Generic[K]):
    """All shares of the estimates of parents."""

    by_task: Mapping[K, Share[K]]
    amounts: Mapping[Fraction, int]
    """By amount that a parent shared in all: the number of such parents."""


def share(nodes: Mapping[K, Node[K]]) -> Shares[K]:
    """Return for each open task its share of the estimate of the nearest issue above it that has one.

    An issue's estimate, less the estimates below it, goes in equal parts to the issues directly below it that
    are open or have an open one below them, and is divided further in the same way. Where the estimates below
    add up to the parent's or more, nothing is shared, since the parent's estimate is out of date.
    """
    below: defaultdict[K, list[K]] = defaultdict(list)
    for key, node in nodes.items():
        if node.above is not None:
            below[node.above].append(key)
    if not below:
        return Shares({}, {})
    downwards = _downwards(nodes)
    estimated, takes_share = _claims(nodes, below, downwards)
    shares: dict[K, Share[K]] = {}
    amounts: Counter[Fraction] = Counter()
    for key in downwards:
        estimate, children = nodes[key].estimate, below.get(key, ())
        source = Share(estimate, key) if estimate is not None else shares.get(key)
        takers = [child for child in children if takes_share[child]]
        if source is None or not takers:
            continue
        below_estimated = sum((estimated[child] for child in children), NOTHING)
        # A share from above is for the takers only; from its own estimate, those below are subtracted.
        left = source.weight - below_estimated if estimate is not None else source.weight
        if below_estimated and left <= 0:
            continue
        if estimate is not None:
            amounts[left] += 1
        shares.update(dict.fromkeys(takers, Share(left / len(takers), source.of)))
    return Shares({key: share for key, share in shares.items() if not below.get(key)}, dict(amounts))


def _claims(
    nodes: Mapping[K, Node[K]], below: Mapping[K, Sequence[K]], downwards: Sequence[K]
) -> tuple[dict[K, Fraction], dict[K, bool]]:
    """Return by node the estimates of it or below it, and whether it or anything below it takes a share."""
    estimated: dict[K, Fraction] = {}
    takes_share: dict[K, bool] = {}
    for key in reversed(downwards):
        node, children = nodes[key], below.get(key, ())
        if node.estimate is not None or not children:
            estimated[key], takes_share[key] = node.estimate or NOTHING, node.open
        else:
            estimated[key] = sum((estimated[child] for child in children), NOTHING)
            takes_share[key] = any(takes_share[child] for child in children)
    return estimated, takes_share


def _downwards(nodes: Mapping[K, Node[K]]) -> list[K]:
    """Return all nodes, each after the one above it."""
    result: dict[K, None] = {}
    for key in nodes:
        path: list[K] = []
        at: K | None = key
        while at is not None and at not in result:
            path.append(at)
            at = nodes[at].above
        result.update(dict.fromkeys(reversed(path)))
    return list(result)

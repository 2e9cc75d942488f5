"""What tasks add up to where some share the estimate of a parent, from the rows alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

import orjson

from connectors.models import StatusCategory
from core.engine.shared_estimates import Node, share
from core.engine.tally import Part
from core.store.rollup.rollup_rows import Standing

Key = tuple[str, str]


def shared_parts(rows: Iterable[Standing]) -> tuple[Mapping[Part, int], Mapping[Fraction, int]]:
    """The parts of all that counts, with the shares of those without an estimate; and what was shared.

    The same as `core.engine.tasks.build_tasks` makes of the issues, for an owner whose rows can say all:
    without boxes, mirrors and circles of parents.
    """
    everything = {(row.tracker, row.id): (Part.read(row.part), row) for row in rows}
    live = {
        key: (part, row)
        for key, (part, row) in everything.items()
        if part.state is not StatusCategory.CANCELLED
    }
    parents = {key for key, (_, row) in live.items() if not row.counts}
    nodes = {
        key: Node(
            _nearest(row, parents),
            part.estimate,
            bool(row.counts) and part.estimate is None and part.fixed is None,
        )
        for key, (part, row) in live.items()
    }
    shares = share(nodes)
    parts: Counter[Part] = Counter()
    for key, (part, row) in everything.items():
        if row.counts:
            result = shares.by_task.get(key)
            parts[part if result is None else replace(part, estimate=result.weight, shared=True)] += 1
    return parts, shares.amounts


def _nearest(row: Standing, parents: set[Key]) -> Key | None:
    """The nearest issue above that is left out for what is below it."""
    above = ((row.tracker, id_) for id_ in orjson.loads(row.above))
    return next((key for key in above if key in parents), None)

"""From the sums that are kept to what the engine measures."""

from collections.abc import Collection
from dataclasses import replace

from connectors.models import StatusCategory
from core.engine.tally import Part, Tally
from core.rollup.contributions import tasks_of
from core.rollup.rollup_rules import RollupRules
from core.store.codec.scalars import maybe_moment
from core.store.codec.shared_estimates_codec import read_shared
from core.store.rollup.rollup_interface import RollupReader


def tallies(
    reader: RollupReader, scheme: RollupRules, owners: Collection[str] | None = None
) -> dict[str, Tally]:
    """By owner, of all or of these: what its tasks add up to; nothing for owners without any."""
    latest, shared = reader.latest(owners), reader.shared(owners)
    return {
        owner: _tally(
            owner,
            Tally(_parts(parts), left_out, maybe_moment(latest.get(owner))),
            shared.get(owner),
            reader,
            scheme,
        )
        for owner, (parts, left_out) in reader.sums(owners).items()
    }


def _tally(owner: str, summed: Tally, shared: str | None, reader: RollupReader, scheme: RollupRules) -> Tally:
    if any(part.state is StatusCategory.UNKNOWN for part in summed.parts):
        # Rare, and then the tasks have to be named.
        return tasks_of(owner, reader.rows_of_owner(owner), scheme).tally
    if shared is None:
        return summed
    try:
        parts, amounts = read_shared(shared)
    except ValueError:  # damaged: until it is repaired, from the tasks themselves
        return tasks_of(owner, reader.rows_of_owner(owner), scheme).tally
    return replace(summed, parts=parts, shared=amounts)


def _parts(reason: dict[str, int]) -> dict[Part, int]:
    return {Part.read(text): number for text, number in reason.items()}

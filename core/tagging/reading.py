"""From the sums that are kept to what the engine measures."""

from collections.abc import Collection
from datetime import datetime

from connectors.contract import StatusCategory
from core.engine.tally import Part, Tally
from core.store.codec.plain import maybe_moment
from core.store.tags.contract import TagReader
from core.tagging.rows import tasks_of
from core.tagging.scheme import Scheme


def tallies(reader: TagReader, scheme: Scheme, owners: Collection[str] | None = None) -> dict[str, Tally]:
    """By owner, of all or of these: what its tasks add up to; nothing for owners without any."""
    latest = reader.latest(owners)
    return {
        owner: _tally(owner, parts, left_out, maybe_moment(latest.get(owner)), reader, scheme)
        for owner, (parts, left_out) in reader.sums(owners).items()
    }


def _tally(
    owner: str,
    said: dict[str, int],
    left_out: int,
    latest: datetime | None,
    reader: TagReader,
    scheme: Scheme,
) -> Tally:
    parts = {Part.read(text): number for text, number in said.items()}
    if any(part.state is StatusCategory.UNKNOWN for part in parts):
        # Rare, and then the tasks have to be named.
        return tasks_of(owner, reader.rows_of_owner(owner), scheme).tally
    return Tally(parts, left_out, latest)

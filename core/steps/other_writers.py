"""Other writers in a run: what the plan leaves out because of them, and what is stored about them."""

from collections.abc import Iterable, Mapping

from connectors.interface import TrackerInfo
from connectors.models import IssueRef
from core.publish.actions import Held, Plan, Written
from core.publish.conflicts import ConflictCheck, Contention, after, check_conflicts, counted, released
from core.publish.publish_policy import PublishPolicy
from core.publish.states import ActualState, DesiredState
from core.store.store_interface import RunStore


def check_other_writers(
    whole: Plan,
    desired: DesiredState,
    actual: ActualState,
    policy: PublishPolicy,
    infos: Mapping[str, TrackerInfo],
    store: RunStore,
) -> ConflictCheck:
    """Return the plan without what other writers would set back again, by the stored counts of writes."""
    return check_conflicts(whole, desired, actual, policy, infos, store.contention(counted(whole)))


def keep(store: RunStore, check: ConflictCheck, written: Iterable[Written]) -> None:
    """Store how often the same was written, and what is held or in conflict."""
    changed = after(check, written)
    if changed:
        store.save_contention(changed)


def held_now(store: RunStore, refs: Iterable[IssueRef] | None = None) -> tuple[Held, ...]:
    """Return what the last run held because of other writers: on these issues, or anywhere (None)."""
    return tuple(entry.held for entry in _held(store, refs) if entry.held is not None)


def adopt(store: RunStore, refs: Iterable[IssueRef] | None) -> tuple[Held, ...]:
    """Release what is held because of other writers: on these issues, or everywhere (None). Return it.

    The next run writes there again; what others wrote before is no longer counted.
    """
    entries = _held(store, refs)
    if entries:
        store.save_contention([released(entry) for entry in entries])
    return tuple(entry.held for entry in entries if entry.held is not None)


def _held(store: RunStore, refs: Iterable[IssueRef] | None) -> list[Contention]:
    places = None if refs is None else {(ref.tracker, ref.id) for ref in refs}
    return [
        entry
        for target, entry in sorted(store.contention().items())
        if entry.held is not None and (places is None or (target.tracker, target.place) in places)
    ]

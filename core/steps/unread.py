"""What rests on issues that came but could not be read."""

from collections import defaultdict
from collections.abc import Mapping

from connectors.models import Unread
from core.steps.queries import QueryResults
from core.store.rollup.rollup_interface import RollupReader
from core.store.store_interface import Resolver
from mappings.rules.ruleset import RuleSet


def unread_by_owner(
    unread: Mapping[str, tuple[Unread, ...]],
    rollup: RollupReader,
    resolve: Resolver,
    compiled: RuleSet,
    answers: QueryResults,
) -> Mapping[str, tuple[str, ...]]:
    """By id of milestone or key result: keys of issues on which it rests and that could not be read.

    What an issue was tagged to before counts; of one that was never read, all that it could be tagged to; and
    what asks for its tree where that is what could not be read, so that there is no id. `unread`: by tracker.
    """
    every = [
        (tracker, item, _id(tracker, item, resolve)) for tracker, some in unread.items() for item in some
    ]
    named = {(tracker, id_): value.key or id_ for tracker, value, id_ in every if id_ is not None}
    stored = {(ref.tracker, ref.id) for ref in rollup.issues(sorted(named))}
    result: dict[str, set[str]] = defaultdict(set)
    for place, tagged in rollup.tags_of(named).items():
        for owner, _ in tagged:
            result[owner].add(named[place])
    for tracker, value, id_ in every:
        owners: frozenset[str] = frozenset()
        if id_ is None or (tracker, id_) not in stored:
            places = _containers(tracker, value.key, resolve)
            owners |= compiled.could_tag(tracker, value.key, places, answers.naming(tracker, value.id))
        if value.id is None and value.key is not None:
            owners |= compiled.rooted(tracker, value.key)
        for owner in owners:
            result[owner].add(value.key or value.id or "an issue without id and key")
    return {owner: tuple(sorted(keys)) for owner, keys in result.items()}


def _id(tracker: str, unread: Unread, resolve: Resolver) -> str | None:
    return unread.id or (resolve(tracker, unread.key) if unread.key else None)


def _containers(tracker: str, key: str | None, resolve: Resolver) -> frozenset[str]:
    """All names of the project or repository that a key names; none for None."""
    if not key:
        return frozenset()
    return resolve.container_names(tracker, key.rpartition("#" if "#" in key else "-")[0])

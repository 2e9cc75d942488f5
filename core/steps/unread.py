"""Finds the milestones and key results that rest on issues which came but could not be read."""

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
    """Return by id of milestone or key result the keys of unreadable issues on which it rests.

    An issue that was read before counts for what it was tagged to. One that was never read counts for all
    that it could be tagged to. An unreadable tree, which has a key but no id, counts for the rules that
    name it. `unread`: by tracker.
    """
    issues = [
        (tracker, issue, _id(tracker, issue, resolve))
        for tracker, of_tracker in unread.items()
        for issue in of_tracker
    ]
    keys_by_place = {(tracker, id_): issue.key or id_ for tracker, issue, id_ in issues if id_ is not None}
    stored = {(ref.tracker, ref.id) for ref in rollup.issues(sorted(keys_by_place))}
    keys_by_owner: dict[str, set[str]] = defaultdict(set)
    for place, tags in rollup.tags_of(keys_by_place).items():
        for owner, _ in tags:
            keys_by_owner[owner].add(keys_by_place[place])
    for tracker, issue, id_ in issues:
        owners: frozenset[str] = frozenset()
        if id_ is None or (tracker, id_) not in stored:
            names = _container_names(tracker, issue.key, resolve)
            owners |= compiled.could_tag(tracker, issue.key, names, answers.naming(tracker, issue.id))
        if issue.id is None and issue.key is not None:
            owners |= compiled.rooted(tracker, issue.key)
        for owner in owners:
            keys_by_owner[owner].add(issue.key or issue.id or "an issue without id and key")
    return {owner: tuple(sorted(keys)) for owner, keys in keys_by_owner.items()}


def _id(tracker: str, unread: Unread, resolve: Resolver) -> str | None:
    return unread.id or (resolve(tracker, unread.key) if unread.key else None)


def _container_names(tracker: str, key: str | None, resolve: Resolver) -> frozenset[str]:
    """Return all names, of today and earlier, of the project or repository in a key; none without a key."""
    if not key:
        return frozenset()
    return resolve.container_names(tracker, key.rpartition("#" if "#" in key else "-")[0])

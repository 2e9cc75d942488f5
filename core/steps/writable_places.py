"""Where a run may write, by what the trackers last told of their projects and repositories."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from connectors.interface import TrackerInfo
from connectors.models import Issue
from core.publish.actions import Held
from core.publish.places import Closed, Places, Scope
from core.store.store_interface import Resolver, RunStore
from core.store.stored_values import StoredContainer

COMES_BACK = "goes on by itself once the tracker tells otherwise, within a day"
SHOWN = 10
"""Archived issues of one tracker that are named one by one."""


def places_of(
    infos: Mapping[str, TrackerInfo],
    containers: Mapping[str, tuple[StoredContainer, ...]],
    resolve: Resolver,
) -> Places:
    """By identity: a configured project or repository that is called otherwise today stays in scope."""
    scopes = {name: Scope(info.owns, _names(info, resolve)) for name, info in infos.items()}
    closed = {
        (tracker, name): why
        for tracker, several in containers.items()
        for item in several
        if (why := _closed(item)) is not None
        for name in resolve.container_names(tracker, item.container.name)
    }
    return Places(scopes, closed)


def with_archived(places: Places, issues: Iterable[Issue]) -> Places:
    """The same, with those of these issues that are archived."""
    return replace(places, archived=frozenset(issue.ref for issue in issues if issue.archived))


def closed_places(store: RunStore, infos: Iterable[TrackerInfo]) -> tuple[Held, ...]:
    """What takes no changes, as last told: containers that are archived or only read, archived issues.

    None of it is a failure: it counts as it stands, and is written to again once the tracker says so.
    """
    names = {info.name for info in infos}
    result = [
        Held(f"{tracker}: {item.container.name}", str(why), COMES_BACK)
        for tracker, several in store.containers().items()
        for item in several
        if tracker in names and (why := _closed(item)) is not None
    ]
    return (*result, *_archived_issues(store, names))


def _archived_issues(store: RunStore, names: set[str]) -> Iterator[Held]:
    keys: dict[str, list[str]] = {}
    for issue in store.rollup().mentioning('"archived":true'):
        if issue.archived and issue.ref.tracker in names:
            keys.setdefault(issue.ref.tracker, []).append(issue.ref.key)
    for tracker, several in sorted(keys.items()):
        more = f" and {len(several) - SHOWN:,} more" if len(several) > SHOWN else ""
        yield Held(f"{tracker}: {', '.join(several[:SHOWN])}{more}", str(Closed.ARCHIVED_ISSUE), COMES_BACK)


def _names(info: TrackerInfo, resolve: Resolver) -> frozenset[str]:
    exact = [pattern for pattern in info.containers if "*" not in pattern]
    return frozenset(name for item in exact for name in resolve.container_names(info.name, item))


def _closed(stored: StoredContainer) -> Closed | None:
    if stored.container.archived:
        return Closed.ARCHIVED_CONTAINER
    return Closed.READ_ONLY if stored.container.writable is False else None

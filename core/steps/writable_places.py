"""Where a run may write, by the projects and repositories as last read from the trackers."""

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
"""Number of archived issues of one tracker that are named one by one; the rest is counted."""


def places_of(
    infos: Mapping[str, TrackerInfo],
    containers: Mapping[str, tuple[StoredContainer, ...]],
    resolve: Resolver,
) -> Places:
    """Return where comments and labels may be written.

    A configured project or repository stays in scope when it is renamed.
    """
    scopes = {name: Scope(info.owns, _names(info, resolve)) for name, info in infos.items()}
    closed = {
        (tracker, name): why
        for tracker, rows in containers.items()
        for row in rows
        if (why := _closed(row)) is not None
        for name in resolve.container_names(tracker, row.container.name)
    }
    return Places(scopes, closed)


def with_archived(places: Places, issues: Iterable[Issue]) -> Places:
    """Return the places with those of these issues that are archived."""
    return replace(places, archived=frozenset(issue.ref for issue in issues if issue.archived))


def closed_places(store: RunStore, infos: Iterable[TrackerInfo]) -> tuple[Held, ...]:
    """Return what takes no changes, as last read: containers that are archived or read-only, archived issues.

    None of it is a failure: it counts as last read, and is written to again once the tracker allows it.
    """
    names = {info.name for info in infos}
    closed = [
        Held(f"{tracker}: {row.container.name}", str(why), COMES_BACK)
        for tracker, rows in store.containers().items()
        for row in rows
        if tracker in names and (why := _closed(row)) is not None
    ]
    return (*closed, *_archived_issues(store, names))


def _archived_issues(store: RunStore, names: set[str]) -> Iterator[Held]:
    keys: dict[str, list[str]] = {}
    for issue in store.rollup().mentioning('"archived":true'):
        if issue.archived and issue.ref.tracker in names:
            keys.setdefault(issue.ref.tracker, []).append(issue.ref.key)
    for tracker, archived in sorted(keys.items()):
        more = f" and {len(archived) - SHOWN:,} more" if len(archived) > SHOWN else ""
        yield Held(f"{tracker}: {', '.join(archived[:SHOWN])}{more}", str(Closed.ARCHIVED_ISSUE), COMES_BACK)


def _names(info: TrackerInfo, resolve: Resolver) -> frozenset[str]:
    """Return all names, of today and earlier, of projects or repositories configured without wildcard."""
    exact = [pattern for pattern in info.containers if "*" not in pattern]
    return frozenset(name for pattern in exact for name in resolve.container_names(info.name, pattern))


def _closed(stored: StoredContainer) -> Closed | None:
    if stored.container.archived:
        return Closed.ARCHIVED_CONTAINER
    return Closed.READ_ONLY if stored.container.writable is False else None

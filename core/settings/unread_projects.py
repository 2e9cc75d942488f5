"""Projects that settings name and that no tracker reads."""

from collections.abc import Iterator, Mapping

from core.engine.policy import ProgressPolicy
from core.settings.config import TrackerConfig
from mappings.parse import Source
from mappings.problems import Problem, nearest
from mappings.rules.issue_references import container_fits


def unread_projects(
    source: Source, progress: ProgressPolicy, trackers: Mapping[str, TrackerConfig]
) -> Iterator[Problem]:
    """A warning for each table of `progress.projects` that no tracker's scope has a project for.

    No error: a tree may reach into projects outside of the scope.
    """
    for name in progress.projects:
        tracker, _, place = name.rpartition(":")
        where = ("progress", "projects", name)
        if tracker and tracker not in trackers:
            yield source.problem(where, f'no tracker is called "{tracker}"', nearest(tracker, trackers))
            continue
        scopes = [one.info.containers for one in trackers.values() if tracker in ("", one.name)]
        if not any(container_fits(place, scope) for scope in scopes):
            there = [one for scope in scopes for one in scope if "*" not in one]
            message = f'no tracker reads a project or repository that is called "{place}"'
            yield source.problem(where, message, nearest(place, there))

"""Statuses that settings name and in which no issue is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors.interface import TrackerInfo
from connectors.names import fold_name
from core.engine.policy import CATEGORY, ProgressPolicy, ProjectPolicy
from mappings.parse import Source
from mappings.problems import Problem
from mappings.unknown_names import Names, Place, hint

_NAMES = ("status", "status_option")
_IDS = ("status_id", "status_option_id")
KINDS = (*_NAMES, *_IDS)
"""By which kinds of names the store keeps statuses."""


def unmatched_statuses(
    source: Source, progress: ProgressPolicy, trackers: Sequence[TrackerInfo], names: Names
) -> Iterator[Problem]:
    """A warning for each status of the settings in which no issue is, with those that there are.

    `names`: of all these trackers, by `KINDS`. Defaults are not looked at, and categories are always there.
    """
    everywhere = [info.name for info in trackers]
    for key, place, name in _of_policy(("progress",), progress):
        yield from _compared(source, (*place, key), name, names, everywhere)
    for project, policy in progress.projects.items():
        for key, place, name in _of_policy(("progress", "projects", project), policy):
            yield from _compared(source, (*place, key), name, names, everywhere)
    for info in trackers:
        table = ("trackers", info.name)
        if info.status_field and not names.get((info.name, "status_option")):
            message = f'no issue has a value in the field "{info.status_field}"'
            what = "Check its name; a field of a project is named project/field, by a name in `projects`"
            yield source.problem((*table, "status_field"), message, what)
            continue
        for key, several in info.named_statuses.items():
            for position, name in enumerate(several):
                yield from _compared(source, (*table, key, position), name, names, [info.name])


def _of_policy(
    table: Place, policy: ProgressPolicy | ProjectPolicy
) -> Iterator[tuple[str | int, Place, str]]:
    """The last part of each place, what stands before it, and the status that is named there."""
    if "status_credit" in policy.model_fields_set:
        for name in policy.status_credit or ():
            if not fold_name(name).startswith(CATEGORY):
                yield name, (*table, "status_credit"), name
    if "cancelled_statuses" in policy.model_fields_set:
        for position, name in enumerate(policy.cancelled_statuses or ()):
            yield position, (*table, "cancelled_statuses"), name


def _compared(
    source: Source, place: Place, name: str, names: Names, trackers: Iterable[str]
) -> Iterator[Problem]:
    there, ids = _there(names, trackers, _NAMES), _there(names, trackers, _IDS)
    requested = fold_name(name)
    if requested in there or requested in ids or (_looks_like_id(requested) and not ids):
        return  # a store of an older version has no ids until the next comparison
    message = f'no issue is in the status "{name}"'
    yield source.problem(place, message, hint(name, tuple(sorted(there.values()))))


def _there(names: Names, trackers: Iterable[str], kinds: Sequence[str]) -> Mapping[str, str]:
    pairs = [(tracker, kind) for tracker in trackers for kind in kinds]
    return {fold_name(name): name for pair in pairs for name in names.get(pair, ())}


def _looks_like_id(name: str) -> bool:
    """Jira's ids are digits; those of GitHub's options are eight hex digits, or digits."""
    return name.isdigit() or (len(name) == 8 and set(name) <= set("0123456789abcdef"))

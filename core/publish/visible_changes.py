"""The change of a milestone since a comment was written, as its readers may see it."""

from dataclasses import replace

from connectors.models import IssueRef
from core.engine.change import compare
from core.engine.model import Change, ChangePart, Snapshot, SnapshotTask
from core.publish.visibility import View

_HIDDEN = "\0"
"""The beginning of a substitute for a hidden key; no key of a tracker contains it."""


def visible_change(before: Snapshot, after: Snapshot, view: View) -> Change:
    """Return the change between two snapshots with all its numbers, but only keys that the readers may see.

    A task is hidden if its issue is, under its key in either snapshot.
    """
    refs = map(_ref, (*before.tasks, *after.tasks))
    hidden = {(ref.tracker, ref.id) for ref in refs if not view.issue(ref)}
    if not hidden:
        return compare(before, after)
    change = compare(_without_hidden(before, hidden), _without_hidden(after, hidden))
    return replace(change, parts=tuple(map(_counted, change.parts)))


def _ref(task: SnapshotTask) -> IssueRef:
    """Return the issue of a task; for a box of a task list, the issue that contains it."""
    tracker, _, rest = task.id.partition(":")
    return IssueRef(tracker, rest.partition("#")[0], task.key)


def _without_hidden(snapshot: Snapshot, hidden: set[tuple[str, str]]) -> Snapshot:
    """Return the snapshot with a substitute, different for each issue, in place of hidden keys."""
    tasks = []
    for task in snapshot.tasks:
        ref = _ref(task)
        secret = (ref.tracker, ref.id) in hidden
        tasks.append(replace(task, key=f"{_HIDDEN}{ref.tracker}:{ref.id}") if secret else task)
    return replace(snapshot, tasks=tuple(tasks))


def _counted(part: ChangePart) -> ChangePart:
    shown = tuple(key for key in part.keys if not key.startswith(_HIDDEN))
    return replace(part, keys=shown, hidden=len(part.keys) - len(shown))

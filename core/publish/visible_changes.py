"""What moved a milestone since a comment was written, as far as the readers of that comment may know."""

from dataclasses import replace

from connectors.models import IssueRef
from core.engine.change import compare
from core.engine.model import Change, ChangePart, Snapshot, SnapshotTask
from core.publish.visibility import View

_HIDDEN = "\0"
"""Begins what stands for a key that is hidden; no key of a tracker holds it."""


def visible_change(before: Snapshot, after: Snapshot, view: View) -> Change:
    """The change from one snapshot to the next: all its numbers, and only keys that the readers may see.

    A task is hidden if its issue is, by its key of today or by the one that it bore.
    """
    refs = map(_ref, (*before.tasks, *after.tasks))
    hidden = {(ref.tracker, ref.id) for ref in refs if not view.issue(ref)}
    if not hidden:
        return compare(before, after)
    change = compare(_without_hidden(before, hidden), _without_hidden(after, hidden))
    return replace(change, parts=tuple(map(_counted, change.parts)))


def _ref(task: SnapshotTask) -> IssueRef:
    """The issue of a task; the box of a task list belongs to the issue that holds it."""
    tracker, _, rest = task.id.partition(":")
    return IssueRef(tracker, rest.partition("#")[0], task.key)


def _without_hidden(snapshot: Snapshot, hidden: set[tuple[str, str]]) -> Snapshot:
    """The same, with something else in place of the keys of these issues, one for each."""
    tasks = []
    for task in snapshot.tasks:
        ref = _ref(task)
        secret = (ref.tracker, ref.id) in hidden
        tasks.append(replace(task, key=f"{_HIDDEN}{ref.tracker}:{ref.id}") if secret else task)
    return replace(snapshot, tasks=tuple(tasks))


def _counted(part: ChangePart) -> ChangePart:
    shown = tuple(key for key in part.keys if not key.startswith(_HIDDEN))
    return replace(part, keys=shown, hidden=len(part.keys) - len(shown))

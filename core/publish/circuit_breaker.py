"""When failures in a row stand for more than themselves: the rest of their kind is put off in this run."""

from collections.abc import Hashable, Mapping

from core.publish.actions import Action, DefineLabel, RemoveLabelDefinition, Written
from core.publish.key_container import container_of_key

IN_ROW = 3
"""Different targets that fail one after the other, until the rest of their kind is put off."""


class Circuit:
    """Counts what fails in a row, by tracker and by container, while a plan is written.

    Three changes in a row whose addresses do not answer put off the rest of that kind of change on their
    tracker, and three refusals in a row the rest of that kind in their container; the next kind then gets a
    single try. By kind, because an account may well write comments where it must not write labels.

    `alike` gives actions that are tried again a value that those share which the same container refused for
    the same reason: the first of them that is refused once more stands for the others.
    """

    def __init__(self, alike: Mapping[Action, Hashable] | None = None) -> None:
        self._alike = alike or {}
        self._again: dict[Hashable, str] = {}
        self._tracker: dict[str, str] = {}
        self._kinds: dict[tuple[str, str, str], str] = {}
        self._silent: dict[str, int] = {}
        self._refused: dict[tuple[str, str], int] = {}

    def skipped(self, action: Action) -> Written | None:
        """What becomes of an action that is not to be tried now; None if it is."""
        kind = type(action).__name__
        reason = self._tracker.get(action.tracker) or self._kinds.get((action.tracker, "", kind))
        if reason is not None:
            return Written(action, "failed", reason, cause="put off")
        reason = self._kinds.get((action.tracker, container_of(action), kind))
        if reason is None and action in self._alike:
            reason = self._again.get(self._alike[action])
        return None if reason is None else Written(action, "failed", reason, cause="closed")

    def note(self, written: Written) -> None:
        """Take account of what became of an action that was tried."""
        action = written.action
        tracker, place, kind = action.tracker, container_of(action), type(action).__name__
        if written.cause == "tracker":
            self._tracker[tracker] = f"put off: {written.reason}"
        elif written.cause == "unavailable":
            self._silent[tracker] = self._silent.get(tracker, 0) + 1
            if self._silent[tracker] >= IN_ROW:
                reason = f"put off: {IN_ROW} changes in a row failed on {tracker}, the last one with: "
                self._kinds[tracker, "", kind] = f"{reason}{written.reason}"
        elif written.cause == "refused":
            self._silent[tracker] = 0
            if action in self._alike:
                self._again[self._alike[action]] = written.reason
            self._refused[tracker, place] = self._refused.get((tracker, place), 0) + 1
            if self._refused[tracker, place] >= IN_ROW:
                reason = f"put off: {place} refused {IN_ROW} changes in a row, the last one with: "
                self._kinds[tracker, place, kind] = f"{reason}{written.reason}"
        else:
            self._silent[tracker] = self._refused[tracker, place] = 0


def container_of(action: Action) -> str:
    """The project or repository that an action writes to, by the name in its key."""
    if isinstance(action, DefineLabel | RemoveLabelDefinition):
        return action.container
    return container_of_key(action.ref)

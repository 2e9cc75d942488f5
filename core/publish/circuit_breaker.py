"""The circuit breaker of `apply`: after several failures in a row, the rest of their kind is put off."""

from collections.abc import Hashable, Mapping

from core.publish.actions import Action, DefineLabel, RemoveLabelDefinition, Written
from core.publish.key_container import container_of_key

IN_ROW = 3
"""Number of actions that fail one after the other, until the rest of their kind is put off."""


class Circuit:
    """Counts failures in a row, by tracker and by container, while a plan is written.

    Three changes in a row whose addresses do not answer put off the rest of that kind of change on their
    tracker, and three refusals in a row the rest of that kind in their container; the next kind then gets a
    single try. Kinds are apart because an account may be allowed to write comments but no labels.

    `alike` has, by action that is tried again, a value that is equal for actions which the same container
    refused for the same reason: once one of them is refused again, the others are not sent.
    """

    def __init__(self, alike: Mapping[Action, Hashable] | None = None) -> None:
        self._alike = alike or {}
        self._refused_again: dict[Hashable, str] = {}
        self._down: dict[str, str] = {}
        self._open: dict[tuple[str, str, str], str] = {}
        self._unavailable_in_row: dict[str, int] = {}
        self._refused_in_row: dict[tuple[str, str], int] = {}

    def skipped(self, action: Action) -> Written | None:
        """Return the outcome of an action that must not be sent now; None if it may be."""
        kind = type(action).__name__
        reason = self._down.get(action.tracker) or self._open.get((action.tracker, "", kind))
        if reason is not None:
            return Written(action, "failed", reason, cause="put off")
        reason = self._open.get((action.tracker, container_of(action), kind))
        if reason is None and action in self._alike:
            reason = self._refused_again.get(self._alike[action])
        return None if reason is None else Written(action, "failed", reason, cause="closed")

    def note(self, written: Written) -> None:
        """Count the outcome of an action that was sent."""
        action = written.action
        tracker, place, kind = action.tracker, container_of(action), type(action).__name__
        if written.cause == "tracker":
            self._down[tracker] = f"put off: {written.reason}"
        elif written.cause == "unavailable":
            self._unavailable_in_row[tracker] = self._unavailable_in_row.get(tracker, 0) + 1
            if self._unavailable_in_row[tracker] >= IN_ROW:
                reason = f"put off: {IN_ROW} changes in a row failed on {tracker}, the last one with: "
                self._open[tracker, "", kind] = f"{reason}{written.reason}"
        elif written.cause == "refused":
            self._unavailable_in_row[tracker] = 0
            if action in self._alike:
                self._refused_again[self._alike[action]] = written.reason
            self._refused_in_row[tracker, place] = self._refused_in_row.get((tracker, place), 0) + 1
            if self._refused_in_row[tracker, place] >= IN_ROW:
                reason = f"put off: {place} refused {IN_ROW} changes in a row, the last one with: "
                self._open[tracker, place, kind] = f"{reason}{written.reason}"
        else:
            self._unavailable_in_row[tracker] = self._refused_in_row[tracker, place] = 0


def container_of(action: Action) -> str:
    """Return the project or repository that an action writes to, by the name in its key."""
    if isinstance(action, DefineLabel | RemoveLabelDefinition):
        return action.container
    return container_of_key(action.ref)

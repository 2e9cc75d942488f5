"""Applies a plan: writes one action after the other, and records each outcome before the next."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

from connectors.errors import (
    AnswerLost,
    BadConfiguration,
    InvalidResponse,
    TooLong,
    TrackerDown,
    TrackerError,
    Unavailable,
)
from connectors.interface import Reader, Writer
from connectors.models import Posted, PostedComment
from core.publish.actions import (
    Action,
    Cause,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.circuit_breaker import Circuit
from core.unexpected_errors import unexpected

STOPPED = "put off: milepost was asked to stop"


def never() -> bool:
    """Return False: the default for `stop`, where nobody can ask to stop."""
    return False


def apply(
    plan: Plan,
    readers: Mapping[str, Reader],
    writers: Mapping[str, Writer],
    record: Callable[[Written], None],
    stop: Callable[[], bool] = never,
    alike: Mapping[Action, Hashable] | None = None,
) -> tuple[Written, ...]:
    """Write every action of the plan in its order, and return the outcome of each.

    `record` is called with each outcome right after its write and before the next one; if it raises, nothing
    more is written. The error of one action never ends the others: an action that is refused, or whose own
    address does not answer, fails alone. Where the tracker itself is down (no connection, no login, a rate
    limit, an exception that no connector should raise), the rest of its actions is put off, and `Circuit`
    decides when several failures in a row put off others. `stop` is called before each write; once it returns
    True, the rest is put off. The next plan has again what failed or was put off. `alike`: see `Circuit`.
    """
    circuit = Circuit(alike)
    outcomes = []
    for action in plan.actions:
        skipped = Written(action, "failed", STOPPED, cause="put off") if stop() else circuit.skipped(action)
        if skipped is not None:
            written = skipped
        elif action.tracker not in writers or action.tracker not in readers:
            written = Written(action, "failed", f"{action.tracker} is not configured", cause="tracker")
        else:
            written = _apply_one(action, readers[action.tracker], writers[action.tracker])
            circuit.note(written)
        record(written)
        outcomes.append(written)
    return tuple(outcomes)


def _apply_one(action: Action, reader: Reader, writer: Writer) -> Written:
    """Write one action; once more in a shorter form where the tracker calls a comment too long."""
    try:
        try:
            return _send(action, reader, writer)
        except TooLong as error:
            shorter = action.within(error.limit) if isinstance(action, WriteComment) else None
            if shorter is None:
                raise
            return _send(shorter, reader, writer)
    except TrackerError as error:
        return Written(action, "failed", str(error), cause=cause_of(error))
    except Exception as error:
        # A defect of one connector must not keep the others from being published.
        return Written(action, "failed", str(unexpected(action.tracker, error)), cause="tracker")


def _send(action: Action, reader: Reader, writer: Writer) -> Written:
    """Send one action, and again after a lost answer where that cannot write it twice. May raise anything."""
    if isinstance(action, WriteComment) and (action.before is None or action.anew):
        if action.before is not None:
            removed = _send_idempotent(DeleteComment(action.ref, action.target, action.before, ""), writer)
            if removed.outcome != "done":
                return replace(removed, action=action)
        return _create(action, reader, writer)
    return _send_idempotent(action, writer)


def cause_of(error: TrackerError) -> Cause:
    """Return the cause of a failed write by the class of its error."""
    if isinstance(error, TrackerDown | BadConfiguration):
        return "tracker"
    return "unavailable" if isinstance(error, Unavailable | InvalidResponse | AnswerLost) else "refused"


def _send_idempotent(action: Action, writer: Writer) -> Written:
    """Send anything but a create, and once more if the answer is lost; twice has the same effect as once."""
    try:
        return _write(action, writer)
    except AnswerLost:
        pass
    try:
        return _write(action, writer)
    except AnswerLost as error:
        return Written(action, "unknown", f"{error}; the next run looks again", cause="unavailable")


def _write(action: Action, writer: Writer) -> Written:
    comment: PostedComment | None = None
    labels: tuple[str, ...] | None = None
    match action:
        case WriteComment(before=PostedComment() as before, anew=False):
            comment = writer.edit_comment(action.ref, before, action.body, action.mark)
        case WriteComment():
            comment = writer.create_comment(action.ref, action.body, action.mark)
        case DeleteComment():
            writer.delete_comment(action.ref, action.before)
        case ChangeLabels():
            labels = writer.change_labels(action.ref, action.add, action.remove)
        case DefineLabel():
            writer.define_label(action.container, action.definition)
        case RemoveLabelDefinition():
            writer.remove_label_definition(action.container, action.name)
    return Written(action, "done", comment=comment, labels=labels)


def _create(action: WriteComment, reader: Reader, writer: Writer) -> Written:
    """Create a comment; after a lost answer, create it again only if the issue does not have it yet."""
    lost = Written(action, "unknown", cause="unavailable")
    reason = ""
    for _ in range(2):
        try:
            return _write(action, writer)
        except (AnswerLost, InvalidResponse) as error:
            reason = str(error)
        try:
            created = _find_created(action, reader)
        except TrackerError as error:
            return replace(lost, reason=f"{reason}; and it could not be looked for: {error}")
        if created is not None:
            return Written(action, "done", "the answer was lost, but the comment is there", comment=created)
    return replace(lost, reason=f"{reason}; the next run looks again")


def _find_created(action: WriteComment, reader: Reader) -> PostedComment | None:
    """Return the comment that this action created: by our account, with the same mark; None if it is missing.

    Raises TrackerError.
    """
    posted: Posted | TrackerError | None = reader.posted([action.ref]).get(action.ref)
    if isinstance(posted, TrackerError):
        raise posted
    mine = [comment for comment in (posted.comments if posted else ()) if comment.mine]
    created = (comment for comment in mine if action.mark in (comment.mark or "", *comment.body.split()))
    return next(created, None)

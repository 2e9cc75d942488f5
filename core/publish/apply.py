"""A plan written to the trackers, one change after the other, each outcome recorded before the next."""

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
    """Nobody asks to stop."""
    return False


def apply(
    plan: Plan,
    readers: Mapping[str, Reader],
    writers: Mapping[str, Writer],
    record: Callable[[Written], None],
    stop: Callable[[], bool] = never,
    alike: Mapping[Action, Hashable] | None = None,
) -> tuple[Written, ...]:
    """Write every action of the plan in its order and give back what became of each.

    `record` is called with each outcome right after its write and before the next one; if it raises,
    nothing more is written. What one change raises never ends the whole: a change that is refused, or whose
    own address does not answer, fails alone. Where the tracker itself is down (no connection, no login, a
    rate limit, an error that no tracker should raise), the rest of its changes is put off; `Circuit` says
    when several failures in a row stand for more than themselves. `stop` is asked before each write; once
    it says yes, the rest is put off. What failed or was put off is found again by the next plan.
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
            written = _one(action, readers[action.tracker], writers[action.tracker])
            circuit.note(written)
        record(written)
        outcomes.append(written)
    return tuple(outcomes)


def _one(action: Action, reader: Reader, writer: Writer) -> Written:
    """One action; once more in a shorter form where the tracker takes less than it should."""
    try:
        try:
            return _sent(action, reader, writer)
        except TooLong as error:
            shorter = action.within(error.limit) if isinstance(action, WriteComment) else None
            if shorter is None:
                raise
            return _sent(shorter, reader, writer)
    except TrackerError as error:
        return Written(action, "failed", str(error), cause=cause_of(error))
    except Exception as error:
        # A defect of one connector must not keep the others from being published.
        return Written(action, "failed", str(unexpected(action.tracker, error)), cause="tracker")


def _sent(action: Action, reader: Reader, writer: Writer) -> Written:
    """One action, tried again only where nothing can come of it twice. May raise anything."""
    if isinstance(action, WriteComment) and (action.before is None or action.anew):
        if action.before is not None:
            removed = _repeatable(DeleteComment(action.ref, action.target, action.before, ""), writer)
            if removed.outcome != "done":
                return replace(removed, action=action)
        return _create(action, reader, writer)
    return _repeatable(action, writer)


def cause_of(error: TrackerError) -> Cause:
    """What a failed write says: of its tracker as a whole, or of its own target."""
    if isinstance(error, TrackerDown | BadConfiguration):
        return "tracker"
    return "unavailable" if isinstance(error, Unavailable | InvalidResponse | AnswerLost) else "refused"


def _repeatable(action: Action, writer: Writer) -> Written:
    """Everything but a create comes to the same if it is done twice."""
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
    """Create a comment; after a lost answer look whether it is there, and try once more only if it is not."""
    lost = Written(action, "unknown", cause="unavailable")
    reason = ""
    for _ in range(2):
        try:
            return _write(action, writer)
        except (AnswerLost, InvalidResponse) as error:
            reason = str(error)
        try:
            there = _find_created(action, reader)
        except TrackerError as error:
            return replace(lost, reason=f"{reason}; and it could not be looked for: {error}")
        if there is not None:
            return Written(action, "done", "the answer was lost, but the comment is there", comment=there)
    return replace(lost, reason=f"{reason}; the next run looks again")


def _find_created(action: WriteComment, reader: Reader) -> PostedComment | None:
    """The comment that this very action wrote: by our account, with its whole mark. Raises TrackerError."""
    posted: Posted | TrackerError | None = reader.posted([action.ref]).get(action.ref)
    if isinstance(posted, TrackerError):
        raise posted
    mine = [one for one in (posted.comments if posted else ()) if one.mine]
    return next((one for one in mine if action.mark in (one.mark or "", *one.body.split())), None)

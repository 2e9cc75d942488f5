"""A plan written to the trackers, one change after the other, each outcome recorded before the next."""

from collections.abc import Callable, Mapping

from connectors.contract import (
    AnswerLost,
    BadConfiguration,
    Garbled,
    PostedComment,
    Reader,
    TrackerError,
    Unavailable,
    Writer,
)
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)

STOPPED = "put off: milepost was asked to stop"


def never() -> bool:
    """Nobody asks to stop."""
    return False


def say_nothing(written: Written) -> None:
    """Nobody watches."""


def apply(
    plan: Plan,
    readers: Mapping[str, Reader],
    writers: Mapping[str, Writer],
    record: Callable[[Written], None],
    notify: Callable[[Written], None] = say_nothing,
    stop: Callable[[], bool] = never,
) -> tuple[Written, ...]:
    """Write every action of the plan in its order and give back what became of each.

    `record` is called with each outcome right after its write and before the next one; if it raises,
    nothing more is written. A TrackerError never ends the whole: a refused change fails alone; where a
    tracker is unavailable or misconfigured, the rest of its changes is put off, and other trackers go on.
    `stop` is asked before each write; once it says yes, the rest is put off. What failed or was put off is
    found again by the next plan.
    """
    put_off: dict[str, str] = {}
    outcomes = []
    for action in plan.actions:
        why = STOPPED if stop() else put_off.get(action.tracker)
        if why is not None:
            written = Written(action, "failed", why)
        elif action.tracker not in writers or action.tracker not in readers:
            written = Written(action, "failed", f"{action.tracker} is not configured")
        else:
            written = _one(action, readers[action.tracker], writers[action.tracker], put_off)
        record(written)
        notify(written)
        outcomes.append(written)
    return tuple(outcomes)


def _one(action: Action, reader: Reader, writer: Writer, put_off: dict[str, str]) -> Written:
    """One action, tried again only where nothing can come of it twice."""
    try:
        if isinstance(action, WriteComment) and action.before is None:
            return _create(action, reader, writer)
        return _repeatable(action, writer)
    except (Unavailable, BadConfiguration) as error:
        put_off[action.tracker] = f"put off: {error}"
        return Written(action, "failed", str(error))
    except TrackerError as error:
        return Written(action, "failed", str(error))


def _repeatable(action: Action, writer: Writer) -> Written:
    """Everything but a create comes to the same if it is done twice."""
    try:
        return _write(action, writer)
    except AnswerLost:
        pass
    try:
        return _write(action, writer)
    except AnswerLost as error:
        return Written(action, "unknown", f"{error}; the next run looks again")


def _write(action: Action, writer: Writer) -> Written:
    comment: PostedComment | None = None
    labels: tuple[str, ...] | None = None
    match action:
        case WriteComment(before=PostedComment() as before):
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
    said = ""
    for _ in range(2):
        try:
            return _write(action, writer)
        except (AnswerLost, Garbled) as error:
            said = str(error)
        try:
            there = _look(action, reader)
        except TrackerError as error:
            return Written(action, "unknown", f"{said}; and it could not be looked for: {error}")
        if there is not None:
            return Written(action, "done", "the answer was lost, but the comment is there", comment=there)
    return Written(action, "unknown", f"{said}; the next run looks again")


def _look(action: WriteComment, reader: Reader) -> PostedComment | None:
    """The comment that this very action wrote: by our account, with its whole mark."""
    posted = reader.posted([action.ref]).get(action.ref)
    if isinstance(posted, TrackerError):
        raise posted
    mine = [one for one in (posted.comments if posted else ()) if one.mine]
    return next((one for one in mine if action.mark in (one.mark or "", *one.body.split())), None)

"""Take back what runs wrote: the ledger read backwards, planned against what stands now, and applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.errors import TrackerError
from connectors.models import IssueRef, LabelDefinition, Posted
from core.context import RunContext
from core.publish.actions import ChangeLabels, DefineLabel, DeleteComment, Held, Plan, WriteComment, Written
from core.publish.apply import apply
from core.publish.conflicts import ON_ISSUES
from core.publish.labels import owned
from core.publish.quarantine import Target
from core.publish.undo_by_mark import with_marked
from core.publish.undo_plan import undo_plan
from core.steps.record import Recorder
from core.store.store_interface import RunStore
from core.sync import conclude

KIND = "undo"


class EveryRun(tuple[int, ...]):
    """All runs that wrote, newest first; with them goes what the ledger may have lost."""


def runs_to_undo(store: RunStore, run: int | None, *, everything: bool = False) -> tuple[int, ...]:
    """The runs whose writes shall be taken back, newest first: one, the last that wrote, or all.

    A run that was an undo itself is no run to undo unless it is named or everything is meant: then
    its entries are part of the way back.
    """
    wrote = [item.run for item in store.runs() if _wrote(store, item.run)]
    if everything:
        return EveryRun(wrote)
    if run is not None:
        return tuple(item for item in wrote if item == run)
    kinds = {item.run: item.kind for item in store.runs()}
    return tuple([item for item in wrote if kinds[item] != KIND][:1])


def plan_undo(context: RunContext, runs: Sequence[int]) -> Plan:
    """What taking these runs back would write. Reads what stands; writes nothing.

    Of every run (`EveryRun`), also what the ledger does not have and mark or prefix show to be ours: on
    tracking issues, on issues with a comment on record, and on those that carry our labels. The trackers
    are read for it as a run reads them.
    """
    marked = _marked(context) if isinstance(runs, EveryRun) else _Marked()
    entries = [entry for run in runs for entry in reversed(context.store.entries(run))]
    posted: dict[IssueRef, Posted] = {}
    definitions: dict[tuple[str, str], tuple[LabelDefinition, ...]] = {}
    held: list[Held] = [
        Held(f"what was written to {name}", why, "try again when it can be reached")
        for name, why in sorted(marked.down.items())
    ]
    for name, tracker in context.trackers.items():
        try:
            with context.stop.reading():
                refs = sorted({*_issues(name, entries), *marked.issues(name)})
                for ref, one in tracker.reader.posted(refs).items():
                    if isinstance(one, TrackerError):
                        raise one
                    posted[ref] = one
                for container in sorted({*_containers(name, entries), *marked.containers(name)}):
                    definitions[name, container] = tracker.reader.label_definitions(container)
        except TrackerError as error:
            held.append(Held(f"what was written to {name}", str(error), "try again when it can be reached"))
            entries = [entry for entry in entries if entry.action.tracker != name]
    carried = _carried(context, posted)
    plan = undo_plan(
        entries,
        posted,
        definitions,
        lambda tracker, container, label: bool(
            carried.get((tracker, container, label.casefold()), set()) - _freed(entries, label)
        ),
    )
    if isinstance(runs, EveryRun):
        plan = with_marked(
            plan,
            entries,
            posted,
            definitions,
            lambda tracker, container, label: carried.get((tracker, container, label), set()),
            context.publish,
        )
    return Plan(plan.actions, (*held, *plan.held))


@dataclass(frozen=True)
class _Marked:
    """Where something of ours may stand that the ledger does not name."""

    places: Mapping[IssueRef, str] = field(default_factory=dict)
    """Issues, and the project or repository of each; empty where that is not known."""
    down: Mapping[str, str] = field(default_factory=dict)
    """Trackers that could not be read, and why."""

    def issues(self, tracker: str) -> list[IssueRef]:
        """Those of one tracker."""
        return [ref for ref in self.places if ref.tracker == tracker]

    def containers(self, tracker: str) -> set[str]:
        """The projects and repositories of these issues."""
        return {place for ref, place in self.places.items() if ref.tracker == tracker and place}


def _marked(context: RunContext) -> _Marked:
    """Reads the trackers into the store, which may be new, and looks where a run would look."""
    conclusion = conclude(context)
    prefix = context.publish.labels.prefix
    places = dict.fromkeys((*conclusion.evaluation.targets.about, *context.store.publications()), "")
    for issue in context.store.issues():
        if issue.ref in places or owned(issue.labels, prefix):
            places.pop(issue.ref, None)
            places[issue.ref] = issue.container
    return _Marked(
        places, {name: why for name, why in conclusion.actual.down.items() if name in context.trackers}
    )


def undo(context: RunContext, runs: Sequence[int]) -> tuple[Plan, tuple[Written, ...]]:
    """Take the runs back; the undo is a run of its own in the ledger."""
    plan = plan_undo(context, runs)
    run = context.store.begin_run(context.now, KIND)
    recorder = Recorder(context.store, run, context.now, lambda _: {})
    written = apply(
        plan,
        {name: tracker.reader for name, tracker in context.trackers.items()},
        {name: tracker.writer for name, tracker in context.trackers.items()},
        recorder.record,
        stop=context.stop,
    )
    failed = sum(item.outcome != "done" for item in written)
    _forget_contention(context.store, written)
    what = ", ".join(map(str, runs)) or "what is marked as ours"
    message = f"run {run} took back {what}: {len(written)} written, {failed} failed"
    outcome = "failed" if failed or plan.held else "done"
    context.store.end_run(
        run, context.now, outcome, message, {"written": len(written) - failed, "failed": failed}
    )
    return plan, written


def _forget_contention(store: RunStore, written: Sequence[Written]) -> None:
    """What is taken back was not set back by anybody: it is not counted."""
    ids = {
        (outcome.action.tracker, outcome.action.ref.id)
        for outcome in written
        if isinstance(outcome.action, WriteComment | DeleteComment | ChangeLabels)
    }
    store.save_contention((), [Target(name, kind, id_) for name, id_ in sorted(ids) for kind in ON_ISSUES])


def _wrote(store: RunStore, run: int) -> bool:
    return any(entry.outcome != "failed" for entry in store.entries(run))


def _issues(tracker: str, entries: Sequence[Written]) -> list[IssueRef]:
    actions = (entry.action for entry in entries)
    named = {
        action.ref for action in actions if isinstance(action, WriteComment | DeleteComment | ChangeLabels)
    }
    return sorted(ref for ref in named if ref.tracker == tracker)


def _containers(tracker: str, entries: Sequence[Written]) -> list[str]:
    actions = (entry.action for entry in entries)
    defined = {
        action.container
        for action in actions
        if isinstance(action, DefineLabel) and action.tracker == tracker
    }
    return sorted(defined)


def _carried(
    context: RunContext, posted: dict[IssueRef, Posted]
) -> dict[tuple[str, str, str], set[IssueRef]]:
    """Which issues carry which label, as last read; freshly read ones as they stand now."""
    result: dict[tuple[str, str, str], set[IssueRef]] = {}
    for issue in context.store.issues():
        now = posted.get(issue.ref)
        for label in now.labels if now else issue.labels:
            result.setdefault((issue.ref.tracker, issue.container, label.casefold()), set()).add(issue.ref)
    return result


def _freed(entries: Sequence[Written], label: str) -> set[IssueRef]:
    """The issues from which the undo itself takes this label."""
    return {
        entry.action.ref
        for entry in entries
        if isinstance(entry.action, ChangeLabels)
        and label.casefold() in {name.casefold() for name in entry.action.add}
    }

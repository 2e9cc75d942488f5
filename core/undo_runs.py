"""Takes back what runs wrote: plans from the ledger and from the actual state, and applies the plan.

The rules of such a plan are in `core.publish.undo_plan` (by ledger) and `core.publish.undo_by_mark`.
"""

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
    """All runs that wrote, newest first; undoing them also removes what only its mark shows to be ours."""


def runs_to_undo(store: RunStore, run: int | None, *, everything: bool = False) -> tuple[int, ...]:
    """Return the runs to undo, newest first: all with `everything`, else `run`, else the last that wrote.

    The last that wrote is never an undo. With `everything`, or if `run` names it, an undo is undone as well.
    """
    wrote = [row.run for row in store.runs() if _wrote(store, row.run)]
    if everything:
        return EveryRun(wrote)
    if run is not None:
        return tuple(number for number in wrote if number == run)
    kinds = {row.run: row.kind for row in store.runs()}
    return tuple([number for number in wrote if kinds[number] != KIND][:1])


def plan_undo(context: RunContext, runs: Sequence[int]) -> Plan:
    """Return what taking these runs back would write. Reads the actual state; writes to no tracker.

    For `EveryRun` the plan also removes what the ledger does not have but mark or prefix show to be ours: on
    tracking issues, on issues with a recorded comment, and on issues that carry our labels. The trackers are
    pulled to find these.
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
                for ref, answer in tracker.reader.posted(refs).items():
                    if isinstance(answer, TrackerError):
                        raise answer
                    posted[ref] = answer
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
    """Where comments and labels of ours may stand that the ledger does not name."""

    places: Mapping[IssueRef, str] = field(default_factory=dict)
    """By issue: its project or repository; an empty string where the issue is not stored."""
    down: Mapping[str, str] = field(default_factory=dict)
    """By tracker that could not be read: the reason."""

    def issues(self, tracker: str) -> list[IssueRef]:
        """Return the issues of one tracker."""
        return [ref for ref in self.places if ref.tracker == tracker]

    def containers(self, tracker: str) -> set[str]:
        """Return the projects or repositories of these issues."""
        return {name for ref, name in self.places.items() if ref.tracker == tracker and name}


def _marked(context: RunContext) -> _Marked:
    """Read the trackers into the store, which may be new, and return where comments and labels may stand."""
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
    """Take the runs back; the undo is a run of its own in the ledger. Returns its plan and the outcomes."""
    plan = plan_undo(context, runs)
    run = context.store.begin_run(context.now, KIND)
    recorder = Recorder(context.store, run, context.now, lambda _: {})
    written = apply(plan, context.readers, context.writers, recorder.record, stop=context.stop)
    failed = sum(entry.outcome != "done" for entry in written)
    _delete_write_counts(context.store, written)
    what = ", ".join(map(str, runs)) or "what is marked as ours"
    line = f"run {run} took back {what}: {len(written)} written, {failed} failed"
    outcome = "failed" if failed or plan.held else "done"
    context.store.end_run(
        run, context.now, outcome, line, {"written": len(written) - failed, "failed": failed}
    )
    return plan, written


def _delete_write_counts(store: RunStore, written: Sequence[Written]) -> None:
    """Delete the counts of writes on these issues, so that an undo is not taken for another writer."""
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
    """Return the issues by tracker, container and casefolded label; `posted` replaces what is stored."""
    result: dict[tuple[str, str, str], set[IssueRef]] = {}
    for issue in context.store.issues():
        now = posted.get(issue.ref)
        for label in now.labels if now else issue.labels:
            result.setdefault((issue.ref.tracker, issue.container, label.casefold()), set()).add(issue.ref)
    return result


def _freed(entries: Sequence[Written], label: str) -> set[IssueRef]:
    """Return the issues from which the undo itself removes this label: those to which a run added it."""
    return {
        entry.action.ref
        for entry in entries
        if isinstance(entry.action, ChangeLabels)
        and label.casefold() in {name.casefold() for name in entry.action.add}
    }

"""Take back what runs wrote: the ledger read backwards, planned against what stands now, and applied."""

from collections.abc import Sequence

from connectors.contract import IssueRef, LabelDefinition, Posted, TrackerError
from core.publish.actions import ChangeLabels, DefineLabel, DeleteComment, Held, Plan, WriteComment, Written
from core.publish.apply import apply
from core.publish.undo import undo_plan
from core.recording import Recorder
from core.store.contract import Keeper
from core.sync import Job

KIND = "undo"


def runs_to_undo(store: Keeper, run: int | None, *, everything: bool = False) -> tuple[int, ...]:
    """The runs whose writes shall be taken back, newest first: one, the last that wrote, or all.

    A run that was an undo itself is no run to undo unless it is named or everything is meant: then
    its entries are part of the way back.
    """
    wrote = [each.run for each in store.runs() if _wrote(store, each.run)]
    if everything:
        return tuple(wrote)
    if run is not None:
        return tuple(each for each in wrote if each == run)
    kinds = {each.run: each.kind for each in store.runs()}
    return tuple([each for each in wrote if kinds[each] != KIND][:1])


def plan_undo(job: Job, runs: Sequence[int]) -> Plan:
    """What taking these runs back would write. Reads what stands; writes nothing."""
    entries = [entry for run in runs for entry in reversed(job.store.entries(run))]
    posted: dict[IssueRef, Posted] = {}
    definitions: dict[tuple[str, str], tuple[LabelDefinition, ...]] = {}
    held: list[Held] = []
    for name, tracker in job.trackers.items():
        try:
            with job.stop.reading():
                for ref, one in tracker.reader.posted(_issues(name, entries)).items():
                    if isinstance(one, TrackerError):
                        raise one
                    posted[ref] = one
                for container in _containers(name, entries):
                    definitions[name, container] = tracker.reader.label_definitions(container)
        except TrackerError as error:
            held.append(Held(f"what was written to {name}", str(error), "try again when it can be reached"))
            entries = [entry for entry in entries if entry.action.tracker != name]
    carried = _carried(job, posted)
    plan = undo_plan(
        entries,
        posted,
        definitions,
        lambda tracker, container, label: bool(
            carried.get((tracker, container, label.casefold()), set()) - _freed(entries, label)
        ),
    )
    return Plan(plan.actions, (*held, *plan.held))


def undo(job: Job, runs: Sequence[int]) -> tuple[Plan, tuple[Written, ...]]:
    """Take the runs back; the undo is a run of its own in the ledger."""
    plan = plan_undo(job, runs)
    run = job.store.begin_run(job.now, KIND)
    recorder = Recorder(job.store, run, job.now, lambda _about: {}, lambda _done: None)
    written = apply(
        plan,
        {name: tracker.reader for name, tracker in job.trackers.items()},
        {name: tracker.writer for name, tracker in job.trackers.items()},
        recorder.record,
        stop=job.stop,
    )
    failed = sum(each.outcome != "done" for each in written)
    said = f"run {run} took back {', '.join(map(str, runs))}: {len(written)} written, {failed} failed"
    outcome = "failed" if failed or plan.held else "done"
    job.store.end_run(run, job.now, outcome, said, {"written": len(written) - failed, "failed": failed})
    return plan, written


def _wrote(store: Keeper, run: int) -> bool:
    return any(entry.outcome != "failed" for entry in store.entries(run))


def _issues(tracker: str, entries: Sequence[Written]) -> list[IssueRef]:
    actions = (entry.action for entry in entries)
    named = {each.ref for each in actions if isinstance(each, WriteComment | DeleteComment | ChangeLabels)}
    return sorted(ref for ref in named if ref.tracker == tracker)


def _containers(tracker: str, entries: Sequence[Written]) -> list[str]:
    actions = (entry.action for entry in entries)
    defined = {
        each.container for each in actions if isinstance(each, DefineLabel) and each.tracker == tracker
    }
    return sorted(defined)


def _carried(job: Job, posted: dict[IssueRef, Posted]) -> dict[tuple[str, str, str], set[IssueRef]]:
    """Which issues carry which label, as last read; freshly read ones as they stand now."""
    found: dict[tuple[str, str, str], set[IssueRef]] = {}
    for issue in job.store.issues():
        now = posted.get(issue.ref)
        for label in now.labels if now else issue.labels:
            found.setdefault((issue.ref.tracker, issue.container, label.casefold()), set()).add(issue.ref)
    return found


def _freed(entries: Sequence[Written], label: str) -> set[IssueRef]:
    """The issues from which the undo itself takes this label."""
    return {
        entry.action.ref
        for entry in entries
        if isinstance(entry.action, ChangeLabels)
        and label.casefold() in {name.casefold() for name in entry.action.add}
    }

"""Pulls one tracker into the store: what changed since the cursor and, when it is due, everything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.errors import Missing, QuotaExhausted, Refused, TrackerError
from connectors.interface import Tracker
from connectors.models import Interest, Issue, IssueRef, Page
from core.publish.actions import Held
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop
from core.steps import learn_audiences, missing_fields
from core.steps.holding import held_until
from core.steps.reconcile import Reconciled, as_survey, compare, due, reconcile, retry_unread
from core.steps.surveyed_pages import interruptible
from core.store.store_interface import RunStore
from core.store.stored_values import PullState, StoreError
from core.unexpected_errors import unexpected


@dataclass(frozen=True, slots=True)
class Pulled:
    """The outcome of pulling one tracker; counts are numbers of issues."""

    tracker: str
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    unread: int = 0
    full: bool = False
    error: TrackerError | None = None
    since: datetime | None = None
    """Where it is down: when it was last read well; None if it never was."""
    held: Held | None = None
    released: bool = False
    """Something would be held if `--force` did not release it."""
    reconcile_put_off: bool = False
    """The changes are stored, but no quota was left to reconcile, which stays due."""
    reconciled: bool = False
    """Everything was compared in this run, not only what changed."""
    notes: tuple[str, ...] = ()
    """What the reconciliation found out, a sentence for each issue or container."""
    problems: tuple[str, ...] = ()
    """What cannot be right in its lists, a sentence each."""
    moved: Mapping[IssueRef, datetime] = field(default_factory=dict)
    """By issue that came and carries our comment: its time of change, which a comment may have moved."""

    @property
    def down(self) -> bool:
        """Whether what rests on this tracker cannot be measured in this run."""
        return self.error is not None or self.held is not None

    @property
    def why(self) -> str:
        """Why it is down; empty if it is not."""
        return str(self.error) if self.error else self.held.why if self.held else ""


def pull(
    tracker: Tracker, store: RunStore, interest: Interest, rules: ReconcileRules, now: datetime, stop: Stop
) -> Pulled:
    """Store what changed since the cursor and, when it is due, reconcile the tracker.

    The comments of ours on issues that changed are marked to be verified again. Where the tracker fails, the
    store stays as it was, and the result has the error. Raises Stopped and StoreError, but no TrackerError.
    """
    name = tracker.info.name
    state = store.pull_state(name).believed(now)
    try:
        return _read(tracker, store, state, interest, rules, now, stop)
    except TrackerError as error:
        store.pull_failed(name, now, str(error))
        return Pulled(name, error=error, since=state.read_at)
    except StoreError:
        raise
    except Exception as error:
        tracker_error = unexpected(name, error)
        store.pull_failed(name, now, str(tracker_error))
        return Pulled(name, error=tracker_error, since=state.read_at)


def _read(
    tracker: Tracker,
    store: RunStore,
    state: PullState,
    interest: Interest,
    rules: ReconcileRules,
    now: datetime,
    stop: Stop,
) -> Pulled:
    name = tracker.info.name
    with stop.reading():
        changes = tracker.reader.changed_since(None if rules.full else state.cursor, interest)
    arrivals = _Arrivals(store, name, None if changes.full else state.read_at)
    pulled = Pulled(name, full=changes.full)
    changes = replace(changes, pages=arrivals.observe(interruptible(changes.pages, stop)))
    if changes.full:
        done = compare(tracker, store, as_survey(changes), state, changes.cursor, rules, now, stop)
        store.containers_failed(name, changes.failed(), changes.listed(), now)
        pulled = _after(pulled, state, done)
        store.note_containers(name, changes.containers(), now)
        if done.held is None and not _named(tracker, interest) <= done.containers:
            # Nothing has one of the names: only a survey tells whether something had it before.
            again = reconcile(tracker, store, interest, state, changes.cursor, rules, now, stop)
            pulled = replace(
                pulled, notes=pulled.notes + again.notes, problems=pulled.problems + again.problems
            )
    else:
        counts = store.save_pull(name, changes, now)
        store.containers_failed(name, changes.failed(), changes.listed(), now)
        pulled = replace(pulled, seen=counts.seen, new=counts.new, changed=counts.changed)
        retry_unread(tracker, store, changes.cursor, now, stop)
        if arrivals.any:
            state = replace(state, reconciled_at=None)
        pulled = _reconciled(tracker, store, state, changes.cursor, pulled, interest, rules, now, stop)
    _learn_former_keys(tracker, store, interest, stop)
    missing_fields.keep(store, name, changes.missing_fields)
    unknown = learn_audiences.learn_audiences(
        tracker, tracker.info, store, stop, reconciled=pulled.reconciled
    )
    if unknown:
        pulled = replace(pulled, problems=(*pulled.problems, unknown))
    return replace(pulled, moved=arrivals.moved, unread=len(store.unread().get(name, ())))


def _named(tracker: Tracker, interest: Interest) -> set[str]:
    """Return the projects or repositories that the configuration and the rules name, casefolded."""
    configured = (name for name in tracker.info.containers if "*" not in name)
    return {name.casefold() for name in (*configured, *interest.containers)}


def _reconciled(
    tracker: Tracker,
    store: RunStore,
    before: PullState,
    cursor: str,
    pulled: Pulled,
    interest: Interest,
    rules: ReconcileRules,
    now: datetime,
    stop: Stop,
) -> Pulled:
    """Reconcile if that is due, and return what was pulled together with the outcome."""
    name = tracker.info.name
    held = held_until(name, store.memory(name), rules.every, now)
    if held is not None and not rules.force:
        store.pull_failed(name, now, held.why)
        return replace(pulled, held=held, since=before.read_at)
    if not due(before, rules, now):
        return pulled
    try:
        done = reconcile(tracker, store, interest, before, cursor, rules, now, stop)
    except QuotaExhausted:
        if before.error is not None or before.reconciled_at is None:
            raise  # a held loss, or an issue from elsewhere, must not be measured without a comparison
        return replace(pulled, reconcile_put_off=True)
    return _after(pulled, before, replace(done, seen=0))


def _after(pulled: Pulled, before: PullState, done: Reconciled) -> Pulled:
    """Return what was pulled together with what the reconciliation found out."""
    return replace(
        pulled,
        seen=pulled.seen + done.seen,
        new=pulled.new + done.new,
        changed=pulled.changed + done.changed,
        gone=done.gone,
        held=done.held,
        released=done.released,
        since=before.read_at if done.held is not None else None,
        reconciled=done.held is None,
        notes=done.notes,
        problems=done.problems,
    )


class _Arrivals:
    """Observes pulled pages for issues that carry a comment of ours, and for issues that came from elsewhere.

    An issue that is new in the store but was created before the last pull came from elsewhere. GitHub gives
    a transferred issue a new id, so that the tracker is reconciled at once: the old id must not count
    beside the new one. `before`: the time of the last pull; None for a full pull, which compares everything
    anyway.
    """

    def __init__(self, store: RunStore, tracker: str, before: datetime | None) -> None:
        self._tracker = tracker
        self._before = before
        self._store = store
        self._with_comment = store.published_ids(tracker)
        self.any = False
        """Whether any issue came from elsewhere."""
        self.moved: dict[IssueRef, datetime] = {}
        """As `Pulled.moved`."""

    def observe(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Yield the pages unchanged."""
        for page in pages:
            self.any = self.any or self._has_arrival(page)
            for issue in page.issues:
                self._verify_comment_again(issue)
            yield page

    def _verify_comment_again(self, issue: Issue) -> None:
        """Store at once, before the cursor moves on, that the comment on an issue has to be verified."""
        record = self._store.publication(issue.ref) if issue.ref.id in self._with_comment else None
        if record is None:
            return
        self.moved[issue.ref] = max(issue.updated, self.moved.get(issue.ref, issue.updated))
        if record.seen is not None and issue.updated > record.seen:
            self._store.save_publication(replace(record, seen=None))

    def _has_arrival(self, page: Page) -> bool:
        before = self._before
        old_keys = [issue.ref.key for issue in page.issues if before is not None and issue.created < before]
        if not old_keys:
            return False
        resolve = self._store.resolver()  # one for each page, since it caches all keys that it is asked for
        resolve.prime(self._tracker, old_keys)
        return any(resolve(self._tracker, key) is None for key in old_keys)


def _learn_former_keys(tracker: Tracker, store: RunStore, interest: Interest, stop: Stop) -> None:
    """Ask the tracker for keys of the mapping that lead to no present issue, and store where they lead."""
    name = tracker.info.name
    for key in _unresolved(store, name, interest.keys | interest.roots):
        try:
            with stop.reading():
                page = tracker.reader.fetch([key])
        except (Missing, Refused, QuotaExhausted):
            continue  # the run reports by itself that the key was not found, and the next run asks again
        for issue in page.issues:
            if store.issue(issue.ref) is not None:
                store.remember_key(name, key, issue.ref)


def _unresolved(store: RunStore, tracker: str, keys: frozenset[str]) -> list[str]:
    """Return those of these keys that lead to no present issue, sorted."""
    resolve = store.resolver()
    resolve.prime(tracker, keys)
    ids = {key: resolve(tracker, key) for key in sorted(keys)}
    present = store.present_ids(tracker, filter(None, ids.values()))
    return [key for key, id_ in ids.items() if id_ not in present]

"""Bring the store up to date with one tracker: what changed, and now and then what is gone."""

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
    """What came of reading one tracker. `since` is when its data was last good, if it is not now."""

    tracker: str
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    unread: int = 0
    full: bool = False
    error: TrackerError | None = None
    since: datetime | None = None
    held: Held | None = None
    released: bool = False
    """Something would be held that `--force` let through."""
    sweep_put_off: bool = False
    """What changed is in, but there was no quota left for looking for what is gone; it stays due."""
    swept: bool = False
    """Everything was looked at in this run, not only what changed."""
    notes: tuple[str, ...] = ()
    """What the comparison with all that is there found out, a sentence for each issue or container."""
    problems: tuple[str, ...] = ()
    """What cannot be right in what it listed, a sentence each."""
    moved: Mapping[IssueRef, datetime] = field(default_factory=dict)
    """Of the issues that came and carry our comment: when each changed last, be it by a comment alone."""

    @property
    def down(self) -> bool:
        """Whether what rests on this tracker cannot be measured in this run."""
        return self.error is not None or self.held is not None

    @property
    def why(self) -> str:
        """Why it is down; empty if it is not."""
        return str(self.error) if self.error else self.held.why if self.held else ""


PullRules = ReconcileRules


def pull(
    tracker: Tracker, store: RunStore, interest: Interest, rules: ReconcileRules, now: datetime, stop: Stop
) -> Pulled:
    """Read what changed since the cursor, and compare everything when that is due; save both.

    Issues that carry a comment of ours and changed in any way are to be looked at. A tracker that fails
    leaves the store as it was, and the result says so; it never raises for that.
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
        unforeseen = unexpected(name, error)
        store.pull_failed(name, now, str(unforeseen))
        return Pulled(name, error=unforeseen, since=state.read_at)


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
        result = tracker.reader.changed_since(None if rules.full else state.cursor, interest)
    arrivals = _Arrivals(store, name, None if result.full else state.read_at)
    pulled = Pulled(name, full=result.full)
    result = replace(result, pages=arrivals.noticed(interruptible(result.pages, stop)))
    if result.full:
        done = compare(tracker, store, as_survey(result), state, result.cursor, rules, now, stop)
        store.containers_failed(name, result.failed(), result.listed(), now)
        pulled = _after(pulled, state, done)
        store.note_containers(name, result.containers(), now)
        if done.held is None and not _named(tracker, interest) <= done.containers:
            # A name that nothing is called by: a survey tells whether something was called so before.
            again = reconcile(tracker, store, interest, state, result.cursor, rules, now, stop)
            pulled = replace(
                pulled, notes=pulled.notes + again.notes, problems=pulled.problems + again.problems
            )
    else:
        counts = store.save_pull(name, result, now)
        store.containers_failed(name, result.failed(), result.listed(), now)
        pulled = replace(pulled, seen=counts.seen, new=counts.new, changed=counts.changed)
        retry_unread(tracker, store, result.cursor, now, stop)
        if arrivals.any:
            state = replace(state, swept_at=None)
        pulled = _reconciled(tracker, store, state, result.cursor, pulled, interest, rules, now, stop)
    _follow(tracker, store, interest, stop)
    missing_fields.keep(store, name, result.missing_fields)
    unknown = learn_audiences.learn_audiences(tracker, tracker.info, store, stop, swept=pulled.swept)
    if unknown:
        pulled = replace(pulled, problems=(*pulled.problems, unknown))
    return replace(pulled, moved=arrivals.moved, unread=len(store.unread().get(name, ())))


def _named(tracker: Tracker, interest: Interest) -> set[str]:
    """The projects or repositories that the configuration and the rules name, casefolded."""
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
    """The same after everything was compared, if that is due."""
    name = tracker.info.name
    waiting = held_until(name, store.memory(name), rules.every, now)
    if waiting is not None and not rules.force:
        store.pull_failed(name, now, waiting.why)
        return replace(pulled, held=waiting, since=before.read_at)
    if not due(before, rules, now):
        return pulled
    try:
        done = reconcile(tracker, store, interest, before, cursor, rules, now, stop)
    except QuotaExhausted:
        if before.error is not None or before.swept_at is None:
            raise  # what was held back, or came from elsewhere, must not pass unseen now
        return replace(pulled, sweep_put_off=True)
    return _after(pulled, before, replace(done, seen=0))


def _after(pulled: Pulled, before: PullState, done: Reconciled) -> Pulled:
    """What was pulled, and what the comparison with all that is there found out."""
    return replace(
        pulled,
        seen=pulled.seen + done.seen,
        new=pulled.new + done.new,
        changed=pulled.changed + done.changed,
        gone=done.gone,
        held=done.held,
        released=done.released,
        since=before.read_at if done.held is not None else None,
        swept=done.held is None,
        notes=done.notes,
        problems=done.problems,
    )


class _Arrivals:
    """Notices issues that changed under a comment of ours, and those that are new here but old.

    Issues older than the last reading came from elsewhere, and GitHub gives an issue that is transferred a
    new id: what it was before must not count beside it until the next sweep. A full reading is a sweep
    itself; for it, there is no `before`.
    """

    def __init__(self, store: RunStore, tracker: str, before: datetime | None) -> None:
        self._tracker = tracker
        self._before = before
        self._store = store
        self._watched = store.published_ids(tracker)
        self.any = False
        self.moved: dict[IssueRef, datetime] = {}

    def noticed(self, pages: Iterator[Page]) -> Iterator[Page]:
        """The same pages."""
        for page in pages:
            self.any = self.any or self._arrived(page)
            for issue in page.issues:
                self._notice(issue)
            yield page

    def _notice(self, issue: Issue) -> None:
        """Write down at once that a comment has to be looked at: the cursor must not move past that."""
        record = self._store.publication(issue.ref) if issue.ref.id in self._watched else None
        if record is None:
            return
        self.moved[issue.ref] = max(issue.updated, self.moved.get(issue.ref, issue.updated))
        if record.seen is not None and issue.updated > record.seen:
            self._store.save_publication(replace(record, seen=None))

    def _arrived(self, page: Page) -> bool:
        before = self._before
        old = [issue.ref.key for issue in page.issues if before is not None and issue.created < before]
        if not old:
            return False
        existing = self._store.resolver()  # one for each page: it keeps all keys that it was asked for
        existing.prime(self._tracker, old)
        return any(existing(self._tracker, key) is None for key in old)


def _follow(tracker: Tracker, store: RunStore, interest: Interest, stop: Stop) -> None:
    """Learn where issues went that the mapping names by a key which leads nowhere any more."""
    name = tracker.info.name
    for key in _lost(store, name, interest.keys | interest.roots):
        try:
            with stop.reading():
                page = tracker.reader.fetch([key])
        except (Missing, Refused, QuotaExhausted):
            continue  # the run says by itself that the key was not found, and the next asks again
        for issue in page.issues:
            if store.issue(issue.ref) is not None:
                store.remember_key(name, key, issue.ref)


def _lost(store: RunStore, tracker: str, keys: frozenset[str]) -> list[str]:
    """Those of these keys that lead to no issue that is present."""
    existing = store.resolver()
    existing.prime(tracker, keys)
    leads = {key: existing(tracker, key) for key in sorted(keys)}
    present = store.present_ids(tracker, filter(None, leads.values()))
    return [key for key, result in leads.items() if result not in present]

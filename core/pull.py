"""Bring the store up to date with one tracker: what changed, and now and then what is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.contract import (
    Interest,
    Issue,
    IssueRef,
    Missing,
    Page,
    Pull,
    PutOff,
    Refused,
    Tracker,
    TrackerError,
)
from core.faults import unexpected
from core.publish.actions import Held
from core.stop import Stop
from core.store.contract import Keeper
from core.store.records import PullState, StoreError

FORCE = "look into it, then run once with --force"


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
    sweep_put_off: bool = False
    """What changed is in, but there was no quota left for looking for what is gone; it stays due."""
    swept: bool = False
    """Everything was looked at in this run, not only what changed."""
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


@dataclass(frozen=True, slots=True)
class PullRules:
    """How carefully to read: the age at which the ids are swept, and the loss that is not believed."""

    sweep_every: timedelta
    max_lost_percent: int
    force: bool = False


def pull(
    tracker: Tracker, store: Keeper, interest: Interest, rules: PullRules, now: datetime, stop: Stop
) -> Pulled:
    """Read what changed since the cursor, and sweep the ids when that is due; save both.

    Issues that carry a comment of ours and changed in any way are to be looked at. A tracker that fails
    leaves the store as it was, and the result says so; it never raises for that.
    """
    name = tracker.info.name
    state = store.pull_state(name).believed(now)
    try:
        with stop.reading():
            found = tracker.reader.changed_since(state.cursor, interest)
        arrivals = _Arrivals(store, name, None if found.full else state.read_at)
        pages = arrivals.noticed(_heard(found.pages, stop))
        counts = store.save_pull(name, replace(found, pages=pages), now)
        pulled = Pulled(name, counts.seen, counts.new, counts.changed, full=found.full)
        pulled = replace(pulled, unread=len(store.unread().get(name, ())), moved=arrivals.moved)
        if arrivals.any:
            state = replace(state, swept_at=None)
        pulled = _settle(tracker, store, state, found, counts.missing, pulled, rules, now, stop)
        _follow(tracker, store, interest, stop)
        return pulled
    except TrackerError as error:
        store.pull_failed(name, now, str(error))
        return Pulled(name, error=error, since=state.read_at)
    except StoreError:
        raise
    except Exception as error:
        found_out = unexpected(name, error)
        store.pull_failed(name, now, str(found_out))
        return Pulled(name, error=found_out, since=state.read_at)


def _heard(pages: Iterator[Page], stop: Stop) -> Iterator[Page]:
    """The same pages; a wish to stop is heard while the next one is awaited, not while one is saved."""
    while True:
        with stop.reading():
            page = next(pages, None)
        if page is None:
            return
        yield page


class _Arrivals:
    """Notices issues that changed under a comment of ours, and those that are new here but old.

    Issues older than the last reading came from elsewhere, and GitHub gives an issue that is transferred a
    new id: what it was before must not count beside it until the next sweep. A full reading is a sweep
    itself; for it, there is no `before`.
    """

    def __init__(self, store: Keeper, tracker: str, before: datetime | None) -> None:
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
        known = self._store.resolver()  # one for each page: it keeps all keys that it was asked for
        known.prime(self._tracker, old)
        return any(known(self._tracker, key) is None for key in old)


def _follow(tracker: Tracker, store: Keeper, interest: Interest, stop: Stop) -> None:
    """Learn where issues went that the mapping names by a key which leads nowhere any more."""
    name = tracker.info.name
    for key in _lost(store, name, interest.keys | interest.roots):
        try:
            with stop.reading():
                page = tracker.reader.fetch([key])
        except (Missing, Refused, PutOff):
            continue  # the run says by itself that the key was not found, and the next asks again
        for issue in page.issues:
            if store.issue(issue.ref) is not None:
                store.remember_key(name, key, issue.ref)


def _lost(store: Keeper, tracker: str, keys: frozenset[str]) -> list[str]:
    """Those of these keys that lead to no issue that is present."""
    known = store.resolver()
    known.prime(tracker, keys)
    leads = {key: known(tracker, key) for key in sorted(keys)}
    present = store.present_ids(tracker, filter(None, leads.values()))
    return [key for key, found in leads.items() if found not in present]


def _settle(
    tracker: Tracker,
    store: Keeper,
    before: PullState,
    found: Pull,
    missing: tuple[IssueRef, ...],
    pulled: Pulled,
    rules: PullRules,
    now: datetime,
    stop: Stop,
) -> Pulled:
    """Forget what is gone, unless so much is gone that the silence is not to be believed."""
    if not found.full:
        if not _sweep_due(before, rules, now):
            return pulled
        try:
            with stop.reading():
                present = tracker.reader.present()
        except PutOff:
            if before.error is not None or before.swept_at is None:
                raise  # what was held back, or came from elsewhere, must not pass unseen now
            return replace(pulled, sweep_put_off=True)
        missing = store.absent(pulled.tracker, present)
    with stop.reading():
        gone = _really_gone(tracker, missing)
    lost = 100 * len(gone) > rules.max_lost_percent * before.issues
    if lost and not rules.force:
        held = Held(
            f"everything that rests on {pulled.tracker}",
            f"{len(gone)} of its {before.issues} issues are gone since the last reading, more than "
            f"max_lost_percent = {rules.max_lost_percent} allows; a filter, a permission or a fault may hide "
            "them",
            FORCE,
        )
        store.pull_failed(pulled.tracker, now, held.why)
        return replace(pulled, held=held, since=before.read_at)
    store.mark_gone(pulled.tracker, gone, now)
    store.swept(pulled.tracker, now)
    return replace(pulled, gone=len(gone), swept=True)


def _sweep_due(state: PullState, rules: PullRules, now: datetime) -> bool:
    """Also after a failure: what was held back then must not pass unseen now."""
    return state.swept_at is None or state.error is not None or now - state.swept_at >= rules.sweep_every


def _really_gone(tracker: Tracker, missing: tuple[IssueRef, ...]) -> tuple[IssueRef, ...]:
    """Those that are not only outside the tracker's own scope, where a tree or a key brought them from."""
    outside = [ref for ref in missing if not tracker.info.owns(ref.key)]
    if not outside:
        return missing
    alive = {issue.ref for issue in tracker.reader.fetch([ref.key for ref in outside]).issues}
    return tuple(ref for ref in missing if ref not in alive)

"""Reconciles one tracker: compares everything that is stored of it with everything that it lists.

A list may end early, a permission may be missing for an hour, an index may lag. So an issue that is stored
and was not listed is requested by its id, and what only one surprising answer says changes nothing until a
later reconciliation confirms it (`core.steps.missing_issues`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from connectors import bounds
from connectors.interface import Tracker, TrackerInfo
from connectors.models import (
    Container,
    Interest,
    Page,
    Pull,
    Survey,
    SurveyPage,
    Unread,
)
from core.publish.actions import Held
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop
from core.steps.holding import hold, release, too_much
from core.steps.missing_issues import CONFIRMED, DOUBTS, Decision, MissingIssues
from core.steps.surveyed_pages import Listing, interruptible
from core.store.store_interface import RunStore
from core.store.stored_values import PullState, StoredContainer

DUE = 0.75
"""Part of the period after which a reconciliation is due, so that another can confirm it in time."""
_SHARE = "reconcile.share"
"""Key in the memory of a tracker: which share of its issues is read whole by the next reconciliation."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The outcome of a reconciliation; counts are numbers of issues."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    held: Held | None = None
    released: bool = False
    """Something would be held or kept if `force` did not release it."""
    notes: tuple[str, ...] = ()
    """A sentence for each issue or container that vanished, was archived, or is not confirmed yet."""
    problems: tuple[str, ...] = ()
    """A sentence for each container whose list cannot be right."""
    containers: frozenset[str] = frozenset()
    """Casefolded names of the projects or repositories of which an issue was listed."""


def due(state: PullState, rules: ReconcileRules, now: datetime) -> bool:
    """Return whether a reconciliation is due.

    It is also due after a failed pull, since what was held then has to be checked again, and where the stored
    time of the last one is in the future, which is invalid.
    """
    compared = bounds.past(state.reconciled_at, now)
    return compared is None or state.error is not None or now - compared >= rules.every * DUE


def reconcile(
    tracker: Tracker,
    store: RunStore,
    interest: Interest,
    before: PullState,
    cursor: str,
    rules: ReconcileRules,
    now: datetime,
    stop: Stop,
) -> Reconciled:
    """Survey the tracker and bring the store into agreement. Raises TrackerError where the tracker is down.

    `before`: the state of pulling before this run. `cursor`: the cursor after this run's pull.
    """
    with stop.reading():
        survey = tracker.reader.survey(interest)
    return compare(tracker, store, survey, before, cursor, rules, now, stop)


def as_survey(pull: Pull) -> Survey:
    """Return a full pull as a survey; it names no containers but those that failed."""
    pages = (SurveyPage(issues=page.issues, unread=page.unread) for page in pull.pages)
    return Survey(pages, pull.failed, dict)


def compare(
    tracker: Tracker,
    store: RunStore,
    survey: Survey,
    before: PullState,
    cursor: str,
    rules: ReconcileRules,
    now: datetime,
    stop: Stop,
) -> Reconciled:
    """Bring the store into agreement with a survey, as far as that is confirmed. Raises TrackerError."""
    name = tracker.info.name
    share = _share(store.memory(name).get(_SHARE), rules.reread_days)
    listing = Listing(name, tracker.reader, store, (share, rules.reread_days))
    pages = interruptible(listing.pages(survey.pages), stop)
    counts = store.save_pull(name, Pull(cursor, pages, full=True), now)
    missing = MissingIssues(tracker, store, survey, listing, before.issues, rules, now, stop)
    decision = missing.decide()
    lost = rules.too_many(len(decision.gone), before.issues)
    held = None
    if lost and not rules.force:
        held = too_much(name, len(decision.gone), before.issues, rules.max_lost_percent)
    _save(store, name, survey, decision, cursor, now)
    if held is not None:
        store.pull_failed(name, now, held.why)
        hold(store.memory(name), held, rules.every, now)
    else:
        _conclude(store, name, decision, rules, share, now)
    return Reconciled(
        counts.seen,
        counts.new,
        counts.changed,
        0 if held is not None else len(decision.gone),
        held,
        missing.forced or (lost and rules.force),
        (*decision.notes, *decision.gone.values()),
        tuple(
            f"{name}: {count} issues of {container} were not listed, though they are there; "
            "they go on counting, and the lists are not believed"
            for container, count in sorted(decision.unlisted.items())
        ),
        frozenset(name.casefold() for name in listing.listed),
    )


def _save(store: RunStore, name: str, survey: Survey, decision: Decision, cursor: str, now: datetime) -> None:
    """Store the issues that are present although not listed, and the projects or repositories."""
    if decision.present:
        store.save_pull(name, Pull(cursor, iter([Page(tuple(decision.present))]), full=False), now)
    names = survey.names()
    if names:  # a survey from a full pull has no containers
        stored = store.containers().get(name, ())
        containers = _with_vanished(survey.containers(), decision.vanished, stored)
        store.save_containers(name, containers, names, decision.vanished, now)


def _conclude(
    store: RunStore, name: str, decision: Decision, rules: ReconcileRules, share: int, now: datetime
) -> None:
    """Mark what is gone, and store what has to be confirmed and which share is read whole next."""
    release(store.memory(name))
    store.mark_gone(name, tuple(decision.gone), now)
    # Where something has to be confirmed, the next one is due after CONFIRMED of the period, not at once.
    store.note_reconciled(name, now - rules.every * (DUE - CONFIRMED) if decision.doubts else now)
    _set(store, name, _SHARE, str((share + 1) % rules.reread_days))
    _set(store, name, DOUBTS, orjson.dumps(decision.doubts).decode() if decision.doubts else "")


def _with_vanished(
    containers: Sequence[Container], vanished: Mapping[str, str], stored: Sequence[StoredContainer]
) -> tuple[Container, ...]:
    """Return the containers and, as stored, those that lost all issues and are no longer among them."""
    present = {container.name for container in containers}
    missing = {name for name in vanished if name not in present}
    return (*containers, *(row.container for row in stored if row.container.name in missing))


def retry_unread(tracker: Tracker, store: RunStore, cursor: str, now: datetime, stop: Stop) -> None:
    """Request up to `AGAIN` issues that could not be read; whether one is gone is decided by `reconcile`.

    Raises TrackerError where the tracker is down.
    """
    name = tracker.info.name
    unread = [issue for issue in store.unread().get(name, ()) if issue.id is not None]
    if not unread:
        return
    # Where there are more than AGAIN, the first one follows from the minute, so that each has its turn.
    first = int(now.timestamp() // 60) % len(unread)
    again = [*unread[first:], *unread[:first]][:AGAIN]
    with stop.reading():
        page = tracker.reader.fetch(sorted({_key_or_id(issue, tracker.info) for issue in again}))
    if page.issues or page.unread:
        store.save_pull(name, Pull(cursor, iter([page]), full=False), now)


AGAIN = 100
"""Number of unread issues that are requested again in one run, at most."""


def _key_or_id(unread: Unread, info: TrackerInfo) -> str:
    """Return the key where there is one, since not every tracker finds an issue by its id."""
    key = info.normal_key(unread.key) if unread.key else None
    return key or unread.id or ""


def _share(text: str | None, parts: int) -> int:
    """Return the stored number of a share, from 0 to `parts` - 1; 0 where it is damaged or not stored."""
    return int(text) % parts if text is not None and text.isdigit() and len(text) < 9 else 0


def _set(store: RunStore, tracker: str, key: str, value: str) -> None:
    memory = store.memory(tracker)
    if (memory.get(key) or "") != value:
        memory.set(key, value)

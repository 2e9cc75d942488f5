"""Compares all that is stored of one tracker with all that is there; nothing is gone before it was located.

A list may end early, a permission may go for an hour, an index may lag: so what is stored and was not listed
is asked for by its id, and what only one surprising answer says is kept until a later reconciliation says it
again.
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
"""After this part of the period everything is compared, so that a doubt ends within the period."""
_SHARE = "reconcile.share"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    held: Held | None = None
    released: bool = False
    """Something would be held or doubted that `force` let through."""
    notes: tuple[str, ...] = ()
    """A sentence for each issue or container that vanished, was archived, or is doubted."""
    problems: tuple[str, ...] = ()
    """A sentence for each container whose list cannot be right."""
    containers: frozenset[str] = frozenset()
    """Casefolded names of the projects or repositories of which anything was listed."""


def due(state: PullState, rules: ReconcileRules, now: datetime) -> bool:
    """Whether everything has to be compared now.

    Also after a failure, since what was held back then must not pass unseen; and where the store remembers
    a moment of the future, which no clock can have shown.
    """
    compared = bounds.past(state.swept_at, now)
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
    """Let the store be what the tracker has now. Raises TrackerError where the tracker is down.

    `before` is how far the reading had come before this run, `cursor` what this run's pull left.
    """
    with stop.reading():
        survey = tracker.reader.survey(interest)
    return compare(tracker, store, survey, before, cursor, rules, now, stop)


def as_survey(pull: Pull) -> Survey:
    """A pull that brings everything, as a survey; it names no containers but those that failed."""
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
    """Let the store be what this survey lists, as far as it is to be believed. Raises TrackerError."""
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
    """Store what is there although no list had it, and the projects or repositories."""
    if decision.present:
        store.save_pull(name, Pull(cursor, iter([Page(tuple(decision.present))]), full=False), now)
    names = survey.names()
    if names:  # a survey that names none, such as a first reading, tells of no containers
        stored = store.containers().get(name, ())
        containers = _with_vanished(survey.containers(), decision.vanished, stored)
        store.save_containers(name, containers, names, decision.vanished, now)


def _conclude(
    store: RunStore, name: str, decision: Decision, rules: ReconcileRules, share: int, now: datetime
) -> None:
    """Let what is gone be gone, and remember what is doubted and which share comes next."""
    release(store.memory(name))
    store.mark_gone(name, tuple(decision.gone), now)
    # What is doubted is compared again after a part of the period, not in every run until then.
    store.swept(name, now - rules.every * (DUE - CONFIRMED) if decision.doubts else now)
    _remember(store, name, _SHARE, str((share + 1) % rules.reread_days))
    _remember(store, name, DOUBTS, orjson.dumps(decision.doubts).decode() if decision.doubts else "")


def _with_vanished(
    containers: Sequence[Container], vanished: Mapping[str, str], stored: Sequence[StoredContainer]
) -> tuple[Container, ...]:
    """The containers, and those that are not among them any more as they were stored."""
    there = {container.name for container in containers}
    missing = {name for name in vanished if name not in there}
    return (*containers, *(row.container for row in stored if row.container.name in missing))


def retry_unread(tracker: Tracker, store: RunStore, cursor: str, now: datetime, stop: Stop) -> None:
    """Ask again for single issues that could not be read; what is gone is for `reconcile` to find out.

    Raises TrackerError where the tracker is down.
    """
    name = tracker.info.name
    waiting = [item for item in store.unread().get(name, ()) if item.id is not None]
    if not waiting:
        return
    # Of very many, other ones come first in each run.
    first = int(now.timestamp() // 60) % len(waiting)
    again = [*waiting[first:], *waiting[:first]][:AGAIN]
    with stop.reading():
        page = tracker.reader.fetch(sorted({_text(item, tracker.info) for item in again}))
    if page.issues or page.unread:
        store.save_pull(name, Pull(cursor, iter([page]), full=False), now)


AGAIN = 100
"""Unread issues that are asked for again in one run."""


def _text(unread: Unread, info: TrackerInfo) -> str:
    """What to ask for: the key where there is one, as not every tracker finds an issue by its id."""
    key = info.normal_key(unread.key) if unread.key else None
    return key or unread.id or ""


def _share(text: str | None, parts: int) -> int:
    return int(text) % parts if text is not None and text.isdigit() and len(text) < 9 else 0


def _remember(store: RunStore, tracker: str, fact: str, value: str) -> None:
    memory = store.memory(tracker)
    if (memory.get(fact) or "") != value:
        memory.set(fact, value)

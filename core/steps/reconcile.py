"""Compares all that is stored of one tracker with all that is there; nothing is gone before it was located.

A list may end early, a permission may go for an hour, an index may lag: so what is stored and was not listed
is asked for by its id, and what only one surprising answer says is kept until a later reconciliation says it
again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from connectors import bounds
from connectors.interface import Tracker, TrackerInfo
from connectors.models import (
    Container,
    Fate,
    Interest,
    Issue,
    IssueRef,
    Page,
    Pull,
    Survey,
    SurveyPage,
    Unread,
    Whereabouts,
)
from core.publish.actions import Held
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop
from core.steps.holding import hold, release, too_much
from core.steps.surveyed_pages import Listing
from core.store.interface import RunStore
from core.store.stored_values import PullState, StoredContainer

CONFIRMED = 0.2
"""After this part of the period what was doubted is concluded, if it is found again."""
DUE = 0.75
"""After this part of the period everything is compared, so that a doubt ends within the period."""
SEVERAL = 2
"""Issues of a container that vanish together with all that it has, from which on that is doubted at first."""
_SHARE = "reconcile.share"
_DOUBTS = "reconcile.doubts"


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


@dataclass(slots=True)
class _Verdict:
    """What is concluded of the issues that are stored and were not listed."""

    gone: dict[IssueRef, str] = field(default_factory=dict)
    """With the tracker's reason."""
    present: list[Issue] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)
    """By id: since when it is not listed, as ISO 8601; concluded by a later reconciliation."""
    notes: list[str] = field(default_factory=list)
    unlisted: Counter[str] = field(default_factory=Counter)
    """By container whose list is not believed: how many issues it lacks that are there."""
    vanished: dict[str, str] = field(default_factory=dict)
    """By container: why its issues are kept for now."""


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
    memory = store.memory(name)
    share = _share(memory.get(_SHARE), rules.reread_days)
    listing = Listing(name, tracker.reader, store, (share, rules.reread_days))
    pages = _interruptible(listing.pages(survey.pages), stop)
    counts = store.save_pull(name, Pull(cursor, pages, full=True), now)
    judge = _Judge(tracker, store, survey, listing, before.issues, rules, now, stop)
    verdict = judge.verdict()
    lost = rules.too_many(len(verdict.gone), before.issues)
    held = None
    if lost and not rules.force:
        held = too_much(name, len(verdict.gone), before.issues, rules.max_lost_percent)
    if verdict.present:
        store.save_pull(name, Pull(cursor, iter([Page(tuple(verdict.present))]), full=False), now)
    names = survey.names()
    if names:  # a survey that names none, such as a first reading, tells of no containers
        stored = store.containers().get(name, ())
        containers = _with_vanished(survey.containers(), verdict.vanished, stored)
        store.save_containers(name, containers, names, verdict.vanished, now)
    if held is not None:
        store.pull_failed(name, now, held.why)
        hold(memory, held, rules.every, now)
    else:
        release(memory)
        store.mark_gone(name, tuple(verdict.gone), now)
        # What is doubted is looked at again after a part of the period, not in every run until then.
        store.swept(name, now - rules.every * (DUE - CONFIRMED) if verdict.doubts else now)
        _remember(store, name, _SHARE, str((share + 1) % rules.reread_days))
        _remember(store, name, _DOUBTS, orjson.dumps(verdict.doubts).decode() if verdict.doubts else "")
    return Reconciled(
        counts.seen,
        counts.new,
        counts.changed,
        0 if held is not None else len(verdict.gone),
        held,
        judge.forced or (lost and rules.force),
        (*verdict.notes, *verdict.gone.values()),
        tuple(
            f"{name}: {count} issues of {container} were not listed, though they are there; "
            "they go on counting, and the lists are not believed"
            for container, count in sorted(verdict.unlisted.items())
        ),
        frozenset(name.casefold() for name in listing.listed),
    )


class _Judge:
    """Decides about what is stored and was not listed."""

    def __init__(
        self,
        tracker: Tracker,
        store: RunStore,
        survey: Survey,
        listing: Listing,
        before: int,
        rules: ReconcileRules,
        now: datetime,
        stop: Stop,
    ) -> None:
        """`before`: how many issues were stored before this run."""
        self._tracker = tracker
        self._info: TrackerInfo = tracker.info
        self._store = store
        self._listing = listing
        self._rules = rules
        self._now = now
        self._stop = stop
        self._failing = {
            container.name.casefold(): container.error for container in survey.containers() if container.error
        }
        self._containers = {container.name.casefold() for container in survey.containers()}
        self._doubted = _doubts(store.memory(self._info.name).get(_DOUBTS), now)
        self._archived = {container.name for container in survey.containers() if container.archived}
        self._before = before
        self._verdict = _Verdict()
        self.forced = False
        """Whether something is believed only because it was asked to be."""

    def verdict(self) -> _Verdict:
        """What is gone, what is there after all, and what is kept for now. Raises TrackerError."""
        missing = self._store.absent(self._info.name, frozenset(self._listing.ids))
        stored = self._store.rollup().issues((ref.tracker, ref.id) for ref in missing)
        requested = [ref for ref in missing if not self._of_failing(stored.get(ref))]
        with self._stop.reading():
            result = self._tracker.reader.locate(requested) if requested else {}
        unlisted = [ref for ref, place in result.items() if self._only_unlisted(ref, place, stored.get(ref))]
        # Few of few are doubtful too: they are there, whatever the list says, so that nothing is gone.
        doubtful = 100 * len(unlisted) > self._rules.max_lost_percent * self._before
        self.forced |= doubtful and self._rules.force
        if doubtful and not self._rules.force:
            self._doubt_list(unlisted, result, stored)
            result = {ref: place for ref, place in result.items() if ref not in set(unlisted)}
        for ref, place in result.items():
            self._judge(ref, place, stored.get(ref))
        self._keep_vanished(stored)
        return self._verdict

    def _only_unlisted(self, ref: IssueRef, place: Whereabouts, stored: Issue | None) -> bool:
        """Whether an issue of the scope is there, although no list has it that should."""
        if place.fate is Fate.PRESENT:
            return self._info.owns(ref.key)
        # Whether one is archived is told by a list, too. An archived project is archived as a whole.
        newly = place.fate is Fate.ARCHIVED and stored is not None and not stored.archived
        return newly and stored is not None and stored.container not in self._archived

    def _doubt_list(
        self,
        unlisted: Sequence[IssueRef],
        result: Mapping[IssueRef, Whereabouts],
        stored: Mapping[IssueRef, Issue],
    ) -> None:
        """Believe no list that lacks so many issues which are there; they count as they are now."""
        for ref in unlisted:
            issue = result[ref].issue
            if issue is not None:
                self._verdict.present.append(replace(issue, archived=False))
            container = stored[ref].container if ref in stored else ref.key
            self._verdict.unlisted[container] += 1
            self._verdict.doubts[ref.id] = self._now.isoformat()

    def _of_failing(self, issue: Issue | None) -> bool:
        """Whether its container could not be listed, so that nothing follows from its silence."""
        return issue is not None and issue.container.casefold() in self._failing

    def _judge(self, ref: IssueRef, place: Whereabouts, stored: Issue | None) -> None:
        verdict = self._verdict
        if place.fate is Fate.UNKNOWN:
            verdict.doubts[ref.id] = self._now.isoformat()
            verdict.notes.append(f"{ref.key} was not listed and could not be asked for: {place.reason}")
        elif place.fate is Fate.ARCHIVED:
            last = place.issue or stored
            if last is not None and not (stored is not None and stored.archived and stored == last):
                verdict.present.append(replace(last, archived=True))
            if stored is None or not stored.archived:
                verdict.notes.append(f"{ref.key} is archived; its last state goes on counting")
        elif place.fate is Fate.OUTSIDE and not self._listing.unread_roots:
            verdict.gone[ref] = f"{ref.key} is outside of what this tracker is to read: {place.reason}"
        elif place.fate in (Fate.PRESENT, Fate.OUTSIDE) and place.issue is not None:
            self._there_but_unlisted(ref, place.issue)
        else:
            hidden = "is hidden from this account" if place.fate is Fate.HIDDEN else "is gone"
            verdict.gone[ref] = f"{ref.key} {hidden}: {place.reason}"

    def _there_but_unlisted(self, ref: IssueRef, issue: Issue) -> None:
        """A list that ended early; or an issue that left the scope or its tree, as the next list will say."""
        owned = self._info.owns(issue.ref.key) or issue.container.casefold() in self._containers
        outside = not owned and not self._listing.unread_roots
        if outside or self._long_doubted(ref.id):
            self._verdict.gone[ref] = f"{issue.ref.key} is outside of what this tracker is to read"
            return
        self._verdict.present.append(issue)
        self._verdict.doubts[ref.id] = self._since(ref.id)
        self._verdict.notes.append(f"{issue.ref.key} was not listed, though it is there; it goes on counting")

    def _keep_vanished(self, stored: Mapping[IssueRef, Issue]) -> None:
        """Keep what is gone of a container of which nothing is listed any more, until that is confirmed."""
        by_container: dict[str, list[IssueRef]] = defaultdict(list)
        for ref in self._verdict.gone:
            issue = stored.get(ref)
            if issue is not None and self._info.owns(issue.ref.key):
                by_container[issue.container].append(ref)
        for container, refs in by_container.items():
            if self._listing.listed[container] or len(refs) < SEVERAL:
                continue
            if all(self._confirmed(ref.id) for ref in refs):
                continue
            reason = (
                f"none of its {len(refs)} issues is listed or found any more; they are kept until a later "
                "reconciliation confirms it"
            )
            self._verdict.vanished[container] = reason
            self._verdict.notes.append(f"{container}: {reason}")
            for ref in refs:
                del self._verdict.gone[ref]
                self._verdict.doubts[ref.id] = self._since(ref.id)

    def _since(self, id_: str) -> str:
        return self._doubted.get(id_, self._now).isoformat()

    def _confirmed(self, id_: str) -> bool:
        """Whether it may be concluded that an issue is gone with all of its container."""
        confirmed = self._long_doubted(id_)
        self.forced |= self._rules.force and not confirmed
        return self._rules.force or confirmed

    def _long_doubted(self, id_: str) -> bool:
        """Whether a reconciliation a good while ago found the same."""
        since = self._doubted.get(id_)
        return since is not None and self._now - since >= self._rules.every * CONFIRMED


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


def _interruptible(pages: Iterable[Page], stop: Stop) -> Iterator[Page]:
    """The same pages; a wish to stop is heard while the next one is awaited, not while one is saved."""
    ahead = iter(pages)
    while True:
        with stop.reading():
            page = next(ahead, None)
        if page is None:
            return
        yield page


def _share(text: str | None, parts: int) -> int:
    return int(text) % parts if text is not None and text.isdigit() and len(text) < 9 else 0


def _doubts(text: str | None, now: datetime) -> dict[str, datetime]:
    """What was doubted, by id; nothing that is damaged or of the future."""
    try:
        stored = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(stored, dict):
        return {}
    snapshots = {id_: bounds.past(bounds.moment(since), now) for id_, since in stored.items()}
    return {id_: since for id_, since in snapshots.items() if since is not None}


def _remember(store: RunStore, tracker: str, fact: str, value: str) -> None:
    memory = store.memory(tracker)
    if (memory.get(fact) or "") != value:
        memory.set(fact, value)

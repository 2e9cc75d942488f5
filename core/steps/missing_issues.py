"""Decides what became of issues that are stored but were not listed in a reconciliation.

Each is requested by its id: it may be archived, hidden, deleted, outside of the scope, or present although
no list has it. An issue that only one surprising answer calls gone stays until a later reconciliation
confirms it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from connectors import bounds
from connectors.interface import Tracker, TrackerInfo
from connectors.models import Fate, Issue, IssueRef, Survey, Whereabouts
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop
from core.steps.surveyed_pages import Listing
from core.store.store_interface import RunStore

CONFIRMED = 0.2
"""Part of the period after which a second reconciliation with the same answer confirms the first."""
SEVERAL = 2
"""A container that loses all its issues, this many at least, keeps them until that is confirmed."""
DOUBTS = "reconcile.doubts"
"""Key in the memory of a tracker: the issues whose absence is not confirmed yet."""


@dataclass(slots=True)
class Decision:
    """What was decided about the issues that are stored and were not listed."""

    gone: dict[IssueRef, str] = field(default_factory=dict)
    """By issue: the tracker's reason."""
    present: list[Issue] = field(default_factory=list)
    """Issues that are present although they were not listed, as they are now."""
    doubts: dict[str, str] = field(default_factory=dict)
    """By id: since when it is not listed, as ISO 8601; a later reconciliation decides."""
    notes: list[str] = field(default_factory=list)
    """A sentence for each issue or container of which something was found out."""
    unlisted: Counter[str] = field(default_factory=Counter)
    """By container whose list is rejected as incomplete: how many present issues it lacks."""
    vanished: dict[str, str] = field(default_factory=dict)
    """By container that lost all its issues: why these are kept for now."""


class MissingIssues:
    """Decides about the issues of one tracker that are stored and were not listed."""

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
        """`before`: the number of issues that were stored before this run."""
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
        self._unlisted_since = _stored_doubts(store.memory(self._info.name).get(DOUBTS), now)
        self._archived = {container.name for container in survey.containers() if container.archived}
        self._before = before
        self._decision = Decision()
        self.forced = False
        """Whether `force` let something be concluded at once."""

    def decide(self) -> Decision:
        """Return what is gone, what is present after all, and what is kept for now. Raises TrackerError."""
        missing = self._store.absent(self._info.name, frozenset(self._listing.ids))
        stored = self._store.rollup().issues((ref.tracker, ref.id) for ref in missing)
        requested = [ref for ref in missing if not self._is_of_failing_container(stored.get(ref))]
        with self._stop.reading():
            located = self._tracker.reader.locate(requested) if requested else {}
        unlisted = [ref for ref, place in located.items() if self._only_unlisted(ref, place, stored.get(ref))]
        # `never_held` does not apply here: to reject a list loses nothing, however few issues it lacks.
        incomplete = 100 * len(unlisted) > self._rules.max_lost_percent * self._before
        self.forced |= incomplete and self._rules.force
        if incomplete and not self._rules.force:
            self._reject_list(unlisted, located, stored)
            located = {ref: place for ref, place in located.items() if ref not in set(unlisted)}
        for ref, place in located.items():
            self._decide_one(ref, place, stored.get(ref))
        self._keep_vanished(stored)
        return self._decision

    def _only_unlisted(self, ref: IssueRef, place: Whereabouts, stored: Issue | None) -> bool:
        """Return whether an issue of the scope is present, although the list that should have it has not."""
        if place.fate is Fate.PRESENT:
            return self._info.owns(ref.key)
        # An issue that was archived is missing from the list as well; an archived project is not listed at
        # all.
        newly = place.fate is Fate.ARCHIVED and stored is not None and not stored.archived
        return newly and stored is not None and stored.container not in self._archived

    def _reject_list(
        self,
        unlisted: Sequence[IssueRef],
        located: Mapping[IssueRef, Whereabouts],
        stored: Mapping[IssueRef, Issue],
    ) -> None:
        """Keep the issues that the list lacks and that are present; they count as they are now."""
        for ref in unlisted:
            issue = located[ref].issue
            if issue is not None:
                self._decision.present.append(replace(issue, archived=False))
            container = stored[ref].container if ref in stored else ref.key
            self._decision.unlisted[container] += 1
            self._decision.doubts[ref.id] = self._now.isoformat()

    def _is_of_failing_container(self, issue: Issue | None) -> bool:
        """Return whether the issue's container could not be listed, so that it was not listed either."""
        return issue is not None and issue.container.casefold() in self._failing

    def _decide_one(self, ref: IssueRef, place: Whereabouts, stored: Issue | None) -> None:
        decision = self._decision
        if place.fate is Fate.UNKNOWN:
            decision.doubts[ref.id] = self._now.isoformat()
            decision.notes.append(f"{ref.key} was not listed and could not be asked for: {place.reason}")
        elif place.fate is Fate.ARCHIVED:
            last = place.issue or stored
            if last is not None and not (stored is not None and stored.archived and stored == last):
                decision.present.append(replace(last, archived=True))
            if stored is None or not stored.archived:
                decision.notes.append(f"{ref.key} is archived; its last state goes on counting")
        elif place.fate is Fate.OUTSIDE and not self._listing.unread_roots:
            decision.gone[ref] = f"{ref.key} is outside of what this tracker is to read: {place.reason}"
        elif place.fate in (Fate.PRESENT, Fate.OUTSIDE) and place.issue is not None:
            self._present_but_unlisted(ref, place.issue)
        else:
            hidden = "is hidden from this account" if place.fate is Fate.HIDDEN else "is gone"
            decision.gone[ref] = f"{ref.key} {hidden}: {place.reason}"

    def _present_but_unlisted(self, ref: IssueRef, issue: Issue) -> None:
        """Decide about a present issue: the list ended early, or the issue left the scope or its tree.

        It stays at first; if a later reconciliation does not list it either, it is outside of the scope.
        """
        owned = self._info.owns(issue.ref.key) or issue.container.casefold() in self._containers
        outside = not owned and not self._listing.unread_roots
        if outside or self._is_confirmed_unlisted(ref.id):
            self._decision.gone[ref] = f"{issue.ref.key} is outside of what this tracker is to read"
            return
        self._decision.present.append(issue)
        self._decision.doubts[ref.id] = self._since(ref.id)
        self._decision.notes.append(
            f"{issue.ref.key} was not listed, though it is there; it goes on counting"
        )

    def _keep_vanished(self, stored: Mapping[IssueRef, Issue]) -> None:
        """Keep the issues of a container of which nothing is listed any more, until that is confirmed."""
        by_container: dict[str, list[IssueRef]] = defaultdict(list)
        for ref in self._decision.gone:
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
            self._decision.vanished[container] = reason
            self._decision.notes.append(f"{container}: {reason}")
            for ref in refs:
                del self._decision.gone[ref]
                self._decision.doubts[ref.id] = self._since(ref.id)

    def _since(self, id_: str) -> str:
        return self._unlisted_since.get(id_, self._now).isoformat()

    def _confirmed(self, id_: str) -> bool:
        """Return whether an issue counts as gone with its whole container: confirmed, or by `force`."""
        confirmed = self._is_confirmed_unlisted(id_)
        self.forced |= self._rules.force and not confirmed
        return self._rules.force or confirmed

    def _is_confirmed_unlisted(self, id_: str) -> bool:
        """Return whether a reconciliation, at least `CONFIRMED` of the period ago, did not list it either."""
        since = self._unlisted_since.get(id_)
        return since is not None and self._now - since >= self._rules.every * CONFIRMED


def _stored_doubts(text: str | None, now: datetime) -> dict[str, datetime]:
    """Return by id since when an issue is not listed, without damaged values and those of the future."""
    try:
        stored = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(stored, dict):
        return {}
    since_by_id = {id_: bounds.past(bounds.moment(since), now) for id_, since in stored.items()}
    return {id_: since for id_, since in since_by_id.items() if since is not None}

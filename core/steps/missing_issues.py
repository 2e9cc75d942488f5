"""Decides about issues that are stored and that no list of their tracker had.

Each is asked for by its id: it may be archived, hidden, deleted, outside of the scope, or there although no
list has it. What only one surprising answer says is kept until a later reconciliation says it again.
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
"""After this part of the period what was doubted is concluded, if it is found again."""
SEVERAL = 2
"""Issues of a container that vanish together with all that it has, from which on that is doubted at first."""
DOUBTS = "reconcile.doubts"
"""The fact of a tracker under which doubts are remembered."""


@dataclass(slots=True)
class Decision:
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


class MissingIssues:
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
        self._doubted = _doubts(store.memory(self._info.name).get(DOUBTS), now)
        self._archived = {container.name for container in survey.containers() if container.archived}
        self._before = before
        self._decision = Decision()
        self.forced = False
        """Whether something is believed only because it was asked to be."""

    def decide(self) -> Decision:
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
            self._decide_one(ref, place, stored.get(ref))
        self._keep_vanished(stored)
        return self._decision

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
                self._decision.present.append(replace(issue, archived=False))
            container = stored[ref].container if ref in stored else ref.key
            self._decision.unlisted[container] += 1
            self._decision.doubts[ref.id] = self._now.isoformat()

    def _of_failing(self, issue: Issue | None) -> bool:
        """Whether its container could not be listed, so that nothing follows from its silence."""
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
            self._there_but_unlisted(ref, place.issue)
        else:
            hidden = "is hidden from this account" if place.fate is Fate.HIDDEN else "is gone"
            decision.gone[ref] = f"{ref.key} {hidden}: {place.reason}"

    def _there_but_unlisted(self, ref: IssueRef, issue: Issue) -> None:
        """A list that ended early; or an issue that left the scope or its tree, as the next list will say."""
        owned = self._info.owns(issue.ref.key) or issue.container.casefold() in self._containers
        outside = not owned and not self._listing.unread_roots
        if outside or self._long_doubted(ref.id):
            self._decision.gone[ref] = f"{issue.ref.key} is outside of what this tracker is to read"
            return
        self._decision.present.append(issue)
        self._decision.doubts[ref.id] = self._since(ref.id)
        self._decision.notes.append(
            f"{issue.ref.key} was not listed, though it is there; it goes on counting"
        )

    def _keep_vanished(self, stored: Mapping[IssueRef, Issue]) -> None:
        """Keep what is gone of a container of which nothing is listed any more, until that is confirmed."""
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

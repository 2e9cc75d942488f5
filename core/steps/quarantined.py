"""Quarantine in a run: which actions of the plan wait, and what is stored of those that failed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.models import Issue, IssueRef
from core.publish.actions import Plan, Written
from core.publish.quarantine import Book, Changes, Sorted, Target, changes, held, sort_out, target_of
from core.store.store_interface import RunStore


@dataclass(frozen=True)
class Quarantine:
    """The quarantine as stored when the plan was made, and the plan's actions sorted by it."""

    book: Book
    parts: Sorted
    wished: frozenset[Target]
    """The targets of all actions of the plan, before any was left out."""
    updated: Mapping[IssueRef, datetime]
    """By issue: when it last changed."""

    @classmethod
    def of(
        cls, whole: Plan, store: RunStore, issues: Mapping[IssueRef, Issue], now: datetime
    ) -> "Quarantine":
        """Sort the actions of a plan by how they failed in earlier runs."""
        book = store.quarantine()
        updated = {ref: issue.updated for ref, issue in issues.items()}
        wished = frozenset(map(target_of, whole.actions))
        return cls(book, sort_out(whole.actions, book, updated, now), wished, updated)

    def plan(self, whole: Plan) -> Plan:
        """Return the plan without the actions that wait, and with those that are tried again at the end."""
        actions = (*self.parts.first, *self.parts.again)
        return replace(whole, actions=actions, quarantined=held(self.parts.waiting, self.book))

    def keep(
        self, store: RunStore, written: Sequence[Written], complete: Iterable[str], now: datetime
    ) -> Changes:
        """Store what failed, delete what succeeded or is no longer planned, and return both.

        `complete`: the trackers of which the plan has everything that is desired.
        """
        made = changes(self.book, self.wished, written, self.updated, frozenset(complete), now)
        if made.save or made.forget:
            store.save_quarantine(made.save, made.forget)
        return made

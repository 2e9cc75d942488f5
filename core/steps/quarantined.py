"""Quarantine in a run: what the plan leaves to a later try, and what the run remembers of what failed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.models import Issue, IssueRef
from core.publish.actions import Plan, Written
from core.publish.quarantine import Book, Changes, Sorted, Target, changes, held, sort_out, target_of
from core.store.store_interface import RunStore


@dataclass(frozen=True)
class Quarantine:
    """What was remembered when the plan was made, and what of the plan it concerns."""

    book: Book
    parts: Sorted
    wished: frozenset[Target]
    """The targets of the whole plan."""
    updated: Mapping[IssueRef, datetime]
    """When issues last changed."""

    @classmethod
    def of(
        cls, whole: Plan, store: RunStore, issues: Mapping[IssueRef, Issue], now: datetime
    ) -> "Quarantine":
        """Sort the actions of a whole plan by what earlier runs met with."""
        book = store.quarantine()
        updated = {ref: issue.updated for ref, issue in issues.items()}
        wished = frozenset(map(target_of, whole.actions))
        return cls(book, sort_out(whole.actions, book, updated, now), wished, updated)

    def plan(self, whole: Plan) -> Plan:
        """The same plan without what waits, and with what is tried again at the end."""
        actions = (*self.parts.first, *self.parts.again)
        return replace(whole, actions=actions, quarantined=held(self.parts.waiting, self.book))

    def keep(
        self, store: RunStore, written: Sequence[Written], complete: Iterable[str], now: datetime
    ) -> Changes:
        """Remember what failed, and forget what succeeded or is not wanted any more.

        `complete`: the trackers of which the plan has everything that is wanted.
        """
        made = changes(self.book, self.wished, written, self.updated, frozenset(complete), now)
        if made.save or made.forget:
            store.save_quarantine(made.save, made.forget)
        return made

"""The run log: what is wrong, held or in quarantine, logged when it appears, changes and ends.

Each run compares its items with those that the run before stored. An item of which only numbers or times
changed is not logged again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson

from connectors.redaction import redact_reason
from core.publish.actions import Held
from core.publish.quarantine import target_of
from core.reports.terminal_text import clean
from core.steps.run_report import Report
from core.store.store_interface import RunStore

Kind = Literal["problem", "failed", "held", "quarantined", "closed", "warning"]
State = Literal["new", "changed", "over"]

FACT = "run log"
MOST = 5_000
"""Number of items that are stored at most; those beyond are logged in every run."""
LENGTH = 400
"""Length of a stored text in characters, at most."""
_KINDS: tuple[Kind, ...] = ("problem", "failed", "held", "quarantined", "closed", "warning")
_VARYING = re.compile(
    r"""
      \d{4}-\d\d-\d\d[T ]?                      # dates and times
    | \d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?
    | \b[0-9a-fA-F-]{12,}\b                     # ids of requests
    | (?<![#\w])(?<!HTTP[ ])(?<![A-Za-z_]-)[-+]?\d+(?:[.,]\d+)*   # numbers, but for statuses and keys
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Item:
    """A problem, a warning, or an action that failed, is held or waits, as the run log has it."""

    kind: Kind
    what: str
    reason: str
    release: str = field(default="", compare=False)
    """What ends it; empty where nothing is to be done."""

    @property
    def about(self) -> str:
        """The text of `what` up to the first colon, by which an item is recognised in the next run."""
        return self.what.partition(": ")[0]

    @property
    def meaning(self) -> tuple[str, str]:
        """Kind and reason without numbers and times: an item is logged as changed where this differs."""
        return self.kind, _VARYING.sub("…", self.reason)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the run log."""

    state: State
    item: Item

    @property
    def line(self) -> str:
        """The change as a line for a person."""
        parts = [f"{self.state}: {self.item.kind}: {self.item.what}"]
        parts += [self.item.reason] if self.item.reason else []
        release = f"; {self.item.release}" if self.item.release and self.state != "over" else ""
        return ": ".join(parts) + release

    @property
    def fields(self) -> dict[str, str]:
        """The change as fields for a program."""
        item = self.item
        return {
            "change": self.state,
            "kind": item.kind,
            "what": item.what,
            "reason": item.reason,
            "release": item.release,
        }


def items_of(report: Report) -> tuple[Item, ...]:
    """Return an item for everything in the report that a person may have to act on, in its order."""
    conclusion = report.conclusion
    quarantine, plan = conclusion.draft.quarantine, conclusion.plan
    items = [_problem(problem) for problem in conclusion.problems]
    items += [_held("held", hold) for hold in plan.held]
    for written in report.written:
        if written.outcome != "done":
            failed_as_before = target_of(written.action) in report.as_before
            kind: Kind = "quarantined" if failed_as_before else "failed"
            items.append(_item(kind, written.action.sentence, written.reason))
    for action in quarantine.parts.waiting:
        entry = quarantine.book.get(target_of(action))
        if entry is not None:
            items.append(_item("quarantined", action.sentence, entry.reason))
    items += [_held("closed", held) for held in plan.closed]
    items += [_item("warning", warning, "") for warning in conclusion.warnings]
    return tuple(items)


def compared(before: Sequence[Item], now: Sequence[Item]) -> tuple[tuple[Change, ...], tuple[Item, ...]]:
    """Return the changes, and the items to store: of one with the same meaning, the earlier one."""
    unmatched_before = _grouped(before)
    changes: list[Change] = []
    stored: list[Item] = []
    unmatched_now: list[Item] = []
    for item in now:
        candidates = unmatched_before.get(item.about, [])
        same = next((candidate for candidate in candidates if candidate.meaning == item.meaning), None)
        if same is None:
            unmatched_now.append(item)
        else:
            candidates.remove(same)
            stored.append(same)
    for item in unmatched_now:
        candidates = unmatched_before.get(item.about, [])
        changes.append(Change("changed" if candidates else "new", item))
        stored.append(item)
        if candidates:
            candidates.pop(0)
    changes += [Change("over", item) for group in unmatched_before.values() for item in group]
    return tuple(changes), tuple(stored)


def changes_since(store: RunStore, report: Report) -> tuple[Change, ...]:
    """Return what changed since the last run that was logged, and store this run's items for the next."""
    before = _decoded(store.fact(FACT))
    changes, items = compared(before, items_of(report))
    text = _encoded(sorted(items[:MOST], key=lambda item: (item.kind, item.what, item.reason)))
    if text != (store.fact(FACT) or "[]"):
        store.save_fact(FACT, text)
    return changes


def _problem(sentence: str) -> Item:
    what, _, reason = sentence.partition(": ")
    return _item("problem", what, reason)


def _held(kind: Kind, held: Held) -> Item:
    return _item(kind, held.what, held.why, held.release)


def _item(kind: Kind, what: str, reason: str, release: str = "") -> Item:
    """Make an item with texts on one line, of bounded length, and without what looks like a credential."""
    what, reason = (redact_reason(clean(text, LENGTH)) for text in (what, reason))
    return Item(kind, what, reason, clean(release, LENGTH))


def _grouped(items: Iterable[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.about, []).append(item)
    return groups


def _encoded(items: Iterable[Item]) -> str:
    return orjson.dumps([[item.kind, item.what, item.reason] for item in items]).decode()


def _decoded(stored: str | None) -> tuple[Item, ...]:
    """Return the stored items; none where they are damaged, so that everything is logged once more."""
    try:
        rows = orjson.loads(stored or "[]")
    except orjson.JSONDecodeError:
        return ()
    return tuple(_items(rows)) if isinstance(rows, list) else ()


def _items(rows: list[object]) -> Iterator[Item]:
    for row in rows[:MOST]:
        if isinstance(row, list) and len(row) == 3 and all(isinstance(text, str) for text in row):
            kind, what, reason = row
            if kind in _KINDS:
                yield Item(kind, what, reason)

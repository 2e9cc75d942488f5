"""What is wrong, held or in quarantine: told when it appears, when it changes, and when it is over."""

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
"""Items that are remembered; what is beyond is told in each run."""
LENGTH = 400
"""Characters of a text, at most."""
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
    """Something that a person may have to look at."""

    kind: Kind
    what: str
    reason: str
    release: str = field(default="", compare=False)
    """What ends it, where that is known."""

    @property
    def about(self) -> str:
        """What stays the same while the rest of the sentence follows the numbers."""
        return self.what.partition(": ")[0]

    @property
    def meaning(self) -> tuple[str, str]:
        """Another one if it is news: numbers and times in a reason are none."""
        return self.kind, _VARYING.sub("…", self.reason)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the run log."""

    state: State
    item: Item

    @property
    def line(self) -> str:
        """For a person."""
        parts = [f"{self.state}: {self.item.kind}: {self.item.what}"]
        parts += [self.item.reason] if self.item.reason else []
        release = f"; {self.item.release}" if self.item.release and self.state != "over" else ""
        return ": ".join(parts) + release

    @property
    def fields(self) -> dict[str, str]:
        """For a program."""
        item = self.item
        return {
            "change": self.state,
            "kind": item.kind,
            "what": item.what,
            "reason": item.reason,
            "release": item.release,
        }


def items_of(report: Report) -> tuple[Item, ...]:
    """Everything that the report tells of, in its order."""
    conclusion = report.conclusion
    quarantine, plan = conclusion.draft.quarantine, conclusion.plan
    result = [_problem(problem) for problem in conclusion.problems]
    result += [_held("held", hold) for hold in plan.held]
    for written in report.written:
        if written.outcome != "done":
            existing = target_of(written.action) in report.as_before
            kind: Kind = "quarantined" if existing else "failed"
            result.append(_item(kind, written.action.sentence, written.reason))
    for action in quarantine.parts.waiting:
        entry = quarantine.book.get(target_of(action))
        if entry is not None:
            result.append(_item("quarantined", action.sentence, entry.reason))
    result += [_held("closed", item) for item in plan.closed]
    result += [_item("warning", warning, "") for warning in conclusion.warnings]
    return tuple(result)


def compared(before: Sequence[Item], now: Sequence[Item]) -> tuple[tuple[Change, ...], tuple[Item, ...]]:
    """What is news, and what is to be remembered: an item that means the same stays as it was."""
    left = _grouped(before)
    changes: list[Change] = []
    kept: list[Item] = []
    unmatched: list[Item] = []
    for item in now:
        same = next((one for one in left.get(item.about, ()) if one.meaning == item.meaning), None)
        if same is None:
            unmatched.append(item)
        else:
            left[item.about].remove(same)
            kept.append(same)
    for item in unmatched:
        others = left.get(item.about)
        changes.append(Change("changed" if others else "new", item))
        kept.append(item)
        if others:
            others.pop(0)
    changes += [Change("over", item) for several in left.values() for item in several]
    return tuple(changes), tuple(kept)


def changes_since(store: RunStore, report: Report) -> tuple[Change, ...]:
    """What is news since the last run that asked this, and remember it for the next one."""
    before = _decoded(store.fact(FACT))
    changes, kept = compared(before, items_of(report))
    text = _encoded(sorted(kept[:MOST], key=lambda one: (one.kind, one.what, one.reason)))
    if text != (store.fact(FACT) or "[]"):
        store.save_fact(FACT, text)
    return changes


def _problem(sentence: str) -> Item:
    what, _, reason = sentence.partition(": ")
    return _item("problem", what, reason)


def _held(kind: Kind, held: Held) -> Item:
    return _item(kind, held.what, held.why, held.release)


def _item(kind: Kind, what: str, reason: str, release: str = "") -> Item:
    """As it is told and remembered: on one line, of bounded length, without what looks like a credential."""
    what, reason = (redact_reason(clean(text, LENGTH)) for text in (what, reason))
    return Item(kind, what, reason, clean(release, LENGTH))


def _grouped(items: Iterable[Item]) -> dict[str, list[Item]]:
    result: dict[str, list[Item]] = {}
    for item in items:
        result.setdefault(item.about, []).append(item)
    return result


def _encoded(items: Iterable[Item]) -> str:
    return orjson.dumps([[one.kind, one.what, one.reason] for one in items]).decode()


def _decoded(stored: str | None) -> tuple[Item, ...]:
    """What was remembered; nothing of it where it was damaged, so that all is told once more."""
    try:
        result = orjson.loads(stored or "[]")
    except orjson.JSONDecodeError:
        return ()
    return tuple(_items(result)) if isinstance(result, list) else ()


def _items(rows: list[object]) -> Iterator[Item]:
    for row in rows[:MOST]:
        if isinstance(row, list) and len(row) == 3 and all(isinstance(one, str) for one in row):
            kind, what, reason = row
            if kind in _KINDS:
                yield Item(kind, what, reason)

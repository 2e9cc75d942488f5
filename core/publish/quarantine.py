"""Quarantine: writes that were refused or keep failing go last, and are tried ever more rarely."""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.models import IssueRef
from core.publish.actions import Action, ChangeLabels, DefineLabel, DeleteComment, Held, WriteComment, Written
from core.publish.circuit_breaker import IN_ROW, container_of

FIRST = timedelta(minutes=15)
"""Time until the next try after the first refusal; each further refusal doubles it."""
LONGEST = timedelta(days=1)
"""The longest time until the next try."""
FORGOTTEN = timedelta(days=3)
"""An entry that no run planned for this time is deleted; one that is planned is tried once a day at least."""
REMEMBERED = 8
"""Number of refused contents that are stored of one target, to tell them from new ones."""
EARLY = 8
"""Number of tries before their time, because the content or the issue changed, until only the time counts."""

_ANSWER = re.compile(r"HTTP \d{3}\b.*", re.DOTALL)
"""The answer of a tracker in a reason, without the address of the request."""
_VARYING = re.compile(r"\d{4,}|[0-9a-fA-F-]{12,}")
"""Ids of requests and times, which differ although the reason is the same."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What an action changes; a plan has at most one action for each target."""

    tracker: str
    kind: str
    place: str
    """The id of the issue, or the container of a label definition."""
    name: str = ""
    """The label that is defined, or the id of the comment that is edited or removed."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What is stored about a write that failed."""

    target: Target
    container: str
    what: str
    """The action in one sentence."""
    wishes: tuple[str, ...]
    """Digests of the contents that were to be written, the latest first; one that returns is not new."""
    updated: datetime | None
    """The issue's time of change when it was tried; None: taken from the next run."""
    reason: str
    refused: bool
    """True: it was refused; False: its address did not answer, which counts from the second time on."""
    count: int
    """How often it failed, or was put off because its container refused others for the same reason."""
    early: int
    """How many of the latest tries came before their time."""
    first: datetime
    last: datetime
    """When it was last sent; if it never was, when it was put off."""
    next_try: datetime
    wished: bool = True
    """Whether the latest run planned it; one that is not planned for a while keeps its times."""
    untried: bool = False
    """It was never sent, because others of its kind were refused in its container."""

    @property
    def confirmed(self) -> bool:
        """Whether it is in quarantine: refused once, or without an answer more than once."""
        return self.refused or self.count > 1


Book = Mapping[Target, Quarantined]
"""All stored entries, by target."""


Alike = tuple[str, str, str, str]
"""Tracker, container, kind of change and reason: equal for refusals that probably have one cause."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """A plan's actions, sorted by their entries in quarantine; each part in the order of the plan."""

    first: tuple[Action, ...]
    """Actions that are not in quarantine."""
    again: tuple[Action, ...]
    """Actions in quarantine that are due; they go last, and no limit counts them."""
    waiting: tuple[Action, ...]
    """Actions in quarantine that are not due."""
    alike: Mapping[Action, Alike] = field(default_factory=dict)
    """By action of `again` whose container refused several for one reason: what these have in common."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of stored entries after a run."""

    save: tuple[Quarantined, ...] = ()
    forget: tuple[Target, ...] = ()
    as_before: frozenset[Target] = frozenset()
    """Targets that were tried again and failed for the same reason; they do not make the run fail."""


def target_of(action: Action) -> Target:
    """Return the target of an action; to create a comment has another target than to edit one."""
    match action:
        case ChangeLabels():
            return Target(action.tracker, "labels", action.ref.id)
        case WriteComment():
            edited = action.before.id if action.before else ""
            return Target(action.tracker, "comment", action.ref.id, edited)
        case DeleteComment():
            return Target(action.tracker, "removal", action.ref.id, action.before.id)
        case DefineLabel():
            return Target(action.tracker, "definition", action.container, action.definition.name.casefold())
    return Target(action.tracker, "removal of a definition", action.container, action.name.casefold())


def wish_of(action: Action) -> str:
    """Return 12 hex digits of the content that an action is to write; for a comment, of its meaning."""
    match action:
        case ChangeLabels():
            content = repr((action.add, action.remove))
        case WriteComment():
            content = action.digest
        case DefineLabel():
            content = repr(action.definition)
        case _:
            content = "removed"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def pause(count: int) -> timedelta:
    """Return the wait after failure number `count` (from 1): 15 minutes, doubled each time, up to a day."""
    doublings = min(max(count, 1) - 1, 10)
    return min(FIRST * (1 << doublings), LONGEST)


def due(entry: Quarantined, wish: str, updated: datetime | None, now: datetime) -> bool:
    """Return whether to try again: it is time, content or issue changed, or the times are invalid."""
    if now >= entry.next_try or entry.last > now or entry.next_try - now > LONGEST:
        return True
    changed = entry.updated is not None and updated is not None and updated != entry.updated
    return entry.early < EARLY and (wish not in entry.wishes or changed)


def sort_out(
    actions: Iterable[Action], book: Book, updated: Mapping[IssueRef, datetime], now: datetime
) -> Sorted:
    """Return the actions to try, to try again, and to leave. `updated`: by issue, its time of change.

    Of the actions to try again that a container refused for one reason, only the first is sent if it is
    refused again. So those that were never sent come first, and then the one that was sent longest ago.
    """
    parts: tuple[list[Action], list[Action], list[Action]] = ([], [], [])
    groups = Counter(_alike(entry) for entry in book.values() if entry.refused)
    alike: dict[Action, Alike] = {}
    for action in actions:
        entry = book.get(target_of(action))
        if entry is None or not entry.confirmed:
            parts[0].append(action)
        elif due(entry, wish_of(action), updated.get(_ref(action) or _NOWHERE), now):
            parts[1].append(action)
            if entry.refused and now >= entry.next_try and groups[_alike(entry)] >= IN_ROW:
                alike[action] = _alike(entry)
        else:
            parts[2].append(action)
    return Sorted(tuple(parts[0]), tuple(_in_turn(parts[1], alike, book)), tuple(parts[2]), alike)


def _in_turn(again: Iterable[Action], alike: Mapping[Action, Alike], book: Book) -> Iterator[Action]:
    """Yield the actions; those that are alike are reordered among themselves, by when each was last sent."""
    again = tuple(again)

    def turn(action: Action) -> tuple[bool, datetime]:
        entry = book[target_of(action)]
        return not entry.untried, entry.last

    by_turn: dict[Alike, list[Action]] = {}
    for action in sorted((action for action in again if action in alike), key=turn):
        by_turn.setdefault(alike[action], []).append(action)
    for action in again:
        yield by_turn[alike[action]].pop(0) if action in alike else action


def _alike(entry: Quarantined) -> Alike:
    answer = _ANSWER.search(entry.reason)
    return (
        entry.target.tracker,
        entry.container,
        entry.target.kind,
        plain(answer[0] if answer else entry.reason),
    )


def changes(
    book: Book,
    wished: Collection[Target],
    written: Iterable[Written],
    updated: Mapping[IssueRef, datetime],
    ended: Collection[str],
    now: datetime,
) -> Changes:
    """Return the changes of the stored entries after the outcomes of a run.

    `wished`: the targets of the whole plan before anything was held. `ended`: the trackers on which nothing
    was held. An entry that is not planned is deleted only after `FORGOTTEN`, so that an action that is
    planned now and then does not begin with the shortest wait each time.
    """
    forget = {
        target
        for target, entry in book.items()
        if target not in wished
        and (now - entry.last > FORGOTTEN or (target.tracker in ended and not entry.confirmed))
    }
    save: dict[Target, Quarantined] = {}
    as_before: set[Target] = set()
    touched: set[tuple[str, str]] = set()
    for outcome in written:
        target, before = target_of(outcome.action), book.get(target_of(outcome.action))
        ref = _ref(outcome.action)
        if outcome.outcome == "done":
            forget.update({target} & book.keys())
            if ref is not None:
                touched.add((ref.tracker, ref.id))
        elif outcome.cause in ("refused", "unavailable") or _closed(outcome, book):
            entry = _after(before, outcome, updated.get(ref or _NOWHERE), now)
            save[target] = entry
            if before and before.confirmed and plain(before.reason) == plain(entry.reason):
                as_before.add(target)
    entries = {target: entry for target, entry in {**book, **save}.items() if target not in forget}
    save.update(_with_new_times(entries, save.keys(), touched, updated))
    save.update(_with_new_plan({**entries, **save}, wished, ended))
    return Changes(tuple(save[t] for t in sorted(save)), tuple(sorted(forget)), frozenset(as_before))


def _with_new_times(
    entries: Book,
    tried: Collection[Target],
    touched: Collection[tuple[str, str]],
    updated: Mapping[IssueRef, datetime],
) -> Iterator[tuple[Target, Quarantined]]:
    """Yield entries with a new time of change, so that our own write does not count as a change."""
    for target, entry in entries.items():
        if (target.tracker, target.place) in touched:
            yield target, replace(entry, updated=None)
        elif entry.updated is None and target not in tried:
            time_of_change = updated.get(IssueRef(target.tracker, target.place, ""))
            if time_of_change is not None:
                yield target, replace(entry, updated=time_of_change)


def _with_new_plan(
    entries: Book, wished: Collection[Target], ended: Collection[str]
) -> Iterator[tuple[Target, Quarantined]]:
    """Yield entries that are planned again, or no longer; the latter only where nothing was held."""
    for target, entry in entries.items():
        planned = target in wished
        if entry.wished != planned and (planned or target.tracker in ended):
            yield target, replace(entry, wished=planned)


def held(actions: Iterable[Action], book: Book) -> tuple[Held, ...]:
    """Return the actions that wait, each with why and until when."""
    return tuple(
        Held(action.sentence, reason_words(entry), until(entry))
        for action in actions
        if (entry := book.get(target_of(action))) is not None
    )


def reason_words(entry: Quarantined) -> str:
    """Return since when it is in quarantine, how often it failed and why, as text."""
    times = "failed once" if entry.count == 1 else f"failed {entry.count} times"
    if entry.untried:
        times = "not tried yet"
    return f"in quarantine since {entry.first:%Y-%m-%d %H:%M} UTC, {times}: {entry.reason}"


def until(entry: Quarantined) -> str:
    """Return what ends the wait, as text."""
    return f"tried again when it or its issue changes, else at {entry.next_try:%Y-%m-%d %H:%M} UTC"


def plain(reason: str) -> str:
    """Return a reason without the numbers that differ each time."""
    return _VARYING.sub("…", reason)


_NOWHERE = IssueRef("", "", "")


def _ref(action: Action) -> IssueRef | None:
    return action.ref if isinstance(action, ChangeLabels | WriteComment | DeleteComment) else None


def _closed(written: Written, book: Book) -> bool:
    """Return whether an action was not sent because its container refused others like it, now and before."""
    if written.cause != "closed":
        return False
    target, container = target_of(written.action), container_of(written.action)
    alike = [
        entry
        for entry in book.values()
        if (entry.target.tracker, entry.target.kind, entry.container)
        == (target.tracker, target.kind, container)
    ]
    return sum(entry.refused for entry in alike) >= IN_ROW


def _wishes(before: Quarantined | None, wish: str) -> tuple[str, ...]:
    earlier = before.wishes if before else ()
    return (wish, *(one for one in earlier if one != wish))[:REMEMBERED]


def _after(
    before: Quarantined | None, written: Written, updated: datetime | None, now: datetime
) -> Quarantined:
    action = written.action
    untried = written.cause == "closed" and (before is None or before.untried)
    # An action that was never sent did not fail itself: it keeps the shortest wait until it was sent.
    count = before.count + 1 if before and not before.untried else 1
    refused = written.cause != "unavailable"
    early = before.early + 1 if before and before.last <= now < before.next_try else 0
    put_off = before if written.cause == "closed" else None
    return Quarantined(
        target=target_of(action),
        container=container_of(action),
        what=action.sentence,
        wishes=_wishes(before, wish_of(action)),
        updated=updated,
        reason=put_off.reason if put_off else written.reason,
        refused=refused,
        count=count,
        early=early,
        first=before.first if before and before.first <= now else now,
        last=put_off.last if put_off else now,
        next_try=now + pause(count) if refused or count > 1 else now,
        untried=untried,
    )

"""Writes that were refused, or whose own address keeps failing: put last, and tried ever more rarely."""

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
"""After the first refusal; each further one doubles it."""
LONGEST = timedelta(days=1)
"""The longest time without a try."""
FORGOTTEN = timedelta(days=3)
"""After this time without a try nobody wants it any more: what is wanted is tried once a day."""
REMEMBERED = 8
"""Wishes of one target that were refused and are told apart from new ones."""
EARLY = 8
"""Tries before the time has come, because a wish or an issue changed, until only the time counts."""

_ANSWER = re.compile(r"HTTP \d{3}\b.*", re.DOTALL)
"""What a tracker answered, without the address that was asked."""
_VARYING = re.compile(r"\d{4,}|[0-9a-fA-F-]{12,}")
"""Numbers of requests and times, which make no other reason of a reason."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What an action changes: two actions with one target never stand in one plan."""

    tracker: str
    kind: str
    place: str
    """The id of the issue, or the container of a label definition."""
    name: str = ""
    """The label that is defined, or the id of the comment that is edited or removed."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What is remembered of a write that failed."""

    target: Target
    container: str
    what: str
    """The action in one sentence."""
    wishes: tuple[str, ...]
    """Digests of what was to be written, the latest first: a wish that comes back is no other wish."""
    updated: datetime | None
    """The issue's time of change when it was tried; None: whatever the next run finds."""
    reason: str
    refused: bool
    """It was refused; otherwise its address did not answer, which counts from the second time on."""
    count: int
    """How often it failed, or was put off because its container refused others for the same reason."""
    early: int
    """How many of the latest tries came before their time."""
    first: datetime
    last: datetime
    """When it was last sent, or, never sent, put off."""
    next_try: datetime
    wished: bool = True
    """Whether the latest run wanted it; what is not wanted for a while keeps its time."""
    untried: bool = False
    """It was never sent: others like it were refused in its container, which says little of this one."""

    @property
    def confirmed(self) -> bool:
        """Whether it is in quarantine; a single time without an answer is none."""
        return self.refused or self.count > 1


Book = Mapping[Target, Quarantined]
"""Everything that is remembered, by target."""


Alike = tuple[str, str, str, str]
"""Tracker, container, kind of change and reason, which many refusals of one container share."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """A plan's actions by what quarantine says of them, each part in the order of the plan."""

    first: tuple[Action, ...]
    """Never failed, or only once without an answer."""
    again: tuple[Action, ...]
    """In quarantine and due; they go last, and no limit counts them."""
    waiting: tuple[Action, ...]
    """In quarantine and not due."""
    alike: Mapping[Action, Alike] = field(default_factory=dict)
    """Of those to try again because their time has come: what their container refuses for one reason."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run makes of the book."""

    save: tuple[Quarantined, ...] = ()
    forget: tuple[Target, ...] = ()
    as_before: frozenset[Target] = frozenset()
    """Tried again and failed for the reason that is known: no news, and no reason for another exit code."""


def target_of(action: Action) -> Target:
    """What this action changes. A comment that is created is another target than one that is edited."""
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
    """12 hex digits of what is to be written; of a comment, its meaning."""
    match action:
        case ChangeLabels():
            message = repr((action.add, action.remove))
        case WriteComment():
            message = action.digest
        case DefineLabel():
            message = repr(action.definition)
        case _:
            message = "removed"
    return hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def pause(count: int) -> timedelta:
    """How long to wait after failure number `count` (from 1 on): 15 minutes, doubled each time, to a day."""
    doublings = min(max(count, 1) - 1, 10)
    return min(FIRST * (1 << doublings), LONGEST)


def due(entry: Quarantined, wish: str, updated: datetime | None, now: datetime) -> bool:
    """Whether to try again: its time has come, its wish or its issue changed, or its times are impossible."""
    if now >= entry.next_try or entry.last > now or entry.next_try - now > LONGEST:
        return True
    changed = entry.updated is not None and updated is not None and updated != entry.updated
    return entry.early < EARLY and (wish not in entry.wishes or changed)


def sort_out(
    actions: Iterable[Action], book: Book, updated: Mapping[IssueRef, datetime], now: datetime
) -> Sorted:
    """The actions to try, those to try again, and those that wait. `updated`: when issues last changed.

    Of those to try again that a container refuses for one reason, those that were never sent come first, and
    then the one that was not sent for the longest time, so that each has its turn although the first refusal
    stands for all of them.
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
    """The same actions; those that are alike change places among themselves, by when each was last sent."""
    again = tuple(again)

    def turn(action: Action) -> tuple[bool, datetime]:
        entry = book[target_of(action)]
        return not entry.untried, entry.last

    waiting: dict[Alike, list[Action]] = {}
    for action in sorted((item for item in again if item in alike), key=turn):
        waiting.setdefault(alike[action], []).append(action)
    for action in again:
        yield waiting[alike[action]].pop(0) if action in alike else action


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
    """What the outcomes of a run make of the book.

    `wished`: the targets of the whole plan before anything was held; `ended`: the trackers of which nothing
    was held back. An entry without a wish is forgotten after three days: a wish that comes and goes must not
    begin anew with the shortest interval each time.
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
    remembered = {target: entry for target, entry in {**book, **save}.items() if target not in forget}
    save.update(_moved(remembered, save.keys(), touched, updated))
    save.update(_other_wish({**remembered, **save}, wished, ended))
    return Changes(tuple(save[t] for t in sorted(save)), tuple(sorted(forget)), frozenset(as_before))


def _moved(
    remembered: Book,
    tried: Collection[Target],
    touched: Collection[tuple[str, str]],
    updated: Mapping[IssueRef, datetime],
) -> Iterator[tuple[Target, Quarantined]]:
    """Entries with another time of change: our own write moves an issue's, and that is none that matters."""
    for target, entry in remembered.items():
        if (target.tracker, target.place) in touched:
            yield target, replace(entry, updated=None)
        elif entry.updated is None and target not in tried:
            result = updated.get(IssueRef(target.tracker, target.place, ""))
            if result is not None:
                yield target, replace(entry, updated=result)


def _other_wish(
    remembered: Book, wished: Collection[Target], ended: Collection[str]
) -> Iterator[tuple[Target, Quarantined]]:
    """Entries that are wanted again, or not any more; where something was held back nobody can tell."""
    for target, entry in remembered.items():
        requested = target in wished
        if entry.wished != requested and (requested or target.tracker in ended):
            yield target, replace(entry, wished=requested)


def held(actions: Iterable[Action], book: Book) -> tuple[Held, ...]:
    """What waits, with why and until when."""
    return tuple(
        Held(action.sentence, reason_words(entry), until(entry))
        for action in actions
        if (entry := book.get(target_of(action))) is not None
    )


def reason_words(entry: Quarantined) -> str:
    """Since when, how often and why."""
    times = "failed once" if entry.count == 1 else f"failed {entry.count} times"
    if entry.untried:
        times = "not tried yet"
    return f"in quarantine since {entry.first:%Y-%m-%d %H:%M} UTC, {times}: {entry.reason}"


def until(entry: Quarantined) -> str:
    """What ends the wait."""
    return f"tried again when it or its issue changes, else at {entry.next_try:%Y-%m-%d %H:%M} UTC"


def plain(reason: str) -> str:
    """A reason without what differs each time."""
    return _VARYING.sub("…", reason)


_NOWHERE = IssueRef("", "", "")


def _ref(action: Action) -> IssueRef | None:
    return action.ref if isinstance(action, ChangeLabels | WriteComment | DeleteComment) else None


def _closed(written: Written, book: Book) -> bool:
    """Whether an action was not tried in a container that refused others of its kind, now and before."""
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
    # What was never sent is no failure of its own: its interval stays the shortest until it had its turn.
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

"""Lines of `milepost status` beside the numbers: when each tracker was read, and how the last run ended."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from connectors.audience import Audience
from connectors.http.allowance import Allowance
from connectors.interface import TrackerInfo
from connectors.models import IssueRef
from core.audience_views import visible
from core.context import RunContext
from core.engine.coverage import coverage
from core.publish.actions import Held
from core.publish.quarantine import Book, reason_words, until
from core.publish.visibility import Readers
from core.reports.terminal import held_lines, tree
from core.reports.terminal_text import clean
from core.steps.evaluate import Evaluation
from core.steps.item_audiences import audiences_of
from core.steps.other_writers import held_now
from core.steps.writable_places import closed_places
from core.store import Store
from core.store.stored_values import PullState, RunRecord, StoredContainer

SHOWN = 5
"""Of a long list, how many entries are named."""
MOST_CLOSED = 20
"""Of the places where nothing is written, how many are listed."""


def tracker_lines(info: TrackerInfo, address: str, state: PullState, unread: int) -> Iterator[Text]:
    """One tracker: what is read of it, when it was last read, and what went wrong since."""
    scope = ", ".join(info.containers)
    line = Text.assemble((info.name, "bold"), f": {clean(' '.join((address, info.kind)))} ({clean(scope)})")
    if state.read_at is None:
        line.append(", never read")
    else:
        line.append(f", {state.issues} issues, last read {at(state.read_at)}")
    yield line
    if unread:
        yield Text(f"  {unread} of its issues could not be read; `milepost sync` names them", style="yellow")
    if state.error is not None:
        when = f" at {at(state.failed_at)}" if state.failed_at else ""
        yield Text(f"  the last try{when} failed: {clean(state.error, 600)}", style="red")


def budget_lines(allowances: Iterable[Allowance], now: datetime) -> Iterator[Text]:
    """A tracker's API quotas as the last run left them, and what it put off, while their windows last."""
    for allowance in allowances:
        if allowance.over(now):
            continue
        yield Text(
            f"  API quota ({clean(allowance.resource)}): {allowance.used:,} of {allowance.allowed:,} "
            f"requests used, {allowance.run:,} by the last run; {allowance.remaining:,} of "
            f"{allowance.limit:,} left for everybody, all anew {at(allowance.until)}"
        )
        if allowance.put_off:
            yield Text(
                f"  put off until then, because milepost's share is spent: {clean(allowance.put_off, 200)}; "
                "the next run goes on, and a larger api_share allows more",
                style="yellow",
            )


def quarantine_lines(book: Book) -> Iterator[Text]:
    """What was refused or keeps failing: what, why, since when, how often, and when it is tried again."""
    entries = [entry for entry in book.values() if entry.confirmed and entry.wished]
    if entries:
        yield Text(f"in quarantine: {len(entries)} {'write' if len(entries) == 1 else 'writes'}")
    for entry in entries:
        yield Text(
            f"  {clean(entry.what, 400)}: {clean(reason_words(entry), 600)}; {until(entry)}", style="yellow"
        )


def container_lines(containers: Iterable[StoredContainer]) -> Iterator[Text]:
    """The projects and repositories of one tracker that cannot be measured, and why."""
    for container in containers:
        if container.failing:
            since = f" since {at(container.failed_at)}" if container.failed_at else ""
            name, reason = clean(container.container.name), clean(container.failing, 600)
            yield Text(f"  {name} cannot be measured{since}: {reason}", style="yellow")


def closed_lines(places: Sequence[Held]) -> Iterator[Text]:
    """Where nothing is written, and why; a few of many."""
    if places:
        yield Text("counted as it stands, and not written to:")
    for place in places[:MOST_CLOSED]:
        yield Text(f"  {clean(place.what, 400)}: {clean(place.why)}")
    if len(places) > MOST_CLOSED:
        yield Text(f"  and {len(places) - MOST_CLOSED:,} more places")


def not_written_lines(store: Store, infos: Sequence[TrackerInfo]) -> Iterator[Text]:
    """The places that are not written to, and the writes that are in quarantine or held."""
    yield from closed_lines(closed_places(store, infos))
    yield from quarantine_lines(store.quarantine())
    yield from held_lines(held_now(store))


def last_run_line(run: RunRecord | None) -> Text:
    """How the last run ended; what to do if there was none."""
    if run is None:
        return Text("no run yet: try `milepost sync`")
    if run.unfinished:
        return Text(
            f"last run: run {run.run}, begun {at(run.begun)}, has not ended (still going on, or broken off)"
        )
    message = clean(run.reason, 600) or f"run {run.run} {run.outcome}"
    return Text(f"last run, {at(run.begun)}: {message}", style="" if run.outcome == "done" else "yellow")


def at(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def reach_lines(evaluation: Evaluation, tracking: Collection[IssueRef]) -> Iterator[str]:
    """How far the mapping reaches: how many issues count, and where those are that no rule tags.

    Issues that carry a comment (`tracking`) are no work that was forgotten.
    """
    rollup = evaluation.rollup
    reach = coverage(
        sum(rollup.tagged_by_tracker().values()),
        ((ref, place) for ref, place in rollup.untagged() if ref not in tracking),
        rollup.above(),
    )
    reason_words = f"{reach.tagged} of {reach.pulled} issues count somewhere"
    if reach.untagged_in:
        places = [f"{count} in {clean(place)}" for place, count in reach.untagged_in[:SHOWN]]
        places += [f"{len(reach.untagged_in) - SHOWN} more places"] * (len(reach.untagged_in) > SHOWN)
        reason_words += f"; no rule tags {reach.untagged}: {', '.join(places)}"
    yield reason_words


def meant_for(context: RunContext, evaluation: Evaluation, audience: Audience) -> Iterator[RenderableType]:
    """The tree of goals as readers of this audience may see it, and how much else there is."""
    audiences = audiences_of(context.store, context.infos, context.mapping, context.publish.audience)
    seen = visible(context.mapping, evaluation.state, audiences.view(Readers(audience)))
    yield tree(seen.goals, seen.state)
    if seen.rest:
        yield seen.rest

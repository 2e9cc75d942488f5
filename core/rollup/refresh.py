"""Brings the tags into step with the issues: those of what changed, or all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from connectors.models import Issue
from core.engine.weights import COUNT
from core.rollup.contributions import open_of_rows, open_of_tasks, rows_for, tasks_of, write_open
from core.rollup.estimate_sharing import shared_parts
from core.rollup.rollup_rules import RollupRules, moved_answers
from core.store.codec.scalars import micros
from core.store.codec.shared_estimates_codec import write_shared
from core.store.rollup.issue_names import Gathered
from core.store.rollup.rollup_interface import Above, RollupReader, RollupWriter, chunks
from core.store.rollup.rollup_rows import ContributionRow, Link, Mark

AT_ONCE = 500
"""Issues that are tagged together."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was tagged again."""

    everything: bool = False
    keys: frozenset[tuple[str, str]] = frozenset()
    """Tracker and id of each issue that was looked at, unless it was everything."""
    owners: frozenset[str] = frozenset()
    """The milestones and key results whose sums may be others now."""


def _nothing() -> None:
    """Nobody asks to stop."""


def in_step(tags: RollupReader, scheme: RollupRules) -> bool:
    """Whether the tags are what they should be already."""
    return tags.mark() == Mark(scheme.basis, tags.last_change(), scheme.answers)


def refresh(
    writer: RollupWriter,
    scheme: RollupRules,
    check: Callable[[], None] = _nothing,
    since: Mapping[str, datetime] = MappingProxyType({}),
) -> Refreshed:
    """Let the tags, and all sums of them, be those of the issues as they are stored now.

    The result is the same whether little changed and little is looked at, or everything is made anew.
    `check` is called between pages of issues and may raise, which takes back what was done. `since`: by
    tracker, the moment after which an edit has to be for what it did to be explained by it.
    """
    snapshots = {tracker: micros(moment) for tracker, moment in since.items()}
    mark, aim = writer.mark(), Mark(scheme.basis, writer.last_change(), scheme.answers)
    if mark == aim:
        return Refreshed()
    if mark is None or mark.basis != aim.basis:
        owners = _anew(writer, scheme, check, snapshots)
        done = Refreshed(True, owners=frozenset(owners.touched | owners.hard))
    else:
        keys = writer.changed_after(mark.seq) | moved_answers(mark.answers, aim.answers)
        owners = _again(writer, sorted(keys), scheme, check, snapshots)
        done = Refreshed(False, frozenset(keys), frozenset(owners.touched | owners.hard))
    hard = owners.hard
    for owner in sorted(owners.touched | hard):
        check()
        _settle(writer, owner, owner in hard, scheme)
    writer.set_mark(aim)
    return done


@dataclass(slots=True)
class _Owners:
    touched: set[str]
    hard: set[str]
    """Those whose sums have to be made from their issues."""


def _anew(
    writer: RollupWriter, scheme: RollupRules, check: Callable[[], None], since: Mapping[str, int]
) -> _Owners:
    above = writer.above()
    filling = writer.begin_anew(since)
    touched: set[str] = set()
    names = Gathered()
    for page in writer.all_present():
        check()
        names.add(page)
        rows = _rows(page, above, scheme)
        touched.update(row.owner for row in rows)
        filling.add(rows)
    writer.set_names(names.names)
    return _Owners(touched, filling.finish())


def _again(
    writer: RollupWriter,
    keys: Sequence[tuple[str, str]],
    scheme: RollupRules,
    check: Callable[[], None],
    since: Mapping[str, int],
) -> _Owners:
    above = writer.above()
    result = _Owners(set(), set())
    names = Gathered()
    for chunk in chunks(keys, AT_ONCE):
        check()
        issues = writer.present(chunk)
        names.add(issues)
        touched, hard = writer.replace(chunk, _rows(issues, above, scheme), since)
        result.touched |= touched
        # What is hard after the last chunk that touches an owner is what it is now.
        result.hard = (result.hard - touched) | hard
    writer.add_names(names.names)
    return result


def _rows(issues: Sequence[Issue], above: Above, scheme: RollupRules) -> list[ContributionRow]:
    links = {
        (issue.ref.tracker, issue.ref.id): Link(issue.ref, issue.parent_id, issue.parent_key)
        for issue in issues
    }
    chains = above.chains(links)
    return [
        row for issue in issues for row in rows_for(issue, *chains[issue.ref.tracker, issue.ref.id], scheme)
    ]


def _settle(writer: RollupWriter, owner: str, hard: bool, scheme: RollupRules) -> None:
    """Sums of what rows alone cannot say, and the open tasks that a comment lists."""
    listed, weighed = owner in scheme.listed, scheme.weigh_by[owner] != COUNT
    if hard:
        tasks = tasks_of(owner, writer.rows_of_owner(owner), scheme)
        writer.set_sums(
            owner,
            {part.text: number for part, number in tasks.tally.parts.items()},
            tasks.tally.left_out,
            {(task.ref.tracker, task.ref.id) for task in tasks.detail.tasks},
        )
        parts, amounts = tasks.tally.parts, tasks.tally.shared
        if listed:
            writer.set_open(owner, write_open(open_of_tasks(tasks, scheme.open_tasks)))
    else:
        parts, amounts = shared_parts(writer.sharing(owner) if weighed else ())
        if listed:
            writer.set_open(owner, write_open(open_of_rows(writer.first_open(owner, scheme.open_tasks))))
    if weighed:
        writer.set_shared(owner, write_shared(parts, amounts) if amounts else None)

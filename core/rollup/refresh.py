"""Brings the contributions and tallies into step with the issues: those of what changed, or all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import orjson

from connectors.models import Issue, StatusCategory
from core.engine.hierarchy import parents_of_work
from core.engine.tally import Part, Tally
from core.engine.weights import COUNT
from core.rollup.contributions import open_of_rows, open_of_tasks, rows_for, tasks_of, write_open
from core.rollup.rollup_rules import RollupRules, moved_answers
from core.store.codec.scalars import maybe_moment, micros
from core.store.key_lists import chunks
from core.store.rollup.issue_names import Gathered
from core.store.rollup.rollup_interface import Above, Place, RollupReader, RollupWriter
from core.store.rollup.rollup_rows import Chain, ContributionRow, Link, Mark, Sums

ISSUES_AT_ONCE = 500
OWNERS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was worked out again."""

    everything: bool = False
    keys: frozenset[tuple[str, str]] = frozenset()
    """Tracker and id of each issue whose contributions were, unless it was everything."""
    owners: frozenset[str] = frozenset()
    """The milestones and key results whose tallies may be others now."""


def _nothing() -> None:
    """Nobody asks to stop."""


def in_step(rollup: RollupReader, rules: RollupRules) -> bool:
    """Whether the contributions are what they should be already."""
    return rollup.mark() == Mark(rules.basis, rollup.last_change(), rules.answers)


def refresh(
    writer: RollupWriter,
    rules: RollupRules,
    check: Callable[[], None] = _nothing,
    since: Mapping[str, datetime] = MappingProxyType({}),
) -> Refreshed:
    """Let the contributions, and what they add up to, follow from the issues as they are stored now.

    The contributions of an issue are replaced where it changed, where something above it moved, or where a
    server answers otherwise; under other rules those of every issue. Then each milestone and key result that
    had or has one of them is summed up anew. `check` is called between pages of issues and may raise, which
    takes back what was done. `since`: by tracker, the moment after which an edit has to be for what it did to
    be explained by it.
    """
    mark, aim = writer.mark(), Mark(rules.basis, writer.last_change(), rules.answers)
    if mark == aim:
        return Refreshed()
    everything = mark is None or mark.basis != aim.basis
    keys: set[tuple[str, str]] = set()
    if mark is not None and not everything:
        keys = writer.changed_after(mark.seq) | moved_answers(mark.answers, aim.answers)
    else:
        writer.clear_tallies()
    pages = writer.all_keys() if everything else chunks(sorted(keys), ISSUES_AT_ONCE)
    names = Gathered()
    owners = _replace(writer, pages, names, rules, check, since)
    if everything:
        writer.set_names(names.names)
    else:
        writer.add_names(names.names)
    sum_up(writer, owners, rules, check)
    writer.set_mark(aim)
    return Refreshed(everything, frozenset(keys), frozenset(owners))


def _replace(
    writer: RollupWriter,
    pages: Iterable[Sequence[tuple[str, str]]],
    names: Gathered,
    rules: RollupRules,
    check: Callable[[], None],
    since: Mapping[str, datetime],
) -> set[str]:
    """Replace the contributions of these issues; gives the milestones and key results that are touched."""
    above = writer.above()
    snapshots = {tracker: micros(moment) for tracker, moment in since.items()}
    owners: set[str] = set()
    for page in pages:
        check()
        issues = writer.present(page)
        names.add(issues)
        owners |= writer.replace(page, _rows(issues, above, rules), snapshots)
    return owners


def _rows(issues: Sequence[Issue], above: Above, rules: RollupRules) -> list[ContributionRow]:
    links = {
        (issue.ref.tracker, issue.ref.id): Link(issue.ref, issue.parent_id, issue.parent_key)
        for issue in issues
    }
    chains = above.chains(links)
    return [
        row for issue in issues for row in rows_for(issue, *chains[issue.ref.tracker, issue.ref.id], rules)
    ]


def sum_up(
    writer: RollupWriter,
    owners: Iterable[str],
    rules: RollupRules,
    check: Callable[[], None] = _nothing,
) -> None:
    """Let what these milestones and key results add up to follow from their contributions."""
    for chunk in chunks(sorted(owners), OWNERS_AT_ONCE):
        _sum_up(writer, chunk, rules, check)


def _sum_up(
    writer: RollupWriter, owners: Sequence[str], rules: RollupRules, check: Callable[[], None]
) -> None:
    """Sum up what rows say where rows say all, and have the engine read the tasks where they do not."""
    writer.set_left_out(owners, parents_of_work(_above(chain) for chain in writer.chains(owners)))
    sums = writer.sums(owners)
    needing_engine = writer.needing_engine(owners)
    result: dict[str, tuple[Tally | None, str | None]] = {}
    for owner in owners:
        check()
        its = sums.get(owner)
        if its is not None and (owner in needing_engine or _says_too_little(its, rules.weigh_by[owner])):
            result[owner] = _by_the_engine(writer, owner, rules)
        else:
            result[owner] = (None if its is None else _tally(its), _open_tasks(writer, owner, rules))
    writer.set_owners(result)


def _open_tasks(writer: RollupWriter, owner: str, rules: RollupRules) -> str | None:
    """The open tasks that a comment lists, if there is one about this owner."""
    if owner not in rules.listed:
        return None
    return write_open(open_of_rows(writer.first_open(owner, rules.open_tasks)))


def _above(chain: Chain) -> list[Place]:
    return [(chain.owner, chain.tracker, id_) for id_ in orjson.loads(chain.above)]


def _says_too_little(sums: Sums, weigh_by: str) -> bool:
    """Whether a task has to be named, or may take a share of a parent's estimate."""
    if any(part.state is StatusCategory.UNKNOWN for part in sums.tasks):
        return True
    gives = any(part.estimate is not None for part in _live(sums.left_out))
    takes = any(part.estimate is None and part.fixed is None for part in _live(sums.tasks))
    return weigh_by != COUNT and gives and takes


def _live(parts: Iterable[Part]) -> Iterable[Part]:
    return (part for part in parts if part.state is not StatusCategory.CANCELLED)


def _tally(sums: Sums) -> Tally:
    return Tally(sums.tasks, sum(sums.left_out.values()), maybe_moment(sums.latest))


def _by_the_engine(writer: RollupWriter, owner: str, rules: RollupRules) -> tuple[Tally, str | None]:
    """What an owner adds up to by its tasks themselves, and the open ones that a comment lists."""
    rows = writer.rows_of_owner(owner)
    tasks = tasks_of(owner, rows, rules)
    counting = {(task.ref.tracker, task.ref.id) for task in tasks.detail.tasks}
    writer.set_left_out([owner], (row.place for row, _ in rows if row.place[1:] not in counting))
    listed = owner in rules.listed
    return tasks.tally, write_open(open_of_tasks(tasks, rules.open_tasks)) if listed else None

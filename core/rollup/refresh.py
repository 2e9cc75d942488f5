"""Brings the roll-up into step with the stored issues: contributions of what changed, and tallies."""

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
"""Number of issues whose contributions are replaced together."""
OWNERS_AT_ONCE = 100
"""Number of milestones and key results that are summed up together."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was computed again."""

    everything: bool = False
    keys: frozenset[tuple[str, str]] = frozenset()
    """Tracker and id of each issue whose contributions were replaced; empty where `everything` is True."""
    owners: frozenset[str] = frozenset()
    """The milestones and key results whose tallies may have changed."""


def _nothing() -> None:
    """Do nothing: the default for `check`, where nobody can ask to stop."""


def in_step(rollup: RollupReader, rules: RollupRules) -> bool:
    """Return whether the roll-up was made from these rules and answers and from all stored changes."""
    return rollup.mark() == Mark(rules.basis, rollup.last_change(), rules.answers)


def refresh(
    writer: RollupWriter,
    rules: RollupRules,
    check: Callable[[], None] = _nothing,
    since: Mapping[str, datetime] = MappingProxyType({}),
) -> Refreshed:
    """Bring contributions and tallies into step with the stored issues.

    The contributions of an issue are replaced where it changed, where something above it moved, or where the
    answer to a query changed; if the rules changed, those of every issue. Then each milestone and key result
    that had or has one of them is summed up again. `check` is called between pages of issues and may raise,
    which rolls everything back. `since`: by tracker, see `edits_since` in `core.steps.jumps`.
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
    """Replace the contributions of these issues, and return the milestones and key results concerned."""
    above = writer.above()
    since_micros = {tracker: micros(moment) for tracker, moment in since.items()}
    owners: set[str] = set()
    for page in pages:
        check()
        issues = writer.present(page)
        names.add(issues)
        owners |= writer.replace(page, _rows(issues, above, rules), since_micros)
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
    """Make the tallies of these milestones and key results from their contributions."""
    for chunk in chunks(sorted(owners), OWNERS_AT_ONCE):
        _sum_up(writer, chunk, rules, check)


def _sum_up(
    writer: RollupWriter, owners: Sequence[str], rules: RollupRules, check: Callable[[], None]
) -> None:
    """Make tallies from rows where these suffice, and else by the engine from the issues."""
    writer.set_left_out(owners, parents_of_work(_above(chain) for chain in writer.chains(owners)))
    sums = writer.sums(owners)
    needing_engine = writer.needing_engine(owners)
    by_owner: dict[str, tuple[Tally | None, str | None]] = {}
    for owner in owners:
        check()
        of_owner = sums.get(owner)
        if of_owner is not None and (
            owner in needing_engine or _sums_are_not_enough(of_owner, rules.weigh_by[owner])
        ):
            by_owner[owner] = _by_the_engine(writer, owner, rules)
        else:
            tally = None if of_owner is None else _tally(of_owner)
            by_owner[owner] = (tally, _open_tasks(writer, owner, rules))
    writer.set_owners(by_owner)


def _open_tasks(writer: RollupWriter, owner: str, rules: RollupRules) -> str | None:
    """Return the open tasks that a comment lists, as stored; None where no comment is about this owner."""
    if owner not in rules.listed:
        return None
    return write_open(open_of_rows(writer.first_open(owner, rules.open_tasks)))


def _above(chain: Chain) -> list[Place]:
    return [(chain.owner, chain.tracker, id_) for id_ in orjson.loads(chain.above)]


def _sums_are_not_enough(sums: Sums, weigh_by: str) -> bool:
    """Return whether a task has to be named (unknown status), or may take a share of a parent's estimate."""
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
    """Return the tally of an owner from its tasks, and the open ones that a comment lists, as stored."""
    rows = writer.rows_of_owner(owner)
    tasks = tasks_of(owner, rows, rules)
    counting = {(task.ref.tracker, task.ref.id) for task in tasks.detail.tasks}
    writer.set_left_out([owner], (row.place for row, _ in rows if row.place[1:] not in counting))
    listed = owner in rules.listed
    return tasks.tally, write_open(open_of_tasks(tasks, rules.open_tasks)) if listed else None

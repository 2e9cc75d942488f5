"""Turns an issue into its contributions, and the contributions of an owner back into its tasks."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import orjson

from connectors.models import Issue, IssueRef, StatusCategory
from core.engine.hierarchy import is_subtask
from core.engine.key_order import key_rank
from core.engine.model import Tagged
from core.engine.tally import Part
from core.engine.tasks import Tasks, build_tasks, part_of
from core.engine.weights import estimate_of
from core.publish.comment import OpenTask, first_open, open_task
from core.rollup.rollup_rules import RollupRules
from core.store.codec.scalars import micros
from core.store.rollup.rollup_rows import NOTHING_ABOVE, ContributionRow
from mappings.rule import RuleId
from mappings.rules.ruleset import RuleSet

_STANDING = {StatusCategory.IN_PROGRESS: 0, StatusCategory.DONE: 2, StatusCategory.CANCELLED: 2}


def rows_for(
    issue: Issue, above: Sequence[IssueRef], looped: bool, rules: RollupRules
) -> list[ContributionRow]:
    """Return the contributions of an issue, one row for each milestone or key result to which it is tagged.

    `above`: its ancestors, nearest first. `looped`: there is a cycle of parents above it.
    """
    tags = rules.tag(issue, above)
    if not tags:
        return []
    updated, created = micros(issue.updated), micros(issue.created)
    ids = orjson.dumps([ref.id for ref in above]).decode() if above else NOTHING_ABOVE
    rank = key_rank(issue.ref.key)
    needs_engine = looped or bool(issue.mirrors)
    subtask = is_subtask(issue)
    rows = []
    for tag in tags:
        rule = rules.compiled.rule(tag.rule)
        part, standing = _part(issue, tag.rule, rule.checklist, rules)
        part_of_parent = subtask and tag.owner in rules.whole_parents
        rows.append(
            ContributionRow(
                tag.owner,
                issue.ref.tracker,
                issue.ref.id,
                tag.rule.position,
                part,
                updated,
                created,
                ids,
                standing,
                rank,
                int(needs_engine or rule.task_list or part_of_parent),
            )
        )
    return rows


def _part(issue: Issue, rule: RuleId, checklist: bool, rules: RollupRules) -> tuple[str, int]:
    """Return the part of an issue as stored, and its standing: 0 in progress, 1 open, 2 closed.

    Parts of equal issues are cached in `rules.parts`, but for those with a checklist.
    """
    weigh_by = rules.weigh_by[rule.owner]
    boxes = issue.checklist if checklist else ()
    cache_key = (
        rule.owner,
        rule.position,
        issue.category,
        issue.status,
        issue.status_id,
        issue.status_option,
        issue.status_option_id,
        issue.resolution,
        issue.resolution_id,
        (issue.ref.tracker, issue.container) if rules.crediting.projects else None,
        estimate_of(issue, weigh_by),
        boxes,
    )
    cached = rules.parts.get(cache_key)
    if cached is not None:
        return cached
    part = part_of(tagged_of(issue, rule, rules.compiled), weigh_by, rules.crediting)
    result = (part.text, _STANDING.get(part.state, 1))
    if not boxes:
        rules.parts[cache_key] = result
    return result


def tagged_of(issue: Issue, rule_id: RuleId, compiled: RuleSet) -> Tagged:
    """Return the issue with the settings of its rule, as the engine takes it."""
    rule = compiled.rule(rule_id)
    weight = Fraction(rule.weight) if rule.weight is not None else None
    return Tagged(issue, rule_id, checklist=rule.checklist, weight=weight, boxes=rule.task_list)


def tasks_of(owner: str, rows: Iterable[tuple[ContributionRow, Issue]], rules: RollupRules) -> Tasks:
    """Return the tasks of one milestone or key result; `rows`: all its rows, each with its issue."""
    entries: list[Tagged] = []
    parents: dict[IssueRef, IssueRef] = {}
    for row, issue in rows:
        entries.append(tagged_of(issue, rules.rule_ids[owner, row.position], rules.compiled))
        child = issue.ref
        for id_ in orjson.loads(row.above):
            parent = IssueRef(row.tracker, id_, id_)
            parents[child] = parent
            child = parent
    return build_tasks(entries, parents, rules.weigh_by[owner], rules.crediting, owner in rules.whole_parents)


def open_of_rows(rows: Iterable[tuple[ContributionRow, Issue]]) -> tuple[OpenTask, ...]:
    """Return the tasks of these rows as a comment lists them."""
    return tuple(_open(Part.read(row.part), issue) for row, issue in rows)


def _open(part: Part, issue: Issue) -> OpenTask:
    return open_task(issue.ref, issue.url, issue.title, issue.status, part.state, part.credit)


def open_of_tasks(tasks: Tasks, number: int) -> tuple[OpenTask, ...]:
    """Return the first `number` open tasks as a comment lists them."""
    return first_open(tasks.detail.tasks, number)


def write_open(tasks: Iterable[OpenTask]) -> str:
    """Return open tasks as they are stored; `read_open` is the inverse."""
    return orjson.dumps(
        [
            (
                task.key,
                task.url,
                task.title,
                task.status,
                task.state.value,
                task.partly,
                task.tracker,
                task.id,
            )
            for task in tasks
        ]
    ).decode()


def read_open(document: str) -> tuple[OpenTask, ...]:
    """Return the open tasks that `write_open` encoded."""
    return tuple(
        OpenTask(key, url, title, status, StatusCategory(state), partly, tracker, id_)
        for key, url, title, status, state, partly, tracker, id_ in orjson.loads(document)
    )

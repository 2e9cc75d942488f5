"""Collects what went wrong before the plan, and which parts of the mapping or of `--force` have no effect."""

from collections.abc import Sequence

from core.context import RunContext
from core.publish.plan_limits import apply_limits
from core.publish.release import idle_warnings
from core.publish.states import ActualState
from core.steps import holding
from core.steps.draft import Draft
from core.steps.evaluate import Evaluation
from core.steps.limit import Limited
from core.steps.pull_changes import Pulled
from core.steps.query_problems import query_problems
from core.steps.unmatched import unmatched


def find_problems(
    context: RunContext, evaluation: Evaluation, pulls: Sequence[Pulled], actual: ActualState
) -> tuple[str, ...]:
    """Return everything that went wrong before the plan, a sentence each."""
    down_since_pull = {pull.tracker for pull in pulls if pull.down}
    owners_with_query = {
        owner for query in evaluation.refused for owner in evaluation.rules.compiled.query_owners[query]
    }
    return (
        *(str(pull.error) for pull in pulls if pull.error),
        *(why for tracker, why in actual.down.items() if tracker not in down_since_pull),
        *(problem for pull in pulls for problem in pull.problems),
        *(f"{place.label} could not be read: {place.reason}" for place in evaluation.failing),
        *evaluation.targets.missing,
        *(
            f"{owner}: {why}"
            for owner, why in evaluation.reach.problems.items()
            if owner not in owners_with_query
        ),
        *map(str, query_problems(evaluation.refused, context.mapping, context.problem)),
        *(
            f"{tracker}: {issue.key or issue.id} could not be read: {issue.why}"
            for tracker, unread in evaluation.unread.items()
            for issue in unread
        ),
    )


def find_warnings(
    context: RunContext, evaluation: Evaluation, pulls: Sequence[Pulled], draft: Draft, limited: Limited
) -> tuple[str, ...]:
    """Return what of the mapping matches nothing, with file and line, and what `--force` releases in vain."""
    groups = _groups(context, pulls, draft, limited) if context.force.names else frozenset[str]()
    matching_nothing = unmatched(evaluation, context.store, context.problem, context.publish.labels.prefix)
    return (*idle_warnings(context.force, groups), *map(str, matching_nothing))


def _groups(context: RunContext, pulls: Sequence[Pulled], draft: Draft, limited: Limited) -> frozenset[str]:
    """Return the names of all groups that limits hold, or would hold if nothing were released."""
    held = apply_limits(draft.plan, limited.facts, context.limits).held
    lost = {pull.held.group for pull in pulls if pull.held}
    released = {holding.group(pull.tracker).name for pull in pulls if pull.released}
    return frozenset({*lost, *released, *(hold.group for hold in held)} - {""})

"""What went wrong before the plan, and what of the mapping or of `--force` has no effect."""

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
    """Everything that went wrong before the plan, a sentence each."""
    silent = {pull.tracker for pull in pulls if pull.down}
    asking = {
        owner for query in evaluation.refused for owner in evaluation.rules.compiled.query_owners[query]
    }
    return (
        *(str(pull.error) for pull in pulls if pull.error),
        *(why for tracker, why in actual.down.items() if tracker not in silent),
        *(problem for pull in pulls for problem in pull.problems),
        *(f"{place.label} could not be read: {place.reason}" for place in evaluation.failing),
        *evaluation.targets.missing,
        *(f"{owner}: {why}" for owner, why in evaluation.reach.problems.items() if owner not in asking),
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
    """What of the mapping matches nothing, with file and line, and what `--force` names in vain."""
    groups = _groups(context, pulls, draft, limited) if context.force.names else frozenset[str]()
    idle = unmatched(evaluation, context.store, context.problem, context.publish.labels.prefix)
    return (*idle_warnings(context.force, groups), *map(str, idle))


def _groups(context: RunContext, pulls: Sequence[Pulled], draft: Draft, limited: Limited) -> frozenset[str]:
    """All that limits hold, or would hold if nothing were released."""
    held = apply_limits(draft.plan, limited.facts, context.limits).held
    lost = {pull.held.group for pull in pulls if pull.held}
    released = {holding.group(pull.tracker).name for pull in pulls if pull.released}
    return frozenset({*lost, *released, *(hold.group for hold in held)} - {""})

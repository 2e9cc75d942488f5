"""Whatever a person asks about, found and explained: an issue, a milestone, a key result or a goal."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from connectors.audience import Audience
from connectors.models import Issue, IssueRef
from core.audience_views import Visible, visible
from core.context import RunContext
from core.engine.calculation import explain_goal, explain_issue, explain_key_result, explain_milestone
from core.engine.formatting import percent
from core.engine.model import Unmeasured
from core.publish.comment.phrases import not_shown
from core.publish.visibility import Readers, View
from core.steps.evaluate import Evaluation
from core.steps.item_audiences import audiences_of
from core.steps.query_problems import query_problems
from mappings.goal_tree import GoalTree


class UnknownSubject(Exception):
    """Nothing of that name is known; the text says what to do."""


def explain(
    subject: str, context: RunContext, evaluation: Evaluation, audience: Audience | None = None
) -> Iterator[str]:
    """Lines for a person, with nothing that is not for this audience (None: everything).

    Raises UnknownSubject, also for what is not for the audience: that it is there is nothing for it either.
    """
    if audience is not None:
        return _for_audience(subject, context, evaluation, audience)
    if subject in context.mapping.milestones:
        lines = explain_milestone(subject, context.mapping, evaluation.in_detail([subject])).lines
        return iter((*lines, *_unanswered(subject, context, evaluation)))
    if subject in context.mapping.key_results:
        lines = explain_key_result(subject, context.mapping, evaluation.in_detail([subject])).lines
        return iter((*lines, *_unanswered(subject, context, evaluation)))
    if subject in context.mapping.goals:
        return iter(explain_goal(subject, context.mapping, evaluation.state).lines)
    issue = _issue(subject, context)
    if issue is None:
        raise UnknownSubject(_nothing(subject, context.mapping))
    return _explained(issue, context.mapping, evaluation, evaluation.targets.about.get(issue.ref, ()))


def _unanswered(subject: str, context: RunContext, evaluation: Evaluation) -> Iterator[str]:
    """Where the mapping asks the queries that keep this from being measured."""
    for problem in query_problems(evaluation.refused, context.mapping, context.problem, [subject]):
        yield f"  {problem}"


def _for_audience(
    subject: str, context: RunContext, evaluation: Evaluation, audience: Audience
) -> Iterator[str]:
    view = audiences_of(context.store, context.infos, context.mapping, context.publish.audience).view(
        Readers(audience)
    )
    owner = subject in context.mapping.milestones or subject in context.mapping.key_results
    state = evaluation.in_detail([subject]) if owner else evaluation.state
    seen = visible(context.mapping, state, view)
    goals, all_of_it = seen.goals, state
    state = seen.state
    if subject in goals.milestones:
        yield from explain_milestone(subject, goals, state).lines
        tasks = len(all_of_it.milestones[subject].tasks) - len(state.milestones[subject].tasks)
        if tasks:
            yield f"  and {not_shown(tasks, 'task')}"
    elif subject in goals.key_results or subject in goals.goals:
        yield from _parts(subject, context.mapping, seen, view)
    else:
        issue = None if _is_id(subject, context.mapping) else _issue(subject, context)
        if issue is None or not view.issue(issue.ref):
            raise UnknownSubject(_nothing(subject, goals))
        about = tuple(filter(view.item, evaluation.targets.about.get(issue.ref, ())))
        yield from _explained(issue, goals, evaluation, about, view)
    yield f"  shown as those may see it who may read what is {audience}"


def _parts(subject: str, goals: GoalTree, seen: Visible, view: View) -> Iterator[str]:
    """A key result or goal; without the arithmetic where some of what it follows from is not shown."""
    if subject in goals.goals:
        results = [result.id for result in goals.key_results_of(subject)]
        parts = [*results, *(milestone.id for milestone in goals.milestones_of_goal(subject))]
        explained, title = explain_goal, goals.goals[subject].title
        measures = {
            "delivered": seen.state.goals[subject].delivered,
            "achieved": seen.state.goals[subject].achieved,
        }
    else:
        parts = [milestone.id for milestone in goals.milestones_of(subject)]
        explained, title = explain_key_result, goals.key_results[subject].title
        measures = {"measured": seen.state.key_results[subject].measure}
    hidden = sum(not view.item(name) for name in parts)
    if not hidden and view.whole:
        yield from explained(subject, seen.goals, seen.state).lines
        return
    yield f"{subject}: {title}"
    for word, measure in measures.items():
        yield f"  {word}: {measure.reason if isinstance(measure, Unmeasured) else percent(measure)}"
    if hidden:
        yield f"  follows also from {not_shown(hidden)}"


def _is_id(subject: str, goals: GoalTree) -> bool:
    """Whether this is the id of a milestone, key result or goal."""
    return subject in goals.milestones or subject in goals.key_results or subject in goals.goals


def _issue(subject: str, context: RunContext) -> Issue | None:
    resolve = context.store.resolver()
    for name, info in context.infos.items():
        key = info.normal_key(subject)
        id_ = resolve(name, key) if key else None
        result = context.store.issue(IssueRef(name, id_, subject)) if id_ else None
        if result is not None:
            return result
    return None


def _explained(
    issue: Issue, goals: GoalTree, evaluation: Evaluation, about: Sequence[str], view: View | None = None
) -> Iterator[str]:
    yield f"{issue.ref.key}: {issue.title}"
    yield f"  status: {issue.status} ({issue.category.value})" + (
        f", resolution {issue.resolution}" if issue.resolution else ""
    )
    if issue.status_option and view is None:
        yield f'  its option of the status field: "{issue.status_option}"'
    if issue.archived:
        yield "  archived: no list of the tracker has it any more, and its last state goes on counting"
    if about:
        yield f"  carries the comment about {', '.join(about)}"
    place = (issue.ref.tracker, issue.ref.id)
    tags = evaluation.rollup.tags_of([place]).get(place, ())
    state = evaluation.in_detail(owner for owner, _ in tags)
    if view is not None:
        state = visible(evaluation.rules.goals, state, view).state
    lines = explain_issue(issue.ref, goals, state).lines
    yield from (f"  {line}" for line in lines)
    if not tags:
        yield "  no rule tags it: it counts nowhere"


def _nothing(subject: str, goals: GoalTree) -> str:
    ids = [*goals.milestones, *goals.key_results, *goals.goals]
    near = get_close_matches(subject, ids, n=3)
    if near:
        return f"nothing is called {subject!r}; did you mean {' or '.join(near)}?"
    return (
        f"nothing is called {subject!r}: it is no id in the mapping, and no issue of that key was read; "
        "`milepost status` lists the ids"
    )

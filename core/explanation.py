"""Explains an issue, a milestone, a key result or a goal in lines of text, for `milepost why`."""

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
    """No issue, milestone, key result or goal has this name; the text says what to do."""


def explain(
    subject: str, context: RunContext, evaluation: Evaluation, audience: Audience | None = None
) -> Iterator[str]:
    """Return the lines about a subject, with only what this audience may see (None: everything).

    Raises UnknownSubject, also where the subject exists but the audience may not see it.
    """
    if audience is not None:
        return _for_audience(subject, context, evaluation, audience)
    if subject in context.mapping.milestones:
        lines = explain_milestone(subject, context.mapping, evaluation.in_detail([subject])).lines
        return iter((*lines, *_unanswered_queries(subject, context, evaluation)))
    if subject in context.mapping.key_results:
        lines = explain_key_result(subject, context.mapping, evaluation.in_detail([subject])).lines
        return iter((*lines, *_unanswered_queries(subject, context, evaluation)))
    if subject in context.mapping.goals:
        return iter(explain_goal(subject, context.mapping, evaluation.state).lines)
    issue = _stored_issue(subject, context)
    if issue is None:
        raise UnknownSubject(_not_found(subject, context.mapping))
    return _issue_lines(issue, context.mapping, evaluation, evaluation.targets.about.get(issue.ref, ()))


def _unanswered_queries(subject: str, context: RunContext, evaluation: Evaluation) -> Iterator[str]:
    """Yield a line for each query of the subject's rules that was not answered, with its place."""
    for problem in query_problems(evaluation.refused, context.mapping, context.problem, [subject]):
        yield f"  {problem}"


def _for_audience(
    subject: str, context: RunContext, evaluation: Evaluation, audience: Audience
) -> Iterator[str]:
    view = audiences_of(context.store, context.infos, context.mapping, context.publish.audience).view(
        Readers(audience)
    )
    has_tasks = subject in context.mapping.milestones or subject in context.mapping.key_results
    whole_state = evaluation.in_detail([subject]) if has_tasks else evaluation.state
    shown = visible(context.mapping, whole_state, view)
    goals = shown.goals
    if subject in goals.milestones:
        yield from explain_milestone(subject, goals, shown.state).lines
        hidden_tasks = len(whole_state.milestones[subject].tasks) - len(shown.state.milestones[subject].tasks)
        if hidden_tasks:
            yield f"  and {not_shown(hidden_tasks, 'task')}"
    elif subject in goals.key_results or subject in goals.goals:
        yield from _key_result_or_goal(subject, context.mapping, shown, view)
    else:
        issue = None if _is_id(subject, context.mapping) else _stored_issue(subject, context)
        if issue is None or not view.issue(issue.ref):
            raise UnknownSubject(_not_found(subject, goals))
        about = tuple(filter(view.item, evaluation.targets.about.get(issue.ref, ())))
        yield from _issue_lines(issue, goals, evaluation, about, view)
    yield f"  shown as those may see it who may read what is {audience}"


def _key_result_or_goal(subject: str, goals: GoalTree, shown: Visible, view: View) -> Iterator[str]:
    """Yield the lines of a key result or goal; without arithmetic where some of its parts are hidden."""
    if subject in goals.goals:
        key_results = [result.id for result in goals.key_results_of(subject)]
        parts = [*key_results, *(milestone.id for milestone in goals.milestones_of_goal(subject))]
        explain_it, title = explain_goal, goals.goals[subject].title
        measures = {
            "delivered": shown.state.goals[subject].delivered,
            "achieved": shown.state.goals[subject].achieved,
        }
    else:
        parts = [milestone.id for milestone in goals.milestones_of(subject)]
        explain_it, title = explain_key_result, goals.key_results[subject].title
        measures = {"measured": shown.state.key_results[subject].measure}
    hidden = sum(not view.item(name) for name in parts)
    if not hidden and view.whole:
        yield from explain_it(subject, shown.goals, shown.state).lines
        return
    yield f"{subject}: {title}"
    for word, measure in measures.items():
        yield f"  {word}: {measure.reason if isinstance(measure, Unmeasured) else percent(measure)}"
    if hidden:
        yield f"  follows also from {not_shown(hidden)}"


def _is_id(subject: str, goals: GoalTree) -> bool:
    """Whether this is the id of a milestone, key result or goal."""
    return subject in goals.milestones or subject in goals.key_results or subject in goals.goals


def _stored_issue(subject: str, context: RunContext) -> Issue | None:
    """Return the stored issue with this key, of whichever tracker has it; None if none has."""
    resolve = context.store.resolver()
    for name, info in context.infos.items():
        key = info.normal_key(subject)
        id_ = resolve(name, key) if key else None
        issue = context.store.issue(IssueRef(name, id_, subject)) if id_ else None
        if issue is not None:
            return issue
    return None


def _issue_lines(
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


def _not_found(subject: str, goals: GoalTree) -> str:
    ids = [*goals.milestones, *goals.key_results, *goals.goals]
    near = get_close_matches(subject, ids, n=3)
    if near:
        return f"nothing is called {subject!r}; did you mean {' or '.join(near)}?"
    return (
        f"nothing is called {subject!r}: it is no id in the mapping, and no issue of that key was read; "
        "`milepost status` lists the ids"
    )

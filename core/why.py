"""Whatever a person asks about, found and explained: an issue, a milestone, a key result or a goal."""

from collections.abc import Iterator
from difflib import get_close_matches

from connectors.contract import Issue, IssueRef
from core.engine.explain import explain_goal, explain_issue, explain_key_result, explain_milestone
from core.known import Known
from core.sync import Job


class UnknownSubject(Exception):
    """Nothing of that name is known; the text says what to do."""


def explain(subject: str, job: Job, known: Known) -> Iterator[str]:
    """Lines for a person. Raises UnknownSubject."""
    if subject in job.mapping.milestones:
        return iter(explain_milestone(subject, job.mapping, known.in_detail([subject])).lines)
    if subject in job.mapping.key_results:
        return iter(explain_key_result(subject, job.mapping, known.in_detail([subject])).lines)
    if subject in job.mapping.goals:
        return iter(explain_goal(subject, job.mapping, known.state).lines)
    issue = _issue(subject, job)
    if issue is None:
        raise UnknownSubject(_nothing(subject, job))
    return _explained(issue, job, known)


def _issue(subject: str, job: Job) -> Issue | None:
    resolve = job.store.resolver()
    for name, info in job.infos.items():
        key = info.normal_key(subject)
        id_ = resolve(name, key) if key else None
        found = job.store.issue(IssueRef(name, id_, subject)) if id_ else None
        if found is not None:
            return found
    return None


def _explained(issue: Issue, job: Job, known: Known) -> Iterator[str]:
    yield f"{issue.ref.key}: {issue.title}"
    yield f"  status: {issue.status} ({issue.category.value})" + (
        f", resolution {issue.resolution}" if issue.resolution else ""
    )
    if issue.archived:
        yield "  archived: no list of the tracker has it any more, and its last state goes on counting"
    if issue.ref in known.targets.about:
        yield f"  carries the comment about {', '.join(known.targets.about[issue.ref])}"
    place = (issue.ref.tracker, issue.ref.id)
    tags = known.tags.tags_of([place]).get(place, ())
    lines = explain_issue(issue.ref, job.mapping, known.in_detail(owner for owner, _ in tags)).lines
    yield from (f"  {line}" for line in lines)
    if not tags:
        yield "  no rule tags it: it counts nowhere"


def _nothing(subject: str, job: Job) -> str:
    ids = [*job.mapping.milestones, *job.mapping.key_results, *job.mapping.goals]
    near = get_close_matches(subject, ids, n=3)
    if near:
        return f"nothing is called {subject!r}; did you mean {' or '.join(near)}?"
    return (
        f"nothing is called {subject!r}: it is no id in the mapping, and no issue of that key was read; "
        "`milepost status` lists the ids"
    )

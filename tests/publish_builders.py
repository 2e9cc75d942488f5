"""The marketing example as the engine would conclude it, for the tests of publishing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from connectors.interface import TrackerInfo
from connectors.models import IssueRef, Posted, PostedComment, StatusCategory
from core.engine.model import (
    Change,
    ChangePart,
    Counts,
    Detail,
    GoalState,
    Health,
    KeyResultKind,
    KeyResultState,
    Measure,
    MilestoneState,
    Part,
    State,
    Task,
    Unmeasured,
    Why,
)
from core.publish.comment import Summary, summarise
from mappings.goal_tree import GoalTree, HealthName
from mappings.rule import RuleId
from tests.builders import LONG_AGO, NOON, STATUS, a_goal, a_key_result, a_mapping, a_milestone

EPIC = IssueRef("jira", "10001", "BLOG-1")
TRACKING = IssueRef("github", "2001", "acme/site#7")
DOWN = Unmeasured(Why.SOURCE_DOWN, "jira not read since 2027-02-12 09:00 UTC")
ON_TRACK = Health(HealthName.ON_TRACK, "ahead of the pace that its dates ask for", "0.6 / 0.5 = 1.2")
TITLES = (
    "Create blog homepage",
    "Set up post structure",
    "Create authors page with photo and description",
    "Write 5 initial posts",
    "Print flyers",
)


def a_task(number: int = 1, state: str = "todo", **more: Any) -> Task:
    """One task of the blog."""
    category = StatusCategory(state)
    task = Task(
        ref=IssueRef("jira", str(10001 + number), f"BLOG-{number + 1}"),
        url=f"https://acme.atlassian.net/browse/BLOG-{number + 1}",
        title=TITLES[(number - 1) % len(TITLES)],
        state=category,
        status=STATUS[category],
        weight=Fraction(1),
        estimated=True,
        credit=Fraction(category is StatusCategory.DONE),
        rule=RuleId("blog", 1, "milestones.blog.rules[1]"),
        assignees=(),
        updated=NOON,
        resolved=None,
    )
    return replace(task, **more)


def a_milestone_state(name: str, *tasks: Task, **more: Any) -> MilestoneState:
    """A milestone measured from its tasks by count, or with another `measure`."""
    states = [task.state for task in tasks]
    counts = Counts(
        done=states.count(StatusCategory.DONE),
        in_progress=states.count(StatusCategory.IN_PROGRESS),
        todo=states.count(StatusCategory.TODO),
        cancelled=states.count(StatusCategory.CANCELLED),
    )
    total = len(tasks) - counts.cancelled
    measure: Measure = (
        Fraction(counts.done, total) if total else Unmeasured(Why.NO_SCOPE, "no scope: it has no task")
    )
    state = MilestoneState(
        id=name,
        measure=measure,
        earned=Fraction(counts.done),
        total=Fraction(total),
        counts=counts,
        health=ON_TRACK,
        weighed_by="count",
        detail=Detail(tasks, ()),
    )
    return replace(state, **more)


def with_tasks(state: MilestoneState, *tasks: Task) -> MilestoneState:
    """The same numbers, and these tasks."""
    return replace(state, detail=Detail(tasks, ()))


def marketing() -> GoalTree:
    """Goal, key results and two milestones of the marketing team."""
    metric = {"target": 3000, "current": 1200, "unit": "visitors", "as_of": date(2027, 2, 14)}
    rate = {"start": 2, "target": 10, "current": 3, "unit": "%"}
    return a_mapping(
        goals=[a_goal("show", title="Show people how our company works", tracking=("acme/site#7",))],
        key_results=[
            a_key_result("visitors", title="Reach 3,000 visitors on the site", metric=metric),
            a_key_result("leads", title="Convert 10% of visitors to leads", metric=rate),
            a_key_result("countries", title="Obtain leads from at least 3 countries"),
        ],
        milestones=[
            a_milestone("blog", "visitors", "leads", title="Set up an attractive blog", owner="Ana"),
            a_milestone("site", "visitors", "countries", title="Open the new site"),
        ],
    )


def marketing_state(**milestones: MilestoneState) -> State:
    """Three of four blog tasks done or under way, one cancelled; the site half done."""
    states = ("done", "done", "in_progress", "todo", "cancelled")
    blog = a_milestone_state("blog", *(a_task(place, state) for place, state in enumerate(states, start=1)))
    site = a_milestone_state("site", a_task(11, "done"), a_task(12, "todo"))
    half, eighth = Fraction(1, 2), Fraction(1, 8)
    metric = KeyResultKind.METRIC
    results = (
        KeyResultState("visitors", metric, Fraction(2, 5), half, None, ON_TRACK),
        KeyResultState("leads", metric, eighth, half, None, ON_TRACK),
        KeyResultState("countries", KeyResultKind.DELIVERY, half, half, None, ON_TRACK),
    )
    behind = Health(HealthName.AT_RISK, "two of three key results are behind", "")
    gap = "Half of the planned work is delivered, but the key results moved less."
    return State(
        milestones={"blog": blog, "site": site} | milestones,
        key_results={result.id: result for result in results},
        goals={"show": GoalState("show", half, Fraction(41, 120), behind, gap)},
    )


def a_change() -> Change:
    """25% to 50%: one task finished, one added, one cancelled."""
    parts = (
        ChangePart(Part.SCOPE_ADDED, Fraction(-1, 20), ("BLOG-5",)),
        ChangePart(Part.CANCELLED, Fraction(1, 20), ("BLOG-6",)),
        ChangePart(Part.FINISHED, Fraction(1, 4), ("BLOG-3",)),
    )
    return Change(LONG_AGO, Fraction(1, 4), Fraction(1, 2), Fraction(1, 4), parts)


def the_summary(
    *targets: str,
    ref: IssueRef = EPIC,
    state: State | None = None,
    mapping: GoalTree | None = None,
    **more: Any,
) -> Summary:
    """What the comment on the epic says; by default about the milestone "blog"."""
    return summarise(
        ref,
        targets or ("blog",),
        state or marketing_state(),
        mapping or marketing(),
        **({"open_tasks": 10} | more),
    )


def tracker_info(name: str = "jira") -> TrackerInfo:
    """What the settings of the two trackers say."""
    github = name == "github"
    return TrackerInfo(
        name=name,
        kind=name,
        containers=("acme/*",) if github else ("BLOG",),
        owns=lambda key: ("#" in key) is github,
        normal_key=lambda key: key,
        markup="markdown" if github else "wiki",
        comment_limit=65_536 if github else 32_767,
        label_limit=50 if github else 255,
        label_spaces=github,
        has_label_definitions=github,
    )


def a_comment(body: str, number: int = 900, **more: Any) -> PostedComment:
    """A comment as a tracker gives it back, written by milepost's own account."""
    return replace(PostedComment(id=str(number), body=body, mine=True), **more)


def posted(ref: IssueRef, *comments: PostedComment, labels: Iterable[str] = ()) -> Posted:
    """What stands on one issue."""
    return Posted(ref=ref, labels=tuple(labels), comments=comments)

"""What the readers of a place are told does not depend on anything that they may not know."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.audience import Audience
from connectors.models import Issue, IssueRef
from core.audience_views import visible
from core.engine.change import snapshot
from core.engine.milestones import measure
from core.engine.model import Inputs, State
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.comment import Page, summarise
from core.publish.labels import Labeller
from core.publish.publish_policy import LabelPolicy, LabelTemplates
from core.publish.states import DesiredComment, desired_comment
from core.publish.visibility import Audiences, Readers, TrackerAudience, View
from core.publish.visible_changes import visible_change
from mappings.goal_tree import GoalTree
from tests.builders import NOON, a_goal, a_key_result, a_mapping, a_milestone, an_issue, some_inputs, tagged
from tests.publish_builders import marketing, marketing_state, tracker_info

PUBLIC, ORGANISATION, RESTRICTED = Audience
CONTAINERS = ("OPEN", "TEAM", "acme/open", "acme/team", "HR")
PLACES = {
    "jira": TrackerAudience(None, {"open": PUBLIC, "team": ORGANISATION, "hr": RESTRICTED}),
    "github": TrackerAudience(None, {"acme/open": PUBLIC, "acme/team": ORGANISATION}),
}
LEVEL = Readers(RESTRICTED, "jira/team/10001")
READERS = (Readers(PUBLIC), Readers(ORGANISATION), LEVEL, Readers(RESTRICTED, "jira/hr"))
NAMES = ("goal", "metric", "rail", "blog", "site")
TEMPLATES = LabelTemplates(
    goal="goal/{id}", key_result="result/{title}", milestone="milestone/{id}", progress="progress/{bucket}"
)
FEW = settings(max_examples=30, deadline=None)


@dataclass(frozen=True)
class Drawn:
    """A world without its words."""

    issues: tuple[tuple[int, str | None, str, str, bool], ...]
    """Place, security level, category before and now, and to which of the two milestones each belongs."""
    audiences: tuple[Audience, ...]
    """Of the goal, its key results and the milestones."""
    unread: bool
    problem: bool
    override: bool


CATEGORY = st.sampled_from(["todo", "in_progress", "done", "cancelled", "done", "unknown"])
ISSUE = st.tuples(
    st.integers(0, len(CONTAINERS) - 1),
    st.sampled_from([None, None, None, "10001", "10002"]),
    st.sampled_from(["todo", "in_progress", "done"]),
    CATEGORY,
    st.booleans(),
)
WORLDS = st.builds(
    Drawn,
    st.lists(ISSUE, min_size=1, max_size=9).map(tuple),
    st.tuples(*[st.sampled_from([*Audience])] * len(NAMES)),
    st.booleans(),
    st.sampled_from([False, False, True]),
    st.booleans(),
)


class World:
    """The words of a world: those that `reader` may not know are other ones in each `variant`."""

    def __init__(self, drawn: Drawn, reader: Readers, variant: int) -> None:
        self.drawn, self.reader, self.variant = drawn, reader, variant
        self.meant = [Readers(audience) for audience in drawn.audiences]
        self.issues, self.before = [], []
        for number, (place, level, was, now, _) in enumerate(drawn.issues, start=1):
            issue = self.issue(number, CONTAINERS[place], level, now)
            self.issues.append(issue)
            self.before.append(replace(issue, category=an_issue(category=was).category))
        self.ids = [self.word(each, name) for name, each in zip(NAMES, self.meant, strict=True)]
        levels = {
            (issue.ref.tracker, issue.ref.id): level
            for issue, (_, level, *_) in zip(self.issues, drawn.issues, strict=True)
            if level is not None
        }
        self.audiences = Audiences(PLACES, levels, dict(zip(self.ids, self.meant, strict=True)))
        self.mapping = self.make_mapping()

    def word(self, meant: Readers | None, what: str) -> str:
        known = meant is not None and self.reader.may_read(meant)
        return what if known else f"{what}secret{'xx' * self.variant}"

    def issue(self, number: int, container: str, level: str | None, category: str) -> Issue:
        separator = "#" if "/" in container else "-"
        tracker = "github" if "/" in container else "jira"
        ref = IssueRef(tracker, f"{number}", f"{container}{separator}{number}")
        meant = Audiences(PLACES, {(tracker, ref.id): level} if level else {}).of(ref)
        known = meant is not None and self.reader.may_read(meant)
        place = number if known else 100 * (self.variant + 1) - 7 * number * self.variant
        found = an_issue(f"{container}{separator}{place}", category)
        return replace(
            found,
            ref=replace(ref, key=found.ref.key),
            title=self.word(meant, f"Task {number}"),
            status=self.word(meant, f"Status {number}"),
            url=f"https://x.example/{self.word(meant, f'page{number}')}",
            assignees=(self.word(meant, "ana"),),
            security=level,
        )

    def make_mapping(self) -> GoalTree:
        goal, metric, rail, blog, site = self.ids
        secret = [not self.reader.may_read(each) for each in self.meant]
        figure = [7 * self.variant if hidden else 0 for hidden in secret]
        texts = [
            {"title": self.word(each, f"The {name}"), "owner": self.word(each, f"owner of {name}")}
            for name, each in zip(NAMES, self.meant, strict=True)
        ]
        number = {"start": 0, "target": 100, "current": 4 + figure[1], "unit": self.word(self.meant[1], "u")}
        bounds = {"keep_below": 50, "current": 45 + figure[2], "unit": self.word(self.meant[2], "u")}
        override: dict[str, Any] = {}
        if self.drawn.override:
            reason = {"reason": self.word(self.meant[3], "Sick"), "by": self.word(self.meant[3], "bo")}
            override = {"override": {"health": "at_risk", "until": date(2027, 12, 31)} | reason}
        return a_mapping(
            [
                a_milestone(blog, metric, rail) | texts[3] | override,
                a_milestone(site, metric) | texts[4],
            ],
            [
                a_key_result(metric, goal, metric=number) | texts[1],
                a_key_result(rail, goal, guardrail=bounds) | texts[2],
            ],
            [a_goal(goal) | texts[0]],
        )

    def inputs(self, issues: list[Issue]) -> Inputs:
        blog, site = self.ids[3:]
        entries = [
            tagged(issue, blog if first else site)
            for issue, (*_, first) in zip(issues, self.drawn.issues, strict=True)
        ]
        inputs = some_inputs(*entries, mapping=self.mapping)
        if self.drawn.unread:
            inputs = replace(inputs, unread={blog: (f"HR-{self.word(None, '9')}",)})
        if self.drawn.problem:
            inputs = replace(inputs, problems={site: f"the query {self.word(None, 'q')} was refused"})
        return inputs

    def state(self, issues: list[Issue]) -> State:
        return measure(self.inputs(issues), ProgressPolicy(), HealthPolicy(), NOON)

    def comments(self, limit: int) -> list[DesiredComment]:
        """The comments about everything and about each thing, on both trackers, for this reader."""
        goal, _, _, blog, site = self.ids
        view = self.audiences.view(self.reader)
        state, before = self.state(self.issues), self.state(self.before)
        then = NOON - timedelta(days=3)
        changes = {
            name: visible_change(
                snapshot(before.milestones[name], "r", then),
                snapshot(state.milestones[name], "r", NOON),
                view,
            )
            for name in (blog, site)
        }
        first = self.issues[0]
        pages = {blog: Page(first.ref.key, first.url, first.ref)}
        made = []
        for info in (tracker_info("jira"), tracker_info("github")):
            for targets in ((blog, site, goal), (blog,), (goal,)):
                summary = summarise(
                    IssueRef(info.name, "7", "TEAM-7"), targets, state, self.mapping,
                    open_tasks=3, changes=changes, pages=pages, view=view,
                )  # fmt: skip
                made.append(desired_comment(summary, replace(info, comment_limit=limit), "default"))
        return made

    def labels(self) -> list[tuple[str, str, str]]:
        goal, metric, _, blog, site = self.ids
        policy = LabelPolicy(tasks=TEMPLATES, targets=TEMPLATES)
        infos = {name: tracker_info(name) for name in PLACES}
        here = replace(self.audiences, levels={("jira", "7"): "10001"} if self.reader == LEVEL else {})
        state = self.state(self.issues)
        labeller = Labeller(state, self.mapping, policy, infos, here)
        key = {PUBLIC: "OPEN-7", ORGANISATION: "TEAM-7"}.get(self.reader.audience, "HR-7")
        issue = an_issue("TEAM-7" if self.reader == LEVEL else key)
        issue = replace(issue, ref=IssueRef("jira", "7", issue.ref.key))
        told = labeller.labelled(issue, (blog, site, metric), (site, goal))
        assert here.of(issue.ref) == self.reader
        alone = labeller.labelled(issue, (metric,), ())
        return [(each.name, each.colour, each.description) for each in (*told.labels, *alone.labels)]


ALL_DONE = Drawn(
    ((0, None, "todo", "done", True), (1, None, "todo", "done", False)),
    (PUBLIC, ORGANISATION, ORGANISATION, PUBLIC, PUBLIC),
    unread=False,
    problem=False,
    override=False,
)
"""Everything is delivered, and what that moved is not for everybody."""


@FEW
@example(ALL_DONE, Readers(PUBLIC), 65_536)
@given(WORLDS, st.sampled_from(READERS), st.sampled_from([300, 1_500, 65_536]))
def test_no_byte_follows_from_what_the_readers_may_not_know(
    drawn: Drawn, reader: Readers, limit: int
) -> None:
    one, other = World(drawn, reader, 0), World(drawn, reader, 1)
    for mine, theirs in zip(one.comments(limit), other.comments(limit), strict=True):
        assert mine.body == theirs.body
        assert (mine.mark, mine.digest) == (theirs.mark, theirs.digest)
        assert "secret" not in mine.body
    assert one.labels() == other.labels()
    assert "secret" not in str(one.labels())


@FEW
@given(WORLDS)
def test_with_one_audience_everywhere_nothing_is_said_otherwise(drawn: Drawn) -> None:
    everywhere = replace(
        drawn,
        issues=tuple((each[0], None, *each[2:]) for each in drawn.issues),
        audiences=(ORGANISATION,) * len(NAMES),
    )
    world = World(everywhere, Readers(ORGANISATION), 0)
    world.audiences = Audiences(items=world.audiences.items)
    usual = [(each.body, each.digest, each.withheld) for each in world.comments(65_536)]
    world.audiences = Audiences()
    world.reader = None  # type: ignore[assignment]
    assert usual == [(each.body, each.digest, False) for each in world.comments(65_536)]


@pytest.mark.parametrize(
    ("reader", "words", "may"),
    [
        (Readers(PUBLIC), Readers(PUBLIC), True),
        (Readers(PUBLIC), Readers(ORGANISATION), False),
        (Readers(ORGANISATION), Readers(PUBLIC), True),
        (Readers(ORGANISATION), Readers(RESTRICTED), False),
        (Readers(RESTRICTED, "jira/hr"), Readers(ORGANISATION), True),
        (Readers(RESTRICTED, "jira/hr"), Readers(RESTRICTED), True),
        (Readers(RESTRICTED, "jira/hr/1"), Readers(RESTRICTED, "jira/hr"), True),
        (Readers(RESTRICTED, "jira/hr"), Readers(RESTRICTED, "jira/hr/1"), False),
        (Readers(RESTRICTED, "jira/hr"), Readers(RESTRICTED, "jira/hra"), False),
        (Readers(RESTRICTED, "jira/hr/1"), Readers(RESTRICTED, "jira/hr/2"), False),
    ],
)
def test_words_are_read_where_their_audience_is_as_wide(reader: Readers, words: Readers, may: bool) -> None:
    assert reader.may_read(words) is may


def test_a_place_of_which_nothing_is_known_is_read_by_nobody_and_told_nothing() -> None:
    audiences = Audiences({"jira": TrackerAudience(None, {"blog": None})})
    ref = IssueRef("jira", "1", "BLOG-1")
    assert audiences.of(ref) is None
    assert not audiences.view(Readers(RESTRICTED)).issue(ref)
    assert not audiences.view(Readers(ORGANISATION)).whole


def test_who_may_see_everything_sees_everything() -> None:
    view = View(Audiences(PLACES, {("jira", "1"): "10001"}, {"blog": Readers(RESTRICTED)}))
    assert view.item("blog")
    assert view.issue(IssueRef("jira", "1", "HR-1"))
    assert view.whole


def test_a_report_tells_a_goal_s_gap_to_those_who_see_all_its_key_results() -> None:
    state, mapping = marketing_state(), marketing()
    organisation = Readers(Audience.ORGANISATION)
    whole = visible(mapping, state, Audiences().view(organisation)).state.goals["show"]
    assert whole.gap == state.goals["show"].gap
    assert whole.gap
    audiences = Audiences(items={"leads": Readers(Audience.RESTRICTED)})
    part = visible(mapping, state, audiences.view(organisation)).state.goals["show"]
    assert part.gap is None
    assert part.delivered == whole.delivered
    assert part.achieved != whole.achieved

"""Labels: their names, their definitions, and which issue should carry which."""

from dataclasses import replace
from fractions import Fraction

import pytest
from pydantic import ValidationError

from connectors.audience import Audience
from core.engine.model import State, Unmeasured, Why
from core.publish.labels import Labelled, Labeller, bucket, desired_labels, label_name
from core.publish.publish_policy import LabelPolicy, LabelTemplates
from core.publish.visibility import Audiences, Readers
from mappings.goal_tree import HealthName
from tests.builders import an_issue
from tests.publish_builders import DOWN, EPIC, TRACKING, marketing, marketing_state, tracker_info

INFOS = {name: tracker_info(name) for name in ("jira", "github")}
TASK = replace(EPIC, id="10002", key="BLOG-2")
ISSUES = {
    ref: replace(an_issue(ref.key), ref=ref, container="acme/site" if ref == TRACKING else "BLOG")
    for ref in (EPIC, TRACKING, TASK)
}


def wanted(policy: LabelPolicy, state: State | None = None, *milestones: str) -> tuple[Labelled, ...]:
    targets = {EPIC: milestones or ("blog",), TRACKING: ("show",)}
    labeller = Labeller(state or marketing_state(), marketing(), policy, INFOS)
    return desired_labels(ISSUES, {TASK: ("blog",)}, targets, labeller, INFOS)


def names(policy: LabelPolicy, state: State | None = None, *milestones: str) -> dict[str, set[str]]:
    return {each.ref.key: set(each.names) for each in wanted(policy, state, *milestones)}


def test_tasks_are_named_after_their_milestone_and_targets_also_tell_how_it_goes() -> None:
    assert names(LabelPolicy()) == {
        "BLOG-1": {"mp/milestone/blog", "mp/health/on-track", "mp/progress/50-74"},
        "BLOG-2": {"mp/milestone/blog"},
        "acme/site#7": {"mp/health/at-risk", "mp/progress/50-74"},
    }


def test_goals_and_key_results_are_named_where_a_template_asks_for_them() -> None:
    tasks = LabelTemplates(goal="goal/{id}", key_result="kr/{id}", milestone="", health="", progress="")
    assert names(LabelPolicy(tasks=tasks))["BLOG-2"] == {"mp/goal/show", "mp/kr/visitors", "mp/kr/leads"}


def test_an_issue_with_several_milestones_carries_the_worst_health_and_the_least_progress() -> None:
    state = marketing_state()
    late = replace(state.milestones["site"], measure=Fraction(1, 10))
    late = replace(late, health=replace(late.health, name=HealthName.OFF_TRACK))
    told = names(LabelPolicy(), marketing_state(site=late), "blog", "site")["BLOG-1"]
    assert {name for name in told if "milestone" not in name} == {"mp/health/off-track", "mp/progress/0-24"}


def test_what_is_not_measured_has_no_progress_label() -> None:
    blog = marketing_state().milestones["blog"]
    nothing = replace(blog, measure=Unmeasured(Why.NO_SCOPE, "no scope: it has no task"))
    assert not [
        name for name in names(LabelPolicy(), marketing_state(blog=nothing))["BLOG-1"] if "progress" in name
    ]


def test_labels_wait_for_a_source_that_was_not_read() -> None:
    down = marketing_state(blog=replace(marketing_state().milestones["blog"], measure=DOWN))
    waiting = {each.ref.key: each.waiting for each in wanted(LabelPolicy(), down)}
    assert waiting == {"BLOG-1": DOWN.reason, "BLOG-2": DOWN.reason, "acme/site#7": None}


@pytest.mark.parametrize(
    ("share", "width", "name"),
    [
        (Fraction(0), 25, "0-24"),
        (Fraction(1, 1000), 25, "0-24"),
        (Fraction(1, 4), 25, "25-49"),
        (Fraction(999, 1000), 25, "75-99"),
        (Fraction(1), 25, "100"),
        (Fraction(98, 100), 30, "90-99"),
        (Fraction(99, 100), 100, "0-99"),
    ],
)
def test_only_all_of_it_is_in_the_bucket_100(share: Fraction, width: int, name: str) -> None:
    assert bucket(share, width) == name


def test_a_long_name_is_cut_to_the_same_name_each_time_and_never_to_that_of_another() -> None:
    first, second = (label_name(f"mp/{'milestone' * 6}{end}", INFOS["github"]) for end in "ab")
    assert first != second
    assert {len(first), len(second)} == {50}
    assert first == label_name(f"mp/{'milestone' * 6}a", INFOS["github"])


def test_a_jira_label_has_no_space_and_a_title_no_placeholder_of_its_own() -> None:
    assert label_name("mp/Set up a blog", INFOS["jira"]) == "mp/Set-up-a-blog"
    mapping = marketing()
    stone = mapping.milestones["blog"].model_copy(update={"title": "{id} {health}"})
    mapping = mapping.model_copy(update={"milestones": {"blog": stone}})
    policy = LabelPolicy(tasks=LabelTemplates(milestone="{title}", health="", progress=""))
    labeller = Labeller(marketing_state(), mapping, policy, INFOS)
    (task,) = desired_labels(ISSUES, {TASK: ("blog",)}, {}, labeller, INFOS)
    assert task.names == {"mp/{id}-{health}"}


def test_definitions_keep_githubs_limits_whatever_the_title() -> None:
    mapping = marketing()
    stone = mapping.milestones["blog"].model_copy(update={"title": "🎉 " + "long title " * 18})
    mapping = mapping.model_copy(update={"milestones": {"blog": stone}})
    labeller = Labeller(marketing_state(), mapping, LabelPolicy(), INFOS)
    (task,) = desired_labels(ISSUES, {TASK: ("blog",)}, {}, labeller, INFOS)
    (label,) = task.labels
    assert label.description.startswith("Milestone:")
    assert len(label.description) <= 100
    assert all(ord(char) <= 0xFFFF for char in label.description)


@pytest.mark.parametrize("template", ["{name}", "{id.__class__}", "{0}", "{id!r}", "{}", "{id", "id}"])
def test_a_template_with_anything_but_the_known_placeholders_is_an_error(template: str) -> None:
    with pytest.raises(ValidationError, match=r"placeholder|brace"):
        LabelTemplates(milestone=template)


@pytest.mark.parametrize("prefix", ["mi", "milestone/", "Milestone/x", "m p", "m,p"])
def test_a_prefix_that_would_claim_labels_of_people_is_an_error(prefix: str) -> None:
    with pytest.raises(ValidationError):
        LabelPolicy(prefix=prefix)


RESTRICTED = Readers(Audience.RESTRICTED)
SHOWING_ALL = LabelTemplates(milestone="", health="health/{health}", progress="progress/{bucket}")


def told(hidden: str, tag: str, *, goals: bool = True) -> frozenset[str]:
    """The labels of a task of the organisation's that is tagged so, where one thing is restricted."""
    state, mapping = marketing_state(), marketing()
    if not goals:
        state, mapping = replace(state, goals={}), mapping.model_copy(update={"goals": {}})
    policy = LabelPolicy(tasks=SHOWING_ALL)
    labeller = Labeller(state, mapping, policy, INFOS, Audiences(items={hidden: RESTRICTED}))
    (task,) = desired_labels({TASK: ISSUES[TASK]}, {TASK: (tag,)}, {}, labeller, INFOS)
    return task.names


def test_of_a_milestone_that_is_not_shown_its_progress_alone_is_told() -> None:
    assert told("site", "blog") == {"mp/health/on-track", "mp/progress/50-74"}
    assert told("blog", "blog") == {"mp/progress/50-74"}


def test_of_a_key_result_that_is_not_shown_not_even_the_progress_is_told() -> None:
    assert any("progress" in name for name in told("leads", "visitors", goals=False))
    assert told("visitors", "visitors", goals=False) == frozenset()

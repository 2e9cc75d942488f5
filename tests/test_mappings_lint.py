"""Warnings about the quality of goals."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mappings.lint import lint
from mappings.load import load
from mappings.problems import Problem
from tests.builders import GITHUB, JIRA, a_goal, a_key_result, a_mapping, a_milestone

TODAY = date(2027, 2, 15)
EXAMPLES = Path(__file__).parent.parent / "mappings" / "examples"
METRIC = {"target": 3000, "current": 10, "as_of": date(2027, 2, 12)}
EPIC = ({"epic": "BLOG-1"},)


def warned(
    milestone: dict[str, Any] | None = None,
    key_result: dict[str, Any] | None = None,
    goal: dict[str, Any] | None = None,
) -> tuple[Problem, ...]:
    """The warnings about a mapping in which nothing but these keys is amiss."""
    mapping = a_mapping(
        [a_milestone("blog", "visitors", **({"rules": EPIC} | (milestone or {})))],
        [a_key_result(**({"metric": METRIC} | (key_result or {})))],
        [a_goal(**(goal or {}))],
    )
    return lint(mapping, TODAY)


def places(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    return [(each.path, each.reason) for each in problems]


def test_a_sound_mapping_has_no_warning() -> None:
    assert warned() == ()
    loaded = load(["marketing.toml"], EXAMPLES, (JIRA, GITHUB))
    assert lint(loaded.mapping, TODAY, loaded.origins) == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"leads_to": ()}, "leads to no key result"),
        ({"rules": ()}, "no rule: only issues with the label milestone/blog"),
        ({"due": None}, "no due date"),
        ({"due": date(2027, 4, 1)}, "due on 2027-04-01, after the goal show on 2027-03-31"),
        ({"rules": ({"label": "a"},)}, "no issue carries its comment"),
        ({"weigh_by": "Story Points"}, 'weigh_by = "Story Points" is read as the name of a field'),
        ({"targets": [{"on": date(2027, 4, 2), "percent": 50}]}, "lies after the due date"),
        ({"targets": [{"on": date(2026, 4, 2), "percent": 50}]}, "lies before the start"),
    ],
)
def test_a_milestone_is_warned_about(changed: dict[str, Any], said: str) -> None:
    assert any(path == "milestones.blog" and said in text for path, text in places(warned(changed)))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"metric": None}, "no number: measured by delivery alone"),
        ({"metric": {"target": 3}}, "nobody has checked in yet"),
        ({"metric": {"target": 3, "current": 1}}, "the check-in has no date"),
        ({"metric": METRIC | {"as_of": date(2027, 1, 15)}}, "2027-01-15, 31 days ago"),
        ({"metric": METRIC | {"as_of": date(2027, 2, 16)}}, "which is to come"),
        ({"due": date(2027, 4, 1)}, "due on 2027-04-01, after its goal show"),
    ],
)
def test_a_key_result_is_warned_about(changed: dict[str, Any], said: str) -> None:
    ((path, text),) = places(warned(key_result=changed))
    assert path == "key_results.visitors"
    assert said in text


def test_a_check_in_of_thirty_days_ago_is_still_fresh() -> None:
    assert warned(key_result={"metric": METRIC | {"as_of": date(2027, 1, 16)}}) == ()


def test_a_goal_without_key_results_is_warned_about() -> None:
    found = lint(a_mapping([], goals=[a_goal()]), TODAY)
    assert places(found) == [
        ("goals.show", "no key result says how one knows that this goal is reached"),
    ]


def test_a_key_result_that_nothing_leads_to_is_warned_about() -> None:
    def texts(**key_result: Any) -> list[str]:
        return [
            text for _, text in places(lint(a_mapping([], [a_key_result(**key_result)], [a_goal()]), TODAY))
        ]

    assert texts(metric=METRIC) == ["no milestone leads to it"]
    assert texts() == ["nothing to measure: no metric, no guardrail, and nothing leads to it"]


def test_targets_that_fall_are_warned_about() -> None:
    targets = [
        {"on": date(2027, 1, 31), "percent": 50},
        {"on": date(2027, 2, 28), "percent": 40},
        {"on": date(2027, 2, 28), "percent": 60},
    ]
    assert places(warned({"targets": targets})) == [
        ("milestones.blog", "the target falls from 50% on 2027-01-31 to 40% on 2027-02-28"),
        ("milestones.blog", "two targets for 2027-02-28"),
    ]


def test_an_override_that_ended_is_warned_about() -> None:
    override = {"health": "at_risk", "until": date(2027, 2, 14), "reason": "Illness"}
    assert places(warned(goal={"override": override})) == [
        ("goals.show", "the override of health ended on 2027-02-14")
    ]
    assert warned(goal={"override": override | {"until": TODAY}}) == ()


def test_a_warning_names_the_file_and_line(tmp_path: Path) -> None:
    text = "\n[goals.x]\ntitle = 'X'\nstart = 2027-01-01\ndue = 2027-03-31\n[milestones.y]\ntitle = 'Y'\n"
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    loaded = load(["a.toml"], tmp_path, (JIRA, GITHUB))
    found, *_ = lint(loaded.mapping, TODAY, loaded.origins)
    assert str(found).startswith("a.toml:2: goals.x: no key result says")


def test_a_due_date_without_a_start_is_warned_about() -> None:
    due = {"due": date(2027, 2, 28), "start": None}
    assert places(warned(due)) == [("milestones.blog", "due on 2027-02-28, but no start")]
    assert warned(due | {"targets": [{"on": date(2027, 2, 20), "percent": 50}]}) == ()

"""The worked examples of docs/progress.md are what the engine says."""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from connectors.models import Blocker, StatusCategory
from connectors.task_lists import parse_checklist
from core.engine.blocked import blocked_issues
from core.engine.calculation import blocked_words, explain_goal, explain_key_result, explain_milestone
from core.engine.credit import Credits
from core.engine.formatting import number
from core.engine.hierarchy import WORDS
from core.engine.milestones import measure
from core.engine.model import Tagged
from core.engine.policy import HealthPolicy, ProgressPolicy
from mappings.rule import RuleId
from tests.builders import a_goal, a_key_result, a_mapping, a_milestone, an_issue, boxes, some_inputs, tagged

DOCS = Path(__file__).parent.parent / "docs" / "progress.md"
NOW = datetime(2027, 2, 12, 12, tzinfo=UTC)
MAPPING = a_mapping(
    [
        a_milestone("blog", "visitors", "leads", title="Set up an attractive blog", due=date(2027, 2, 28)),
        a_milestone("site", "visitors", title="Make the site easy to find"),
        a_milestone("newsletter", "leads", "countries", title="Launch a monthly newsletter"),
    ],
    [
        a_key_result(
            "visitors",
            title="Reach 3,000 visitors on the site",
            metric={"target": 3000, "current": 1350, "unit": "visitors"},
        ),
        a_key_result("leads", metric={"target": 10, "current": 4, "unit": "%"}),
        a_key_result("countries", metric={"target": 3, "current": 1, "unit": "countries"}),
    ],
    [a_goal(title="Show people how our company works")],
)


def under_the_epic(key: str, category: str, title: str, **more: Any) -> Tagged:
    entry = tagged(an_issue(key, category, title=title, **more), checklist=True)
    return replace(entry, rule=RuleId("blog", 1, "Everything under the blog epic"))


def the_example() -> list[str]:
    inputs = some_inputs(
        under_the_epic("BLOG-2", "done", "Create blog homepage"),
        under_the_epic("BLOG-3", "done", "Set up post structure"),
        under_the_epic("BLOG-4", "in_progress", "Create authors page with photo and description"),
        under_the_epic("BLOG-5", "in_progress", "Write 5 initial posts", checklist=boxes("xxx..")),
        under_the_epic("BLOG-6", "done", "Buy a font", resolution="Won't Do"),
        *(tagged(an_issue(f"acme/site#{n}", "done" if n < 5 else "todo"), "site") for n in range(2, 10)),
        *(tagged(an_issue(f"MKT-{n}", "done" if n < 4 else "todo"), "newsletter") for n in range(3, 8)),
        mapping=MAPPING,
    )
    state = measure(inputs, ProgressPolicy(), HealthPolicy(), NOW)
    return [
        *explain_milestone("blog", MAPPING, state).lines,
        *explain_key_result("visitors", MAPPING, state).lines,
        *explain_goal("show", MAPPING, state).lines,
    ]


def blocks(info: str) -> list[str]:
    """The fenced blocks of the page that bear these words."""
    page = DOCS.read_text(encoding="utf-8")
    return [body for _, body in re.findall(rf"^(```+){info}\n(.*?)^\1$", page, re.DOTALL | re.MULTILINE)]


def test_the_example_of_a_checklist_is_read_as_it_says() -> None:
    (text,), (said,) = blocks("markdown checklist"), blocks("text boxes")
    found = [f"{item.text}: {'ticked' if item.done else 'not ticked'}" for item in parse_checklist(text)]
    assert found == said.splitlines()


def test_the_examples_of_blocked_tasks_are_what_the_engine_says() -> None:
    (tasks,), (said,) = blocks("toml links"), blocks("text blocked")
    given = tomllib.loads(tasks)
    states = {key: one["state"] for key, one in given.items()}
    states |= {key: state for one in given.values() for key, state in one["blocked_by"].items()}
    every = {key: an_issue(key, state) for key, state in states.items()}
    linked = [
        replace(
            every[key],
            blocked_by=tuple(
                Blocker(every[by].ref, every[by].url, every[by].title, every[by].category)
                for by in one["blocked_by"]
            ),
        )
        for key, one in given.items()
    ]
    read = {issue.ref: issue for key, issue in every.items() if key.startswith("BLOG")}
    found = blocked_issues(linked, read, Credits.of(ProgressPolicy()))
    assert [f"{ref}: {blocked_words(blocked)}" for ref, blocked in found.items()] == said.splitlines()


STANDS = re.compile(r"(\S+), (done|in progress) in \"(.*?)\"(?: \((\d+)\))?(?:, resolution (\w+))?: (.*)")


def test_the_examples_of_what_is_cancelled_are_what_the_engine_says() -> None:
    (settings,), (lines,) = blocks("toml settings"), blocks("text cancelled")
    crediting = Credits.of(ProgressPolicy.model_validate(tomllib.loads(settings)["progress"]))
    for line in lines.splitlines():
        found = STANDS.fullmatch(line)
        assert found, line
        key, category, status, id_, resolution, said = found.groups()
        issue = an_issue(
            key, category.replace(" ", "_"), status=status, status_id=id_ or "", resolution=resolution
        )
        state = crediting.state(issue)
        credit = crediting.credit(tagged(issue), state)
        share = "" if state is StatusCategory.CANCELLED else f", credit {number(credit.share)}"
        assert said == f"{WORDS[state]}{share} ({credit.reason})", line


def test_the_example_of_shared_estimates_is_what_the_engine_says() -> None:
    (tasks,), (said,) = blocks("toml tasks"), blocks("text shares")
    given = tomllib.loads(tasks, parse_float=Decimal)
    mapping = a_mapping([a_milestone(title="Set up an attractive blog", weigh_by="story_points")])
    rule = RuleId("blog", 1, "rule 1")
    inputs = some_inputs(
        *(
            Tagged(
                an_issue(key, one["state"], points=Fraction(one["points"]) if "points" in one else None), rule
            )
            for key, one in given.items()
        ),
        mapping=mapping,
        parents=[(an_issue(key), an_issue(one["parent"])) for key, one in given.items() if "parent" in one],
    )
    state = measure(inputs, ProgressPolicy(), HealthPolicy(), NOW)
    lines = explain_milestone("blog", mapping, state).lines
    assert [line for line in lines if not line.startswith(("  health", "    progress"))] == said.splitlines()


def test_the_worked_example_is_what_the_engine_says() -> None:
    shown = "\n".join(re.findall(r"```text\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL))
    assert [line for line in shown.splitlines() if line] == the_example()

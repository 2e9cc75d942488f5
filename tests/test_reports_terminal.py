"""What a person reads in the terminal, at the widths that people have."""

from fractions import Fraction
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from core.engine.milestones import measure
from core.engine.model import Tagged, Unmeasured, Why
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.actions import ChangeLabels, Held, Plan, Written
from core.reports.terminal import bar, plan_lines, tree, written_lines
from core.reports.terminal_text import clean
from mappings.goal_tree import GoalTree
from tests.builders import (
    NOON,
    a_goal,
    a_key_result,
    a_mapping,
    a_milestone,
    an_issue,
    some_inputs,
    tagged,
)

HOSTILE = "\x1b[31mred\x1b]0;owned\x07 [bold]loud[/bold] \u202eevil\u2066 line\nbreak\r\x00 :smile:"


def shown(mapping: GoalTree, *tags: Tagged, width: int = 80, **more: Any) -> list[str]:
    """The tree as printed without a terminal of that width."""
    state = measure(some_inputs(*tags, mapping=mapping, **more), ProgressPolicy(), HealthPolicy(), NOON)
    file = StringIO()
    Console(file=file, width=width, markup=False, highlight=False, emoji=False).print(tree(mapping, state))
    return file.getvalue().splitlines()


def a_tree(title: str = "Set up an attractive blog") -> tuple[GoalTree, tuple[Tagged, ...]]:
    mapping = a_mapping(
        [a_milestone("blog", "visitors", "leads", title=title), a_milestone("alone", title="Leads nowhere")],
        [a_key_result("visitors", title=title), a_key_result("leads")],
        [a_goal(title=title)],
    )
    issues = [an_issue("BLOG-1", "done"), an_issue("BLOG-2", "in_progress"), an_issue("BLOG-3", "cancelled")]
    return mapping, tuple(tagged(issue) for issue in issues)


def test_a_milestone_says_its_share_its_health_and_where_its_tasks_stand() -> None:
    mapping, tags = a_tree()
    lines = shown(mapping, *tags)
    at = next(place for place, line in enumerate(lines) if "├─ Set up" in line or "└─ Set up" in line)
    at = next(place for place, line in enumerate(lines) if place > at and "Set up" in line)
    assert "██████████░░░░░░░░░░   50%  on track" in lines[at]
    assert lines[at + 1].endswith("blog · 1 done, 1 in progress, 1 cancelled")


def test_a_milestone_that_leads_to_two_key_results_stands_below_both_with_its_details_once() -> None:
    mapping, tags = a_tree()
    text = "\n".join(shown(mapping, *tags))
    assert text.count("blog · 1 done") == 1
    assert text.count("blog · as above") == 1


def test_a_milestone_that_leads_nowhere_stands_last() -> None:
    mapping, tags = a_tree()
    lines = shown(mapping, *tags)
    assert lines[-2].startswith("Leads nowhere")
    assert lines[-1].strip() == "alone · no task · cannot be measured: no scope: no task belongs to it yet"


def test_what_cannot_be_measured_is_hollow_and_says_why_and_never_looks_like_nothing_done() -> None:
    mapping, _ = a_tree()
    line = next(line for line in shown(mapping) if line.startswith("Leads nowhere"))
    assert "╌" in line
    assert "%" not in line
    assert "–  unmeasured" in line


@pytest.mark.parametrize("width", [20, 40, 63, 64, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_torn(width: int) -> None:
    title = "Reach visitors who have never heard of us, in Europe and beyond"
    mapping, tags = a_tree(title)
    lines = shown(mapping, *tags, width=width)
    assert max(map(cell_len, lines)) <= width
    words = {word for line in lines for word in line.replace("│", " ").split()}
    if width >= 40:
        assert set(title.split()) <= words


def test_bars_and_percentages_stand_in_columns() -> None:
    mapping, tags = a_tree()
    lines = [line for line in shown(mapping, *tags) if "█" in line or "╌" in line or "░" in line]
    assert len(lines) > 3
    assert len({min(line.find(sign) for sign in "█░╌" if sign in line) for line in lines}) == 1


def test_a_narrow_terminal_keeps_the_numbers_and_gives_up_the_bars() -> None:
    mapping, tags = a_tree()
    text = "\n".join(shown(mapping, *tags, width=50))
    assert "50%" in text
    assert "█" not in text


def test_hostile_titles_are_shown_as_text_and_do_nothing() -> None:
    mapping, tags = a_tree(HOSTILE)
    text = "\n".join(shown(mapping, *tags, width=120))
    assert not set(text) & set("\x1b\x07\x00\r\u202e\u2066")
    assert "[bold]loud[/bold]" in text
    assert ":smile:" in text


def test_wide_letters_keep_the_columns() -> None:
    mapping, tags = a_tree("見せる 会社の働き方を人々に 見せる 会社の働き方を人々に")
    lines = [line for line in shown(mapping, *tags) if "█" in line]
    assert len({cell_len(line[: line.index("█")]) for line in lines}) == 1


@given(st.text())
def test_cleaned_text_is_one_line_without_control_and_within_its_limit(text: str) -> None:
    cleaned = clean(text, 50)
    assert len(cleaned) <= 50
    assert cleaned.isprintable() or "\u200d" in cleaned
    assert clean(cleaned, 50) == cleaned


@given(st.fractions(min_value=0, max_value=1))
def test_a_bar_is_full_only_when_all_is_done_and_empty_only_when_nothing_is(share: Fraction) -> None:
    text = bar(share).plain
    assert len(text) == 20
    assert (text == "█" * 20) == (share == 1)
    assert (text == "░" * 20) == (share == 0)


def test_an_unmeasured_bar_is_neither_empty_nor_full() -> None:
    assert set(bar(Unmeasured(Why.NO_SCOPE, "no scope")).plain) == {"╌"}


def test_a_plan_tells_each_change_and_what_releases_what_is_held() -> None:
    change = ChangeLabels(ref=an_issue("BLOG-1").ref, add=("mp/a",), remove=())
    lines = [line.plain for line in plan_lines(Plan((change,), (Held("all of it", "too much", "look"),)))]
    assert lines == ["Label BLOG-1: +mp/a", "held: all of it: too much; look"]


def test_what_failed_says_what_happened() -> None:
    change = ChangeLabels(ref=an_issue("BLOG-1").ref, add=("mp/a",), remove=())
    told = [line.plain for line in written_lines([Written(change, "failed", f"refused {HOSTILE}")])]
    assert told[0].startswith("✗ Label BLOG-1: +mp/a (refused ")
    assert "\x1b" not in told[0]
